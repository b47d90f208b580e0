"""A plan says per group of coupled layers what would go and what blocks the rest; a report certifies what was done."""

import re

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import build, lenet, params_of
from test_simplify_graphs import inputs_for, kill, residual_net


def group_of(plan, layer):
    (group,) = [g for g in plan.groups if layer in g.layers]
    return group


def test_a_group_says_what_goes_and_what_blocks_the_rest():
    net = build(residual_net())
    kill(net, "stem_bn", [0, 1, 2], [0.5, -1, 0.25])
    kill(net, "branch_bn", [0, 1, 3], [0.75, 0, 2])
    plan = ep.plan(net, uneven_sums=False)
    group = group_of(plan, "stem")
    assert (group.channels, group.removed, group.carriers) == (6, (1,), (0,))
    assert group.kept == {"in use": 4, "carries constants": 1}
    # Channel 1 of "stem" and "branch" (3x3, with bias), of both norms, and what "inner" and "after" read of it.
    assert group.parameters == (3 * 9 + 1) + (5 * 9 + 1) + 2 + 2 + 5 * 9 + 4 * 9
    assert group.macs == 36 * (3 * 9 + 5 * 9 + 5 * 9 + 4 * 9)
    assert group.parameters == plan.parameters_before - plan.parameters_after
    assert group.macs == plan.macs_before - plan.macs_after
    assert group_of(plan, "input").kept == {"input of the net": 3}
    assert group_of(plan, "head").kept == {"output of the net": 3}


def test_groups_of_uneven_sums_are_their_operands():
    net = build(residual_net())
    kill(net, "stem_bn", [0, 1, 2], [0.5, -1, 0.25])
    kill(net, "branch_bn", [0, 1, 3], [0.75, 0, 2])
    plan = ep.plan(net, uneven_sums=True)
    stem, branch, merge = (group_of(plan, name) for name in ("stem", "branch", "merge"))
    assert (stem.layers[0], branch.layers[0], merge.layers[0]) == ("stem", "branch", "merge")
    # "inner" has a carrier for 0 and 2 of the stem; the sum adds what its operands lack, and "after" has a carrier too.
    assert (stem.removed, stem.carriers) == ((1, 2), (0,))
    assert branch.removed == (0, 1, 3)
    assert (merge.removed, merge.carriers) == ((1,), (0,))
    assert stem.parameters + branch.parameters + merge.parameters >= plan.parameters_before - plan.parameters_after


def test_unknown_layers_and_last_channels_are_named():
    x = eddl.Input([4], "input")
    dead = eddl.ReLu(eddl.Dense(x, 5, True, "dead"))
    soft = eddl.Softmax(eddl.Dense(dead, 4, True, "inner"), -1, "soft")
    net = build(eddl.Model([x], [eddl.Dense(soft, 2, True, "head")]))
    kill(net, "dead", range(5))
    plan = ep.plan(net)
    assert group_of(plan, "dead").kept == {"a layer keeps at least one channel": 1}
    assert group_of(plan, "inner").pinned == "read by 'soft': softmax makes each value of several channels"
    assert plan.pinned["inner"] == group_of(plan, "inner").pinned
    text = str(plan)
    assert "a layer keeps at least one channel: 1" in text and "read by 'soft'" in text


def test_layers_that_leave_are_named():
    net = build(residual_net())
    kill(net, "branch_bn", range(6))
    plan = ep.plan(net)
    leaving = tuple(layer.name for layer in net.layers if layer.name in plan.layers_removed)
    assert plan.layers_removed == leaving
    assert set(leaving) >= {"inner", "inner_bn", "branch", "branch_bn"} and len(leaving) == 5  # and the ReLU
    (merge,) = [layer for layer in plan.layers if layer.name == "merge"]
    assert merge.lost_inputs == (0,)
    assert f"5 layers would leave the net: {', '.join(leaving)}" in str(plan)
    dot = plan.to_dot()
    assert dot.count('style="filled,rounded,dashed"') == 5 and dot.count("[style=dashed]") == 1
    assert "6 → 0 channels" in dot
    report = ep.simplify(net)
    assert report.layers_removed == leaving
    assert f"5 layers left the net: {', '.join(leaving)}" in str(report)
    assert not ep.plan(net).layers_removed and "leave the net" not in str(ep.plan(net))


def test_dot():
    net = build(residual_net())
    kill(net, "stem_bn", [1], -1)
    kill(net, "branch_bn", [1], 0)
    dot = ep.plan(net).to_dot()
    assert dot.startswith("digraph plan {") and dot.rstrip().endswith("}")
    names = [layer.name for layer in net.layers]
    edges = {(int(a), int(b)) for a, b in re.findall(r"^  (\d+) -> (\d+);$", dot, re.M)}
    expected = {(names.index(p.name), i) for i, layer in enumerate(net.layers) for p in layer.parent}
    assert edges == expected and len(edges) > 10
    assert re.search(r'label="stem\\nConv\\n6 → 5 channels\\ngroup \d+".*fillcolor=palegreen', dot)
    assert re.search(r'label="input\\n.*fillcolor=lightgrey', dot)


def test_names_are_quoted():
    x = eddl.Input([4], 'in "quotes" \\ and more')
    dot = ep.plan(build(eddl.Model([x], [eddl.Dense(x, 2)]))).to_dot()
    assert r'label="in \"quotes\" \\ and more\nInput' in dot


# --- the certificate ---


def test_the_certificate_measures():
    net = build(residual_net())
    kill(net, "stem_bn", [0, 1, 2], [0.5, -1, 0.25])
    report = ep.simplify(net, samples=inputs_for(net, 5))
    certificate = report.certificate
    assert certificate.samples == 5 and 0 <= certificate.relative <= 1e-5
    assert str(certificate) in str(report) and report.to_dict()["certificate"]["samples"] == 5
    assert ep.simplify(net).certificate is None


def test_the_certificate_would_tell():
    """The differences are those of the arrays: per output, relative to its largest value."""
    from eddl_prune.removal import _certify

    before = [np.float32([[1, -4], [2, 0]]), np.float32([[100.0]])]
    after = [np.float32([[1, -4], [2.5, 0]]), np.float32([[101.0]])]
    certificate = _certify(before, after)
    assert (certificate.samples, certificate.absolute, certificate.relative) == (2, 1.0, 0.125)
    assert _certify([np.zeros((1, 2))], [np.zeros((1, 2))]).relative == 0
    assert _certify([np.zeros((1, 2))], [np.ones((1, 2))]).relative == np.inf


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.zeros((2, 1, 12, 12)), TypeError, "simplify: samples must be a list"),
        ([], ValueError, "one array per input layer: 1, got 0"),
        ([np.zeros((2, 1, 12, 11))], ValueError, r"samples\[0\] must have shape \['samples', 1, 12, 12\]"),
        ([np.zeros((0, 1, 12, 12))], ValueError, "at least 1"),
        ([np.full((2, 1, 12, 12), np.nan)], ValueError, "NaN"),
        (["x"], TypeError, "a PyEDDL tensor or a NumPy array, got str"),
    ],
)
def test_bad_samples_change_nothing(samples, error, message):
    net = build(lenet())
    kill(net, "conv1", [0])
    before = params_of(net)
    with pytest.raises(error, match=message):
        ep.simplify(net, samples=samples)
    assert all(np.array_equal(a, b) for a, b in zip(before, params_of(net)))


def test_samples_need_a_built_net():
    with pytest.raises(ValueError, match="built"):
        ep.simplify(lenet(), samples=[np.zeros((1, 1, 12, 12), np.float32)])
