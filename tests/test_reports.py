"""What users see of statistics, plans and reports: totals, plain data, tables, and errors by name."""

import dataclasses
import json
import re

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest


@pytest.fixture
def net():
    """A LeNet of which two filters and three neurons are dead."""
    net = helpers.build(helpers.lenet())
    layers = {layer.name: layer for layer in net.layers}
    helpers.view(layers["conv1"].params[0])[1] = 0
    helpers.view(layers["conv2"].params[0])[[0, 4]] = 0
    helpers.view(layers["dense1"].params[0])[:, [2, 5, 6]] = 0
    return net


def table_rows(text):
    """The first table in a text, as lists of cells; the header and the rule under it left out."""
    lines = text.split("\n\n")[0].splitlines()
    rule = next(i for i, line in enumerate(lines) if re.fullmatch(r"[- ]+", line))
    widths = {len(line) for line in lines[rule + 1 :] if "  " in line}
    assert len(widths) == 1, "rows of different length: the table is not aligned"
    return [re.split(r"\s{2,}", line.strip()) for line in lines[rule + 1 :] if "  " in line]


def test_stats_total_what_numpy_counts(net):
    stats = ep.stats(net)
    values = helpers.params_of(net)
    assert stats.parameters == sum(array.size for array in values)
    assert stats.nonzero == sum(np.count_nonzero(array) for array in values)
    assert stats.sparsity == pytest.approx(1 - stats.nonzero / stats.parameters)
    assert (stats.channels, stats.dead_channels) == (4 + 6 + 10 + 4, 1 + 2 + 3)
    assert stats.macs == 4 * 9 * 100 + 6 * 36 * 9 + 6 * 10 + 10 * 4
    assert stats.layer("conv2").dead_channels == 2
    with pytest.raises(KeyError, match="no layer 'conv9'; there are input, conv1"):
        stats.layer("conv9")


def test_stats_print_as_a_table_with_totals(net):
    rows = table_rows(str(ep.stats(net)))
    assert [row[0] for row in rows] == [*(layer.name for layer in net.layers), "total"]
    conv1 = rows[1]
    assert conv1[:5] == ["conv1", "Conv", "4 x 10 x 10", "40", "31"]
    assert conv1[-3:] == ["4", "1", "3,600"]
    assert rows[-1][1:3] == [f"{ep.stats(net).parameters:,}", f"{ep.stats(net).nonzero:,}"]


def test_stats_are_plain_data_on_demand(net):
    data = json.loads(json.dumps(ep.stats(net).to_dict()))
    assert data["parameters"] == ep.stats(net).parameters
    assert [layer["name"] for layer in data["layers"]] == [layer.name for layer in net.layers]


def test_a_plan_says_what_simplify_then_does(net):
    before = helpers.params_of(net)
    plan = ep.plan(net)
    helpers.assert_same_params(before, net)
    report = ep.simplify(net)
    assert isinstance(report, ep.Report)
    assert report.to_dict() == {**plan.to_dict(), "certificate": None}
    assert plan.channels_removed["conv2"] == (0, 4)
    assert plan.channels_removed["dense1"] == (2, 5, 6)
    assert report.parameters_before == sum(array.size for array in before)
    assert report.parameters_after == sum(array.size for array in helpers.params_of(net)) == ep.stats(net).parameters
    assert report.parameters_removed == pytest.approx(1 - report.parameters_after / report.parameters_before)
    assert report.macs_after == ep.stats(net).macs
    assert "output" in report.pinned


def test_plan_and_report_print_as_tables(net):
    plan = ep.plan(net)
    rows = table_rows(str(plan))
    assert [row[0] for row in rows] == ["conv1", "conv2", "dense1", "dense2", "total"]
    assert rows[1][:4] == ["conv2", "Conv", "6", "4"]
    removed = f"{plan.parameters_before - plan.parameters_after} of {plan.parameters_before} parameters"
    assert str(plan).startswith(f"would remove {removed}")
    groups = [re.split(r"\s{2,}", line) for line in str(plan).split("\n\n")[1].splitlines()]
    assert groups[0] == ["coupled layers", "channels", "go", "parameters", "MACs", "what stays"]
    assert ["input", "1", "0", "0", "0", "input of the net: 1"] in groups
    assert ["dense1 +1", "10", "3", "33", "30", "in use: 7"] in groups
    assert str(ep.simplify(net)).startswith(f"removed {removed}")


def test_reports_are_plain_data_on_demand(net):
    report = ep.simplify(net)
    data = json.loads(json.dumps(report.to_dict()))
    assert data["parameters_after"] == report.parameters_after
    assert [layer["name"] for layer in data["layers"]] == [layer.name for layer in net.layers]
    assert data["groups"][0].keys() == {field.name for field in dataclasses.fields(ep.ChannelGroup)}


def test_threshold_zeroes_what_numpy_would(net):
    before = helpers.named_params(net)
    zeroed = ep.threshold(net, 0.1, biases=False, layers=["conv2", "dense2"])
    after = helpers.named_params(net)
    for name, values in before.items():
        touched = name in ("conv2/0", "dense2/0")
        expected = np.where(np.abs(values) < 0.1, np.float32(0), values) if touched else values
        np.testing.assert_array_equal(after[name], expected, err_msg=name)
    assert zeroed == {
        layer: np.count_nonzero(before[f"{layer}/0"] != after[f"{layer}/0"]) for layer in ("conv2", "dense2")
    }


@pytest.mark.parametrize("function", [ep.stats, ep.plan, ep.simplify, lambda net: ep.threshold(net, 0.1)])
@pytest.mark.parametrize("value", [None, "net", 3], ids=repr)
def test_something_else_than_a_net(function, value):
    name = {ep.stats: "stats", ep.plan: "plan", ep.simplify: "simplify"}.get(function, "threshold")
    with pytest.raises(TypeError, match=rf"^{name}: net must be a PyEDDL net .*, got {type(value).__name__}$"):
        function(value)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"T": "0.1"}, TypeError, "T must be a number, got str"),
        ({"T": -0.5}, ValueError, "T must be finite and >= 0, got -0.5"),
        ({"T": float("nan")}, ValueError, "T must be finite and >= 0, got nan"),
        ({"biases": 1}, TypeError, "biases must be True or False, got int"),
        ({"layers": "conv1"}, TypeError, "layers must be a list of layer names or None, got 'conv1'"),
        ({"layers": b""}, TypeError, "layers must be a list of layer names or None, got b''"),
        ({"layers": [1]}, TypeError, r"layers must be a list of layer names or None, got \[1\]"),
        ({"layers": ["conv9"]}, ValueError, ".*conv9.*conv1"),
    ],
    ids=str,
)
def test_threshold_refuses_bad_arguments(net, arguments, error, message):
    before = helpers.params_of(net)
    with pytest.raises(error, match=f"^threshold: {message}"):
        ep.threshold(net, **{"T": 0.1, **arguments})
    helpers.assert_same_params(before, net)


def test_lobster_is_an_eddl_optimizer_with_its_settings():
    inner = eddl.sgd(0.1, 0.9)
    optimizer = ep.LOBSTER(inner, lmbda=1e-3, biases=False)
    assert (optimizer.lmbda, optimizer.biases) == (pytest.approx(1e-3), False)
    net = helpers.build(helpers.mlp(), optimizer)
    assert net.optimizer is optimizer
    optimizer.set_lambda(0)
    assert net.optimizer.lmbda == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"optimizer": "sgd"}, TypeError, "optimizer must be an EDDL optimizer, got str"),
        ({"lmbda": "1"}, TypeError, "lmbda must be a number, got str"),
        ({"lmbda": -1e-4}, ValueError, "lmbda must be finite and >= 0, got -0.0001"),
        ({"biases": 0}, TypeError, "biases must be True or False, got int"),
    ],
    ids=str,
)
def test_lobster_refuses_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^LOBSTER: {message}$"):
        ep.LOBSTER(**{"optimizer": eddl.sgd(0.1), "lmbda": 1e-4, **arguments})
    optimizer = ep.LOBSTER(eddl.sgd(0.1), 1e-4)
    with pytest.raises(ValueError, match=r"^LOBSTER.set_lambda: lmbda must be finite and >= 0, got -1$"):
        optimizer.set_lambda(-1)
    assert optimizer.lmbda == pytest.approx(1e-4)


def test_the_engine_is_named():
    info = ep.engine_info()
    assert info["engine"] in ("EDDL", "embedded")
    assert info["pybind11"].startswith("2.13")
    assert info["threads"] >= 1
    info["engine"] = "changed"
    assert ep.engine_info()["engine"] != "changed"


def test_everything_exported_exists_and_is_documented():
    for name in ep.__all__:
        assert getattr(ep, name).__doc__, name
