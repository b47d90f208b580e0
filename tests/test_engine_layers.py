"""
Convolution, pooling, batch norm and dense layers of random shapes against NumPy in float64, forward and backward.

The recorded cases have a handful of channels; fast implementations take other paths for 16 channels, for 17, for
strides, for borders. Shapes are drawn by Hypothesis from both sides of such boundaries.
"""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, build, engine_name, gradients_of, tensor, view
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

CHANNELS = st.sampled_from([1, 2, 3, 7, 8, 9, 16, 17, 24, 32])
BATCHES = st.sampled_from([1, 2, 3, 5, 8])


def close(actual, expected, terms):
    """Equal but for the rounding of float32 sums of so many terms near 1."""
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=3e-6 * np.sqrt(terms) + 1e-6)


class OneLayer:
    """A net of one layer, run forward and backward in training mode on given arrays."""

    def __init__(self, layer, shape, batch, rng):
        x = eddl.Input(list(shape), "x")
        self.net = build(eddl.Model([x], [layer(x)]), eddl.sgd(0.1))
        self.layer = self.net.lout[0]
        self.x = rng.uniform(-1, 1, (batch, *shape)).astype(np.float32)
        for p in self.layer.params:
            view(p)[...] = rng.uniform(-1, 1, tuple(p.shape))
        eddl.set_mode(self.net, 1)
        eddl.zeroGrads(self.net)
        eddl.forward(self.net, [tensor(self.x)])
        self.y = array(self.layer.output)
        # With mse the delta of the output is (y - target)/batch: choose targets that make it what we want.
        self.delta = rng.uniform(-1, 1, self.y.shape)
        eddl.backward(self.net, [tensor(self.y - self.delta * batch)])
        self.delta = array(self.layer.delta).astype(np.float64)
        self.input_delta = array(self.net.lin[0].delta)
        self.gradients = list(gradients_of(self.net).values())
        self.params = [array(p).astype(np.float64) for p in self.layer.params]


def windows(x, kernel, strides):
    """[batch, channels, rows, columns, kernel rows, kernel columns] of an already padded array."""
    return sliding_window_view(x, kernel, axis=(2, 3))[:, :, :: strides[0], :: strides[1]]


def scatter(parts, shape, strides):
    """The transpose of windows: adds parts, laid out as windows gives them, into an array of the given shape."""
    whole = np.zeros(shape)
    rows, columns, kh, kw = parts.shape[2:]
    for i in range(kh):
        for j in range(kw):
            whole[:, :, i : i + rows * strides[0] : strides[0], j : j + columns * strides[1] : strides[1]] += parts[
                ..., i, j
            ]
    return whole


def same_padding(size, kernel, stride):
    """(before, after): the output has as many positions as the input has strides; what is uneven goes behind."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


@st.composite
def convolutions(draw):
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(st.sampled_from(["valid", "same"]))
    if padding == "same" and engine_name() == "EDDL":  # which pads evenly only
        kernel, strides = tuple(k | 1 for k in kernel), (1, 1)
    height, width = (draw(st.integers(k, k + 12)) for k in kernel)
    return draw(CHANNELS), draw(CHANNELS), height, width, kernel, strides, padding, draw(st.booleans())


@given(convolutions(), BATCHES, st.integers(0, 2**32 - 1))
def test_convolution(shape, batch, seed):
    channels, filters, height, width, kernel, strides, padding, bias = shape
    run = OneLayer(
        lambda x: eddl.Conv2D(x, filters, list(kernel), list(strides), padding, bias, 1, [1, 1], "y"),
        (channels, height, width),
        batch,
        np.random.default_rng(seed),
    )
    pads = [(0, 0), (0, 0)] if padding == "valid" else [same_padding(*a) for a in zip((height, width), kernel, strides)]
    padded = np.pad(run.x.astype(np.float64), [(0, 0), (0, 0), *pads])
    patches = windows(padded, kernel, strides)
    weights = run.params[0]
    expected = np.einsum("bcijkl,ockl->boij", patches, weights, optimize=True)
    if bias:
        expected += run.params[1][:, None, None]
        close(run.gradients[1], run.delta.sum(axis=(0, 2, 3)), run.delta[:, 0].size)
    close(run.y, expected, weights[0].size)
    close(run.gradients[0], np.einsum("bcijkl,boij->ockl", patches, run.delta, optimize=True), run.delta[:, 0].size)
    parts = np.einsum("boij,ockl->bcijkl", run.delta, weights, optimize=True)
    back = scatter(parts, padded.shape, strides)
    inside = tuple(slice(before, size - after) for (before, after), size in zip(pads, padded.shape[2:]))
    close(run.input_delta, back[(slice(None), slice(None), *inside)], weights[:, 0].size)


@st.composite
def pools(draw):
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    height, width = (draw(st.integers(k, k + 9)) for k in size)
    return draw(CHANNELS), height, width, size, strides


@given(pools(), BATCHES, st.integers(0, 2**32 - 1))
def test_average_pooling(shape, batch, seed):
    channels, height, width, size, strides = shape
    run = OneLayer(
        lambda x: eddl.AveragePool2D(x, list(size), list(strides), "none", "y"),
        (channels, height, width),
        batch,
        np.random.default_rng(seed),
    )
    patches = windows(run.x.astype(np.float64), size, strides)
    close(run.y, patches.mean(axis=(4, 5)), size[0] * size[1])
    parts = np.broadcast_to((run.delta / (size[0] * size[1]))[..., None, None], patches.shape)
    close(run.input_delta, scatter(parts, run.x.shape, strides), size[0] * size[1])


@given(pools(), BATCHES, st.integers(0, 2**32 - 1))
def test_max_pooling(shape, batch, seed):
    channels, height, width, size, strides = shape
    run = OneLayer(
        lambda x: eddl.MaxPool2D(x, list(size), list(strides), "none", "y"),
        (channels, height, width),
        batch,
        np.random.default_rng(seed),
    )
    patches = windows(run.x.astype(np.float64), size, strides)
    flat = patches.reshape(*patches.shape[:4], -1)
    np.testing.assert_array_equal(run.y, flat.max(axis=-1).astype(np.float32))
    parts = np.zeros(flat.shape)
    np.put_along_axis(parts, flat.argmax(axis=-1)[..., None], run.delta[..., None], axis=-1)
    close(run.input_delta, scatter(parts.reshape(patches.shape), run.x.shape, strides), size[0] * size[1])


# EDDL's sums over many values race between threads and are wrong now and then.
@pytest.mark.embedded_engine
@given(
    CHANNELS,
    st.one_of(st.just(()), st.tuples(st.integers(1, 9), st.integers(1, 9))),
    st.sampled_from([4, 6, 9]),
    st.sampled_from([0.0, 0.5, 0.9, 0.99]),
    st.integers(0, 2**32 - 1),
)
def test_batch_norm_forward_and_statistics(channels, positions, batch, momentum, seed):
    epsilon = 1e-3
    run = OneLayer(
        lambda x: eddl.BatchNormalization(x, True, momentum, epsilon, "y"),
        (channels, *positions),
        batch,
        np.random.default_rng(seed),
    )
    axes = tuple(i for i in range(run.x.ndim) if i != 1)
    spread = (slice(None), *[None] * len(positions))
    x = run.x.astype(np.float64)
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    scale, shift = run.params[0], run.params[1]
    normalised = (x - mean[spread]) / np.sqrt(variance + epsilon)[spread]
    # EDDL's variance is a difference of squares: less exact than its terms.
    np.testing.assert_allclose(run.y, scale[spread] * normalised + shift[spread], rtol=1e-3, atol=1e-4)
    # Two forward passes would move the running statistics twice; there was one, from random beginnings.
    rng = np.random.default_rng(seed)
    rng.uniform(-1, 1, run.x.shape)
    first = [rng.uniform(-1, 1, channels) for _ in range(4)]
    if momentum > 0:
        np.testing.assert_allclose(run.params[2], momentum * first[2] + (1 - momentum) * mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(run.params[3], momentum * first[3] + (1 - momentum) * variance, rtol=1e-4, atol=1e-5)


@given(st.integers(1, 70), st.integers(1, 70), st.booleans(), BATCHES, st.integers(0, 2**32 - 1))
def test_dense(inputs, units, bias, batch, seed):
    run = OneLayer(lambda x: eddl.Dense(x, units, bias, "y"), (inputs,), batch, np.random.default_rng(seed))
    x, weights = run.x.astype(np.float64), run.params[0]
    close(run.y, x @ weights + (run.params[1] if bias else 0), inputs)
    close(run.gradients[0], x.T @ run.delta, batch)
    if bias:
        close(run.gradients[1], run.delta.sum(axis=0), batch)
    close(run.input_delta, run.delta @ weights.T, units)


@given(st.integers(1, 40), st.integers(1, 9), st.floats(0.1, 60.0), st.integers(0, 2**32 - 1))
def test_softmax(classes, batch, scale, seed):
    rng = np.random.default_rng(seed)
    x = eddl.Input([classes], "x")
    net = build(eddl.Model([x], [eddl.Softmax(x, -1, "y")]))
    values = rng.normal(scale=scale, size=(batch, classes)).astype(np.float32)
    eddl.forward(net, [tensor(values)])
    shifted = np.exp(values.astype(np.float64) - values.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        array(net.lout[0].output), shifted / shifted.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6
    )
