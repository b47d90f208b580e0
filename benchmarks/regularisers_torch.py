"""The formulas of eddl_prune's regularising optimizers in plain PyTorch, for nets whose outputs come before softmax."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

WEIGHTED = (nn.Conv2d, nn.Linear)


def shrink(parameter: Tensor, sensitivity: Tensor, lmbda: float) -> None:
    """w -= lmbda * w * max(0, 1 - S)"""
    parameter.sub_(lmbda * parameter * (1 - sensitivity).clamp_(min=0))


class Regulariser:
    """What happens between a step's backward pass and the optimizer's step, and after the latter."""

    def __init__(self, net: nn.Module, method: str, lmbda: float) -> None:
        self.net, self.lmbda = net, lmbda
        self.modules = [module for module in net.modules() if isinstance(module, WEIGHTED)]
        kind, _, self.mode = method.partition(" ")
        self.measure: Callable[[Tensor, Tensor], list[Tensor]] = getattr(self, kind.lower())
        self.outputs: dict[nn.Module, Tensor] = {}
        if kind != "LOBSTER":
            for module in net.modules():
                if isinstance(module, nn.ReLU):
                    module.inplace = False  # what it would overwrite is still needed
                if isinstance(module, (*WEIGHTED, nn.ReLU)):
                    module.register_forward_hook(self.keep)

    def keep(self, module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        self.outputs[module] = output

    @property
    def parameters(self) -> list[Tensor]:
        return [p for module in self.modules for p in (module.weight, module.bias) if p is not None]

    def before_step(self, outputs: Tensor, targets: Tensor) -> None:
        self.sensitivities = self.measure(outputs, targets)

    @torch.no_grad()
    def after_step(self) -> None:
        for parameter, sensitivity in zip(self.parameters, self.sensitivities):
            shrink(parameter, sensitivity, self.lmbda)

    def lobster(self, *_: Tensor) -> list[Tensor]:
        return [parameter.grad.abs() for parameter in self.parameters]

    def serene(self, outputs: Tensor, _: Tensor) -> list[Tensor]:
        classes = outputs.shape[1]
        neurons = [self.outputs[module] for module in self.modules]
        if self.mode == "local":
            return self.for_each_parameter(self.activity())
        seeds = outputs.sum(0).unbind() if self.mode == "full" else [outputs.sum()]
        sums = [torch.zeros(neuron.shape[1]) for neuron in neurons]
        for seed in seeds:
            for total, derivative in zip(sums, torch.autograd.grad(seed, neurons, retain_graph=True)):
                total += derivative.abs().mean([0, *range(2, derivative.ndim)])
        return self.for_each_parameter([total / classes for total in sums])

    def activity(self) -> list[Tensor]:
        """Return how often the ReLU between a weighted module and the next one is active; 1 where there is none."""
        active = {module: torch.ones(self.outputs[module].shape[1]) for module in self.modules}
        last = None
        for module in self.net.modules():
            if isinstance(module, WEIGHTED):
                last = module
            elif isinstance(module, nn.ReLU) and last is not None:
                passed = self.outputs[module] > 0
                active[last] = passed.float().mean([0, *range(2, passed.ndim)])
                last = None
        return [active[module] for module in self.modules]

    def for_each_parameter(self, sensitivities: list[Tensor]) -> list[Tensor]:
        return [
            s.reshape(-1, *[1] * (p.ndim - 1))
            for module, s in zip(self.modules, sensitivities)
            for p in (module.weight, module.bias)
            if p is not None
        ]

    def outputsensitivity(self, outputs: Tensor, targets: Tensor) -> list[Tensor]:
        classes = outputs.shape[1]
        if self.mode == "unspecific":
            seeds = list((outputs.mean(0) / classes).unbind())
        else:
            own = outputs.gather(1, targets[:, None])[:, 0] / len(outputs)
            seeds = [own[targets == k].sum() for k in targets.unique()]
        sums = [torch.zeros_like(parameter) for parameter in self.parameters]
        for seed in seeds:
            for total, derivative in zip(sums, torch.autograd.grad(seed, self.parameters, retain_graph=True)):
                total += derivative.abs()
        return sums
