"""The nets of nets.py in PyTorch: the same layers, made in the same order within each kind."""

from __future__ import annotations

import torch
from tasks import (
    DENSENET121_STAGES,
    DENSENET_GROWTH,
    LSTM_UNITS,
    MOBILENET_V2_STAGES,
    RESNET18_STAGES,
    RESNET50_STAGES,
    SQUEEZENET_STAGES,
    TRANSLATED_VOCABULARY,
    UNET_FILTERS,
    VGG16_STAGES,
    VOCABULARY,
    WORD_SIZE,
)
from torch import Tensor, nn


def lenet5() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(inplace=True),
        nn.Linear(500, 10),
    )


def vgg16_bn() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for filters, depth in VGG16_STAGES:
        for _ in range(depth):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), batch_norm(filters), nn.ReLU(inplace=True)]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(512, 512), nn.ReLU(inplace=True), nn.Linear(512, 10)]
    return nn.Sequential(*layers)


def batch_norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)


def biasless_conv(channels: int, filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, filters, kernel, stride, kernel // 2, groups=groups, bias=False)


def normalised_conv(channels: int, filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(biasless_conv(channels, filters, kernel, stride, groups), batch_norm(filters))


def activated_conv(channels: int, filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(*normalised_conv(channels, filters, kernel, stride, groups), nn.ReLU(inplace=True))


def classes(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def stem() -> list[nn.Module]:
    return [activated_conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = activated_conv(channels, filters, stride=stride)
        self.second = normalised_conv(filters, filters)
        self.shortcut = nn.Identity() if stride == 1 else normalised_conv(channels, filters, 1, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.second(self.first(x))
        inner += self.shortcut(x)
        return self.relu(inner)


def resnet18() -> nn.Module:
    layers, channels = stem(), 64
    for filters, stride in RESNET18_STAGES:
        layers += [ResidualBlock(channels, filters, stride), ResidualBlock(filters, filters, 1)]
        channels = filters
    return nn.Sequential(*layers, *classes(channels))


class Bottleneck(nn.Module):
    def __init__(self, channels: int, filters: int, stride: int, first: bool) -> None:
        super().__init__()
        self.narrow = activated_conv(channels, filters, 1)
        self.middle = activated_conv(filters, filters, 3, stride)
        self.wide = normalised_conv(filters, 4 * filters, 1)
        self.shortcut = normalised_conv(channels, 4 * filters, 1, stride) if first else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.wide(self.middle(self.narrow(x)))
        inner += self.shortcut(x)
        return self.relu(inner)


def resnet50() -> nn.Module:
    layers, channels = stem(), 64
    for filters, blocks, stride in RESNET50_STAGES:
        for block in range(blocks):
            layers.append(Bottleneck(channels, filters, stride if block == 0 else 1, block == 0))
            channels = 4 * filters
    return nn.Sequential(*layers, *classes(channels))


class DenseLayer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before, self.relu = batch_norm(channels), nn.ReLU(inplace=True)
        self.narrow = activated_conv(channels, 4 * DENSENET_GROWTH, 1)
        self.grow = biasless_conv(4 * DENSENET_GROWTH, DENSENET_GROWTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.grow(self.narrow(self.relu(self.before(x))))


class DenseBlock(nn.Module):
    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(channels + i * DENSENET_GROWTH) for i in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:  # torch-simplify wants a tensor of its own for each
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1)


def densenet121() -> nn.Module:
    layers, channels = stem(), 64
    for stage, depth in enumerate(DENSENET121_STAGES):
        if stage > 0:
            halved = biasless_conv(channels, channels // 2, 1)
            layers += [batch_norm(channels), nn.ReLU(inplace=True), halved, nn.AvgPool2d(2)]
            channels //= 2
        layers.append(DenseBlock(channels, depth))
        channels += depth * DENSENET_GROWTH
    return nn.Sequential(*layers, batch_norm(channels), nn.ReLU(inplace=True), *classes(channels))


class Fire(nn.Module):
    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze, self.relu = nn.Conv2d(channels, squeeze, 1), nn.ReLU(inplace=True)
        self.expand1, self.expand3 = nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.squeeze(x))
        return torch.cat([self.relu(self.expand1(x)), self.relu(self.expand3(x))], 1)


def squeezenet() -> nn.Module:
    layers, channels = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True)], 64
    for stage in SQUEEZENET_STAGES:
        layers.append(nn.MaxPool2d(3, 2))
        for squeeze, expand in stage:
            layers.append(Fire(channels, squeeze, expand))
            channels = 2 * expand
    return nn.Sequential(
        *layers, nn.Conv2d(channels, 10, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


class InvertedResidual(nn.Module):
    def __init__(self, channels: int, filters: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = expansion * channels
        expand = [] if expansion == 1 else [*activated_conv(channels, wide, 1)]
        depthwise = activated_conv(wide, wide, 3, stride, wide)
        self.inner = nn.Sequential(*expand, *depthwise, *normalised_conv(wide, filters, 1))
        self.residual = channels == filters and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x) if self.residual else self.inner(x)


def mobilenet_v2() -> nn.Module:
    layers, channels = [activated_conv(3, 32, 3, 2)], 32
    for expansion, filters, blocks, stride in MOBILENET_V2_STAGES:
        for block in range(blocks):
            layers.append(InvertedResidual(channels, filters, expansion, stride if block == 0 else 1))
            channels = filters
    return nn.Sequential(*layers, activated_conv(channels, 1280, 1), *classes(1280))


def two_convolutions(channels: int, filters: int) -> nn.Module:
    return nn.Sequential(*activated_conv(channels, filters), *activated_conv(filters, filters))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(two_convolutions(a, b) for a, b in zip((3, *UNET_FILTERS), UNET_FILTERS))
        self.up = nn.ModuleList()  # up, join, up, join, …
        for filters in UNET_FILTERS[-2::-1]:
            up = nn.Sequential(nn.Upsample(scale_factor=2), *activated_conv(2 * filters, filters))
            self.up += [up, two_convolutions(2 * filters, filters)]
        self.last = nn.Conv2d(UNET_FILTERS[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for stage in self.down[:-1]:
            skips.append(stage(x))
            x = nn.functional.max_pool2d(skips[-1], 2)
        x = self.down[-1](x)
        for up, join in zip(self.up[::2], self.up[1::2]):
            x = join(torch.cat([skips.pop(), up(x)], 1))
        return self.last(x)


class LstmClassifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WORD_SIZE)
        self.lstm = nn.LSTM(WORD_SIZE, LSTM_UNITS, batch_first=True)
        self.last = nn.Linear(LSTM_UNITS, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.lstm(self.words(x))[0][:, -1])


class LstmTranslator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WORD_SIZE)
        self.before = nn.Embedding(TRANSLATED_VOCABULARY, WORD_SIZE)
        self.encoder = nn.LSTM(WORD_SIZE, LSTM_UNITS, batch_first=True)
        self.decoder = nn.LSTM(WORD_SIZE, LSTM_UNITS, batch_first=True)
        self.last = nn.Linear(LSTM_UNITS, TRANSLATED_VOCABULARY)

    def forward(self, x: Tensor, targets: Tensor) -> Tensor:
        _, states = self.encoder(self.words(x))
        before = nn.functional.pad(targets[:, :-1], (1, 0))  # word 0 before the first one
        return self.last(self.decoder(self.before(before), states)[0])


MODULES = {
    "LeNet-5": lenet5,
    "VGG-16-BN": vgg16_bn,
    "ResNet-18": resnet18,
    "U-Net": UNet,
    "LSTM classifier": LstmClassifier,
    "LSTM translator": LstmTranslator,
    "ResNet-50": resnet50,
    "DenseNet-121": densenet121,
    "SqueezeNet": squeezenet,
    "MobileNetV2": mobilenet_v2,
}
