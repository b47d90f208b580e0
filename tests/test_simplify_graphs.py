"""simplify on nets with branches and merges: exact, in place, as small as can be."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import array, build, params_of, staying, tensor, train, view

SIDE = 6


def conv(parent, filters, name, kernel=3, padding="same", groups=1, bias=True, strides=1):
    return eddl.Conv2D(parent, filters, [kernel] * 2, [strides] * 2, padding, bias, groups, [1, 1], name)


def norm(parent, name):
    return eddl.BatchNormalization(parent, True, 0.9, 1e-3, name)


def head(layer, classes=3):
    return eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool2D(layer)), classes, True, "head")


def kill(net, name, channels, bias=0.0):
    """No weight into these channels, and this bias."""
    params = [view(p) for p in eddl.getLayer(net, name).params]
    if params[0].ndim == 2:
        params[0][:, channels] = 0
    else:
        params[0][channels] = 0  # of batch norms: the scale
    if len(params) > 1:
        params[1][channels] = bias


def outputs_of(net, inputs):
    return [array(t) for t in eddl.predict(net, [tensor(x) for x in inputs])]


def inputs_for(net, n=3, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, *layer.output.shape[1:])).astype(np.float32) for layer in net.lin]


def simplify_exactly(net, tolerance=1e-5, trains=True, **options):
    """Simplifies, compares outputs at several batch sizes, checks that nothing is left to do. Returns the report."""
    inputs = inputs_for(net)
    expected = outputs_of(net, inputs)
    planned = _core.plan(net, **options)
    report = _core.simplify(net, **options)
    assert planned == report
    for n in (3, 1, 2):
        for e, a in zip(expected, outputs_of(net, [x[:n] for x in inputs])):
            assert np.abs(a - e[:n]).max() <= tolerance * max(np.abs(e).max(), 1e-3)
    left = staying(report)
    assert [layer.name for layer in net.layers] == [entry["name"] for entry in left]
    for layer, entry in zip(net.layers, left):
        assert layer.output.shape[1] == entry["channels_after"], layer.name
    assert [e["parameters"] for e in _core.layer_stats(net)] == [e["parameters_after"] for e in left]
    assert [e["macs"] for e in _core.layer_stats(net)] == [e["macs_after"] for e in left]
    again = params_of(net)
    second = _core.simplify(net, **options)
    assert all(entry["removed"] == entry["folded"] == entry["lost_inputs"] == [] for entry in second["layers"])
    assert all(np.array_equal(a, b) for a, b in zip(again, params_of(net)))
    if not trains:
        return report
    targets = [np.zeros(array(layer.output).shape[1:], np.float32)[None].repeat(3, axis=0) for layer in net.lout]
    train(net, inputs, targets)
    assert all(np.isfinite(o).all() for o in outputs_of(net, inputs))
    return report


def channels(net, *names):
    return [eddl.getLayer(net, name).output.shape[1] for name in names]


# --- sums ---


def residual_net(merge=lambda a, b: eddl.Add([a, b], "merge"), filters=6):
    x = eddl.Input([3, SIDE, SIDE], "input")
    stem = eddl.ReLu(norm(conv(x, filters, "stem"), "stem_bn"))
    inner = eddl.ReLu(norm(conv(stem, 5, "inner"), "inner_bn"))
    branch = norm(conv(inner, filters, "branch"), "branch_bn")
    return eddl.Model([x], [head(eddl.ReLu(conv(merge(branch, stem), 4, "after")))])


def test_a_sum_loses_what_is_constant_in_all_operands():
    net = build(residual_net())
    kill(net, "stem_bn", [0, 1, 2], [0.5, -1, 0.25])  # 0.5, 0, 0.25 after the ReLU
    kill(net, "branch_bn", [0, 1, 3], [0.75, 0, 2])
    kill(net, "inner_bn", [4], 0.0)
    report = simplify_exactly(net, uneven_sums=False)
    # 0 and 1 are constant in both; the constants other than 0 go into carriers: 0 for "inner" and "after" both.
    assert channels(net, "stem", "branch", "merge", "inner") == [5, 5, 5, 4]
    (group,) = [g for g in report["groups"] if "stem" in g["layers"]]
    assert {"stem", "stem_bn", "branch", "branch_bn", "merge"} <= set(group["layers"])
    assert (group["removed"], group["carriers"]) == ([1], [0])


BRANCH = {"inner", "inner_bn", "branch", "branch_bn"}


def names_of(net):
    return {layer.name for layer in net.layers}


def test_what_an_even_sum_cannot_add_itself_stays_in_a_dead_branch():
    net = build(residual_net())
    kill(net, "branch_bn", range(6), np.linspace(-1, 1, 6))
    simplify_exactly(net, uneven_sums=False)
    assert channels(net, "inner", "branch") == [1, 6]


@pytest.mark.parametrize(("uneven", "constants"), [(False, 0.0), (True, 0.0), (True, np.linspace(-1, 1, 6))])
def test_a_dead_branch_leaves(uneven, constants):
    net = build(residual_net())
    kill(net, "branch_bn", range(6), constants)
    simplify_exactly(net, uneven_sums=uneven)
    assert not BRANCH & names_of(net)
    assert channels(net, "stem", "merge") == [6, 6]


def test_both_branches_dead():
    net = build(residual_net())
    kill(net, "stem_bn", range(6), 0.5)
    kill(net, "branch_bn", range(6), np.linspace(-1, 1, 6))
    simplify_exactly(net, uneven_sums=True)
    assert not BRANCH & names_of(net)
    assert channels(net, "stem", "merge") == [1, 1]


MERGES = {
    "Add": lambda a, b: eddl.Add([a, b], "merge"),
    "Subtract": lambda a, b: eddl.Subtract([a, b], "merge"),
    "Average": lambda a, b: eddl.Average([a, b], "merge"),
    "Maximum": lambda a, b: eddl.Maximum([a, b], "merge"),
    "Minimum": lambda a, b: eddl.Minimum([a, b], "merge"),
    "Sum": eddl.Sum,
    "Diff": eddl.Diff,
    "Mult": eddl.Mult,
    "Div": lambda a, b: eddl.Div(a, eddl.Exp(b)),
}


@pytest.mark.parametrize("kind", MERGES)
def test_constants_through_merges(kind):
    net = build(residual_net(MERGES[kind]))
    kill(net, "stem_bn", [0, 1, 2], [0.5, -1, 0.25])
    kill(net, "branch_bn", [0, 1, 3], [0.75, 0.5, 2])
    report = simplify_exactly(net, uneven_sums=False)
    (group,) = [g for g in report["groups"] if "stem" in g["layers"]]
    # With EDDL's Subtract, Average, … too: constants are what the engine makes of them.
    assert group["removed"] and {0, 1} <= {*group["removed"], *group["carriers"]} <= {0, 1, 2}
    assert 2 not in group["removed"]


def test_a_product_with_zero_is_zero():
    """Gates that are 0 kill what they gate, though that is alive."""
    x = eddl.Input([3, SIDE, SIDE], "input")
    trunk = conv(x, 6, "trunk")
    gate = eddl.ReLu(conv(trunk, 6, "gate"))
    gated = eddl.Mult(eddl.ReLu(conv(trunk, 6, "value")), gate)
    net = build(eddl.Model([x], [head(conv(gated, 4, "after"))]))
    kill(net, "gate", [0, 2, 5], [0, -1, 0.5])
    simplify_exactly(net)
    assert channels(net, "gate", "value", "trunk") == [4, 4, 6]


def test_scalars():
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = conv(x, 6, "first")
    for step in (
        lambda a: eddl.Sum(a, 1.5),
        lambda a: eddl.Diff(a, 0.5),
        lambda a: eddl.Diff(0.5, a),
        lambda a: eddl.Mult(a, -2.0),
        lambda a: eddl.Div(a, 4.0),
        eddl.Abs,
        lambda a: eddl.Clamp(a, 0.1, 3.0),
        eddl.Sqrt,
        eddl.Log,
        eddl.Exp,
        lambda a: eddl.Pow(a, 2.0),
        lambda a: eddl.Div(2.0, a),
    ):
        layer = step(layer)
    net = build(eddl.Model([x], [head(conv(layer, 4, "after", padding="valid"))]))
    kill(net, "first", [1, 4], [0.3, -0.7])
    simplify_exactly(net)
    assert channels(net, "first") == [4]


# --- concatenation ---


def test_concatenation():
    x = eddl.Input([3, SIDE, SIDE], "input")
    a, b = conv(x, 4, "a"), eddl.ReLu(conv(x, 5, "b", 1))
    joined = eddl.ReLu(norm(eddl.Concat([a, b, x], 0, "concat"), "bn"))
    net = build(eddl.Model([x], [head(conv(joined, 4, "after"))]))
    kill(net, "a", [0], 0.5)
    kill(net, "b", [1, 3], [0.5, -1])
    simplify_exactly(net)
    assert sum(channels(net, "a", "b")) == 9 - 2  # one carries for both: the largest constant
    assert channels(net, "concat", "bn") == [10, 10]


def test_a_dead_operand_of_a_concatenation_leaves():
    x = eddl.Input([3, SIDE, SIDE], "input")
    a, b = conv(x, 4, "a"), conv(conv(x, 6, "before"), 5, "b")
    net = build(eddl.Model([x], [head(conv(eddl.Concat([a, b], 0, "concat"), 4, "after", padding="valid"))]))
    kill(net, "b", range(5), 0.5)
    simplify_exactly(net)
    assert names_of(net).isdisjoint({"b", "before"})
    assert channels(net, "a", "concat") == [4, 4]


def test_an_operand_that_carries_for_a_padded_reader_stays():
    x = eddl.Input([3, SIDE, SIDE], "input")
    a, b = conv(x, 4, "a"), conv(conv(x, 6, "before"), 5, "b")
    net = build(eddl.Model([x], [head(conv(eddl.Concat([a, b], 0, "concat"), 4, "after"))]))
    kill(net, "b", range(5), 0.5)
    simplify_exactly(net)
    assert channels(net, "a", "b", "before", "concat") == [4, 1, 1, 5]


def test_a_branch_leaves_that_is_coupled_to_what_stays():
    """A batch norm on channels that live for others."""
    x = eddl.Input([3, SIDE, SIDE], "input")
    a = eddl.ReLu(conv(x, 6, "a"))
    both = eddl.Concat([a, norm(a, "bn")], 0, "concat")
    net = build(eddl.Model([x], [head(conv(both, 4, "after", padding="valid"))]))
    kill(net, "bn", range(6), 0.5)
    simplify_exactly(net)
    assert "bn" not in names_of(net) and channels(net, "a", "concat") == [6, 6]


def test_a_concatenation_loses_an_operand_that_others_read():
    x = eddl.Input([3, SIDE, SIDE], "input")
    a, b = eddl.ReLu(conv(x, 6, "a")), eddl.ReLu(conv(x, 5, "b"))
    both = conv(eddl.Concat([a, b, x], 0, "concat"), 4, "both")
    net = build(eddl.Model([x], [head(eddl.Concat([both, conv(b, 3, "other")]))]))
    view(eddl.getLayer(net, "both").params[0])[:, 6:] = 0  # neither b nor the input
    report = simplify_exactly(net)
    assert {entry["name"]: entry["lost_inputs"] for entry in report["layers"]}["concat"] == [1, 2]
    assert channels(net, "a", "b", "concat") == [6, 5, 6]


@pytest.mark.parametrize("constant", [0.0, 0.5])
def test_what_feeds_a_layer_that_nobody_follows_leaves_with_it(constant):
    x = eddl.Input([3, SIDE, SIDE], "input")
    a = conv(x, 4, "a")
    b = conv(eddl.LayerNormalization(conv(x, 6, "before"), True, 1e-5, "norm"), 4, "reader")
    net = build(eddl.Model([x], [head(conv(eddl.Add([a, b], "merge"), 5, "after"))]))
    kill(net, "reader", range(4), constant)
    simplify_exactly(net, uneven_sums=True)
    assert names_of(net).isdisjoint({"before", "norm", "reader"})


def test_a_layer_that_leads_nowhere_leaves():
    x = eddl.Input([3, SIDE, SIDE], "input")
    a = conv(x, 4, "a")
    conv(eddl.ReLu(a, "relu"), 3, "nowhere")
    net = build(eddl.Model([x], [head(a)]))
    assert "nowhere" in names_of(net)
    simplify_exactly(net)
    assert names_of(net).isdisjoint({"nowhere", "relu"})


def test_inputs_stay():
    x, y = eddl.Input([3, SIDE, SIDE], "input"), eddl.Input([2, SIDE, SIDE], "other")
    merged = eddl.Concat([conv(x, 4, "a"), conv(y, 4, "b")], 0, "concat")
    net = build(eddl.Model([x, y], [head(merged)]))
    kill(net, "b", range(4))
    simplify_exactly(net)
    assert "b" not in names_of(net) and len(net.lin) == 2


def test_dense_net():
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = conv(x, 6, "stem")
    for i in range(3):
        grown = conv(eddl.ReLu(norm(layer, f"bn{i}")), 4, f"grow{i}", bias=False)
        layer = eddl.Concat([layer, grown])
    net = build(eddl.Model([x], [head(layer)]))
    kill(net, "stem", [2], 0.5)
    kill(net, "grow1", [0, 3])
    kill(net, "grow2", [1])
    kill(net, "bn2", [4], 0.3)  # one reader of several
    simplify_exactly(net)
    assert channels(net, "grow1", "grow2") == [2, 3]


def test_unet():
    x = eddl.Input([2, 8, 8], "input")
    down1 = eddl.ReLu(conv(x, 6, "down1"))
    down2 = eddl.ReLu(norm(conv(eddl.MaxPool2D(down1, [2, 2], [2, 2], "none"), 8, "down2"), "bn2"))
    up = eddl.ReLu(conv(eddl.UpSampling2D(down2, [2, 2]), 6, "up"))
    layer = eddl.ReLu(conv(eddl.Concat([up, down1]), 5, "last"))
    net = build(eddl.Model([x], [eddl.Sigmoid(conv(layer, 1, "mask", 1))]))
    kill(net, "down1", [1, 5], [0.5, -1])
    kill(net, "bn2", [0, 2], [0.25, -0.5])
    kill(net, "up", [3], 0.4)
    kill(net, "last", [2], 0.1)
    simplify_exactly(net)
    # "up" and "down1" are read by one padded convolution, which needs one carrier of both; "down2" needs its own.
    assert sum(channels(net, "down1", "up")) == 12 - 2
    assert channels(net, "down2", "last") == [7, 4]


# --- grouped convolutions ---


@pytest.mark.embedded_engine
def test_depthwise_channels_go_together():
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.ReLu(conv(x, 6, "first", 1))
    layer = eddl.ReLu(conv(layer, 6, "depthwise", groups=6))
    net = build(eddl.Model([x], [head(conv(layer, 4, "after", 1))]))
    kill(net, "first", [0, 2], [-1, 0.5])
    kill(net, "depthwise", [4], 0.25)
    simplify_exactly(net)
    assert channels(net, "first", "depthwise") == [4, 4]
    assert list(eddl.getLayer(net, "depthwise").params[0].shape) == [4, 1, 3, 3]


@pytest.mark.embedded_engine
def test_groups_stay_even():
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.ReLu(conv(x, 8, "first", 1))
    layer = eddl.ReLu(conv(layer, 12, "grouped", groups=4))
    net = build(eddl.Model([x], [head(conv(layer, 4, "after", 1))]))
    kill(net, "first", [0, 2, 4, 5], 0)  # groups of 2: one, one, both, none
    kill(net, "grouped", [1, 3, 4, 11], 0.5)  # groups of 3: one, two, none (but without inputs), one
    report = simplify_exactly(net)
    # The third group has no inputs, so that its outputs are constant: it goes. The fourth keeps both inputs, so all do.
    assert channels(net, "first", "grouped") == [6, 6]
    assert list(eddl.getLayer(net, "grouped").params[0].shape) == [6, 2, 3, 3]
    (group,) = [g for g in report["groups"] if g["layers"][0] == "first"]
    assert any("uneven groups of 'grouped'" in b["reason"] for b in group["kept"])


@pytest.mark.embedded_engine
def test_each_group_has_its_carrier():
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.Sigmoid(conv(x, 8, "first", 1))
    net = build(eddl.Model([x], [head(conv(layer, 6, "grouped", groups=2))]))
    kill(net, "first", [0, 1, 4, 5, 6], [0.5, 1, -0.5, 0.25, 2])
    report = simplify_exactly(net)
    assert channels(net, "first") == [6]
    (entry,) = [e for e in report["layers"] if e["name"] == "grouped"]
    assert entry["carriers"] == [1, 6]


# --- several inputs and outputs ---


def test_several_inputs_and_outputs():
    x, y = eddl.Input([2, SIDE, SIDE], "x"), eddl.Input([4], "y")
    maps = eddl.ReLu(conv(x, 6, "maps"))
    flat = eddl.Flatten(eddl.MaxPool2D(maps, [2, 2], [2, 2], "none"))
    joined = eddl.Concat([flat, eddl.ReLu(eddl.Dense(y, 5, True, "extra"))], 0, "joined")
    first = eddl.Dense(joined, 3, True, "first")
    second = conv(eddl.Pad(maps, [1, 1, 1, 1], 0.5), 2, "second", padding="valid")
    net = build(eddl.Model([x, y], [first, second]))
    kill(net, "maps", [0, 4], [0.5, 0.25])  # 0.5 passes the padding
    kill(net, "extra", [1, 2], [1, -1])
    simplify_exactly(net)
    assert channels(net, "maps", "extra", "joined") == [5, 3, 5 * 9 + 3]


# --- what one turn of planning leaves for the next; simplify_exactly demands that no second call finds it ---


def test_a_batch_norm_that_is_left_alone_takes_constants_up():
    """The batch norm's mean takes constants up once "other", which reads the same layer, has left."""
    x = eddl.Input([1, SIDE, SIDE])
    inner = conv(conv(x, 4, "stem"), 2, "inner", 1, bias=False)
    other = conv(inner, 2, "other", 1, bias=False)
    net = build(eddl.Model([x], [conv(eddl.Add([norm(inner, "norm"), other]), 2, "after")]))
    kill(net, "stem", [1], -0.5)
    kill(net, "other", [0, 1])
    report = simplify_exactly(net)
    assert channels(net, "stem", "inner") == [3, 2]
    assert [layer["name"] for layer in report["layers"] if layer["channels_after"] == 0] == ["other"]
    (folded,) = [layer for layer in report["layers"] if layer["folded"]]
    assert (folded["name"], folded["folded"], folded["carriers"]) == ("inner", [1], [])


@pytest.mark.embedded_engine
def test_what_has_no_weights_any_more_carries():
    """
    The third group of "wide" stays for "other" alone, and its outputs get zero weights: they are constants then,
    and carry those of the first group, which then goes.
    """
    x = eddl.Input([1, SIDE, SIDE])
    stem = conv(x, 3, "stem")
    reader = conv(conv(stem, 6, "wide", groups=3), 2, "reader", bias=False)
    net = build(eddl.Model([x], [head(eddl.Concat([reader, conv(stem, 2, "other", bias=False)]))]))
    kill(net, "stem", [0])
    kill(net, "wide", [0, 1], [0.5, 0.25])
    view(eddl.getLayer(net, "wide").params[1])[4:] = 0.75
    view(eddl.getLayer(net, "reader").params[0])[:, 3:] = 0
    simplify_exactly(net)
    assert channels(net, "stem", "wide", "reader", "other") == [2, 2, 2, 2]


@pytest.mark.embedded_engine
def test_a_carrier_whose_weights_cancel_goes():
    """Two channels of one constant, whose weights are opposites: nobody reads the one that was to carry."""
    x = eddl.Input([1, SIDE, SIDE])
    net = build(eddl.Model([x], [head(conv(conv(x, 4, "stem"), 2, "reader"))]))
    kill(net, "stem", [1, 3], 0.5)
    weights = view(eddl.getLayer(net, "reader").params[0])
    weights[:, 3] = -weights[:, 1]
    simplify_exactly(net)
    assert channels(net, "stem", "reader") == [2, 2]


@pytest.mark.embedded_engine
def test_an_operand_leaves_that_groups_wanted_at_first():
    """
    All that "grouped" reads is constant. At first one of its outputs from "dead" is to carry, which wants the operand;
    then one from "other" carries for all.
    """
    x = eddl.Input([2, SIDE, SIDE])
    depthwise = conv(conv(x, 4, "first", 1), 4, "depthwise", 1, groups=4)
    both = eddl.Concat([eddl.ReLu(depthwise, "dead"), conv(depthwise, 2, "other", 1)], 0, "both")
    branches = [conv(both, 2, "padded", bias=False), conv(both, 4, "grouped", 1, groups=2)]
    net = build(eddl.Model([x], [head(conv(eddl.Concat(branches), 3, "last", 1, bias=False))]))
    kill(net, "first", slice(None))
    for name, biases in {"depthwise": [1, 1.5, 2, -1], "other": [-2, 0.5], "grouped": [2, -1, 0.5, 0.5]}.items():
        view(eddl.getLayer(net, name).params[1])[...] = biases
    for name, unread in {"other": range(4), "padded": [0, 2], "grouped": [1, 2], "last": [1, 2]}.items():
        view(eddl.getLayer(net, name).params[0])[:, unread] = 0
    view(eddl.getLayer(net, "grouped").params[0])[[0, 3]] = 0
    report = simplify_exactly(net)
    lost = {layer["name"]: layer["lost_inputs"] for layer in report["layers"] if layer["lost_inputs"]}
    assert lost == {"both": [0]}
