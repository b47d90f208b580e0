"""The cases as nets of EDDL."""

from __future__ import annotations

import helpers
import numpy as np
import pyeddl.eddl as eddl

from . import cases

ACTIVATIONS = {"relu": eddl.ReLu, "tanh": eddl.Tanh, "sigmoid": eddl.Sigmoid}
LOSSES = {"softmax": "softmax_cross_entropy", "sigmoid": "binary_cross_entropy", "tanh": "mse"}


def _convolution(x, layer, name):
    kind, filters, kernel, bias = layer
    axes = len(x.output.shape) - 2
    if kind == "convt":
        return eddl.ConvT2D(x, filters, [kernel] * 2, [2, 2], "valid", bias, 1, [1, 1], name)
    make = {1: eddl.Conv1D, 2: eddl.Conv2D, 3: eddl.Conv3D}[axes]
    return make(x, filters, [kernel] * axes, [1] * axes, "valid", bias, 1, [1] * axes, name)


def _pool(x, kind):
    axes = len(x.output.shape) - 2
    make = {
        ("maxpool", 1): eddl.MaxPool1D,
        ("maxpool", 2): eddl.MaxPool2D,
        ("avgpool", 2): eddl.AveragePool2D,
    }[kind, axes]
    return make(x, [2] * axes, [2] * axes, "none")


def _layer(x, name, layer):
    kind = layer[0]
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind](x, name=name)
    if kind == "softmax":
        return eddl.Softmax(x, 1, name)
    if kind == "dense":
        return eddl.Dense(x, layer[1], layer[2], name)
    if kind == "bn":
        return eddl.BatchNormalization(x, True, 0.9, 1e-5, name)
    if kind == "dropout":
        return eddl.Dropout(x, layer[1], True, name)
    if kind == "flatten":
        return eddl.Flatten(x, name)
    return _convolution(x, layer, name) if cases.has_weights(layer) else _pool(x, kind)


def build(case, optimizer, seed=0, mem="full_mem", threads=1):
    """A built net with seeded parameters; a loss that fits each head."""
    trunk, heads = cases.named(case)
    inputs = eddl.Input(list(case.shape), "input")
    x = inputs
    for name, layer in trunk:
        x = _layer(x, name, layer)
    outputs, losses = [], []
    for head in heads:
        y = x
        for name, layer in head:
            y = _layer(y, name, layer)
        outputs.append(y)
        losses.append(LOSSES[head[-1][1][0]])
    net = eddl.Model([inputs], outputs)
    return helpers.build(net, optimizer, losses, ["mse"] * len(losses), mem=mem, threads=threads, seed=seed)


def batch(net, seed=0, samples=cases.BATCH):
    """Inputs and a list of targets: one-hot along the classes, or uniform in (0, 1) where there is one class only."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, *net.layers[0].output.shape[1:])).astype(np.float32)
    targets = []
    for output in net.lout:
        _, classes, *positions = output.output.shape
        if classes == 1:
            y = rng.uniform(size=(samples, 1))
        else:
            y = np.moveaxis(np.eye(classes)[rng.integers(classes, size=(samples, *positions))], -1, 1)
        targets.append(y.astype(np.float32))
    return x, targets
