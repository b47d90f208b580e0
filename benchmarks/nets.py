"""The nets that the benchmarks measure, built on PyEDDL."""

from __future__ import annotations

from typing import Any

import pyeddl.eddl as eddl
from pyeddl.tensor import Tensor
from tasks import RESNET18_STAGES, TASKS, UNET_FILTERS, VGG16_STAGES


def lenet5(layer: Any) -> Any:
    """LeNet-5 in the Caffe form: 431,080 parameters."""
    for filters in (20, 50):
        layer = eddl.MaxPool(eddl.Conv(layer, filters, [5, 5], padding="valid"), [2, 2], [2, 2])
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 500))
    return eddl.Softmax(eddl.Dense(layer, 10))


def vgg16_bn(layer: Any) -> Any:
    """VGG-16 with batch norm and one hidden layer of 512: 15 million parameters."""
    for filters, depth in VGG16_STAGES:
        for _ in range(depth):
            layer = eddl.ReLu(eddl.BatchNormalization(eddl.Conv(layer, filters, [3, 3]), True))
        layer = eddl.MaxPool(layer, [2, 2], [2, 2])
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 512))
    return eddl.Softmax(eddl.Dense(layer, 10))


def normalised_conv(layer: Any, filters: int, kernel: int = 3, stride: int = 1) -> Any:
    """Return a convolution without bias, and its batch norm."""
    padding = "same"
    if stride > 1:
        # EDDL's "same" would need uneven padding here, which it refuses.
        layer = eddl.Pad(layer, [kernel // 2, kernel // 2]) if kernel > 1 else layer
        padding = "valid"
    conv = eddl.Conv(layer, filters, [kernel, kernel], [stride, stride], padding, use_bias=False)
    return eddl.BatchNormalization(conv, True)


def residual_block(layer: Any, filters: int, stride: int) -> Any:
    """Return two convolutions, and a shortcut that has one where the shape changes."""
    inner = eddl.ReLu(normalised_conv(layer, filters, stride=stride))
    inner = normalised_conv(inner, filters)
    shortcut = layer if stride == 1 else normalised_conv(layer, filters, 1, stride)
    return eddl.ReLu(eddl.Add([inner, shortcut]))


def resnet18(layer: Any) -> Any:
    """ResNet-18: 11.2 million parameters."""
    layer = eddl.ReLu(normalised_conv(layer, 64, 7, 2))
    layer = eddl.MaxPool(eddl.Pad(layer, [1, 1]), [3, 3], [2, 2], "none")
    for filters, stride in RESNET18_STAGES:
        layer = residual_block(residual_block(layer, filters, stride), filters, 1)
    return eddl.Softmax(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool(layer)), 10))


def two_convolutions(layer: Any, filters: int) -> Any:
    """Return a stage of the U-Net."""
    for _ in range(2):
        layer = eddl.ReLu(normalised_conv(layer, filters))
    return layer


def unet(layer: Any) -> Any:
    """U-Net with batch norm, up-sampling to the nearest pixel and one mask: 2 million parameters."""
    skips = []
    for filters in UNET_FILTERS[:-1]:
        skips.append(two_convolutions(layer, filters))
        layer = eddl.MaxPool(skips[-1], [2, 2], [2, 2])
    layer = two_convolutions(layer, UNET_FILTERS[-1])
    for filters in UNET_FILTERS[-2::-1]:
        up = eddl.ReLu(normalised_conv(eddl.UpSampling(layer, [2, 2]), filters))
        layer = two_convolutions(eddl.Concat([skips.pop(), up]), filters)
    return eddl.Sigmoid(eddl.Conv(layer, 1, [1, 1]))


LAYERS = {"LeNet-5": lenet5, "VGG-16-BN": vgg16_bn, "ResNet-18": resnet18, "U-Net": unet}


def build(name: str, optimizer: Any, threads: int, memory: str = "full_mem") -> Any:
    """Return the net, built for its task."""
    task = TASKS[name]
    inputs = eddl.Input(list(task.sample))
    net = eddl.Model([inputs], [LAYERS[name](inputs)])
    eddl.build(net, optimizer, [task.loss], [task.metric], eddl.CS_CPU(threads, memory))
    return net


def batch(name: str, size: int) -> tuple[Any, Any]:
    """Return random inputs and targets for a net."""
    x, y = TASKS[name].arrays(size)
    return Tensor.fromarray(x), Tensor.fromarray(y)
