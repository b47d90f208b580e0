"""
Layers that leave recurrent nets: branches behind, before and beside cells, cells themselves, and branches of nets with
a decoder. What is left is unrolled over time as before.
"""

import gc
import json
from typing import Any, NamedTuple

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from eddl_prune._structure import Structure
from helpers import (
    array,
    assert_left,
    assert_same_layers,
    assert_same_params,
    build,
    fail_at_every_step,
    params_of,
    seed_params,
    tensor,
    train,
    view,
)
from test_departing_layers import OPTIMIZERS, names
from test_simplify_graphs import channels, kill
from test_simplify_recurrent import CELLS, CLASSES, INPUTS, LEVELS, assert_close, data, outputs_of

engine_only = pytest.mark.embedded_engine  # what EDDL crashes on, or gets wrong, in recurrent nets


def dense(x, units, name):
    return eddl.ReLu(eddl.Dense(x, units, True, name), f"{name}_relu")


def operand(x, name):
    return eddl.Dense(x, 4, True, name)


def add(operands):
    return eddl.Add(operands, "merge")


def concat(operands):
    return eddl.Concat(operands, 0, "merge")


MERGES = {"add": add, "concat": concat}


# Each returns the merged layer, given the input, a cell's kind and the merge. What is dead is "dead" and "dead2".


def behind(x, cell, merge):
    state = cell(dense(x, 6, "before"), "cell")
    return merge([operand(state, "live"), dense(operand(state, "dead"), 4, "dead2")])


def with_cells(x, cell, merge):
    """Two of its own, one behind the other."""
    dead = operand(cell(cell(x, "gone"), "gone2"), "dead")
    return merge([dead, operand(cell(dense(x, 6, "before"), "cell"), "live")])


def beside(x, cell, merge):
    """What stays computes at each step, but has no cell before it any more."""
    merged = merge([operand(x, "live"), operand(cell(x, "gone"), "dead"), operand(x, "live2")])
    return cell(merged, "cell")


def before(x, cell, merge):
    return cell(merge([operand(x, "live"), operand(dense(x, 3, "gone"), "dead")]), "cell")


def last_steps(x, cell, merge):
    """What stays besides the cell computed at each step, for the cell that leaves, and needs to do so no more."""
    trunk = dense(x, 6, "trunk")
    dead = operand(cell(trunk, "gone"), "dead")
    return merge([operand(trunk, "live"), dead, operand(cell(x, "cell"), "live2")])


def softmax(x, cell, merge):
    state = cell(x, "cell")
    return merge([operand(state, "live"), operand(eddl.Softmax(operand(state, "gone"), -1, "soft"), "dead")])


def states(x, cell, merge):
    """A cell that goes on from the states of another."""
    state = cell(x, "cell")
    return merge([operand(state, "live"), operand(cell([x, eddl.GetStates(state)], "gone"), "dead")])


def embedded(x, cell, merge):
    """A view of another layer's output, and a merge within."""
    state = cell(x, "cell")
    inner = eddl.Add([operand(state, "gone"), operand(eddl.Reshape(state, [-1], "flat"), "gone2")], "inner")
    return merge([operand(state, "live"), operand(inner, "dead")])


class Case(NamedTuple):
    branches: Any
    left: str  # of layers that have names of their own


CASES = {
    "behind": Case(behind, "before cell live"),
    "with cells": Case(with_cells, "before cell live"),
    "beside": Case(beside, "live live2 cell"),
    "before": Case(before, "live cell"),
    "last steps": Case(last_steps, "trunk live cell live2"),
    "softmax": Case(softmax, "cell live"),
    "states": Case(states, "cell live"),
    "embedded": Case(embedded, "cell live"),
}
every_case = pytest.mark.parametrize("name", CASES)
every_merge = pytest.mark.parametrize("merge", MERGES)


def lstm(x, name):
    return eddl.LSTM(x, 5, False, False, name)


def make(name, merge="add", cell=lstm, built=True, seed=0, **options):
    x = eddl.Input([INPUTS], "input")
    merged = eddl.ReLu(CASES[name].branches(x, cell, MERGES[merge]), "merged")
    net = eddl.Model([x], [eddl.Dense(merged, CLASSES, True, "head")])
    return build(net, options.pop("optimizer", None), seed=seed, **options) if built else net


def die(net):
    kill(net, "dead", slice(None))
    if "dead2" in names(net):
        kill(net, "dead2", slice(None))


def dead_net(name, merge="add", optimizer="sgd", **options):
    """One that has trained, so that optimizers keep moments, and has been unrolled."""
    net = make(name, merge, optimizer=OPTIMIZERS[optimizer](), **options)
    train(net, *data(outputs=2), steps=2)
    die(net)
    _core.Mask(net).apply()
    return net


def assert_gone(net, name):
    left = f"input merge merged head {CASES[name].left}"
    assert {layer.removesuffix("_relu") for layer in names(net)} == set(left.split())


def assert_alike(net, other, tolerance=1e-5):
    """For other lengths and batches too."""
    for samples, steps in ((6, 4), (2, 7), (1, 1), (6, 4)):
        x, _ = data(samples, steps, seed=steps)
        assert_close(outputs_of(net, x), outputs_of(other, x), tolerance)


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "lstm_masked", "gru"])
@every_merge
@every_case
def test_the_branch_leaves(name, merge, kind, uneven):
    if name == "states" and kind == "rnn":
        pytest.skip("an RNN has no states to give")
    whole, small = make(name, merge, CELLS[kind]), make(name, merge, CELLS[kind])
    for net in (whole, small):
        die(net)
    planned = ep.plan(small, uneven_sums=uneven)
    report = ep.simplify(small, uneven_sums=uneven)
    assert planned.layers == report.layers and planned.layers_removed == report.layers_removed
    assert_gone(small, name)
    assert_alike(small, whole)
    again = params_of(small)
    assert not any(layer.removed or layer.folded for layer in ep.simplify(small, uneven_sums=uneven).layers)
    assert_same_params(again, small)
    eddl.summary(small)


@pytest.mark.parametrize("mem", LEVELS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@every_merge
@every_case
def test_in_place(name, merge, optimizer, mem, engine):
    """Training goes on as that of the masked net; handles are valid; files fit."""
    if name == "states" and engine == "EDDL":
        pytest.skip("EDDL overwrites the gradients of states with those that come through GetStates")
    masked, small = (dead_net(name, merge, optimizer, mem=mem) for _ in range(2))
    layers = list(small.layers)
    report = ep.simplify(small)
    assert_gone(small, name)
    assert_same_layers(layers, small)
    assert set(report.layers_removed) == {layer.name for layer in layers} - set(names(small))
    x, y = data(outputs=2, seed=1)
    for _ in range(3):
        for net in (masked, small):
            train(net, x, y)
        die(masked)
        assert_close(outputs_of(small, x), outputs_of(masked, x), 1e-4)
    expected = outputs_of(small, x)
    eddl.save(small, "small.bin", "bin")
    seed_params(small, 5)
    eddl.load(small, "small.bin", "bin")
    assert_close(outputs_of(small, x), expected, 0)
    assert_same_layers(layers, small)
    for layer in layers:
        if layer.name in report.layers_removed:
            assert_left(layer, small)


@every_merge
@every_case
def test_a_failure_midway_changes_nothing(name, merge):
    net = dead_net(name, merge)
    state, before = params_of(net), list(net.layers)
    x, _ = data()
    expected = outputs_of(net, x)

    def unchanged(step):
        assert_same_params(state, net)
        assert len(before) == len(net.layers) and all(a is b for a, b in zip(before, net.layers))
        assert_close(outputs_of(net, x), expected, 0)

    assert fail_at_every_step(lambda: _core.simplify(net), unchanged) >= len(before) - len(net.layers) > 0
    assert_gone(net, name)
    assert_close(outputs_of(net, x), expected)


@every_merge
@every_case
def test_an_equal_net_is_given_the_same_structure(name, merge):
    net = dead_net(name, merge)
    other = make(name, merge, seed=7, optimizer=OPTIMIZERS["sgd"]())
    structure, fresh = Structure(net), Structure(other)
    structure.simplify()
    fresh.restore(json.loads(json.dumps(structure.state())))
    assert names(other) == names(net) and fresh.state() == structure.state()
    snapshot, copied = _core.Snapshot(net), _core.Snapshot(other)
    copied.load(snapshot.arrays(), snapshot.step_count, snapshot.learning_rate)
    copied.restore()
    for one in (net, other):
        train(one, *data(outputs=2))
    assert_alike(net, other)


@every_case
def test_unrolled_or_not_or_not_built(name):
    unrolled, built, unbuilt = make(name), make(name), make(name, built=False)
    outputs_of(unrolled, data()[0])
    for layer, source in zip(unbuilt.layers, built.layers):
        for target, parameter in zip(layer.params, source.params):
            view(target)[...] = array(parameter)
    for net in (unrolled, built, unbuilt):
        die(net)
        ep.simplify(net)
        assert_gone(net, name)
    assert built.rnet is None and unrolled.rnet is not None
    eddl.build(unbuilt, eddl.sgd(0.01, 0.9), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    assert_alike(built, unrolled)
    assert_alike(unbuilt, unrolled)
    for net in (unrolled, built, unbuilt):
        train(net, *data(outputs=3))


@engine_only  # EDDL's exporter writes other nets than it computes
@pytest.mark.parametrize("uneven", [False, True])
@every_merge
@every_case
def test_onnx_runtime_agrees(name, merge, uneven):
    from onnx_tools import exported, run_onnx  # skips where a package is missing

    net = dead_net(name, merge)
    ep.simplify(net, uneven_sums=uneven)
    assert_gone(net, name)
    model = exported(net).SerializeToString()
    for samples, steps in ((3, 4), (1, 6)):
        x, _ = data(samples, steps)
        assert_close([outputs_of(net, x)[-1]], run_onnx(model, x))


def test_the_copy_has_as_many_outputs_as_before_where_the_output_itself_is_replaced():
    for merge in MERGES.values():
        x = eddl.Input([INPUTS], "input")
        state = lstm(x, "cell")
        operands = [eddl.Dense(state, CLASSES, True, "live"), eddl.Dense(state, CLASSES, True, "dead")]
        net = build(eddl.Model([x], [merge(operands)]))
        outputs = net.lout[0].output.shape[1]
        x, y = data(outputs=3)[0], np.zeros((6, 3, outputs), np.float32)
        train(net, x, y)
        steps = len(net.rnet.lout)
        kill(net, "dead", slice(None))
        before = [array(layer.output) for layer in net.rnet.lout]
        ep.simplify(net)
        assert len(net.rnet.lout) == steps == len(before) == 3
        train(net, x, y)


def test_handles_live_as_long_as_the_net():
    net = dead_net("with cells")
    handles = [layer for layer in net.layers if layer.name in ("gone", "gone2", "dead")]
    ep.simplify(net)
    gc.collect()
    for _ in range(2):
        train(net, *data(outputs=2))
        for layer in handles:
            assert_left(layer, net)
    del net, handles, layer
    gc.collect()


# --- what stays, for the net to be recurrent ---


def reasons(plan):
    return {reason for group in plan.groups for reason in group.kept}


@pytest.mark.parametrize("uneven", [False, True])
@every_merge
def test_the_last_cell_stays(merge, uneven):
    """Else sequences could not be given any more. Of several cells, the one that needs fewest layers does."""

    def made():
        x = eddl.Input([INPUTS], "input")
        dead = operand(lstm(lstm(x, "gone"), "gone2"), "dead")
        operands = [operand(x, "live"), dead, operand(lstm(x, "cell"), "dead2")]
        net = build(eddl.Model([x], [eddl.Dense(eddl.ReLu(MERGES[merge](operands), "merged"), CLASSES, True, "head")]))
        die(net)
        return net

    whole, small = made(), made()
    assert "a recurrent net keeps a cell" in reasons(ep.plan(small))
    ep.simplify(small, uneven_sums=uneven)
    assert {"gone", "gone2", "dead"}.isdisjoint(names(small)) and {"cell", "dead2"} <= set(names(small))
    assert channels(small, "cell", "dead2") == [1, 4 if merge == "add" and not uneven else 1]
    assert_alike(small, whole)
    assert not any(layer.removed or layer.folded for layer in ep.simplify(small, uneven_sums=uneven).layers)
    train(small, *data(outputs=2))
    assert_alike(small, small)


# --- nets with a decoder ---


def after_cell(h, fed, cell, merge):
    """What the decoder's cell gives, by two ways."""
    state = cell(fed)
    return merge([operand(state, "live"), dense(operand(state, "dead"), 4, "dead2")])


def before_cell(h, fed, cell, merge):
    return cell(merge([operand(fed, "live"), operand(fed, "dead")]))


def encoded(h, fed, cell, merge):
    """What the encoder gives is of no use to the decoder but as states."""
    return cell(merge([operand(h, "dead"), operand(fed, "live")]))


def deeper(h, fed, cell, merge):
    """A second cell of the decoder."""
    state = cell(fed)
    return merge([operand(state, "live"), operand(lstm(state, "gone"), "dead")])


def undecoded(h, fed, cell, merge):
    """What stays of the operands is the encoder's, but what is made of them is still the decoder's."""
    return cell(merge([operand(fed, "dead"), operand(h, "live")]))


DECODERS = {"after": after_cell, "before": before_cell, "encoded": encoded, "deeper": deeper, "undecoded": undecoded}
every_decoder = pytest.mark.parametrize("name", DECODERS)
# The decoder's cell goes on from the encoder's, without being told, or being told; there is no other cell.
every_encoder = pytest.mark.parametrize("encoder", ["follows", "states", "image"])


def assert_kept_or_gone(net, name, encoder, engine):
    """Dead branches leave, but for the only way from the encoder, and on EDDL the only one from an input."""
    if (name, encoder) == ("encoded", "follows") or (engine == "EDDL" and name == "undecoded"):
        assert "dead" in names(net)
    else:
        assert_gone_from_decoder(net)


@pytest.fixture
def runs(name, encoder, engine):
    """EDDL takes the last layer before the decoder for what has the states, though it be another."""
    if engine == "EDDL" and name in ("encoded", "undecoded") and encoder != "image":
        pytest.skip("EDDL crashes where a decoder reads what the encoder gives")


def make_decoder(name, merge="add", encoder="follows", marked="last", teacher=True, seed=0, **options):
    """`marked`: when the decoder is marked as one, before its layers are there or then, which makes no difference."""
    x, begin = eddl.Input([INPUTS], "input"), eddl.Input([CLASSES], "begin")
    if marked == "first":
        eddl.setDecoder(begin)
    h = dense(x, 6, "before")
    if encoder != "image":
        h = lstm(h, "encoder")
    fed = dense(begin, 6, "fed")
    if encoder == "image":
        fed = eddl.Concat([fed, h], 0, "together")
    states = [eddl.GetStates(h)] if encoder == "states" else []
    merged = DECODERS[name](h, fed, lambda y: lstm([y, *states] if states else y, "decoder"), MERGES[merge])
    out = eddl.Dense(eddl.ReLu(merged, "merged"), CLASSES, True, "head")
    if marked == "last":
        eddl.setDecoder(begin)
    net = eddl.Model([x], [out])
    net.decoder_teacher_training = teacher
    return build(net, seed=seed, **options)


def sequences(encoder, samples=6, steps=4, outputs=3, seed=0):
    x, y = data(samples, steps, outputs, seed)
    return (x[:, 0] if encoder == "image" else x), y


def decoded(net, x, y):
    """What a decoder says that is told what it should have said before."""
    eddl.reset_loss(net)
    eddl.eval_batch(net, [tensor(x)], [tensor(y)])
    return [array(layer.output) for layer in net.rnet.lout]


def assert_decodes_alike(net, other, encoder, tolerance=1e-5):
    for samples, steps, outputs in ((6, 4, 3), (2, 5, 2), (1, 1, 1), (6, 4, 3)):
        x, y = sequences(encoder, samples, steps, outputs, seed=steps)
        assert_close(decoded(net, x, y), decoded(other, x, y), tolerance)


def assert_gone_from_decoder(net):
    left = set(names(net))
    assert {"begin", "merge", "decoder", "head"} <= left and left.isdisjoint({"dead", "dead2", "gone"})


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("marked", ["first", "last"])
@every_encoder
@every_merge
@every_decoder
def test_branches_of_decoders_leave(name, merge, encoder, marked, uneven, runs, engine):
    whole, small = (make_decoder(name, merge, encoder, marked) for _ in range(2))
    for net in (whole, small):
        die(net)
    planned = ep.plan(small, uneven_sums=uneven)
    kept = {"a recurrent net keeps a cell", "EDDL cannot train over time with inputs that nobody reads"}
    if uneven or merge == "concat":  # the channels of an even sum's operands are those of the others, and in use
        assert kept.isdisjoint(reasons(planned)) == ("dead" in planned.layers_removed)
    ep.simplify(small, uneven_sums=uneven)
    assert_kept_or_gone(small, name, encoder, engine)
    assert_decodes_alike(small, whole, encoder)
    assert not any(layer.removed or layer.folded for layer in ep.simplify(small, uneven_sums=uneven).layers)
    train(small, *sequences(encoder))


@pytest.mark.parametrize("mem", LEVELS)
@pytest.mark.parametrize("teacher", [True, pytest.param(False, marks=engine_only)])
@every_encoder
@every_merge
@every_decoder
def test_decoders_in_place(name, merge, encoder, teacher, mem, runs, engine):
    if engine == "EDDL" and encoder == "states":
        pytest.skip("EDDL overwrites the gradients of states with those that come through GetStates")
    masked, small = (
        make_decoder(name, merge, encoder, teacher=teacher, mem=mem, optimizer=eddl.sgd(0.005, 0.9)) for _ in range(2)
    )
    x, y = sequences(encoder)
    for net in (masked, small):
        train(net, x, y, steps=2)
        die(net)
        _core.Mask(net).apply()
    layers = list(small.layers)
    report = ep.simplify(small)
    assert_same_layers(layers, small)
    for _ in range(3):
        for net in (masked, small):
            train(net, x, y)
            if "dead" in names(net):
                die(net)
        assert_close(decoded(small, x, y), decoded(masked, x, y), 1e-4)
    expected = decoded(small, x, y)
    eddl.save(small, "small.bin", "bin")
    seed_params(small, 5)
    eddl.load(small, "small.bin", "bin")
    assert_close(decoded(small, x, y), expected, 1e-6)
    for layer in layers:
        if layer.name in report.layers_removed:
            assert_left(layer, small)


@every_encoder
@every_merge
@every_decoder
def test_an_equal_decoder_is_given_the_same_structure(name, merge, encoder, runs):
    net, other = make_decoder(name, merge, encoder), make_decoder(name, merge, encoder, seed=7)
    die(net)
    structure, fresh = Structure(net), Structure(other)
    structure.simplify()
    fresh.restore(json.loads(json.dumps(structure.state())))
    assert names(other) == names(net) and fresh.state() == structure.state()
    snapshot, copied = _core.Snapshot(net), _core.Snapshot(other)
    copied.load(snapshot.arrays(), snapshot.step_count, snapshot.learning_rate)
    copied.restore()
    assert_decodes_alike(net, other, encoder)


@engine_only
@every_encoder
@every_merge
@every_decoder
def test_onnx_runtime_agrees_on_decoders(name, merge, encoder):
    from onnx_tools import exported, run_onnx  # skips where a package is missing

    net = make_decoder(name, merge, encoder)
    die(net)
    ep.simplify(net)
    model = exported(net)
    for samples, steps, outputs in ((3, 4, 2), (1, 2, 5)):
        x, y = sequences(encoder, samples, steps, outputs)
        said = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
        given = [{"input": x, "begin": said}[one.name] for one in model.graph.input]
        assert_close([np.stack(decoded(net, x, y), axis=1)], run_onnx(model.SerializeToString(), given))


@pytest.mark.parametrize("encoder", ["follows", "states"])
def test_cells_of_decoders_do_without_inputs(encoder):
    """Their own channels stay, since states pass; inputs go, and constants become part of the gates' biases."""
    whole, small = make_decoder("after", "add", encoder), make_decoder("after", "add", encoder)
    for net in (whole, small):
        kill(net, "fed", [0, 1, 2], [0, -1, 0.5])
        kill(net, "before", [3, 4], [0.25, 0])
    report = ep.simplify(small)
    assert channels(small, "before", "encoder", "fed", "decoder") == [4, 5, 3, 5]
    folded = {layer.name: layer.folded for layer in report.layers if layer.folded}
    assert folded == {"encoder": (3,), "decoder": (2,)}
    assert_decodes_alike(small, whole, encoder)
    pinned = "a recurrent layer of an encoder or decoder, between which states pass"
    assert report.pinned["encoder"] == pinned
    with pytest.raises(ep.PruneError, match=f"channel 1 must stay: {pinned}"):
        ep.remove_channels(small, {"encoder": [1]})
    train(small, *sequences(encoder))


def test_inputs_of_states_stay(engine):
    """They are inputs of the net, whoever reads them. EDDL's nets keep a reader, too."""
    x, states = eddl.Input([INPUTS], "input"), eddl.States([2, 5], "states")
    dead = operand(eddl.LSTM([x, states], 5, False, False, "gone"), "dead")
    merged = eddl.Add([operand(lstm(x, "cell"), "live"), dead], "merge")
    net = build(eddl.Model([x, states], [eddl.Dense(eddl.ReLu(merged), CLASSES, True, "head")]))
    die(net)
    ep.simplify(net)
    assert {"states", "cell"} <= set(names(net)) and ("gone" in names(net)) == (engine == "EDDL")
