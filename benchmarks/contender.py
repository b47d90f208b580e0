"""One contender of a benchmark: a process that builds one net in one library and takes orders, a line of JSON each.

Started as `contender.py LIBRARY VARIANT`; needs NumPy and that library only; to simplify, eddl_prune
or torch-simplify as well. Orders and their answers:
    {"do": "build", "net": …, "batch": …, "mode": "train" | "predict", "threads": …}   {"parameters": count}
        … and "method": …, "lmbda": … of a regularising optimizer ("SeReNe full")
    {"do": "passes"}                                 {"passes": extra ones of the last step, or null}
    {"do": "kernel", "kernel": "copy" | "LOBSTER", "count": …, "threads": …}   {}; what "run" does from then on
    {"do": "run", "steps": …}                        {"seconds": [one a step]}
    {"do": "memory"}                                 {"before": bytes before the net was built, "peak": bytes}
    {"do": "check", "file": …}                       {}; writes what known parameters give: a prediction, a step
    {"do": "prune", "seed": …}                       {"parameters": count}; sets known ones, zeroes half of the channels
    {"do": "simplify", "fuse": …}                    {"seconds": …, "memory": peak above before, "parameters": count}
    {"do": "logits", "file": …}                      {}; writes what a prediction puts out, before a softmax or sigmoid
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import time
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tasks import TASKS, parameter, zeroed

RATE, MOMENTUM = 0.001, 0.9


class EddlNet:
    """The variant is a memory level."""

    def __init__(self, name: str, batch: int, threads: int, level: str, method: str, lmbda: float) -> None:
        import nets  # PyEDDL, on whichever library it was built

        self.eddl = nets.eddl
        self.optimizer = self.eddl.sgd(RATE, MOMENTUM)
        if method:
            import eddl_prune

            kind, _, mode = method.partition(" ")
            self.optimizer = getattr(eddl_prune, kind)(self.optimizer, lmbda, **({"mode": mode} if mode else {}))
        self.net = nets.build(name, self.optimizer, threads, level)
        self.x, self.y = nets.batch(name, batch)
        self.decodes, self.samples = TASKS[name].decodes, list(range(batch))

    def train(self) -> None:
        self.eddl.train_batch(self.net, [self.x], [self.y])

    def predict(self) -> np.ndarray:
        if self.decodes:  # needs the targets, which EDDL's predict does not take
            self.eddl.eval_batch(self.net, [self.x], [self.y], self.samples)
            return self.eddl.getOutput(self.net.lout[0]).getdata()
        return self.eddl.predict(self.net, [self.x])[0].getdata()

    def passes(self) -> int | None:
        return getattr(self.optimizer, "passes", None)

    def logits(self) -> np.ndarray:
        self.predict()
        last = self.net.lout[0]
        return (last.parent[0] if last.name.startswith(("softmax", "sigmoid")) else last).output.getdata()

    def load_pruning(self) -> None:
        import eddl_prune

        self.pruning = eddl_prune

    def simplify(self, fuse: bool) -> None:
        self.pruning.simplify(self.net, fuse_batchnorm=fuse)

    def parameters(self) -> int:
        return self.pruning.stats(self.net).parameters

    def tensors(self) -> list[tuple[str, int, int, np.ndarray, int]]:
        """Return kind, number, role, a view in EDDL's layout and the number of outputs, for each parameter."""
        found = []
        for layer in self.net.layers:
            match = re.fullmatch(r"(conv2d|batchnorm|dense|embedding|LSTM)(\d+)", layer.name)
            if match is None:
                continue
            kind, number = match[1], int(match[2])
            for role, tensor in enumerate(layer.params):
                view = np.asarray(tensor)
                found.append((kind, number, role, view, view.shape[-1 if kind in ("dense", "LSTM") else 0]))
        return found


class TorchNet:
    """The variant is a memory format."""

    def __init__(self, name: str, batch: int, threads: int, memory_format: str, method: str, lmbda: float) -> None:
        import torch
        from nets_torch import MODULES

        self.torch = torch
        torch.set_num_threads(threads)
        self.classifies = TASKS[name].loss == "softmax_cross_entropy"
        self.decodes, self.steps = TASKS[name].decodes, 1
        layout = getattr(torch, memory_format)
        x, y = TASKS[name].arrays(batch)
        self.y = torch.from_numpy(y.argmax(-1) if self.classifies else y)
        if TASKS[name].recurrent:
            self.steps = y.shape[1]
            self.x = torch.from_numpy(x).long().squeeze(-1)
        else:
            self.x = torch.from_numpy(x).contiguous(memory_format=layout)
        self.net = MODULES[name]().to(memory_format=layout)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=RATE, momentum=MOMENTUM)
        self.regulariser = None
        if method:
            from regularisers_torch import Regulariser

            self.regulariser = Regulariser(self.net, method, lmbda)

    def loss(self, outputs: Any) -> Any:
        if self.classifies:
            # EDDL sums over time steps.
            mean = self.torch.nn.functional.cross_entropy(outputs.reshape(-1, outputs.shape[-1]), self.y.flatten())
            return self.steps * mean
        # EDDL sums over a sample and averages over the batch.
        total = self.torch.nn.functional.binary_cross_entropy_with_logits(outputs, self.y, reduction="sum")
        return total / len(self.y)

    def forward(self) -> Any:
        return self.net(self.x, self.y) if self.decodes else self.net(self.x)

    def train(self) -> None:
        self.net.train()
        self.optimizer.zero_grad()
        outputs = self.forward()
        loss = self.loss(outputs)
        loss.backward(retain_graph=self.regulariser is not None)
        if self.regulariser is not None:
            self.regulariser.before_step(outputs, self.y)
        self.optimizer.step()
        if self.regulariser is not None:
            self.regulariser.after_step()
        loss.item()

    def passes(self) -> None:
        return None

    def predict(self) -> np.ndarray:
        self.net.eval()
        with self.torch.inference_mode():
            outputs = self.forward()
            if self.decodes:  # as EDDL's evaluation
                self.loss(outputs).item()
                return outputs.softmax(-1).transpose(0, 1).numpy()
            return (outputs.softmax(-1) if self.classifies else outputs.sigmoid()).numpy()

    def logits(self) -> np.ndarray:
        self.net.eval()
        with self.torch.inference_mode():
            return self.net(self.x).numpy()

    def load_pruning(self) -> None:
        if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
            stand_in_for_torchvision()
        import simplify

        self.pruning = simplify

    def simplify(self, fuse: bool) -> None:
        self.net = self.pruning.simplify(self.net, self.torch.zeros_like(self.x[:1]), fuse_bn=fuse)

    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.net.parameters())

    def tensors(self) -> list[tuple[str, int, int, np.ndarray, int]]:
        nn = self.torch.nn
        found = []
        for kind, module_type in (("conv2d", nn.Conv2d), ("batchnorm", nn.BatchNorm2d), ("dense", nn.Linear)):
            modules = (module for module in self.net.modules() if isinstance(module, module_type))
            for number, module in enumerate(modules, 1):
                state = [module.weight, module.bias]
                if kind == "batchnorm":
                    state += [module.running_mean, module.running_var]
                for role, tensor in enumerate(state):
                    if tensor is not None:
                        view = tensor.detach().numpy()
                        found.append((kind, number, role, view.T if kind == "dense" else view, len(view)))
        for number, module in enumerate((m for m in self.net.modules() if isinstance(m, nn.Embedding)), 1):
            found.append(("embedding", number, 0, module.weight.detach().numpy(), len(module.weight)))
        for number, module in enumerate((m for m in self.net.modules() if isinstance(m, nn.LSTM)), 1):
            found += self.gates(number, module)
        return found

    def gates(self, number: int, lstm: Any) -> list[tuple[str, int, int, np.ndarray, int]]:
        """Return EDDL's parameters of an LSTM, a tensor for each gate; PyTorch's second bias is 0."""
        lstm.bias_hh_l0.detach().zero_()
        found: list[tuple[str, int, int, np.ndarray, int]] = []
        for tensor in (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0):
            in_, forget, candidate, out = tensor.detach().numpy().reshape(4, lstm.hidden_size, -1)
            for gate in (in_, forget, out, candidate):
                view = gate.T if tensor.ndim > 1 else gate[:, 0]
                found.append(("LSTM", number, len(found), view, lstm.hidden_size))
        return found


def stand_in_for_torchvision() -> None:
    """Let torch-simplify be imported: it asks of some classes of torchvision's whether a net is of theirs."""
    for name, classes in {"models": ("MobileNetV3", "ShuffleNetV2"), "models.densenet": ("_DenseLayer",)}.items():
        module = types.ModuleType(f"torchvision.{name}")
        for kind in classes:
            setattr(module, kind, type(kind, (), {}))
        sys.modules[module.__name__] = module
    sys.modules["torchvision"] = types.ModuleType("torchvision")


LIBRARIES = {"eddl": EddlNet, "torch": TorchNet}
KERNEL_LAMBDA = 1e-6


def copy_step(count: int, threads: int) -> Callable[[], object]:
    """Return a copy that moves as many bytes as LOBSTER's step (half read, half written): the yardstick of bandwidth.

    Each thread copies a part of its own; NumPy lets the others run meanwhile.
    """
    source = np.ones(12 * count // 8, dtype=np.float32)
    target = np.empty_like(source)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads)))
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda part: np.copyto(*part), parts))


def eddl_lobster_step(count: int, threads: int) -> Callable[[], object]:
    from eddl_prune import _core

    EddlNet("LeNet-5", 1, threads, "full_mem", "", 0.0).train()  # which sets the number of threads for both
    w, g = np.random.default_rng(0).standard_normal((2, count), dtype=np.float32)
    return lambda: _core._kernels.lobster_step(w, g, KERNEL_LAMBDA)


def torch_lobster_step(count: int, threads: int) -> Callable[[], object]:
    import torch
    from regularisers_torch import shrink

    torch.set_num_threads(threads)
    w, g = torch.randn(2, count).unbind()
    return torch.inference_mode()(lambda: shrink(w, g.abs(), KERNEL_LAMBDA))


KERNELS = {"eddl": eddl_lobster_step, "torch": torch_lobster_step}


def resident(field: str) -> int:
    """Return VmRSS or VmHWM of this process in bytes."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))


class PeakMemory:
    """What this process takes at most within the block, in bytes above what it took before."""

    def __enter__(self) -> PeakMemory:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        self.before = resident("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = resident("VmHWM") - self.before


class Contender:
    def __init__(self, library: str, variant: str) -> None:
        self.library, self.variant = library, variant
        __import__({"eddl": "pyeddl.eddl", "torch": "torch"}[library])
        self.before = resident("VmRSS")

    def build(
        self, net: str, batch: int, mode: str, threads: int, method: str = "", lmbda: float = 0.0
    ) -> dict[str, Any]:
        self.net = LIBRARIES[self.library](net, batch, threads, self.variant, method, lmbda)
        self.step = {"train": self.net.train, "predict": self.net.predict}[mode]
        return {"parameters": sum(view.size for _, _, role, view, _ in self.net.tensors() if role < 2)}

    def passes(self) -> dict[str, Any]:
        return {"passes": self.net.passes()}

    def kernel(self, kernel: str, count: int, threads: int) -> dict[str, Any]:
        self.step = {"copy": copy_step, "LOBSTER": KERNELS[self.library]}[kernel](count, threads)
        return {}

    def run(self, steps: int) -> dict[str, Any]:
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds}

    def memory(self) -> dict[str, Any]:
        return {"before": self.before, "peak": resident("VmHWM")}

    def fill(self) -> None:
        for kind, number, role, view, outputs in self.net.tensors():
            view[...] = parameter(kind, number, role, view.shape, outputs)

    def prune(self, seed: int) -> dict[str, Any]:
        self.fill()
        weights = {(kind, number): view for kind, number, role, view, _ in self.net.tensors() if role == 0}
        kinds = {kind for kind, _ in weights}
        weights.pop(max(key for key in weights if key[0] == ("dense" if "dense" in kinds else "conv2d")))  # the outputs
        for (kind, number), view in weights.items():
            if kind != "batchnorm":
                channels = view.T if kind == "dense" else view
                channels[zeroed(seed, kind, number, len(channels))] = 0.0
        self.net.load_pruning()
        return {"parameters": self.net.parameters()}

    def simplify(self, fuse: bool) -> dict[str, Any]:
        self.net.predict()  # what the first one allocates is not counted
        with PeakMemory() as peak:
            start = time.perf_counter()
            self.net.simplify(fuse)
            seconds = time.perf_counter() - start
        return {"seconds": seconds, "memory": peak.bytes, "parameters": self.net.parameters()}

    def logits(self, file: str) -> dict[str, Any]:
        np.save(file, self.net.logits())
        return {}

    def check(self, file: str) -> dict[str, Any]:
        self.fill()
        # Not vectors: EDDL's gradients of a batch norm's are another thing (docs/engine.md).
        tensors = self.net.tensors()
        matrices = {f"{kind}{number}_{role}": view for kind, number, role, view, _ in tensors if view.ndim > 1}
        before = {name: view.copy() for name, view in matrices.items()}
        prediction = self.net.predict()
        self.net.train()
        changes = {name: before[name] - view for name, view in matrices.items()}
        np.savez(file, prediction=prediction, **changes)
        return {}


def main() -> None:
    """Take orders until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    contender = Contender(*sys.argv[1:])
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(contender, order.pop("do"))(**order)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
