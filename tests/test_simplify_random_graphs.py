"""
simplify on random graphs: branches, merges and concatenations, nested, of all kinds of layers, with random zeros and
constants. The outputs stay, nothing is left to do, and nothing that NumPy finds to be constant stays without a reason.

Many more: HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_simplify_random_graphs.py
"""

import numpy as np
import pyeddl.eddl as eddl
from eddl_prune import _core
from helpers import SUMS, array, assert_same_layers, build, engine_name, params_of, staying, tensor, view
from hypothesis import given
from hypothesis import strategies as st

EMBEDDED = engine_name() == "embedded"


def conv(x, filters, kernel, padding, bias, groups=1):
    return eddl.Conv2D(x, filters, [kernel] * 2, [1, 1], padding, bias, groups, [1, 1])


def shape_of(layer):
    return tuple(layer.output.shape[1:])


MERGES = {
    "add": lambda a, b: eddl.Add([a, b]),
    "subtract": lambda a, b: eddl.Subtract([a, b]),
    "average": lambda a, b: eddl.Average([a, b]),
    "maximum": lambda a, b: eddl.Maximum([a, b]),
    "minimum": lambda a, b: eddl.Minimum([a, b]),
    "sum": eddl.Sum,
    "diff": eddl.Diff,
    "mult": eddl.Mult,
    "gate": lambda a, b: eddl.Mult(a, eddl.Sigmoid(b)),
}


def group_norm(x):
    channels = shape_of(x)[0]
    return eddl.GroupNormalization(x, next(groups for groups in (3, 2, 1) if channels % groups == 0), 1e-2)


def excite(x):
    """Squeeze-and-excitation. EDDL broadcasts vectors alone, along all axes of their length."""
    channels = shape_of(x)[0]
    squeezed = eddl.ReLu(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool2D(x)), 3))
    gate = eddl.Reshape(eddl.Sigmoid(eddl.Dense(squeezed, channels)), [channels, 1, 1] if EMBEDDED else [channels])
    return eddl.Mult(x, eddl.Broadcast(gate, x)) if EMBEDDED or channels != SIDE else x


def one_for_all(x):
    return eddl.Mult(x, eddl.Broadcast(conv(x, 1, 3, "same", True), x)) if EMBEDDED else x


# On images, keeping their size.
STEPS = {
    "relu": eddl.ReLu,
    "leaky": lambda x: eddl.LeakyReLu(x, 0.1),
    "tanh": eddl.Tanh,
    "sigmoid": eddl.Sigmoid,
    "norm": lambda x: eddl.BatchNormalization(x, True, 0.9, 1e-2),
    "plain_norm": lambda x: eddl.BatchNormalization(x, False, 0.9, 1e-2),
    "dropout": lambda x: eddl.Dropout(x, 0.3, True),
    "noise": lambda x: eddl.GaussianNoise(x, 0.1),
    "max_pool": lambda x: eddl.MaxPool2D(x, [3, 3], [1, 1], "same"),
    "average_pool": lambda x: eddl.AveragePool2D(x, [3, 3], [1, 1], "same"),
    "scale": lambda x: eddl.Mult(x, -0.7),
    "shift": lambda x: eddl.Sum(x, 0.4),
    "abs": eddl.Abs,
    "clamp": lambda x: eddl.Clamp(x, -0.5, 1.5),
    "turn": lambda x: eddl.Permute(x, [0, 2, 1]),
    "up_and_down": lambda x: eddl.MaxPool2D(eddl.UpSampling2D(x, [2, 2]), [2, 2], [2, 2], "none"),
    "pad": lambda x: eddl.MaxPool2D(eddl.Pad(x, [0, 1, 1, 0], 0.0), [2, 2], [1, 1], "none"),
    "softmax": eddl.Softmax,
    "group_norm": group_norm,
    "excite": excite,
    "one_for_all": one_for_all,
    "tile": lambda x: eddl.Select(eddl.Tile(x, [2, 1, 1]), [f"1:{shape_of(x)[0] + 1}"] + [":"] * 2),
    "repeat": lambda x: eddl.Repeat(x, [1 + c % 2 for c in range(shape_of(x)[0])], 0),
    "norm_of_all": lambda x: eddl.NormMax(x, 0.1),
    "flat_and_back": lambda x: eddl.Reshape(eddl.Flatten(x), list(shape_of(x))),
    "reshape": lambda x: eddl.Reshape(
        eddl.Reshape(x, [shape_of(x)[0] * 2, shape_of(x)[1] // 2, shape_of(x)[2]]), list(shape_of(x))
    ),
}

SIDE = 4


@st.composite
def images(draw, depth):
    """A function that makes a layer from a layer with SIDE x SIDE images."""
    kinds = ["conv", "conv", "step", "step"] + (["chain", "merge", "merge", "concat", "select"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "conv":
        filters, kernel, bias = draw(st.integers(1, 6)), draw(st.sampled_from([1, 3])), draw(st.booleans())
        groups = draw(st.sampled_from(["one", "one", "depthwise", "two"])) if EMBEDDED else "one"

        def make_conv(x):
            channels = shape_of(x)[0]
            if groups == "depthwise":
                return conv(x, channels * (1 + filters % 2), kernel, "same", bias, channels)
            even = groups == "two" and channels % 2 == 0
            return conv(x, filters + filters % 2 if even else filters, kernel, "same", bias, 2 if even else 1)

        return make_conv
    if kind == "step":
        return STEPS[draw(st.sampled_from(sorted(STEPS)))]
    first, second = draw(images(depth - 1)), draw(images(depth - 1))
    if kind == "chain":
        return lambda x: second(first(x))
    if kind == "concat":
        return lambda x: eddl.Concat([first(x), second(x)])
    if kind == "select":

        def select(x):
            parts = eddl.Split(x, [1], 0) if shape_of(x)[0] > 1 else [x, x]
            return eddl.Concat([first(parts[0]), second(parts[-1])])

        return select
    merge, bias = MERGES[draw(st.sampled_from(sorted(MERGES)))], draw(st.booleans())
    projected = draw(st.booleans())

    def make_merge(x):
        a, b = first(x), second(x)
        if projected or shape_of(a) != shape_of(b):
            b = conv(b, shape_of(a)[0], 1, "valid", bias)
        return merge(a, b)

    return make_merge


@st.composite
def nets(draw):
    """A function that makes an unbuilt net: one or two inputs and outputs."""
    bodies = draw(st.lists(images(3), min_size=1, max_size=3))
    channels = draw(st.lists(st.integers(1, 4), min_size=1, max_size=2))
    heads = draw(st.lists(st.sampled_from(["maps", "flat", "global", "mean", "sum"]), min_size=1, max_size=2))

    def make():
        inputs = [eddl.Input([n, SIDE, SIDE]) for n in channels]
        layer = conv(inputs[0] if len(inputs) == 1 else eddl.Concat(inputs), 5, 3, "same", True)
        for body in bodies:
            layer = body(layer)
        outputs = []
        for head in heads:
            if head == "maps":
                outputs.append(conv(layer, 2, 3, "same", False))
                continue
            flat = {
                "flat": eddl.Flatten,
                "global": lambda x: eddl.Flatten(eddl.GlobalAveragePool2D(x)),
                "mean": lambda x: eddl.ReduceMean(x, [1, 2]),
                "sum": lambda x: eddl.ReduceSum(x, [1, 2]),
            }[head](layer)
            outputs.append(eddl.Dense(eddl.ReLu(eddl.Dense(flat, 4)), 2))
        return eddl.Model(inputs, outputs)

    return make


def fill_randomly(net, rng):
    """Random parameters with many zeros: single weights, whole outputs and inputs, biases, batch norm scales."""

    def kept(shape, share):
        return rng.random(shape) >= share

    for layer in net.layers:
        kind = type(layer).__name__
        if kind in ("LConv", "LDense"):
            w, *biases = (view(p) for p in layer.params)
            out_axis = 0 if kind == "LConv" else 1
            value = rng.normal(size=w.shape) * np.sqrt(w.shape[out_axis] / w.size)
            value *= kept(w.shape, rng.choice([0, 0.5]))
            for axis in (0, 1):
                value *= kept([n if a == axis else 1 for a, n in enumerate(w.shape)], rng.choice([0, 0.3, 0.6]))
            w[...] = value
            for b in biases:
                b[...] = rng.normal(size=b.shape) * kept(b.shape, rng.choice([0, 0.5, 1]))
        elif kind == "LGroupNorm":
            for p in layer.params:
                view(p)[...] = rng.normal(size=p.shape) * kept(p.shape, rng.choice([0, 0.4]))
        elif kind == "LBatchNorm":
            *affine, mean, variance = (view(p) for p in layer.params)
            mean[...] = rng.normal(size=mean.shape)
            variance[...] = rng.uniform(0.3, 2, variance.shape)
            for p in affine:
                p[...] = rng.normal(size=p.shape) * kept(p.shape, rng.choice([0, 0.4]))


def described(net):
    """For messages: each layer with its parents."""
    return [f"{layer.name}({', '.join(p.name for p in layer.parent)}) {shape_of(layer)}" for layer in net.layers]


def outputs_of(net, inputs):
    """The net's outputs, and for each the largest value on the way: rounding scales with it where terms cancel."""
    found = [array(t) for t in eddl.predict(net, [tensor(x) for x in inputs])]
    largest = max(np.abs(array(layer.output)).max() for layer in net.layers)
    return found, largest


def assert_same_outputs(net, inputs, before):
    expected, largest = before
    actual, _ = outputs_of(net, inputs)
    for e, a in zip(expected, actual):
        e = e[: len(a)]
        assert np.abs(a - e).max() <= 1e-5 * max(np.abs(e).max(), largest, 1e-30)


# Kinds that make zeros of zeros, borders included; a depthwise convolution where it adds nothing.
ZERO_STAYS = ("LConv", "LDense", "LReshape", "LMaxPool", "LAveragePool", "LPad", "LPermute", "LUpSampling", "LAbs")


def keeps_zeros(layer):
    adds = type(layer).__name__ == "LConv" and len(layer.params) > 1 and array(layer.params[1]).any()
    return len(layer.parent) == 1 and type(layer).__name__ in ZERO_STAYS and not adds


def assert_nothing_dead_is_left(net, report):
    """
    Channels that are 0, for no weight leads there, and go through layers that leave them so and merge nothing: no more
    stay than the last one of the layer, carriers, and what keeps groups even.
    """
    layers = {layer.name: layer for layer in net.layers}
    for group in report["groups"]:
        first, *others = (layers[name] for name in group["layers"])
        kind = type(first).__name__
        grouped = any("uneven" in why["reason"] for why in group["kept"])
        simple = all(keeps_zeros(other) for other in others)
        if kind not in ("LConv", "LDense") or group["pinned"] or grouped or not simple:
            continue
        w = array(first.params[0])
        dead = ~(w if kind == "LConv" else w.T).reshape(first.output.shape[1], -1).any(axis=1)
        if len(first.params) > 1:
            dead &= array(first.params[1]) == 0
        if group["channels"] == len(dead):
            assert dead.sum() <= max(1, len(group["carriers"])), (first.name, group)


def merges_of(net):
    """Sums, and concatenations along the channels."""
    for layer in net.layers:
        kind = type(layer).__name__
        if kind in SUMS or layer.name in _core.sum_structures(net):
            yield layer
        elif kind == "LConcat" and shape_of(layer)[0] == sum(shape_of(parent)[0] for parent in layer.parent):
            yield layer


def assert_every_layer_is_needed(net):
    """
    Every layer but inputs is an output or feeds one, and no operand of a merge is there for nothing: to each it gives
    something, and if it feeds merges alone that have others too, it is not there only because some operand must be.
    """
    inputs, outputs = ({layer.name for layer in ends} for ends in (net.lin, net.lout))
    assert all(layer.child or layer.name in inputs | outputs for layer in net.layers)
    sums = _core.sum_structures(net)
    for name, structure in sums.items():
        sources = structure["sources"]
        assert len(sources) == 1 or all(max(source) >= 0 for source in sources), name
    shared = {layer.name for layer in merges_of(net) if len(layer.parent) > 1}
    only_last = {"a layer keeps at least one channel"}
    for group in _core.plan(net)["groups"]:
        if {why["reason"] for why in group["kept"]} == only_last:
            feeds = {child.name for name in group["layers"] for child in eddl.getLayer(net, name).child}
            assert not feeds - set(group["layers"]) <= shared, group


@given(make=nets(), seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 4))
def test_random_graphs(make, seed, batch):
    rng = np.random.default_rng(seed)
    net = build(make(), seed=None, threads=1)
    for k, layer in enumerate(net.layers):
        layer.name += f"_{k}"  # global pools all have one name
    fill_randomly(net, rng)
    inputs = [rng.normal(size=(batch, *shape_of(layer))).astype(np.float32) for layer in net.lin]
    before = outputs_of(net, inputs)
    layers, tensors = list(net.layers), [(*layer.params, layer.output) for layer in net.layers]

    planned = _core.plan(net)
    report = _core.simplify(net)
    assert planned == report
    assert_same_outputs(net, inputs, before)
    assert_same_outputs(net, [x[:1] for x in inputs], before)

    # In place, and as reported.
    assert_same_layers(layers, net)
    left = staying(report)
    outputs = [layer.output for layer in net.layers]
    held_tensors = [held for held in tensors if any(held[-1] is output for output in outputs)]
    for held, layer in zip(held_tensors, net.layers):  # a sum may have got a parameter
        assert all(a is b for a, b in zip(held, (*layer.params[: len(held) - 1], layer.output)))
    for layer, entry in zip(net.layers, left):
        assert layer.output.shape[1] == entry["channels_after"] == entry["channels_before"] - len(entry["removed"])
    assert [e["parameters"] for e in _core.layer_stats(net)] == [e["parameters_after"] for e in left]
    assert [e["macs"] for e in _core.layer_stats(net)] == [e["macs_after"] for e in left]
    assert report["parameters_after"] <= report["parameters_before"]
    assert_nothing_dead_is_left(net, _core.plan(net))

    # Nothing is left to do.
    again = params_of(net)
    second = _core.simplify(net)
    found = {e["name"]: (e["removed"], e["folded"], e["lost_inputs"]) for e in second["layers"]}
    assert set(map(str, found.values())) == {"([], [], [])"}, (found, described(net))
    assert all(np.array_equal(a, b) for a, b in zip(again, params_of(net)))
    assert_every_layer_is_needed(net)

    # And it trains.
    targets = [tensor(np.zeros((batch, *shape_of(layer)), np.float32)) for layer in net.lout]
    eddl.train_batch(net, [tensor(x) for x in inputs], targets)
    outputs_of(net, inputs)
