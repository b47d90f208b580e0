"""The nets of nets.py in PyTorch: the same layers, made in the same order within each kind."""

from __future__ import annotations

import torch
from tasks import RESNET18_STAGES, UNET_FILTERS, VGG16_STAGES
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


def normalised_conv(channels: int, filters: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, batch_norm(filters))


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = normalised_conv(channels, filters, stride=stride)
        self.second = normalised_conv(filters, filters)
        self.shortcut = nn.Identity() if stride == 1 else normalised_conv(channels, filters, 1, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.second(self.relu(self.first(x)))
        inner += self.shortcut(x)
        return self.relu(inner)


def resnet18() -> nn.Module:
    layers = [normalised_conv(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for filters, stride in RESNET18_STAGES:
        layers += [ResidualBlock(channels, filters, stride), ResidualBlock(filters, filters, 1)]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def two_convolutions(channels: int, filters: int) -> nn.Module:
    first, second = normalised_conv(channels, filters), normalised_conv(filters, filters)
    return nn.Sequential(*first, nn.ReLU(inplace=True), *second, nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(two_convolutions(a, b) for a, b in zip((3, *UNET_FILTERS), UNET_FILTERS))
        self.up = nn.ModuleList()  # up, join, up, join, …
        for filters in UNET_FILTERS[-2::-1]:
            up = (nn.Upsample(scale_factor=2), *normalised_conv(2 * filters, filters), nn.ReLU(inplace=True))
            self.up += [nn.Sequential(*up), two_convolutions(2 * filters, filters)]
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


MODULES = {"LeNet-5": lenet5, "VGG-16-BN": vgg16_bn, "ResNet-18": resnet18, "U-Net": UNet}
