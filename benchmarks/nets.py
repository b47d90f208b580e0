"""The nets that the benchmarks measure, built on PyEDDL, with inputs and one-hot targets to go with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyeddl.eddl as eddl
from pyeddl.tensor import Tensor

VGG16_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def lenet5() -> tuple[Any, Any]:
    """LeNet-5 in the Caffe form, 1 x 28 x 28: 431,080 parameters."""
    inputs = layer = eddl.Input([1, 28, 28])
    for filters in (20, 50):
        layer = eddl.MaxPool(eddl.Conv(layer, filters, [5, 5], padding="valid"), [2, 2], [2, 2])
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 500))
    return inputs, eddl.Softmax(eddl.Dense(layer, 10))


def vgg16_bn() -> tuple[Any, Any]:
    """VGG-16 with batch norm on 3 x 32 x 32 and one hidden layer of 512: 15 million parameters."""
    inputs = layer = eddl.Input([3, 32, 32])
    for filters, depth in VGG16_STAGES:
        for _ in range(depth):
            layer = eddl.ReLu(eddl.BatchNormalization(eddl.Conv(layer, filters, [3, 3]), True))
        layer = eddl.MaxPool(layer, [2, 2], [2, 2])
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 512))
    return inputs, eddl.Softmax(eddl.Dense(layer, 10))


NETS = {"LeNet-5": lenet5, "VGG-16-BN": vgg16_bn}


def build(name: str, optimizer: Any, threads: int) -> Any:
    """Return the net, built for classification."""
    inputs, outputs = NETS[name]()
    net = eddl.Model([inputs], [outputs])
    eddl.build(net, optimizer, ["softmax_cross_entropy"], ["categorical_accuracy"], eddl.CS_CPU(threads))
    return net


def batch(net: Any, size: int, seed: int = 0) -> tuple[Any, Any]:
    """Return random inputs `[size, *input shape]` and one-hot targets `[size, 10]`."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((size, *net.lin[0].output.shape[1:]), dtype=np.float32)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, size)]
    return Tensor.fromarray(x), Tensor.fromarray(y)
