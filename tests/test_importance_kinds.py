"""Importance, removal and zeroing of live channels through layers of all kinds."""

from dataclasses import dataclass
from typing import Callable

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune._passes import forward, without_trace
from eddl_prune._samples import Samples
from eddl_prune.importance import CRITERIA, importance, units_of
from helpers import array, assert_same_params, build, engine_name, params_of, predict, seed_params, tensor, view

# Images so small that EDDL normalises a sample's channels in one thread: several do not wait for each other.
SIDE, WORDS, VOCABULARY = 5, 2, 10


def conv(x, filters, name, groups=1):
    return eddl.Conv2D(x, filters, [3, 3], [1, 1], "same", True, groups, [1, 1], name)


def read(x):
    """What comes behind each layer: a padded convolution, "b", and an output that all its channels lead to."""
    return eddl.Dense(eddl.Flatten(eddl.Tanh(conv(x, 6, "b"))), 3, True, "head")


def image(layer, channels=8):
    """A net of a layer on the convolution "a"."""

    def make():
        x = eddl.Input([3, SIDE, SIDE], "input")
        return x, read(layer(conv(x, channels, "a")))

    return make


def cell(layer):
    def make():
        x = eddl.Input([4], "input")
        after = eddl.Tanh(eddl.Dense(layer(eddl.Tanh(eddl.Dense(x, 6, True, "before"))), 6, True, "after"))
        return x, eddl.Dense(after, 3, True, "head")

    return make


def embedded():
    x = eddl.Input([WORDS], "input")
    words = eddl.Embedding(x, VOCABULARY, WORDS, 4, False, "words")
    return x, eddl.Dense(eddl.Sigmoid(eddl.Dense(words, 6, True, "a")), 3, True, "head")


def excited(x):
    gate = eddl.Sigmoid(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool2D(x)), 8, True, "gate"))
    return eddl.Mult(x, eddl.Broadcast(eddl.Reshape(gate, [8, 1, 1]), x))


@dataclass(frozen=True)
class Kind:
    """
    make: the net's input and output.
    unit: a layer, one of its channels, and {reader: the weights that read the channel's unit, as an index}.
    """

    make: Callable
    unit: tuple
    only_embedded: bool = False


def rows(*channels):
    """Of the reader "b", [out, in, 3, 3]."""
    return {"b": [(0, np.s_[:, list(channels)])]}


def of_cell(gates):
    """Unit 2 of a cell is read by the layer behind and by all gates, as a state."""
    return ("cell", 2, {"after": [(0, np.s_[2])], "cell": [(gates + g, np.s_[2]) for g in range(gates)]})


KINDS = {
    "relu": Kind(image(eddl.ReLu), ("a", 3, rows(3))),
    "sigmoid": Kind(image(eddl.Sigmoid), ("a", 3, rows(3))),
    "batch_norm": Kind(image(lambda x: eddl.ReLu(eddl.BatchNormalization(x, True))), ("a", 1, rows(1))),
    "batch_norm_plain": Kind(image(lambda x: eddl.ReLu(eddl.BatchNormalization(x, False))), ("a", 1, rows(1))),
    "group_norm": Kind(
        image(lambda x: eddl.Sigmoid(eddl.GroupNormalization(x, 4, 1e-3, True, "norm"))), ("a", 4, rows(4, 5))
    ),
    "group_norm_plain": Kind(
        image(lambda x: eddl.Sigmoid(eddl.GroupNormalization(x, 4, 1e-3, False))), ("a", 7, rows(6, 7))
    ),
    "layer_norm": Kind(
        image(lambda x: eddl.LayerNormalization(eddl.ReLu(conv(x, 5, "pinned")))), ("a", 2, {"pinned": rows(2)["b"]})
    ),
    "padded_with_a_constant": Kind(image(lambda x: eddl.Pad(x, [1, 0, 1, 0], 0.5)), ("a", 0, rows(0))),
    "dense_on_the_last_axis": Kind(image(lambda x: eddl.Sigmoid(eddl.Dense(x, 5, True))), ("a", 6, rows(6))),
    "residual": Kind(
        image(lambda x: eddl.Tanh(eddl.Add([conv(eddl.Tanh(x), 8, "inner"), x]))),
        ("a", 5, {**rows(5), "inner": rows(5)["b"]}),
    ),
    "excited": Kind(image(excited), ("a", 2, {**rows(2), "gate": [(0, np.s_[2])]}), only_embedded=True),
    "grouped": Kind(
        image(lambda x: eddl.Tanh(conv(eddl.ReLu(x), 4, "grouped", groups=2))),
        ("a", 6, {"grouped": [(0, np.s_[2:, 2])]}),
        only_embedded=True,
    ),
    "depthwise": Kind(
        image(lambda x: eddl.Tanh(conv(eddl.ReLu(x), 8, "depthwise", groups=8))),
        ("a", 6, {**rows(6), "depthwise": [(0, np.s_[6])]}),
        only_embedded=True,
    ),
    "transposed": Kind(
        image(lambda x: eddl.ConvT2D(eddl.ReLu(x), 4, [3, 3], [2, 2], "same", True, 1, [1, 1], "up")),
        ("a", 1, {"up": [(0, np.s_[1])]}),
        only_embedded=True,
    ),
    "lstm": Kind(cell(lambda x: eddl.LSTM(x, 5, False, False, "cell")), of_cell(4)),
    "gru": Kind(cell(lambda x: eddl.GRU(x, 5, False, False, "cell")), of_cell(3)),
    "rnn": Kind(cell(lambda x: eddl.RNN(x, 5, "tanh", True, False, "cell")), of_cell(1)),
    "rnn_sigmoid": Kind(cell(lambda x: eddl.RNN(x, 5, "sigmoid", False, False, "cell")), of_cell(1)),
    "embedding": Kind(embedded, ("words", 1, {"a": [(0, np.s_[[1, 5]])]})),
}
RECURRENT = ("lstm", "gru", "rnn", "rnn_sigmoid")
kinds = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(name, marks=[pytest.mark.embedded_engine] if kind.only_embedded else [])
        for name, kind in KINDS.items()
    ],
)


def made(kind, mem="full_mem", seed=0):
    x, out = KINDS[kind].make()
    net = build(eddl.Model([x], [out]), mem=mem, seed=None)
    seed_params(net, seed)
    for layer in net.layers:
        if type(layer).__name__ == "LGroupNorm":
            for parameter, value in zip(layer.params, (1.5, 0.7)):  # a shift that is not 0
                view(parameter)[...] += value
    return net


def data_for(kind, n=6):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(n, 3)).astype(np.float32)
    if kind in RECURRENT:
        return [rng.normal(size=(n, 4, 4)).astype(np.float32)], [y[:, None]]
    if kind == "embedding":
        return [rng.integers(VOCABULARY, size=(n, WORDS)).astype(np.float32)], [y]
    return [rng.normal(size=(n, 3, SIDE, SIDE)).astype(np.float32)], [y]


def assert_close(actual, expected, tolerance=1e-5):
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


def shapes_of(net):
    return [layer.output.shape[1:] for layer in net.layers]


def assert_zeroed_is_removed(zeroed, removed, whole, x):
    """The same outputs as long as the net is as large, and the same net once what is dead has been removed."""
    assert shapes_of(zeroed) == shapes_of(whole)
    expected = predict(removed, x)
    assert_close(predict(zeroed, x), expected)
    ep.simplify(zeroed)
    assert_close(predict(zeroed, x), expected)
    assert shapes_of(zeroed) == shapes_of(removed)


@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("criterion", CRITERIA)
@kinds
def test_by_amount(kind, criterion, scope):
    if criterion == "sensitivity" and kind in RECURRENT:
        with pytest.raises(ep.PruneError, match="layer 'cell' is recurrent: sensitivities over time are not defined"):
            ep.remove_channels(made(kind), amount=0.5, criterion=criterion, data=data_for(kind))
        return
    if engine_name() == "EDDL" and kind == "batch_norm_plain" and criterion == "sensitivity":
        pytest.skip("EDDL makes the gradient below of what is in memory")
    (x,), _ = data = data_for(kind)
    options = dict(amount=0.5, criterion=criterion, scope=scope, data=data, batch_size=3)
    removed, zeroed, whole = made(kind), made(kind), made(kind)
    report = ep.remove_channels(removed, **options)
    ranked = criterion != "bn_scale" or kind == "batch_norm"
    assert bool(report.channels) is ranked
    if ranked:
        assert np.abs(predict(removed, x) - predict(whole, x)).max() > 1e-4
    assert bool(ep.zero_channels(zeroed, **options)) is ranked
    assert_zeroed_is_removed(zeroed, removed, whole, x)


@pytest.mark.parametrize("mem", ["full_mem", "low_mem"])
@kinds
def test_by_name(kind, mem):
    layer, channel, readers = KINDS[kind].unit
    (x,), _ = data_for(kind)
    removed, zeroed, muted = made(kind, mem), made(kind, mem), made(kind, mem)
    for name, weights in readers.items():
        for param, where in weights:
            view(eddl.getLayer(muted, name).params[param])[where] = 0
    expected = predict(muted, x)
    assert np.abs(predict(removed, x) - expected).max() > 1e-3
    ep.remove_channels(removed, {layer: [channel]})
    assert_close(predict(removed, x), expected)
    ep.zero_channels(zeroed, {layer: [channel]})
    assert_zeroed_is_removed(zeroed, removed, made(kind), x)


def taylor(net, kind, batch_size=6):
    units = units_of(net)
    values = importance(net, units, "taylor", Samples(net, *data_for(kind)), batch_size, 0)
    layer, channel, _ = KINDS[kind].unit
    position = [one.name for one in net.layers].index(layer)
    return values[[(position, channel) in unit.channels for unit in units].index(True)]


def outputs_in_training(net, x):
    if net.isrecurrent:
        return predict(net, x)[:, None]  # nothing here depends on the mode; one step
    with without_trace(net):
        forward(net, [tensor(x)])
        return array(net.lout[0].output)


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
@kinds
def test_taylor_is_the_slope_of_the_loss_along_what_is_read(kind, mem):
    """Against finite differences: everything that reads the unit sees 1 + h or 1 - h times its values."""
    if engine_name() == "EDDL" and kind in ("layer_norm", "gru"):
        pytest.skip("EDDL's gradients of this layer are others")
    net = made(kind, mem)
    value = taylor(net, kind)
    (x,), (y,) = data_for(kind)
    losses = []
    h = 1e-2
    before = params_of(net)
    for factor in (1 + h, 1 - h):
        for name, weights in KINDS[kind].unit[2].items():
            for param, where in weights:
                view(eddl.getLayer(net, name).params[param])[where] *= factor
        # EDDL's mse has the gradient (y - t) / batch.
        losses.append(((outputs_in_training(net, x).astype(np.float64) - y) ** 2).sum() / len(x) / 2)
        for tensors, values in zip((p for layer in net.layers for p in layer.params), before):
            view(tensors)[...] = values
    slope = (losses[0] - losses[1]) / (2 * h)
    assert abs(slope) > 1e-3
    np.testing.assert_allclose(value, abs(slope), rtol=2e-2)


@kinds
def test_taylor_looks_through_frozen_layers_and_regularizers(kind):
    free, frozen = made(kind), made(kind)
    for layer in frozen.layers:
        layer.trainable = False
        if layer.params:
            eddl.L2(layer, 0.1)
    trained = [p for layer in frozen.layers for p in list(layer.params)[: layer.get_trainable_params_count()]]
    before, states = [array(p) for p in trained], [(layer.trainable, layer.reg) for layer in frozen.layers]
    np.testing.assert_allclose(taylor(frozen, kind, 3), taylor(free, kind, 3), rtol=1e-4)
    assert_same_params(before, [array(p) for p in trained])
    assert [(layer.trainable, layer.reg) for layer in frozen.layers] == states


@pytest.mark.parametrize("kind", RECURRENT)
def test_magnitudes_of_units_of_cells_are_those_of_all_gates(kind):
    net = made(kind)
    units = units_of(net)
    matrices = [array(p).astype(np.float64) for p in eddl.getLayer(net, "cell").params if len(p.shape) == 2]
    weights = np.concatenate(matrices)
    position = [layer.name for layer in net.layers].index("cell")
    of_cell = [unit.channels[0][0] == position for unit in units]
    for criterion, expected in (("l1", np.abs(weights).mean(0)), ("l2", np.sqrt((weights**2).mean(0)))):
        values = importance(net, units, criterion, None, 1, 0)
        np.testing.assert_allclose(values[of_cell], expected, rtol=1e-6)


def test_magnitudes_of_columns_of_an_embedding():
    net = made("embedding")
    units = units_of(net)
    columns = np.abs(array(eddl.getLayer(net, "words").params[0])).mean(0)
    values = importance(net, units, "l1", None, 1, 0)
    position = [layer.name for layer in net.layers].index("words")
    of_words = [unit.channels[0][0] == position for unit in units]
    np.testing.assert_allclose(values[of_words], columns, rtol=1e-6)


def test_constants_of_uneven_sums_become_zero_too():
    def uneven():
        x = eddl.Input([3, SIDE, SIDE], "input")
        left, right = conv(x, 6, "left"), conv(x, 6, "right")
        net = build(eddl.Model([x], [read(eddl.Sigmoid(eddl.Add([left, right], "sum")))]))
        for name, channels in (("left", [1, 2]), ("right", [4])):
            weights, biases = (view(p) for p in eddl.getLayer(net, name).params)
            weights[channels], biases[channels] = 0, 0.5
        ep.simplify(net, uneven_sums=True)
        assert array(eddl.getLayer(net, "sum").params[0]).tolist() == [0.5] * 3
        return net

    removed, zeroed, whole = uneven(), uneven(), uneven()
    (x,), _ = data_for("relu")
    assert ep.zero_channels(zeroed, {"right": [2]}) == {"right": (2,), "sum": (2,)}
    ep.remove_channels(removed, {"right": [2]})
    assert_zeroed_is_removed(zeroed, removed, whole, x)


# --- groups of a group normalisation: units of several channels ---


def grouped_norm(channels=16, groups=8):
    x = eddl.Input([3, SIDE, SIDE], "input")
    normed = eddl.ReLu(eddl.GroupNormalization(conv(x, channels, "a"), groups, 1e-3, True, "norm"))
    return build(eddl.Model([x], [read(normed)]))


@pytest.mark.parametrize("amount, multiple, left", [(0.4, 1, 10), (0.4, 4, 12), (0.5, 4, 8), (0.4, 8, 16), (0.7, 8, 8)])
def test_rounding_counts_channels(amount, multiple, left):
    net = grouped_norm()
    report = ep.remove_channels(net, amount=amount, layers=["a"], round_to=multiple)
    assert eddl.getLayer(net, "a").output.shape[1] == eddl.getLayer(net, "norm").output.shape[1] == left
    exact = 16 - 2 * int(8 * amount)
    assert report.rounding is None if multiple == 1 else report.rounding.channels == (left - exact) // 2


@pytest.mark.parametrize("keep, left", [(5, 10), (0.3, 6)])
def test_keep_counts_groups(keep, left):
    net = grouped_norm()
    ep.remove_channels(net, amount=0.95, layers=["a"], keep=keep)
    assert eddl.getLayer(net, "a").output.shape[1] == left


def test_a_group_that_must_stay_in_part_says_so():
    x = eddl.Input([3, SIDE, SIDE], "input")
    normed = eddl.GroupNormalization(conv(x, 8, "a"), 4, 1e-3, True, "norm")
    net = build(eddl.Model([x], [read(normed), eddl.Select(normed, ["0:3", ":", ":"])]))
    before = params_of(net)
    for function in (ep.remove_channels, ep.zero_channels):
        with pytest.raises(
            ep.PruneError, match=f"{function.__name__}: layer 'a': channel 3 must stay: output of the net"
        ):
            function(net, {"a": [3]})
    assert_same_params(before, net)
    ep.remove_channels(net, {"a": [5]})
    assert eddl.getLayer(net, "a").output.shape[1] == 6
    eddl.predict(net, [tensor(data_for("relu")[0][0])])
