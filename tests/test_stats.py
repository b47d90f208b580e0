"""Per-layer statistics against hand-computed values, and what the extension says about itself."""

import helpers
import numpy as np
import pybind11
import pyeddl
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core


def stats_of(net):
    return {layer["name"]: layer for layer in _core.layer_stats(net)}


@pytest.mark.parametrize("build", [True, False], ids=["built", "unbuilt"])
def test_lenet(build):
    net = helpers.lenet(side=12, channels=1, filters=(4, 6), hidden=10, classes=4)
    if build:
        helpers.build(net)
    stats = stats_of(net)
    assert list(stats) == [layer.name for layer in net.layers]
    shapes = {name: layer["output_shape"] for name, layer in stats.items()}
    assert shapes["input"] == (1, 12, 12)
    assert shapes["conv1"] == (4, 10, 10)
    assert shapes["pool1"] == (4, 5, 5)
    assert shapes["conv2"] == (6, 3, 3)
    assert shapes["pool2"] == (6, 1, 1)
    assert shapes["dense1"] == (10,)
    parameters = {name: layer["parameters"] for name, layer in stats.items() if layer["parameters"]}
    assert parameters == {"conv1": 4 * 9 + 4, "conv2": 6 * 4 * 9 + 6, "dense1": 6 * 10 + 10, "dense2": 10 * 4 + 4}
    macs = {name: layer["macs"] for name, layer in stats.items() if layer["macs"]}
    assert macs == {"conv1": 4 * 9 * 100, "conv2": 6 * 4 * 9 * 9, "dense1": 60, "dense2": 40}
    assert {name: layer["channels"] for name, layer in stats.items() if layer["kind"] in ("Conv", "Dense")} == {
        "conv1": 4,
        "conv2": 6,
        "dense1": 10,
        "dense2": 4,
    }
    assert [stats[name]["kind"] for name in ("input", "conv1", "pool1", "flatten", "dense1", "output")] == [
        "Input",
        "Conv",
        "MaxPool",
        "Reshape",
        "Dense",
        "Activation",
    ]


def test_statistics_do_not_depend_on_the_batch():
    net = helpers.build(helpers.lenet())
    before = _core.layer_stats(net)
    x, _ = helpers.batch_for(net, n=7)
    helpers.predict(net, x)
    assert _core.layer_stats(net) == before


def test_zeros_and_dead_channels():
    net = helpers.build(helpers.bn_convnet())
    dense = stats_of(net)["dense1"]
    _core.zero_channels(net, {"conv1": [0, 2], "dense1": [1]}, biases=False)
    helpers.view(eddl.getLayer(net, "conv2").params[0])[3].reshape(-1)[1:] = 0  # one weight away from dead
    stats = stats_of(net)
    assert {name: stats[name]["dead_channels"] for name in ("conv1", "conv2", "dense1", "bn1")} == {
        "conv1": 2,
        "conv2": 0,
        "dense1": 1,
        "bn1": None,
    }
    assert stats["conv1"]["nonzero"] == 6 * 27 - 2 * 27
    assert stats["conv2"]["nonzero"] == 8 * 54 - 53
    assert stats["dense1"]["nonzero"] == dense["nonzero"] - 8


def test_values_that_sum_to_zero_are_not_dead():
    net = helpers.build(helpers.mlp())
    weights = helpers.view(eddl.getLayer(net, "dense1").params[0])
    weights[:, 0] = np.resize([1, -1], len(weights))
    assert stats_of(net)["dense1"]["dead_channels"] == 0


def test_parameters_are_the_trainable_ones():
    stats = stats_of(helpers.build(helpers.bn_convnet(filters=(6, 8))))
    assert stats["bn1"]["parameters"] == 12  # scale and shift, not the running statistics
    assert stats["conv1"]["parameters"] == 6 * 27  # no bias
    x = eddl.Input([3, 4, 4])
    net = eddl.Model([x], [eddl.BatchNormalization(x, False, 0.9, 1e-5, "bn")])
    assert stats_of(net)["bn"]["parameters"] == 0


def test_engine_info():
    info = _core.engine_info()
    assert info["engine"] in ("EDDL", "embedded")
    assert info["pybind11"] == pybind11.__version__
    assert info["threads"] >= 1
    assert isinstance(info["version"], str)
    assert info["version"]


def test_private_core_lives_beside_pyeddl():
    assert issubclass(_core.LOBSTER, pyeddl._core.Optimizer)
    assert issubclass(_core.PruneError, RuntimeError)
