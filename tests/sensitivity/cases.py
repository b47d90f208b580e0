"""Small nets as plain data, for EDDL, NumPy and PyTorch to build alike.

A net is a trunk and its heads, which all read the trunk's end; each head is an output of the net. A layer is a tuple:

    ("conv", filters, kernel, bias)       1-D to 3-D by the input's axes; stride 1, no padding
    ("convt", filters, kernel, bias)      the same transposed, stride 2
    ("dense", units, bias)
    ("bn",) ("relu",) ("tanh",) ("sigmoid",) ("softmax",) ("maxpool",) ("avgpool",) ("dropout", rate) ("flatten",)

Layers are named by their kind and the number among that kind: "conv1", "dense2", … Pools have windows of 2, stride 2.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

Layers = list[tuple[Any, ...]]


class Case(NamedTuple):
    shape: tuple[int, ...]
    trunk: Layers
    heads: list[Layers]
    on_eddl: bool = True  # whether EDDL itself has its layers on a CPU


CASES = {
    "mlp": Case(
        (5,), [("dense", 7, True), ("tanh",), ("dense", 6, True), ("relu",)], [[("dense", 3, True), ("softmax",)]]
    ),
    "conv2d": Case(
        (2, 7, 7),
        [("conv", 4, 3, False), ("bn",), ("relu",), ("conv", 3, 2, True), ("maxpool",), ("tanh",), ("flatten",)],
        [[("dense", 5, True), ("relu",), ("dense", 3, True), ("softmax",)]],
    ),
    "conv1d": Case(
        (2, 9), [("conv", 3, 3, True), ("relu",), ("maxpool",), ("flatten",)], [[("dense", 3, True), ("softmax",)]]
    ),
    "conv3d": Case(
        (1, 4, 4, 4), [("conv", 3, 3, False), ("relu",), ("flatten",)], [[("dense", 4, True), ("softmax",)]]
    ),
    "two-outputs": Case(
        (4,),
        [("dense", 6, True), ("relu",)],
        [[("dense", 3, True), ("softmax",)], [("dense", 5, True), ("tanh",), ("dense", 2, True), ("softmax",)]],
    ),
    "pixels": Case((1, 5, 5), [("conv", 4, 2, True), ("relu",)], [[("conv", 3, 2, True), ("softmax",)]]),
    "one-class": Case((4,), [("dense", 5, True), ("sigmoid",)], [[("dense", 1, True), ("sigmoid",)]]),
    "other-output": Case((4,), [("dense", 5, True), ("relu",)], [[("dense", 3, True), ("tanh",)]]),
    "transposed": Case(
        (2, 4, 4),
        [("conv", 3, 2, True), ("relu",), ("convt", 4, 2, True), ("avgpool",), ("tanh",), ("flatten",)],
        [[("dense", 3, True), ("softmax",)]],
        on_eddl=False,
    ),
}
BATCH = 6
# Those that PyTorch has recorded: all whose heads end in a softmax over one axis.
RECORDED = ("mlp", "conv2d", "conv1d", "conv3d", "two-outputs", "transposed")
# What the recorded training does: SGD with momentum and one of the methods round it.
STEPS, RATE, MOMENTUM, LAMBDA = 3, 0.05, 0.9, 0.2
METHODS = {
    "SeReNe": ("full", "lower-bound", "local"),
    "OutputSensitivity": ("unspecific", "specific"),
}


def named(case: Case) -> tuple[list[tuple[str, tuple[Any, ...]]], list[list[tuple[str, tuple[Any, ...]]]]]:
    """The trunk and the heads with each layer's name."""
    numbers: Counter[str] = Counter()

    def name(layers: Layers) -> list[tuple[str, tuple[Any, ...]]]:
        named_layers = []
        for layer in layers:
            numbers[layer[0]] += 1
            named_layers.append((f"{layer[0]}{numbers[layer[0]]}", layer))
        return named_layers

    return name(case.trunk), [name(head) for head in case.heads]


def has_weights(layer: tuple[Any, ...]) -> bool:
    return layer[0] in ("conv", "convt", "dense")
