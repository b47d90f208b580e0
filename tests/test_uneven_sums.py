"""Sums whose operands lose channels of their own: exact, in place, trained, saved and exported like EDDL's layers."""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import (
    array,
    assert_same_layers,
    assert_same_params,
    build,
    engine_name,
    fail_at_every_step,
    has_onnx,
    on_either_engine,
    params_of,
    seed_params,
    tensor,
    train,
    view,
)
from test_simplify import OPTIMIZERS
from test_simplify_graphs import channels, conv, head, inputs_for, kill, norm, outputs_of, simplify_exactly

SIDE = 6

SUMS = {
    "Add": lambda a, b, name: eddl.Add([a, b], name),
    "Subtract": lambda a, b, name: eddl.Subtract([a, b], name),
    "Average": lambda a, b, name: eddl.Average([a, b], name),
    "Sum": lambda a, b, name: eddl.Sum(a, b),
    "Diff": lambda a, b, name: eddl.Diff(a, b),
}


def residual(blocks=2, filters=8, add=SUMS["Add"], normed=True):
    """Blocks of a residual net on one trunk, "stem" with "branch0", "branch1", …"""

    def after(layer, name):
        return norm(layer, name + "_bn") if normed else layer

    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.ReLu(after(conv(x, filters, "stem"), "stem"))
    for k in range(blocks):
        inner = eddl.ReLu(after(conv(layer, 5, f"inner{k}"), f"inner{k}"))
        layer = eddl.ReLu(add(after(conv(inner, filters, f"branch{k}"), f"branch{k}"), layer, f"sum{k}"))
    return eddl.Model([x], [head(conv(layer, 4, "after"))])


def prune_branches(net, constant=0.0, normed=True):
    """Other channels of each operand become constant; 7 of all of them, and 0 of the first two."""
    kind = "_bn" if normed else ""
    kill(net, "stem" + kind, [0, 1, 7], constant)
    kill(net, "branch0" + kind, [0, 2, 3, 7], -constant)
    kill(net, "branch1" + kind, [4, 5, 6, 7], constant / 2)


def simplify_unevenly(net, **options):
    return simplify_exactly(net, uneven_sums=True, **options)


@pytest.mark.parametrize("normed", [True, False], ids=["normed", "plain"])
@pytest.mark.parametrize("constant", [0.0, 0.75])
@pytest.mark.parametrize("kind", SUMS)
def test_operands_lose_what_is_constant_in_them(kind, constant, normed):
    net = build(residual(add=SUMS[kind], normed=normed))
    prune_branches(net, constant, normed)
    if normed:
        kill(net, "inner0_bn", [1], 0.25)
    report = simplify_unevenly(net)
    # A padded reader needs one of the trunk's constants, where they are not 0.
    assert channels(net, "stem", "branch0", "branch1") == [5 + (constant > 0), 4, 4]
    assert report["parameters_after"] < report["parameters_before"]
    even = build(residual(add=SUMS[kind], normed=normed))
    prune_branches(even, constant, normed)
    assert report["parameters_after"] < _core.plan(even, uneven_sums=False)["parameters_after"]


@pytest.mark.parametrize("optimizer", [eddl.sgd, eddl.adam, eddl.rmsprop], ids=lambda make: make.__name__)
def test_batch_norms_become_part_of_operands(optimizer):
    net = build(residual(), optimizer=optimizer(0.001))
    train(net, *batch(net, 3))
    prune_branches(net, 0.75)
    simplify_unevenly(net, fuse_batchnorm=True)
    assert not any(type(layer).__name__ == "LBatchNorm" for layer in net.layers)
    moments = [name for name in _core.Snapshot(net, True).arrays() if name.count(".") == 2]
    parameters = [name for name in _core.Snapshot(net, False).arrays()]
    assert len(moments) == {"sgd": 1, "adam": 4, "rmsprop": 2}[optimizer.__name__] * len(parameters)


def test_only_sums_with_uneven_operands_are_replaced():
    net = build(residual())
    kinds = [type(layer).__name__ for layer in net.layers]
    kill(net, "branch1_bn", [2], 0.0)
    layers = list(net.layers)
    simplify_unevenly(net)
    changed = [b.name for a, b in zip(layers, net.layers) if a is not b]
    assert changed == ["sum1"]
    assert [type(layer).__name__ for layer in layers] == kinds


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_training_goes_on_as_that_of_the_masked_net(mem):
    def net_that_trained():
        net = build(residual(normed=False), mem=mem, optimizer=eddl.sgd(0.01, 0.9))
        train(net, *batch(net), steps=2)
        prune_branches(net, normed=False)
        for name, dead in (("stem", [0, 1, 7]), ("branch0", [0, 2, 3, 7]), ("branch1", [4, 5, 6, 7])):
            assert not view(eddl.getLayer(net, name).params[1])[dead].any()
        return net

    masked, small = net_that_trained(), net_that_trained()
    mask = _core.Mask(masked)
    mask.apply()
    layers = list(small.layers)
    report = _core.simplify(small, uneven_sums=True)
    assert_same_layers(layers, small)
    assert report["parameters_after"] < report["parameters_before"]
    for step in range(4):
        train(masked, *batch(masked, seed=step))
        mask.apply()
        train(small, *batch(small, seed=step))
    for n in (4, 1, 6):
        x = inputs_for(small, n, seed=n)
        (expected,), (actual,) = outputs_of(masked, x), outputs_of(small, x)
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


# What becomes constant in one operand of each sum, and the parameter that it then is: {layer: index in its params}.
CONSTANT_OPERANDS = {
    "bias": (False, lambda x: x, {"branch0": 1, "branch1": 1}),
    "shift": (True, lambda x: x, {"branch0_bn": 1, "branch1_bn": 1}),
    "behind a pool": (False, lambda x: eddl.MaxPool2D(x, [3, 3], [1, 1], "same"), {"branch0": 1, "branch1": 1}),
    "behind an activation": (True, eddl.ReLu, {"branch0_bn": 1, "branch1_bn": 1}),
}


SLOW = {
    **OPTIMIZERS,
    "sgd": lambda: eddl.sgd(0.005, 0.9),
    "lobster": lambda: _core.LOBSTER(eddl.sgd(0.005, 0.9), 1e-4, biases=False),
}


def dead_branches(case, optimizer, kind="Add"):
    """A net that trained, and then got constants in one operand of each sum, which come from its biases or shifts."""
    normed, behind, parameters = CONSTANT_OPERANDS[case]
    add = lambda branch, trunk, name: SUMS[kind](trunk, behind(branch), name)  # noqa: E731
    net = build(residual(normed=normed, add=add), optimizer=SLOW[optimizer](), threads=1)
    train(net, *batch(net), steps=2)
    for name in parameters:
        kill(net, name, [1, 4, 6], 0.75)
    return net


@pytest.mark.parametrize("optimizer", on_either_engine(SLOW))
@pytest.mark.parametrize("kind", ["Add", "Subtract"])
@pytest.mark.parametrize(
    "case",
    [
        # EDDL's gradients of shifts are means over the batch and the positions.
        pytest.param(case, marks=[pytest.mark.embedded_engine] if normed else [])
        for case, (normed, _, _) in CONSTANT_OPERANDS.items()
    ],
)
def test_constants_are_trained_on_as_what_they_come_from(case, kind, optimizer):
    """Step by step, moments kept: as the biases or shifts that the masked net still has."""
    masked, small = (dead_branches(case, optimizer, kind) for _ in range(2))
    _core.simplify(small, uneven_sums=True)
    for step in range(4):
        for name, total in zip(CONSTANT_OPERANDS[case][2], ("sum0", "sum1")):
            weights, parameter = list(eddl.getLayer(masked, name).params)[:2]
            view(weights)[[1, 4, 6]] = 0
            constants = array(eddl.getLayer(small, total).params[0])
            sign = -1 if kind == "Subtract" and engine_name() == "embedded" else 1  # EDDL adds
            np.testing.assert_allclose(constants, sign * array(parameter)[[1, 4, 6]], rtol=1e-5, err_msg=f"{step}")
        for net in (masked, small):
            train(net, *batch(net, seed=step))
    assert np.isfinite(constants).all() and (np.abs(constants) != 0.75).all()  # they have moved


def test_constants_of_several_parameters_begin_without_moments():
    """Two dead operands, or one that counts half: nothing would step like these."""
    several = lambda b, t, name: eddl.Add([b, eddl.Abs(b), t], name)  # noqa: E731
    for add in (several, SUMS["Average"]) if engine_name() == "embedded" else (several,):  # EDDL's Average adds
        net = build(residual(1, normed=False, add=add), optimizer=eddl.sgd(0.05, 0.9))
        train(net, *batch(net), steps=2)
        kill(net, "branch0", [1, 4], 0.75)
        _core.simplify(net, uneven_sums=True)
        position = [layer.name for layer in net.layers].index("sum0")
        np.testing.assert_array_equal(_core.Snapshot(net, True).arrays()[f"{position}.0.0"], [0, 0])


def test_constants_of_frozen_layers_stay_frozen():
    net = build(residual(1, normed=False), optimizer=eddl.sgd(0.05, 0.9))
    kill(net, "branch0", [1, 4], 0.75)
    for layer in net.layers:
        layer.trainable = layer.name != "branch0"
    _core.simplify(net, uneven_sums=True)
    train(net, *batch(net), steps=2)
    np.testing.assert_array_equal(array(eddl.getLayer(net, "sum0").params[0]), [0.75, 0.75])


def batch(net, n=4, seed=1):
    rng = np.random.default_rng(seed)
    shapes = [layer.output.shape[1:] for layer in (net.lin[0], net.lout[0])]
    return tuple(rng.normal(size=(n, *shape)).astype(np.float32) for shape in shapes)


def test_constants_train_like_a_bias():
    """Their gradient is that of the sum's channel: finite differences of the loss say the same."""
    net = build(residual(1, normed=False), optimizer=eddl.sgd(0.1, 0.9))
    kill(net, "branch0", [1, 4], 0.5)
    _core.simplify(net, uneven_sums=True)
    total = eddl.getLayer(net, "sum0")
    (constants,) = total.params
    np.testing.assert_array_equal(array(constants), [0.5, 0.5])
    x, y = batch(net)

    def loss():
        (out,) = outputs_of(net, [x])
        return np.mean((out.astype(np.float64) - y) ** 2) * y.shape[1] / 2  # its derivative is (y - t) / batch

    slopes = []
    for i in range(2):
        value = view(constants)[i]
        ends = []
        for step in (0.02, -0.02):
            view(constants)[i] = value + step
            ends.append(loss())
        view(constants)[i] = value
        slopes.append((ends[0] - ends[1]) / 0.04)
    train(net, x, y)
    np.testing.assert_allclose(array(total.gradients[0]), slopes, rtol=2e-2)
    np.testing.assert_allclose(array(constants), 0.5 - 0.1 * np.array(slopes), rtol=1e-3)


def test_moments_follow_the_constants_that_stay():
    net = build(residual(1, normed=False), optimizer=eddl.sgd(0.1, 0.9))
    kill(net, "branch0", [1, 4], 0.5)
    _core.simplify(net, uneven_sums=True)
    train(net, *batch(net), steps=2)
    total, branch = ([layer.name for layer in net.layers].index(name) for name in ("sum0", "branch0"))
    moments = _core.Snapshot(net, True).arrays()
    of_sum, of_biases = moments[f"{total}.0.0"], moments[f"{branch}.1.0"]
    assert of_sum.all() and of_biases.all()
    kill(net, "branch0", [0], 0.25)  # the first that stays
    _core.simplify(net, uneven_sums=True)
    np.testing.assert_array_equal(_core.Snapshot(net, True).arrays()[f"{total}.0.0"], [of_biases[0], *of_sum])
    train(net, *batch(net))
    # And without constants there is no parameter any more.
    kill(net, "after", range(4))
    _core.simplify(net, uneven_sums=True)
    assert len(eddl.getLayer(net, "sum0").params) == 0
    train(net, *batch(net))


def test_handles_stay_valid():
    net = build(residual())
    total = eddl.getLayer(net, "sum0")
    output = total.output
    prune_branches(net, 0.5)
    _core.simplify(net, uneven_sums=True)
    x = inputs_for(net)
    eddl.forward(net, [tensor(a) for a in x])
    now = eddl.getLayer(net, "sum0")
    assert now.output is output is total.output and output.shape[1] == 6
    np.testing.assert_array_equal(array(eddl.getOutput(total)), array(eddl.getOutput(now)))
    assert "sum0" in [layer.name for layer in net.layers]
    assert [p.name for p in now.parent] == [p.name for p in total.parent]


def test_sums_of_sums_and_of_the_same_layer():
    x = eddl.Input([2, SIDE, SIDE], "input")
    a, b, c = (eddl.ReLu(conv(x, 6, name)) for name in "abc")
    first = eddl.Add([a, b, c], "first")
    second = eddl.Add([first, a, first], "second")
    third = head(conv(eddl.Average([second, b], "third"), 3, "after"))
    net = build(eddl.Model([x], [third, eddl.Subtract([second, c], "out")]))
    kill(net, "a", [0, 1], 0.5)
    kill(net, "b", [1, 2, 3], -1)
    kill(net, "c", [1, 2, 4], 0.25)
    simplify_unevenly(net)
    assert channels(net, "a", "b", "c") == [4, 3, 3]
    assert channels(net, "out") == [6]


@pytest.mark.embedded_engine  # EDDL's Broadcast reads the wrong input
def test_a_broadcast_takes_the_shape_of_the_new_sum():
    x = eddl.Input([2, SIDE, SIDE], "input")
    a, b = (eddl.ReLu(conv(x, 6, name)) for name in "ab")
    total = eddl.Add([a, b], "sum")
    gate = eddl.Sigmoid(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool2D(total)), 6, True, "gate"))
    gated = eddl.Mult(total, eddl.Broadcast(eddl.Reshape(gate, [6, 1, 1]), total))
    net = build(eddl.Model([x], [head(conv(gated, 3, "after"))]))
    kill(net, "a", [0, 1], 0.5)
    kill(net, "b", [1, 2], 0.25)
    simplify_unevenly(net)
    kill(net, "a", [0, 1], 0.0)
    kill(net, "b", [0, 1, 2], 0.0)
    report = simplify_unevenly(net)
    assert not any("does not come before" in entry["reason"] for entry in report["pinned"])
    assert channels(net, "a", "b", "sum") == [2, 1, 5]  # a constant times a gate varies


def test_dense_nets():
    x = eddl.Input([7], "input")
    a = eddl.ReLu(eddl.Dense(x, 9, True, "a"))
    b = eddl.Dense(eddl.ReLu(eddl.Dense(a, 5, True, "inner")), 9, True, "b")
    net = build(eddl.Model([x], [eddl.Dense(eddl.Add([a, b], "sum"), 3, True, "out")]))
    kill(net, "a", [0, 3], 0.5)
    kill(net, "b", [0, 5, 6], 2)
    simplify_unevenly(net)
    assert channels(net, "a", "b", "sum") == [7, 6, 8]


def test_until_nothing_is_left():
    """Pruning, removing and training in turn."""
    net = build(residual(3), optimizer=eddl.sgd(0.001, 0.9))
    rng = np.random.default_rng(0)
    for _ in range(8):
        for layer in net.layers:
            if type(layer).__name__ == "LConv":
                w, b = (view(p) for p in layer.params)
                dead = rng.random(len(w)) < 0.3
                w[dead], b[dead] = 0, 0
            elif type(layer).__name__ == "LBatchNorm":
                view(layer.params[1])[...] *= 0.5
        simplify_unevenly(net)
        train(net, *batch(net, 3))  # as many as simplify_exactly trains
    kill(net, "after", range(*channels(net, "after")))
    simplify_unevenly(net)
    # A single path is left, of one channel.
    assert all(len(layer.parent) <= 1 for layer in net.layers)
    assert {layer.output.shape[1] for layer in net.layers[1:-1]} == {1}
    train(net, *batch(net, 3))  # as many as simplify_exactly trains


def test_files():
    net, other = build(residual(), seed=1), build(residual(), seed=1)
    for each in (net, other):
        prune_branches(each, 0.5)
        _core.simplify(each, uneven_sums=True)
    train(net, *batch(net), steps=2)
    eddl.save(net, "uneven.bin", "bin")
    eddl.load(other, "uneven.bin", "bin")
    x = inputs_for(net)
    np.testing.assert_array_equal(outputs_of(net, x)[0], outputs_of(other, x)[0])


def test_the_structure_can_be_given_to_an_equal_net():
    net, other = build(residual(), seed=1), build(residual(), seed=2)
    prune_branches(net, 0.5)
    report = _core.simplify(net, uneven_sums=True)
    removed = {layer["name"]: layer["removed"] for layer in report["layers"]}
    removed = {layer.name: removed[held.name] for layer, held in zip(other.layers, net.layers)}
    sums = _core.sum_structures(net)
    assert set(sums) == {"sum0", "sum1"}
    before = params_of(other)
    for wrong, message in (
        ({}, "would have operands of unequal channels"),
        ({**sums, "sum0": {**sums["sum0"], "constants": [99]}}, "cannot have a constant of channel 99"),
        ({**sums, "sum0": {**sums["sum0"], "sources": sums["sum0"]["sources"][:1]}}, "has another number of operands"),
        ({**sums, "sum0": {**sums["sum0"], "sources": sums["sum0"]["sources"][::-1]}}, "cannot add channel"),
    ):
        with pytest.raises(ValueError, match=f"remove_again: layer 'sum0' {message}"):
            _core.remove_again(other, removed, wrong)
    with pytest.raises(ValueError, match="no layers are named 'sum9'"):
        _core.remove_again(other, removed, {"sum9": sums["sum0"]})
    assert_same_params(before, other)
    _core.remove_again(other, removed, sums)
    assert _core.sum_structures(other) == sums
    eddl.save(net, "structure.bin", "bin")
    eddl.load(other, "structure.bin", "bin")
    x = inputs_for(net)
    np.testing.assert_array_equal(outputs_of(net, x)[0], outputs_of(other, x)[0])
    train(other, *batch(other))


def test_faults_change_nothing():
    net = build(residual(), optimizer=eddl.adam(0.01))
    train(net, *batch(net), steps=2)
    prune_branches(net, 0.5)
    x = inputs_for(net)
    expected = outputs_of(net, x)[0]
    state, kinds = params_of(net), [type(layer) for layer in net.layers]

    def unchanged(step):
        assert_same_params(state, net)
        assert [type(layer) for layer in net.layers] == kinds
        np.testing.assert_array_equal(outputs_of(net, x)[0], expected)

    assert fail_at_every_step(lambda: _core.simplify(net, uneven_sums=True), unchanged) > 10
    assert len(_core.sum_structures(net)) == 2
    train(net, *batch(net))


def test_live_channels_go_from_all_operands():
    """Removing by name goes through sums as before; what is dead besides may be uneven."""
    net, masked = build(residual(), seed=3), build(residual(), seed=3)
    for each in (net, masked):
        kill(each, "branch1_bn", [5], 0.5)
    report = _core.remove_channels(net, {"branch0": [1, 2]}, uneven_sums=True)
    gone = {layer["name"]: layer["removed"] for layer in report["layers"]}
    assert gone["stem"] == gone["branch0"] == gone["sum0"] == [1, 2] and gone["branch1"] == [1, 2, 5]
    for name in ("stem_bn", "branch0_bn", "branch1_bn"):
        kill(masked, name, [1, 2], 0.0)
    x = inputs_for(net)
    (actual,), (expected,) = outputs_of(net, x), outputs_of(masked, x)
    np.testing.assert_allclose(actual, expected, atol=1e-5 * np.abs(expected).max())


def test_a_measured_budget_copies_uneven_sums():
    net = build(residual())
    prune_branches(net, 0.5)
    _core.simplify(net, uneven_sums=True)
    assert _core.prediction_seconds(net, {"inner0": [0]}, 2, 3) > 0


@pytest.mark.embedded_engine
def test_low_memory_frees_what_uneven_sums_read():
    nets = {}
    for uneven in (False, True):
        nets[uneven] = net = build(residual(), mem="low_mem")
        kill(net, "branch1_bn", [1], 0)
        _core.simplify(net, uneven_sums=uneven)
        eddl.predict(net, [tensor(a) for a in inputs_for(net)])
    released = [{layer.name for layer in net.layers if layer.output.shape[0] == 0} for net in nets.values()]
    assert len(released[0]) > 5 and len(released[0]) == len(released[1])


@pytest.mark.embedded_engine  # EDDL's export does not know the layer: there sums stay even unless asked for
@pytest.mark.parametrize("kind", SUMS)
def test_onnx(kind):
    onnx_tools = pytest.importorskip("onnx_tools")
    net = build(residual(add=SUMS[kind]))
    prune_branches(net, 0.5)
    ep.simplify(net)
    assert len(_core.sum_structures(net)) == 2
    onnx_tools.assert_same_as_onnx_runtime(net, inputs_for(net))
    # A sum of nothing: its operands and its readers are dead.
    kill(net, "stem_bn", range(channels(net, "stem")[0]))
    ep.simplify(net)
    onnx_tools.assert_same_as_onnx_runtime(net, inputs_for(net))


def read_back(net, mem="full_mem", optimizer=None):
    again = eddl.import_net_from_onnx_string(eddl.serialize_net_to_onnx_string(net, False))
    eddl.build(again, optimizer or eddl.sgd(0.01, 0.9), ["mse"], ["mse"], eddl.CS_CPU(2, mem), False)
    return again


def sizes_of(net):
    return [
        (layer.name, layer.output.shape[1:], [p.shape for p in layer.params]) for layer in net.layers if layer.params
    ]


@pytest.mark.embedded_engine
@pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf")
@pytest.mark.parametrize("mem", ["full_mem", "low_mem"])
@pytest.mark.parametrize("kind", SUMS)
def test_pruned_written_and_read_in_turn(kind, mem):
    """As many layers and parameters after each file; what dies after it goes like before; training goes on alike."""
    net = build(residual(3, add=SUMS[kind], normed=False), mem=mem, optimizer=eddl.sgd(0.01, 0.9))
    rng = np.random.default_rng(3)
    for turn in range(3):
        for name in ("stem", "branch0", "branch1", "branch2"):
            (n,) = channels(net, name)
            kill(net, name, [rng.integers(n)], 0.5)
        report = simplify_exactly(net, trains=False)
        assert report["parameters_after"] < report["parameters_before"]
        again = read_back(net, mem)
        assert sizes_of(again) == sizes_of(net)
        assert len(again.layers) == len(net.layers)
        x = inputs_for(net)
        np.testing.assert_allclose(outputs_of(again, x)[0], outputs_of(net, x)[0], rtol=1e-6, atol=1e-7)
        assert all(entry["removed"] == [] for entry in simplify_exactly(again, trains=False)["layers"])
        train(net, *batch(net, seed=turn), steps=1)
        train(again, *batch(net, seed=turn), steps=1)
        for a, b in zip(params_of(net), params_of(again)) if turn == 0 else ():  # the file has no momentum
            np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)
        net = again


@pytest.mark.embedded_engine
@pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf")
def test_a_net_that_was_read_prunes_like_the_one_that_was_written():
    net = build(residual())
    prune_branches(net, 0.5)
    ep.simplify(net)
    again = read_back(net, optimizer=ep.SeReNe(eddl.sgd(0.01), lmbda=1e-3, mode="full"))
    assert _core.sum_structures(again) == _core.sum_structures(net)
    train(again, *batch(net), steps=2)
    assert all(np.isfinite(p).all() for p in params_of(again))
    again = read_back(net)
    assert _core.prediction_seconds(again, {"inner0": [0]}, 2, 3) > 0
    for each in (net, again):
        kill(each, "stem_bn", [0, 2], 0.25)
        kill(each, "branch1_bn", [1], 0.0)
        simplify_exactly(each, trains=False)
    assert sizes_of(again) == sizes_of(net)
    assert _core.sum_structures(again) == _core.sum_structures(net)


@pytest.mark.embedded_engine
@pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf")
@pytest.mark.parametrize("uneven", [True, False])
def test_channels_in_any_order_lose_what_is_dead(uneven):
    """A model with channels that are gathered in any order, some of them twice, and some zeros."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    import onnx_models as om

    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.uniform(-1, 1, shape).astype(np.float32)  # noqa: E731
    make = onnx.helper.make_node
    nodes = [
        make("Conv", ["x", "w1", "b1"], ["producer"], "producer"),
        make("Pad", ["producer", "pads"], ["padded"], "pad"),
        make("Gather", ["padded", "order"], ["taken"], "take", axis=1),
        make("Conv", ["taken", "w2", "b2"], ["y"], "reader", pads=[1, 1, 1, 1]),
    ]
    constants = {
        "w1": draw(5, 3, 1, 1),
        "b1": draw(5),
        "pads": np.int64([0, 0, 0, 0, 0, 1, 0, 0]),
        "order": np.int64([4, 1, 1, 5, 0, 3, 0, 2]),
        "w2": draw(3, 8, 3, 3),
        "b2": draw(3),
    }
    net = om.build(om.load(om.model(nodes, {"x": (om.BATCH, 3, SIDE, SIDE)}, constants=constants)))
    assert channels(net, "producer", "take") == [5, 8]
    simplify_exactly(net, uneven_sums=uneven, trains=False)
    assert channels(net, "producer", "take") == [5, 7]  # the zeros are gone
    kill(net, "producer", [0, 3], 0.0)
    kill(net, "producer", [1], 0.5)
    simplify_exactly(net, uneven_sums=uneven, trains=False)
    # The reader pads and needs a constant: the sum has its own or, where channels go together, the producer's, twice.
    assert channels(net, "producer", "take") == ([2, 3] if uneven else [3, 4])
    train(net, *batch(net))
    om.compare(outputs_of(read_back(net), inputs_for(net)), outputs_of(net, inputs_for(net)))


def test_the_default_is_the_engines():
    net = build(residual())
    kill(net, "branch1_bn", [2])
    embedded = ep.engine_info()["engine"] == "embedded"
    assert (ep.plan(net) == ep.plan(net, uneven_sums=True)) is embedded
    assert (ep.plan(net) == ep.plan(net, uneven_sums=False)) is not embedded
    with pytest.raises(TypeError, match=r"^simplify: uneven_sums must be True or False, got str"):
        ep.simplify(net, uneven_sums="yes")


def test_sensitivity_goes_through():
    net = build(residual(1), optimizer=ep.SeReNe(eddl.sgd(0.1), lmbda=1e-3, mode="full"))
    seed_params(net, 0)
    kill(net, "stem_bn", [0, 1], 0.5)
    kill(net, "branch0_bn", [2, 3], 0.5)
    _core.simplify(net, uneven_sums=True)
    before = params_of(net)
    train(net, *batch(net), steps=2)
    assert all(np.isfinite(p).all() for p in params_of(net))
    assert any(not np.array_equal(a, b) for a, b in zip(before, params_of(net)))
