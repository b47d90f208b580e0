"""The cases in NumPy, in float64, forward only: what finite differences need. Slow and plain."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import cases

FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
BN_EPSILON = 1e-5


def along_channels(values, ndim):
    """A vector of channels in the shape that broadcasts over [batch, channels, ...]."""
    return values.reshape(1, -1, *[1] * (ndim - 2))


def convolution(x, kernel):
    """Stride 1, no padding; kernel [out, in, ...]."""
    axes = tuple(range(2, x.ndim))
    windows = sliding_window_view(x, kernel.shape[2:], axis=axes)
    letters = "xyz"[: len(axes)]
    taps = "uvw"[: len(axes)]
    return np.einsum(f"ni{letters}{taps},oi{taps}->no{letters}", windows, kernel)


def transposed_convolution(x, kernel, stride=2):
    """No padding; kernel [in, out, k, k]; stride - 1 more rows and columns than needed, as EDDL has it."""
    k = kernel.shape[-1]
    n, _, rows, columns = x.shape
    y = np.zeros((n, kernel.shape[1], rows * stride + k - 1, columns * stride + k - 1))
    for i in range(k):
        for j in range(k):
            contribution = np.einsum("nirc,io->norc", x, kernel[:, :, i, j])
            y[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride] += contribution
    return y


def pool(x, reduce):
    """Windows of 2, stride 2, over all axes behind the channels."""
    axes = tuple(range(2, x.ndim))
    every_second = (slice(None), slice(None), *[slice(None, None, 2)] * len(axes))
    windows = sliding_window_view(x, (2,) * len(axes), axis=axes)[every_second]
    return reduce(windows, axis=tuple(range(-len(axes), 0)))


class NumpyNet:
    """`params`: {"layer/0": weight, "layer/1": bias or batch norm's shift}, in EDDL's layout. No dropout."""

    def __init__(self, case, params):
        self.trunk, self.heads = cases.named(case)
        self.params = {key: value.astype(np.float64) for key, value in params.items()}

    def outputs(self, x, nudge=None):
        """y of each head, before softmax or a closing sigmoid; `nudge` maps a layer to what is added to its output."""
        nudge = nudge or {}
        x = self._run(self.trunk, x.astype(np.float64), nudge)
        return [self._run(self._without_probabilities(head), x, nudge) for head in self.heads]

    def record(self, x):
        """What every layer computes, by name."""
        seen = {}
        x = self._run(self.trunk, x.astype(np.float64), {}, seen)
        for head in self.heads:
            self._run(self._without_probabilities(head), x, {}, seen)
        return seen

    @staticmethod
    def _without_probabilities(head):
        return head[:-1] if head[-1][1][0] in ("softmax", "sigmoid") else head

    def _run(self, layers, x, nudge, seen=None):
        for name, layer in layers:
            x = self._layer(name, layer, x)
            if name in nudge:
                x = x + nudge[name]
            if seen is not None:
                seen[name] = x
        return x

    def _layer(self, name, layer, x):
        kind = layer[0]
        if kind in FUNCTIONS:
            return FUNCTIONS[kind](x)
        if kind == "flatten":
            return x.reshape(len(x), -1)
        if kind in ("maxpool", "avgpool"):
            return pool(x, np.max if kind == "maxpool" else np.mean)
        if kind == "bn":
            axes = (0, *range(2, x.ndim))
            mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
            scale, shift = (along_channels(self.params[f"{name}/{i}"], x.ndim) for i in (0, 1))
            return (x - mean) / np.sqrt(variance + BN_EPSILON) * scale + shift
        weight = self.params[f"{name}/0"]
        if kind == "dense":
            x = x @ weight
        else:
            # EDDL has a 1-D kernel with an axis of 1 behind it.
            weight = weight.reshape(weight.shape[: x.ndim])
            x = convolution(x, weight) if kind == "conv" else transposed_convolution(x, weight)
        return x + along_channels(self.params[f"{name}/1"], x.ndim) if layer[-1] else x


def class_sums(y):
    """Over the positions: [batch, classes]."""
    return y.reshape(*y.shape[:2], -1).sum(-1)


def neuron_sensitivities(net, x, layer, mode, step=1e-6):
    """S of each neuron of the layer, by central differences."""
    p = net.record(x)[layer]
    derivatives = []  # one (classes,) a value of p, of Σ y over the batch
    for i in np.ndindex(p.shape):
        nudge = np.zeros(p.shape)
        nudge[i] = step
        high, low = (
            np.concatenate([class_sums(y).sum(0) for y in net.outputs(x, {layer: sign * nudge})]) for sign in (1, -1)
        )
        derivatives.append((high - low) / (2 * step))
    d = np.array(derivatives).reshape(*p.shape, -1)
    s = np.abs(d).mean(-1) if mode == "full" else np.abs(d.mean(-1))
    return s.mean(axis=(0, *range(2, p.ndim)))


def weight_sensitivities(net, x, key, mode, targets, step=1e-6):
    """S of each weight of the parameter, by central differences; `targets`: one a head, as EDDL takes them."""
    original = net.params[key]

    def mean_outputs():
        ys = net.outputs(x)
        means = []
        for y, target in zip(ys, targets):
            alpha = 1 / sum(out.shape[1] for out in ys)
            if mode == "specific":
                # The first of the largest.
                alpha = (np.arange(y.shape[1]) == target.argmax(1)[..., None]).astype(float) / len(ys)
                alpha = np.moveaxis(alpha, -1, 1)
            means.append((alpha * y).mean(axis=(0, *range(2, y.ndim))))
        return np.concatenate(means)

    s = np.zeros(original.shape)
    for i in np.ndindex(original.shape):
        ends = []
        for sign in (1, -1):
            net.params[key] = original.copy()
            net.params[key][i] += sign * step
            ends.append(mean_outputs())
        s[i] = np.abs((ends[0] - ends[1]) / (2 * step)).sum()
    net.params[key] = original
    return s


def activities(net, x):
    """S of each neuron in mode "local", by layer: how often the next activation's derivative is not 0."""
    seen = net.record(x)
    found = {}
    for head in net.heads:
        way = net.trunk + head
        for at, (name, layer) in enumerate(way):
            if cases.has_weights(layer):
                found[name] = _activity(way, at, seen)
    return found


def _activity(way, at, seen):
    name = way[at][0]
    neurons = seen[name].shape[1]
    for previous, (_, layer) in zip(way[at:], way[at + 1 :]):
        if layer[0] == "relu":
            entered = seen[previous[0]]
            return (entered > 0).reshape(len(entered), neurons, -1).mean(axis=(0, 2))
        if layer[0] in FUNCTIONS or cases.has_weights(layer):
            break
    return np.ones(neurons)
