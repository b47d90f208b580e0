"""Layers that leave a net: branches of sums and concatenations of which nothing is needed."""

import gc
import json
from functools import partial
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
    has_onnx,
    params_of,
    predict,
    seed_params,
    train,
    view,
)
from test_simplify_graphs import conv, kill, norm, simplify_exactly

SIDE = 6
MEMORY_LEVELS = ["full_mem", "mid_mem", "low_mem"]
OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.005, 0.9),
    "adam": lambda: eddl.adam(0.002),
    "rmsprop": lambda: eddl.rmsprop(0.002),
}


def plain(x):
    return eddl.ReLu(norm(conv(eddl.ReLu(conv(x, 5, "first"), "first_relu"), 4, "last"), "last_bn"), "last_relu")


def pooled(x):
    down = eddl.MaxPool2D(eddl.Dropout(conv(x, 5, "first"), 0.0, True, "drop"), [2, 2], [2, 2], "valid", "pool")
    return conv(eddl.UpSampling2D(down, [2, 2], "nearest", "up"), 4, "last")


def softmax(x):
    flat = eddl.Softmax(eddl.Reshape(conv(x, 4, "first"), [-1], "flat"), -1, "soft")
    return conv(eddl.Reshape(flat, [4, SIDE, SIDE], "whole"), 4, "last")


def column(x):
    """On one axis."""
    wide = eddl.Conv1D(eddl.Reshape(x, [3 * SIDE, SIDE], "line"), 4 * SIDE, [3], [1], "same", True, 1, [1], "last")
    return eddl.Reshape(wide, [4, SIDE, SIDE], "whole")


def nested(x):
    left = conv(x, 4, "left")
    return conv(eddl.Add([left, conv(eddl.ReLu(left, "left_relu"), 4, "right")], "inner"), 4, "last")


def view_of_input(x):
    flat = eddl.Dense(eddl.Flatten(x, "flat"), 4 * SIDE * SIDE, True, "last")
    return eddl.Reshape(flat, [4, SIDE, SIDE], "whole")


def added(*operands):
    return eddl.Add(list(operands), "merge")


def concatenated(*operands):
    return eddl.Concat(list(operands), 0, "merge")


class Case(NamedTuple):
    branch: Any
    merge: Any
    others: int  # operands that stay
    dead: str = "last"


CASES = {
    f"{name} {kind}{others}": Case(branch, merge, others, "last_bn" if branch is plain else "last")
    for name, branch in {
        "plain": plain,
        "pooled": pooled,
        "softmax": softmax,
        "column": column,
        "nested": nested,
        "view": view_of_input,
    }.items()
    for kind, merge in {"add": added, "concat": concatenated}.items()
    for others in (1, 2)
}
every_case = pytest.mark.parametrize("name", CASES)


def make(name, seed=1, built=True, **options):
    branch, merge, others, _ = CASES[name]
    x = eddl.Input([3, SIDE, SIDE], "input")
    trunk = eddl.ReLu(norm(conv(x, 6, "trunk"), "trunk_bn"), "trunk_relu")
    operands = [conv(trunk, 4, f"operand{k}") for k in range(others)]
    merged = eddl.ReLu(merge(*operands[:1], branch(x), *operands[1:]), "merged")
    out = eddl.Dense(eddl.Flatten(conv(merged, 5, "after", padding="valid"), "features"), 3, True, "head")
    net = eddl.Model([x], [out])
    return build(net, seed=seed, **options) if built else net


def kill_branch(net, name):
    kill(net, CASES[name].dead, slice(None))


def batch(n=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3, SIDE, SIDE)).astype(np.float32), rng.normal(size=(n, 3)).astype(np.float32)


def dead_net(name, mem="full_mem", optimizer="sgd"):
    """One that has trained, so that optimizers keep moments."""
    net = make(name, optimizer=OPTIMIZERS[optimizer](), mem=mem)
    train(net, *batch(), steps=2)
    kill_branch(net, name)
    _core.Mask(net).apply()
    return net


def staying_names(name):
    operands = [f"operand{k}" for k in range(CASES[name].others)]
    return ["input", "trunk", "trunk_bn", "trunk_relu", *operands, "merge", "merged", "after", "features", "head"]


def names(net):
    return sorted(layer.name for layer in net.layers)


@pytest.mark.parametrize("uneven", [False, True])
@every_case
def test_the_branch_leaves(name, uneven):
    net = make(name)
    kill_branch(net, name)
    simplify_exactly(net, uneven_sums=uneven)
    assert names(net) == sorted(staying_names(name))
    assert not _core.sum_structures(net)  # what is left are EDDL's own layers
    x, _ = batch(7)
    assert predict(net, x).shape == (7, 3)
    eddl.summary(net)


@pytest.mark.parametrize("mem", MEMORY_LEVELS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@every_case
def test_in_place(name, optimizer, mem):
    """Training goes on as that of the masked net; handles are valid; files fit; batches vary."""
    masked, small = dead_net(name, mem, optimizer), dead_net(name, mem, optimizer)
    layers = list(small.layers)
    report = ep.simplify(small)
    assert_same_layers(layers, small)
    assert set(report.layers_removed) == {layer.name for layer in layers} - set(staying_names(name))
    moments = [key for key in _core.Snapshot(small).arrays() if "moment" in key]
    for _ in range(3):
        for net in (masked, small):
            train(net, *batch(), steps=1)
        kill_branch(masked, name)
        for n in (4, 1, 6):
            x, _ = batch(n, seed=n)
            expected = predict(masked, x)
            np.testing.assert_allclose(predict(small, x), expected, rtol=1e-3, atol=2e-5 * np.abs(expected).max())
    assert moments == [key for key in _core.Snapshot(small).arrays() if "moment" in key]
    x, _ = batch()
    expected = predict(small, x)
    eddl.save(small, "small.bin", "bin")
    seed_params(small, 5)
    eddl.load(small, "small.bin", "bin")
    np.testing.assert_array_equal(predict(small, x), expected)
    assert_same_layers(layers, small)
    shown = eddl.getOutput(next(layer for layer in layers if layer.name == "merge"))
    np.testing.assert_array_equal(array(shown), array(eddl.getOutput(eddl.getLayer(small, "merge"))))


@every_case
def test_a_failure_midway_changes_nothing(name):
    net = dead_net(name)
    state, before, x = params_of(net), list(net.layers), batch()[0]
    expected = predict(net, x)

    def ties():
        return {layer.name: ([p.name for p in layer.parent], [c.name for c in layer.child]) for layer in net.layers}

    tied = ties()

    def unchanged(step):
        assert_same_params(state, net)
        assert all(a is b for a, b in zip(before, net.layers)) and len(before) == len(net.layers)
        assert ties() == tied

    assert fail_at_every_step(lambda: _core.simplify(net), unchanged) >= len(before) - len(staying_names(name))
    np.testing.assert_allclose(predict(net, x), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@every_case
def test_the_structure_is_given_to_an_equal_net(name):
    net, other = dead_net(name), make(name, seed=7, optimizer=OPTIMIZERS["sgd"]())
    handles = list(other.layers)
    structure, fresh = Structure(net), Structure(other)
    structure.simplify()
    kill(net, "operand0", [1])  # and again, where layers have left
    structure.simplify()
    state = json.loads(json.dumps(structure.state()))
    fresh.restore(state)
    assert names(other) == names(net)
    assert [type(layer).__name__ for layer in other.layers] == [type(layer).__name__ for layer in net.layers]
    assert fresh.state() == structure.state()
    snapshot = _core.Snapshot(net)
    copied = _core.Snapshot(other)
    copied.load(snapshot.arrays(), snapshot.step_count, snapshot.learning_rate)
    copied.restore()
    for one in (net, other):
        train(one, *batch(), steps=2)
    assert_same_params(params_of(net), other)
    assert_same_layers(handles, other)


@every_case
def test_an_unbuilt_net(name):
    built, net = make(name), make(name, built=False)
    for layer, source in zip(net.layers, built.layers):
        for target, parameter in zip(layer.params, source.params):
            view(target)[...] = array(parameter)
    for one in (built, net):
        kill_branch(one, name)
        ep.simplify(one)
    eddl.build(net, eddl.sgd(0.01, 0.9), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    x, y = batch()
    np.testing.assert_allclose(predict(net, x), predict(built, x), rtol=1e-5, atol=1e-6)
    train(net, x, y)


@every_case
def test_onnx(name):
    if not has_onnx():
        pytest.skip("the engine was built without protobuf")
    net, (x, y) = dead_net(name), batch()
    ep.simplify(net, uneven_sums=False)
    again = eddl.import_net_from_onnx_string(eddl.serialize_net_to_onnx_string(net, False))
    eddl.build(again, eddl.sgd(0.01), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    np.testing.assert_allclose(predict(again, x), predict(net, x), rtol=1e-4, atol=1e-5)
    train(again, x, y)


@pytest.mark.embedded_engine  # what EDDL writes is no concern of ours
@every_case
def test_onnx_runtime_agrees(name):
    from onnx_tools import assert_same_as_onnx_runtime  # skips where a package is missing

    net = dead_net(name)
    ep.simplify(net)
    assert_same_as_onnx_runtime(net, batch()[0])


READERS = {
    "flatten": lambda m: eddl.Dense(eddl.Flatten(m), 3),
    "conv": lambda m: eddl.Dense(eddl.Flatten(conv(m, 4, "reader")), 3),
    "column": lambda m: eddl.Dense(eddl.Flatten(eddl.Conv1D(m, 4, [3], [1], "same", True, 1, [1], "reader")), 3),
    "pool": lambda m: eddl.Dense(eddl.Flatten(eddl.MaxPool1D(m, [2], [2], "none", "reader")), 3),
}


@pytest.mark.parametrize("mem", MEMORY_LEVELS)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("operand", ["input", "layer", "view", "identity"])
def test_readers_find_what_passes_through(reader, operand, mem):
    """They lie in memory that is another's now: of an input, a layer, or what itself lies in another's."""
    sides = [SIDE] if reader in ("column", "pool") else [SIDE, SIDE]

    def layer_on(parent, name):
        if len(sides) == 2:
            return conv(parent, 4, name)
        return eddl.Conv1D(parent, 4, [3], [1], "same", True, 1, [1], name)

    x = eddl.Input([4, *sides], "input")
    live = x if operand == "input" else layer_on(x, "live")
    if operand == "view":
        live = eddl.Reshape(eddl.Reshape(live, [-1]), [4, *sides])
    if operand == "identity":
        live = eddl.Concat([live, layer_on(x, "dead0")])
    net = eddl.Model([x], [READERS[reader](eddl.Concat([live, layer_on(x, "dead1")], 0, "merge"))])
    net = build(net, eddl.sgd(0.01, 0.9), mem=mem)
    rng = np.random.default_rng(0)
    data = rng.normal(size=(8, 4, *sides)).astype(np.float32)
    train(net, data, np.zeros((8, 3)), steps=1)
    for name in {layer.name for layer in net.layers} & {"dead0", "dead1"}:
        kill(net, name, slice(None))
    expected = predict(net, data)
    report = ep.simplify(net)
    assert report.layers_removed == tuple(name for name in ("dead0", "dead1") if name in report.layers_removed) != ()
    for n in (8, 3, 8, 1):
        np.testing.assert_allclose(predict(net, data[:n]), expected[:n], rtol=1e-4, atol=1e-5)
    before = predict(net, data)
    train(net, data, np.zeros((8, 3)), steps=3)  # one size: EDDL's gradients are wrong when it changes
    assert np.abs(predict(net, data)).mean() < np.abs(before).mean()
    assert eddl.getLayer(net, "merge").output.shape[1] == 4


def test_handles_live_as_long_as_the_net():
    net = dead_net("plain add1")
    handles = [layer for layer in net.layers if layer.name not in staying_names("plain add1")]
    ep.simplify(net)
    gc.collect()
    for _ in range(2):
        train(net, *batch(), steps=1)
        for layer in handles:
            assert_left(layer, net)
    del net, handles, layer
    gc.collect()


@pytest.mark.parametrize("wrap", [partial(ep.LOBSTER, lmbda=1e-3), partial(ep.SeReNe, lmbda=1e-3)])
def test_optimizers_of_ours_forget_what_left(wrap):
    net = make("plain concat2", optimizer=wrap(eddl.sgd(0.005, 0.9)))
    train(net, *batch(), steps=2)
    kill_branch(net, "plain concat2")
    _core.Mask(net).apply()
    ep.simplify(net)
    train(net, *batch(), steps=2)
    assert np.isfinite(predict(net, batch()[0])).all()


def test_a_folded_branch_leaves():
    """Batch norms that become part of other layers, in branches that leave with them or later."""
    for folds_first in (True, False):
        net = dead_net("plain concat1")
        if folds_first:
            ep.simplify(make("plain concat1"), fuse_batchnorm=True)
            net = make("plain concat1")
            ep.simplify(net, fuse_batchnorm=True)
            kill(net, "last", slice(None))
        handles, x = list(net.layers), batch()[0]
        before = predict(net, x)
        report = ep.simplify(net, fuse_batchnorm=True)
        np.testing.assert_allclose(predict(net, x), before, rtol=1e-4, atol=1e-5)
        assert set(report.fused) == (set() if folds_first else {"trunk_bn"}) and not report.not_fused
        assert {"first", "last", "last_bn"} <= set(report.layers_removed)
        train(net, x, batch()[1])
        for layer in handles:
            if layer.name in report.layers_removed:
                assert_left(layer, net)


def test_a_fit_goes_on_with_fewer_layers(tmp_path):
    """Stopped after the branch has left and resumed on a net built anew: as if it had not been stopped."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3, SIDE, SIDE)).astype(np.float32)
    y = rng.normal(size=(40, 3)).astype(np.float32)
    schedule = ep.Schedule(pwe=1, twt=0.5, granularity="channel", min_delta=100.0, patience=99, simplify=True)

    def fit(net, epochs, **options):
        return ep.fit(
            net, [x[:30]], [y[:30]], validation=([x[30:]], [y[30:]]), batch_size=10, epochs=epochs, schedule=schedule,
            progress=False, **options,
        )  # fmt: skip

    def started():
        net = make("plain add1", optimizer=eddl.sgd(0.01, 0.9), threads=1)
        kill_branch(net, "plain add1")
        return net

    straight = started()
    fit(straight, 6)
    assert "last" not in names(straight)
    stopped = started()
    fit(stopped, 3, checkpoint=tmp_path / "run")
    assert "last" not in names(stopped)
    resumed = started()
    fit(resumed, 6, checkpoint=tmp_path / "run", resume=True)
    assert names(resumed) == names(straight)
    assert [p.shape for p in params_of(resumed)] == [p.shape for p in params_of(straight)]
    # EDDL's batch norms do not sum the same way each time.
    np.testing.assert_allclose(predict(resumed, x), predict(straight, x), rtol=1e-3, atol=1e-4)


def test_what_cannot_be_given_again_changes_nothing():
    net = make("plain concat2")
    gone = {layer.name: list(range(layer.output.shape[1])) for layer in net.layers if layer.name.startswith("last")}
    gone |= {layer.name: list(range(5)) for layer in net.layers if layer.name.startswith("first")}
    state = params_of(net)
    merge = {"merge": [4, 5, 6, 7], "merged": [4, 5, 6, 7]}
    for removed, lost, error, message in (
        (gone, {}, ValueError, "layer 'merge': channel 4 is made of an input that it loses"),
        ({**gone, **merge}, {"merge": [3]}, IndexError, "layer 'merge': input 3; there are 3"),
        ({**gone, **merge}, {"merge": [0, 2]}, ValueError, "layer 'merge' cannot do without the inputs"),
        ({**gone, **merge}, {"after": [0]}, ValueError, "layer 'after' cannot do without the inputs"),
        ({**gone, **merge}, {"nobody": [0]}, ValueError, "nobody"),
        ({"first": list(range(5))}, {}, ValueError, "layer 'first_relu' cannot do without the inputs"),
        ({"input": [0, 1, 2]}, {}, ValueError, "layer 'input' would lose all channels"),
    ):
        with pytest.raises(error, match=message):
            _core.remove_again(net, removed, {}, lost)
        assert_same_params(state, net)
    _core.remove_again(net, {**gone, **merge})
    assert names(net) == sorted(staying_names("plain concat2"))
    train(net, *batch())


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("mem", MEMORY_LEVELS)
def test_an_input_that_nobody_reads_any_more_stays(mem, trained):
    first, second = eddl.Input([4], "first"), eddl.Input([3], "second")
    operands = [eddl.Dense(first, 5, True, "live"), eddl.Dense(second, 5, True, "dead")]
    net = eddl.Model([first, second], [eddl.Dense(eddl.Add(operands), 2, True, "head")])
    net = build(net, eddl.sgd(0.01), mem=mem)
    rng = np.random.default_rng(0)
    x, y = [rng.normal(size=(6, n)).astype(np.float32) for n in (4, 3)], np.zeros((6, 2), np.float32)
    if trained:
        train(net, x, y)
    kill(net, "dead", slice(None))
    expected = predict(net, x)
    assert ep.simplify(net).layers_removed == ("dead",)
    np.testing.assert_allclose(predict(net, x), expected, rtol=1e-5, atol=1e-6)
    train(net, x, y, steps=3)
    assert np.abs(predict(net, x)).mean() < np.abs(expected).mean()
    assert predict(net, [array[:2] for array in x]).shape == (2, 2)


CARRIERS = {"nobody else": [], "another operand": [1]}  # constant channels of the operand that is alive


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_dead_operand_stays_where_only_it_can_carry_a_constant(padding, carrier):
    """Through a padded border a constant is not a bias. The plan says so."""
    x = eddl.Input([3, SIDE, SIDE], "input")
    dead = conv(eddl.ReLu(conv(x, 4, "first"), "first_relu"), 4, "dead")
    merged = eddl.Concat([conv(x, 4, "live"), dead], 0, "merge")
    features = eddl.Flatten(conv(merged, 5, "reader", padding=padding))
    net = build(eddl.Model([x], [eddl.Dense(features, 3, True, "head")]))
    kill(net, "dead", slice(None), [1, 2, 0, 0.5])
    kill(net, "live", CARRIERS[carrier], 3)
    data, _ = batch()
    expected = predict(net, data)
    stays = padding == "same" and carrier == "nobody else"
    planned = ep.plan(net)
    (group,) = [group for group in planned.groups if "dead" in group.layers]
    assert group.kept == ({"carries constants": 1} if stays else {})
    (reader,) = [layer for layer in planned.layers if layer.name == "reader"]
    assert reader.carriers == {"same": (5,) if stays else (1,), "valid": ()}[padding]
    report = ep.simplify(net)
    assert report.layers_removed == (() if stays else ("first", "first_relu", "dead"))
    np.testing.assert_allclose(predict(net, data), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert not any(layer.removed or layer.folded for layer in ep.simplify(net).layers)
    train(net, *batch())
