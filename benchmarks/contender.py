"""One contender of engine.py: a process that builds one net in one library and takes orders, a line of JSON each.

Started as `contender.py LIBRARY VARIANT`; needs NumPy and that library only. Orders and their answers:
    {"do": "build", "net": …, "batch": …, "mode": "train" | "predict", "threads": …}   {"parameters": count}
    {"do": "run", "steps": …}                        {"seconds": [one a step]}
    {"do": "memory"}                                 {"before": bytes before the net was built, "peak": bytes}
    {"do": "check", "file": …}                       {}; writes what known parameters give: a prediction, a step
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from typing import Any

import numpy as np
from tasks import TASKS, parameter

RATE, MOMENTUM = 0.001, 0.9


class EddlNet:
    """The variant is a memory level."""

    def __init__(self, name: str, batch: int, threads: int, level: str) -> None:
        import nets  # PyEDDL, on whichever library it was built

        self.eddl = nets.eddl
        self.net = nets.build(name, self.eddl.sgd(RATE, MOMENTUM), threads, level)
        self.x, self.y = nets.batch(name, batch)

    def train(self) -> None:
        self.eddl.train_batch(self.net, [self.x], [self.y])

    def predict(self) -> np.ndarray:
        return self.eddl.predict(self.net, [self.x])[0].getdata()

    def tensors(self) -> list[tuple[str, int, int, np.ndarray, int]]:
        """Return kind, number, role, a view in EDDL's layout and the number of outputs, for each parameter."""
        found = []
        for layer in self.net.layers:
            match = re.fullmatch(r"(conv2d|batchnorm|dense)(\d+)", layer.name)
            if match is None:
                continue
            kind, number = match[1], int(match[2])
            for role, tensor in enumerate(layer.params):
                view = np.asarray(tensor)
                found.append((kind, number, role, view, view.shape[-1 if kind == "dense" else 0]))
        return found


class TorchNet:
    """The variant is a memory format."""

    def __init__(self, name: str, batch: int, threads: int, memory_format: str) -> None:
        import torch
        from nets_torch import MODULES

        self.torch = torch
        torch.set_num_threads(threads)
        self.classifies = TASKS[name].loss == "softmax_cross_entropy"
        layout = getattr(torch, memory_format)
        x, y = TASKS[name].arrays(batch)
        self.x = torch.from_numpy(x).contiguous(memory_format=layout)
        self.y = torch.from_numpy(y.argmax(1) if self.classifies else y)
        self.net = MODULES[name]().to(memory_format=layout)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=RATE, momentum=MOMENTUM)

    def loss(self, outputs: Any) -> Any:
        if self.classifies:
            return self.torch.nn.functional.cross_entropy(outputs, self.y)
        # EDDL sums over a sample and averages over the batch.
        total = self.torch.nn.functional.binary_cross_entropy_with_logits(outputs, self.y, reduction="sum")
        return total / len(self.y)

    def train(self) -> None:
        self.net.train()
        self.optimizer.zero_grad()
        loss = self.loss(self.net(self.x))
        loss.backward()
        self.optimizer.step()
        loss.item()

    def predict(self) -> np.ndarray:
        self.net.eval()
        with self.torch.inference_mode():
            outputs = self.net(self.x)
            return (outputs.softmax(1) if self.classifies else outputs.sigmoid()).numpy()

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
        return found


LIBRARIES = {"eddl": EddlNet, "torch": TorchNet}


def resident(field: str) -> int:
    """Return VmRSS or VmHWM of this process in bytes."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))


class Contender:
    def __init__(self, library: str, variant: str) -> None:
        self.library, self.variant = library, variant
        __import__({"eddl": "pyeddl.eddl", "torch": "torch"}[library])
        self.before = resident("VmRSS")

    def build(self, net: str, batch: int, mode: str, threads: int) -> dict[str, Any]:
        self.net = LIBRARIES[self.library](net, batch, threads, self.variant)
        self.step = {"train": self.net.train, "predict": self.net.predict}[mode]
        return {"parameters": sum(view.size for _, _, role, view, _ in self.net.tensors() if role < 2)}

    def run(self, steps: int) -> dict[str, Any]:
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds}

    def memory(self) -> dict[str, Any]:
        return {"before": self.before, "peak": resident("VmHWM")}

    def check(self, file: str) -> dict[str, Any]:
        made = {}
        for kind, number, role, view, outputs in self.net.tensors():
            view[...] = parameter(kind, number, role, view.shape, outputs)
            # Not those of a batch norm: EDDL's gradients of them are another thing (docs/engine.md).
            if kind != "batchnorm" and role == 0:
                made[f"{kind}{number}"] = view.copy()
        prediction = self.net.predict()
        self.net.train()
        for kind, number, role, view, _ in self.net.tensors():
            if kind != "batchnorm" and role == 0:
                made[f"{kind}{number}"] -= view
        np.savez(file, prediction=prediction, **made)
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
