"""The nets that the benchmarks measure, built on PyEDDL."""

from __future__ import annotations

from typing import Any

import pyeddl.eddl as eddl
from pyeddl.tensor import Tensor
from tasks import (
    DENSENET121_STAGES,
    DENSENET_GROWTH,
    LSTM_UNITS,
    MOBILENET_V2_STAGES,
    RESNET18_STAGES,
    RESNET50_STAGES,
    SQUEEZENET_STAGES,
    TASKS,
    TRANSLATED_VOCABULARY,
    UNET_FILTERS,
    VGG16_STAGES,
    VOCABULARY,
    WORD_SIZE,
)


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


def biasless_conv(layer: Any, filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Any:
    """Return a convolution without bias, padded by half of its kernel."""
    padding = "same"
    if stride > 1:
        # EDDL's "same" would need uneven padding here, which it refuses.
        layer = eddl.Pad(layer, [kernel // 2, kernel // 2]) if kernel > 1 else layer
        padding = "valid"
    return eddl.Conv(layer, filters, [kernel, kernel], [stride, stride], padding, False, groups)


def normalised_conv(layer: Any, filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Any:
    """Return a convolution without bias, and its batch norm."""
    return eddl.BatchNormalization(biasless_conv(layer, filters, kernel, stride, groups), True)


def activated_conv(layer: Any, filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Any:
    """Return the same with an activation."""
    return eddl.ReLu(normalised_conv(layer, filters, kernel, stride, groups))


def classes(layer: Any) -> Any:
    """Return the end of a classifier: means over all positions, and ten classes."""
    return eddl.Softmax(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool(layer)), 10))


def residual_block(layer: Any, filters: int, stride: int) -> Any:
    """Return two convolutions, and a shortcut that has one where the shape changes."""
    inner = activated_conv(layer, filters, stride=stride)
    inner = normalised_conv(inner, filters)
    shortcut = layer if stride == 1 else normalised_conv(layer, filters, 1, stride)
    return eddl.ReLu(eddl.Add([inner, shortcut]))


def stem(layer: Any) -> Any:
    """Return the first layers of a ResNet."""
    return eddl.MaxPool(eddl.Pad(activated_conv(layer, 64, 7, 2), [1, 1]), [3, 3], [2, 2], "none")


def resnet18(layer: Any) -> Any:
    """ResNet-18: 11.2 million parameters."""
    layer = stem(layer)
    for filters, stride in RESNET18_STAGES:
        layer = residual_block(residual_block(layer, filters, stride), filters, 1)
    return classes(layer)


def bottleneck(layer: Any, filters: int, stride: int, first: bool) -> Any:
    """Return a residual block of three convolutions; the first of a stage has one on its shortcut as well."""
    inner = activated_conv(layer, filters, 1)
    inner = normalised_conv(activated_conv(inner, filters, 3, stride), 4 * filters, 1)
    shortcut = normalised_conv(layer, 4 * filters, 1, stride) if first else layer
    return eddl.ReLu(eddl.Add([inner, shortcut]))


def resnet50(layer: Any) -> Any:
    """ResNet-50: 23.5 million parameters."""
    layer = stem(layer)
    for filters, blocks, stride in RESNET50_STAGES:
        for block in range(blocks):
            layer = bottleneck(layer, filters, stride if block == 0 else 1, block == 0)
    return classes(layer)


def densenet121(layer: Any) -> Any:
    """DenseNet-121: 7 million parameters."""

    def normalised(before: Any) -> Any:
        return eddl.ReLu(eddl.BatchNormalization(before, True))

    layer = stem(layer)
    for stage, depth in enumerate(DENSENET121_STAGES):
        if stage > 0:
            channels = layer.output.shape[1] // 2
            layer = eddl.AveragePool(biasless_conv(normalised(layer), channels, 1), [2, 2], [2, 2])
        for _ in range(depth):
            inner = activated_conv(normalised(layer), 4 * DENSENET_GROWTH, 1)
            layer = eddl.Concat([layer, biasless_conv(inner, DENSENET_GROWTH)])
    return classes(normalised(layer))


def squeezenet(layer: Any) -> Any:
    """SqueezeNet 1.1, without dropout: 0.7 million parameters."""

    def conv(before: Any, filters: int, kernel: int) -> Any:
        return eddl.ReLu(eddl.Conv(before, filters, [kernel, kernel]))

    layer = eddl.ReLu(eddl.Conv(layer, 64, [3, 3], [2, 2], "valid"))
    for stage in SQUEEZENET_STAGES:
        layer = eddl.MaxPool(layer, [3, 3], [2, 2], "valid")
        for squeeze, expand in stage:
            squeezed = conv(layer, squeeze, 1)
            layer = eddl.Concat([conv(squeezed, expand, 1), conv(squeezed, expand, 3)])
    return eddl.Softmax(eddl.Flatten(eddl.GlobalAveragePool(conv(layer, 10, 1))))


def mobilenet_v2(layer: Any) -> Any:
    """MobileNetV2, with ReLU for ReLU6: 2.2 million parameters."""
    layer = activated_conv(layer, 32, 3, 2)
    for expansion, filters, blocks, first_stride in MOBILENET_V2_STAGES:
        for block in range(blocks):
            channels, stride = layer.output.shape[1], first_stride if block == 0 else 1
            wide = expansion * channels
            inner = layer if expansion == 1 else activated_conv(layer, wide, 1)
            inner = normalised_conv(activated_conv(inner, wide, 3, stride, wide), filters, 1)
            layer = inner if channels != filters or stride > 1 else eddl.Add([layer, inner])
    return classes(activated_conv(layer, 1280, 1))


def two_convolutions(layer: Any, filters: int) -> Any:
    """Return a stage of the U-Net."""
    for _ in range(2):
        layer = activated_conv(layer, filters)
    return layer


def unet(layer: Any) -> Any:
    """U-Net with batch norm, up-sampling to the nearest pixel and one mask: 2 million parameters."""
    skips = []
    for filters in UNET_FILTERS[:-1]:
        skips.append(two_convolutions(layer, filters))
        layer = eddl.MaxPool(skips[-1], [2, 2], [2, 2])
    layer = two_convolutions(layer, UNET_FILTERS[-1])
    for filters in UNET_FILTERS[-2::-1]:
        up = activated_conv(eddl.UpSampling(layer, [2, 2]), filters)
        layer = two_convolutions(eddl.Concat([skips.pop(), up]), filters)
    return eddl.Sigmoid(eddl.Conv(layer, 1, [1, 1]))


def embedded(words: Any, vocabulary: int) -> Any:
    """Return a vector for each word."""
    return eddl.Embedding(words, vocabulary, 1, WORD_SIZE)


def lstm_classifier(words: Any) -> Any:
    """A text classifier with one LSTM, of which the last output counts: 228,000 parameters."""
    return eddl.Softmax(eddl.Dense(eddl.LSTM(embedded(words, VOCABULARY), LSTM_UNITS), 10))


def lstm_translator(words: Any) -> Any:
    """An encoder and a decoder with one LSTM each: 422,000 parameters."""
    states = eddl.GetStates(eddl.LSTM(embedded(words, VOCABULARY), LSTM_UNITS))
    before = eddl.Input([TRANSLATED_VOCABULARY])
    decoder = eddl.LSTM([embedded(eddl.ReduceArgMax(before, [0]), TRANSLATED_VOCABULARY), states], LSTM_UNITS)
    eddl.setDecoder(before)
    return eddl.Softmax(eddl.Dense(decoder, TRANSLATED_VOCABULARY))


LAYERS = {
    "LeNet-5": lenet5,
    "VGG-16-BN": vgg16_bn,
    "ResNet-18": resnet18,
    "U-Net": unet,
    "LSTM classifier": lstm_classifier,
    "LSTM translator": lstm_translator,
    "ResNet-50": resnet50,
    "DenseNet-121": densenet121,
    "SqueezeNet": squeezenet,
    "MobileNetV2": mobilenet_v2,
}


def build(name: str, optimizer: Any, threads: int, memory: str = "full_mem") -> Any:
    """Return the net, built for its task."""
    task = TASKS[name]
    inputs = eddl.Input(list(task.sample[task.recurrent :]))
    net = eddl.Model([inputs], [LAYERS[name](inputs)])
    eddl.build(net, optimizer, [task.loss], [task.metric], eddl.CS_CPU(threads, memory))
    return net


def batch(name: str, size: int) -> tuple[Any, Any]:
    """Return random inputs and targets for a net."""
    x, y = TASKS[name].arrays(size)
    return Tensor.fromarray(x), Tensor.fromarray(y)
