"""
simplify on random chains: the outputs stay, and the sizes are those that a second, independent analysis says.

The oracle below works on the arrays alone. It finds constant channels by evaluating each layer, in float64, on symbolic
values: a channel is a number where it is constant and NaN where it is not, and NaN spreads as "unknown" does; a zero
weight stops it. Reading is found backwards from the outputs.
"""

from dataclasses import dataclass

import numpy as np
import pyeddl.eddl as eddl
from eddl_prune import _core
from helpers import array, build, params_of, predict, set_params, tensor, view
from hypothesis import given
from hypothesis import strategies as st

# --- random chains ---

SELU = 1.6732632423543772, 1.0507009873554805  # alpha, scale

ACTIVATIONS = {
    "relu": (eddl.ReLu, lambda v: np.maximum(v, 0)),
    "leaky_relu": (lambda x: eddl.LeakyReLu(x, 0.1), lambda v: np.where(v > 0, v, 0.1 * v)),
    "elu": (lambda x: eddl.Elu(x, 0.5), lambda v: np.where(v > 0, v, 0.5 * np.expm1(np.minimum(v, 0)))),
    "selu": (eddl.Selu, lambda v: SELU[1] * np.where(v > 0, v, SELU[0] * np.expm1(np.minimum(v, 0)))),
    "sigmoid": (eddl.Sigmoid, lambda v: 1 / (1 + np.exp(-v))),
    "hard_sigmoid": (eddl.HardSigmoid, lambda v: np.clip(0.2 * v + 0.5, 0, 1)),
    "tanh": (eddl.Tanh, np.tanh),
    "softplus": (eddl.Softplus, lambda v: np.log1p(np.exp(v))),
    "softsign": (eddl.Softsign, lambda v: v / (1 + np.abs(v))),
    "thresholded_relu": (lambda x: eddl.ThresholdedReLu(x, 0.3), lambda v: np.where(v > 0.3, v, 0.0)),
    "linear": (lambda x: eddl.Linear(x, -2.0), lambda v: -2.0 * v),
}


@dataclass(frozen=True)
class Step:
    kind: str
    size: int = 0  # channels of "conv" and "dense"
    kernel: int = 1
    padding: str = "valid"
    stride: int = 1
    bias: bool = True  # "bn": affine
    name: str = ""  # of an activation


@st.composite
def chains(draw):
    """Steps of a chain on [channels, side, side] images; every layer has at least one position left."""
    channels, side = draw(st.integers(1, 3)), draw(st.integers(5, 8))
    steps, left = [], side

    def after_weights():
        if draw(st.booleans()):
            steps.append(Step("bn", bias=draw(st.booleans())))
        if draw(st.integers(0, 4)):
            steps.append(Step("act", name=draw(st.sampled_from(sorted(ACTIVATIONS)))))
        if draw(st.integers(0, 3)) == 0:
            steps.append(Step("dropout", bias=draw(st.booleans())))

    for _ in range(draw(st.integers(0, 3))):
        kernel = draw(st.sampled_from([k for k in (1, 2, 3) if k <= left]))
        same = kernel != 2 and draw(st.booleans())  # EDDL refuses an uneven padding
        stride = 1 if same else draw(st.sampled_from([1, 1, 2]))
        filters, bias = draw(st.integers(1, 6)), draw(st.booleans())
        steps.append(Step("conv", filters, kernel, "same" if same else "valid", stride, bias))
        left = left if same else -((kernel - 1 - left) // stride)
        after_weights()
        pool = draw(st.sampled_from(["none", "none", "max", "avg", "max_same", "avg_same"]))
        if pool in ("max", "avg") and left >= 2:
            steps.append(Step(pool, kernel=2, padding="none", stride=2))
            left //= 2
        elif pool.endswith("_same") and left >= 3:
            steps.append(Step(pool[:3], kernel=3, padding="same", stride=1))
    if draw(st.booleans()):
        steps.append(Step(draw(st.sampled_from(["gmax", "gavg"]))))
    steps.append(Step("flatten"))
    for _ in range(draw(st.integers(0, 2))):
        steps.append(Step("dense", draw(st.integers(1, 8)), bias=draw(st.booleans())))
        after_weights()
    steps.append(Step("dense", draw(st.integers(1, 4)), bias=draw(st.booleans())))
    if draw(st.booleans()):
        steps.append(Step("softmax"))
    return (channels, side), tuple(steps)


def make_net(shape, steps):
    channels, side = shape
    x = layer = eddl.Input([channels, side, side], "input")
    for i, s in enumerate(steps):
        name = f"layer{i}"
        if s.kind == "conv":
            layer = eddl.Conv2D(layer, s.size, [s.kernel] * 2, [s.stride] * 2, s.padding, s.bias, 1, [1, 1], name)
        elif s.kind == "dense":
            layer = eddl.Dense(layer, s.size, s.bias, name)
        elif s.kind == "bn":
            layer = eddl.BatchNormalization(layer, s.bias, 0.9, 1e-3, name)
        elif s.kind == "act":
            layer = ACTIVATIONS[s.name][0](layer)
            layer.name = name
        elif s.kind == "dropout":
            layer = eddl.Dropout(layer, 0.25, s.bias, name)
        elif s.kind in ("max", "avg"):
            pool = eddl.MaxPool2D if s.kind == "max" else eddl.AveragePool2D
            layer = pool(layer, [s.kernel] * 2, [s.stride] * 2, s.padding, name)
        elif s.kind in ("gmax", "gavg"):
            layer = (eddl.GlobalMaxPool2D if s.kind == "gmax" else eddl.GlobalAveragePool2D)(layer, name)
        elif s.kind == "flatten":
            layer = eddl.Flatten(layer, name)
        else:
            layer = eddl.Softmax(layer, -1, name)
    return eddl.Model([x], [layer])


def fill_randomly(net, steps, rng):
    """Random parameters with many zeros: single weights, whole outputs and inputs, biases, batch norm scales."""
    for s, layer in zip(steps, net.layers[1:]):
        if s.kind in ("conv", "dense"):
            w = view(layer.params[0])
            out_axis = 0 if s.kind == "conv" else 1
            fan_in = w.size // w.shape[out_axis]
            value = rng.normal(size=w.shape) / np.sqrt(fan_in) + rng.choice([0, 0.3])
            value *= rng.random(w.shape) >= rng.choice([0, 0.5, 0.9])
            for axis in (0, 1):
                shape = [1] * w.ndim
                shape[axis] = w.shape[axis]
                value *= (rng.random(w.shape[axis]) >= rng.choice([0, 0.3, 0.6])).reshape(shape)
            w[...] = value
            if s.bias:
                b = view(layer.params[1])
                b[...] = rng.normal(size=b.shape) * (rng.random(b.shape) >= rng.choice([0, 0.5, 1]))
        elif s.kind == "bn":
            *affine, mean, variance = (view(p) for p in layer.params)
            mean[...] = rng.normal(size=mean.shape)
            variance[...] = rng.uniform(0.1, 2, variance.shape)
            for p in affine:
                p[...] = rng.normal(size=p.shape) * (rng.random(p.shape) >= rng.choice([0, 0.4]))


# --- the oracle ---


def oracle_sizes(shape, steps, params):
    """Channels left after each step, counted on arrays: {step index: number} for "conv" and "dense"."""
    params = iter(params)
    constants = [np.full(shape[0], np.nan)]
    side, weighted = shape[1], []
    for index, s in enumerate(steps):
        c = constants[-1]
        if s.kind in ("conv", "dense"):
            w = next(params).astype(np.float64)
            bias = next(params).astype(np.float64) if s.kind == "conv" or s.bias else np.zeros(w.shape[1])
            if not s.bias:
                bias = np.zeros_like(bias)
            w = w if s.kind == "conv" else w.T
            sums = w.reshape(*w.shape[:2], -1).sum(axis=2)
            joined = (w.reshape(*w.shape[:2], -1) != 0).any(axis=2)
            padded = s.kind == "conv" and s.padding == "same" and s.kernel > 1
            varying = np.isnan(c) | (padded & (np.nan_to_num(c) != 0))
            constant = ~(joined & varying).any(axis=1)
            value = bias + (np.where(varying, 0, np.nan_to_num(c)) * sums).sum(axis=1)
            normed = any(after.kind == "bn" for after in steps[index + 1 : index + 2])  # its mean takes constants up
            weighted.append((index, joined, padded or not (s.bias or normed), len(constants) - 1))
            side = side if s.kind == "dense" or s.padding == "same" else -((s.kernel - 1 - side) // s.stride)
            constants.append(np.where(constant, value.astype(np.float32), np.nan))
        elif s.kind == "bn":
            gamma, beta = (next(params), next(params)) if s.bias else (1.0, 0.0)
            mean, variance = next(params), next(params)
            scale = gamma / np.sqrt(variance.astype(np.float64) + np.float64(np.float32(1e-3)))
            value = np.where(scale == 0, beta, (c - mean) * scale + beta)
            constants.append(value.astype(np.float32).astype(np.float64))
        elif s.kind == "act":
            value = ACTIVATIONS[s.name][1](np.nan_to_num(c)).astype(np.float32)
            constants.append(np.where(np.isnan(c), np.nan, value))
        elif s.kind == "dropout":
            constants.append(c * 0.75 if s.bias else c)
        elif s.kind == "avg" and s.padding == "same":
            constants.append(np.where(c == 0, c, np.nan))
        elif s.kind == "flatten":
            constants.append(np.repeat(c, side * side))
        else:
            constants.append(c)
        if s.kind in ("max", "avg") and s.stride == 2:
            side //= 2
        elif s.kind in ("gmax", "gavg"):
            side = 1

    # Backwards. `needed`: outputs of the step at hand whose value matters; features are those of a channel together.
    *_, (last, joined, *_) = weighted
    sizes, needed = {last: len(joined)}, np.ones(len(joined), bool)
    for (_, joined, wants_carrier, at), (before, joined_before, *_) in zip(weighted[:0:-1], weighted[-2::-1]):
        channels = len(joined_before)
        read = joined[needed].any(axis=0).reshape(channels, -1)
        size = np.abs(np.nan_to_num(constants[at])).reshape(channels, -1)
        needed = (read & np.isnan(constants[at]).reshape(channels, -1)).any(axis=1)
        loose = (read & (size != 0)).any(axis=1) & ~needed
        if wants_carrier and loose.any() and 16 * size[needed].max(initial=0) < size[read].max():
            needed[np.unravel_index(np.argmax(size * read), size.shape)[0]] = True
        sizes[before] = max(1, int(needed.sum()))
    return sizes


# --- the property ---


def terms_of_output(net, steps):
    """After a prediction: the largest sum of absolute terms in the last dense layer. Rounding scales with it, not with
    the outputs, where terms cancel."""
    last = max(i for i, s in enumerate(steps) if s.kind == "dense")
    inputs, weights = array(net.layers[last].output), array(net.layers[last + 1].params[0])
    return 1.0 if steps[-1].kind == "softmax" else (np.abs(inputs) @ np.abs(weights)).max()


def relative_error(expected, actual, scale):
    return np.abs(expected - actual).max() / max(np.abs(expected).max(), scale, 1e-30)


@given(chain=chains(), seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 7), data=st.data())
def test_random_chains(chain, seed, batch, data):
    shape, steps = chain
    rng = np.random.default_rng(seed)
    net = build(make_net(shape, steps), seed=None, threads=1)
    fill_randomly(net, steps, rng)
    before = params_of(net)
    x = rng.normal(size=(batch, shape[0], shape[1], shape[1])).astype(np.float32)
    x *= data.draw(st.sampled_from([1, 0.01, 10, 0]))
    expected = predict(net, x)
    scale = terms_of_output(net, steps)

    planned = _core.plan(net)
    report = _core.simplify(net)
    assert planned == report

    # The same outputs, at this batch size and another one.
    assert relative_error(expected, predict(net, x), scale) <= 1e-5
    assert relative_error(expected[:1], predict(net, x[:1]), scale) <= 1e-5

    # As small as the oracle says; the report and the tensors agree.
    sizes = oracle_sizes(shape, steps, before)
    by_name = {entry["name"]: entry for entry in report["layers"]}
    assert {i: by_name[f"layer{i}"]["channels_after"] for i in sizes} == sizes
    for layer, entry in zip(net.layers, report["layers"]):
        assert layer.output.shape[1] == entry["channels_after"] == entry["channels_before"] - len(entry["removed"])
    assert [e["parameters"] for e in _core.layer_stats(net)] == [e["parameters_after"] for e in report["layers"]]
    assert [e["macs"] for e in _core.layer_stats(net)] == [e["macs_after"] for e in report["layers"]]

    # Nothing is left to do.
    again = params_of(net)
    second = _core.simplify(net)
    assert all(e["removed"] == [] and e["folded"] == [] for e in second["layers"])
    for a, b in zip(again, params_of(net)):
        np.testing.assert_array_equal(a, b)

    # And it trains.
    y = np.zeros((batch, *net.lout[0].output.shape[1:]), np.float32)
    eddl.train_batch(net, [tensor(x)], [tensor(y)])
    predict(net, x)


@given(chain=chains(), seed=st.integers(0, 2**32 - 1))
def test_random_unbuilt_chains(chain, seed):
    """The same change, whether the net is simplified before it is built or after."""
    shape, steps = chain
    built = build(make_net(shape, steps), seed=None, threads=1)
    fill_randomly(built, steps, np.random.default_rng(seed))
    net = make_net(shape, steps)
    for target, source in zip(net.layers, built.layers):
        for t, v in zip(target.params, source.params):
            view(t)[...] = v.getdata()
    assert _core.simplify(net) == _core.simplify(built)
    values = params_of(built)
    eddl.build(net, eddl.sgd(0.01), ["mse"], ["mse"], eddl.CS_CPU(1), False)
    set_params(net, values)
    x = np.random.default_rng(seed).normal(size=(3, shape[0], shape[1], shape[1])).astype(np.float32)
    np.testing.assert_allclose(predict(net, x), predict(built, x), rtol=1e-5, atol=1e-6)
