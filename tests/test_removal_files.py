"""After a removal: what is saved or exported, read by the engine itself and by ONNX Runtime, computes the same."""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, has_onnx, seed_params, tensor, train
from test_fuse_batchnorm import NETS as WITH_BATCH_NORM
from test_fuse_batchnorm import ON_EDDL, net_of, targets_for, trained_net_of
from test_remove_channels import CASES, NET_OF
from test_remove_channels import net_of as live_net_of
from test_simplify_layers import KINDS, batch_of, make

embedded_engine = pytest.mark.embedded_engine
# EDDL itself cannot read these back, whole or simplified: it crashes.
NOT_READ_BY_EDDL = (
    "resize",
    "resize_half_pixel",
    "resize_within",
    "noise",
    "tile",
    "tile_channels",
    "repeat_channels",
    "layer_norm",
    "group_norm",
    "group_norm_plain",
    "group_norm_of_one",
    "gate_by_channel",
    "crop",
)


def through(name):
    """A net without dead channels of a producer that one kind of layer reads."""
    net = make(KINDS[name])
    ep.simplify(net)
    return net, batch_of(net)[0]


def folded(name):
    """A net that trained, and goes on to train after its batch norm has become part of another layer."""
    net, x = trained_net_of(name)
    ep.simplify(net, fuse_batchnorm=True)
    train(net, x, targets_for(net, x))
    return net, x


def cut(case):
    """A net without some channels that were alive."""
    net, x = live_net_of(NET_OF.get(case, case))
    ep.remove_channels(net, CASES[case][0])
    return net, x


def nets():
    for name, kind in KINDS.items():
        marks = [embedded_engine] if kind.only_embedded or name in NOT_READ_BY_EDDL else []
        yield pytest.param(through, name, id=f"through {name}", marks=marks)
    for name in WITH_BATCH_NORM:
        yield pytest.param(folded, name, id=f"folded {name}", marks=[] if name in ON_EDDL else [embedded_engine])
    for case in CASES:
        yield pytest.param(cut, case, id=f"cut {case}")


every_net = pytest.mark.parametrize("removed, name", list(nets()))


@every_net
def test_the_engine_reads_its_own_export(removed, name):
    if not has_onnx():
        pytest.skip("the engine was built without protobuf")
    net, x = removed(name)
    again = eddl.import_net_from_onnx_string(eddl.serialize_net_to_onnx_string(net, False))
    eddl.build(again, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    for batch in (x, x[:1]):
        expected, actual = (array(eddl.predict(one, [tensor(batch)])[0]) for one in (net, again))
        assert actual.shape == expected.shape
        assert np.abs(actual - expected).max() <= 1e-5 * np.abs(expected).max()


@embedded_engine  # what EDDL writes is no concern of ours
@every_net
def test_onnx_runtime_agrees(removed, name):
    from onnx_tools import assert_same_as_onnx_runtime  # skips where a package is missing

    assert_same_as_onnx_runtime(*removed(name))


@every_net
def test_saved_values_fit_an_equal_net(removed, name):
    """A file of the smaller net, read into another net from which the same is gone."""
    net, x = removed(name)
    expected = array(eddl.predict(net, [tensor(x)])[0])
    eddl.save(net, "small.bin", "bin")
    other, _ = removed(name)
    seed_params(other, 9)
    assert not np.array_equal(array(eddl.predict(other, [tensor(x)])[0]), expected)
    eddl.load(other, "small.bin", "bin")
    np.testing.assert_array_equal(array(eddl.predict(other, [tensor(x)])[0]), expected)


def test_an_export_is_trained_on():
    """A folded net's layers are plain ones: its export takes steps like the net itself."""
    if not has_onnx():
        pytest.skip("the engine was built without protobuf")
    net, x = net_of("conv without bias", optimizer=eddl.sgd(0.01, 0.0))
    ep.simplify(net, fuse_batchnorm=True)
    again = eddl.import_net_from_onnx_string(eddl.serialize_net_to_onnx_string(net, False))
    eddl.build(again, eddl.sgd(0.01, 0.0), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    y = targets_for(net, x)
    assert len(array(eddl.getLayer(net, "linear").params[1])) == 6
    for _ in range(3):
        for one in (net, again):
            train(one, x, y)
    expected, actual = (array(eddl.predict(one, [tensor(x)])[0]) for one in (net, again))
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)
