"""Saving, loading, and copying parameters; files of EDDL itself included."""

import json
import os

import numpy as np
import pyeddl.eddl as eddl
import pytest
from conformance.cases import CASES
from conformance.record_files import FOLDER, FORMATS, tensor_values
from helpers import (
    array,
    assert_same_params,
    batch_for,
    bn_convnet,
    build,
    lenet,
    mlp,
    params_of,
    predict,
    tensor,
    train,
)
from pyeddl.tensor import Tensor

NETS = {"mlp": mlp, "lenet": lenet, "bn-convnet": bn_convnet}


@pytest.fixture(params=NETS)
def make(request):
    return NETS[request.param]


def built(make, seed=0, **kwargs):
    return build(make(**kwargs), loss="softmax_cross_entropy", metric="accuracy", seed=seed)


def trained(make):
    net = built(make)
    train(net, *batch_for(net), 2)
    return net


def test_what_is_saved_is_loaded(make, tmp_path):
    net, other = trained(make), built(make, seed=1)
    x, _ = batch_for(net)
    eddl.save(net, str(tmp_path / "net.bin"))
    eddl.load(other, str(tmp_path / "net.bin"))
    assert_same_params(net, other)
    np.testing.assert_array_equal(predict(other, x), predict(net, x))


def test_training_goes_on_after_loading(make, tmp_path):
    net, other = trained(make), built(make, seed=1)
    eddl.save(net, str(tmp_path / "net.bin"))
    eddl.load(other, str(tmp_path / "net.bin"))
    before = params_of(other)
    train(other, *batch_for(other))
    assert any((a != b).any() for a, b in zip(before, params_of(other)))


# --- files of EDDL itself (conformance/record_files.py wrote them there) ---

RECORDED_NETS = json.loads((FOLDER / "index.json").read_text())
RECORDED_TENSORS = [(name, format) for name, formats in FORMATS.items() for format in formats]
# EDDL writes text, and reads none.
TO_READ = [
    pytest.param(*each, marks=[] if each[1] == "bin" else [pytest.mark.embedded_engine]) for each in RECORDED_TENSORS
]


@pytest.mark.parametrize("kind", RECORDED_NETS)
def test_a_net_in_a_file_of_eddl_is_read(kind):
    case = CASES[RECORDED_NETS[kind]]
    assert kind in {type(layer).__name__ for layer in case.built().layers}
    net = case.built(seed=1)
    eddl.load(net, str(FOLDER / f"{kind}.bin"))
    assert_same_params(case.built(), net)


@pytest.mark.parametrize("kind", RECORDED_NETS)
def test_a_net_is_saved_as_eddl_does(kind, tmp_path):
    eddl.save(CASES[RECORDED_NETS[kind]].built(), str(tmp_path / "net.bin"))
    assert (tmp_path / "net.bin").read_bytes() == (FOLDER / f"{kind}.bin").read_bytes()


def test_every_kind_of_layer_with_parameters_has_a_file_of_eddl():
    nets = [case.built() for case in CASES.values() if case.is_recorded]
    assert set(RECORDED_NETS) == {type(layer).__name__ for net in nets for layer in net.layers if layer.params}


@pytest.mark.parametrize("name, format", TO_READ)
def test_a_tensor_in_a_file_of_eddl_is_read(name, format):
    read, values = array(Tensor.load(str(FOLDER / f"{name}.{format}"))), tensor_values(name)
    if format == "bin":
        np.testing.assert_array_equal(read, values)
    else:  # six digits
        np.testing.assert_allclose(read, values, rtol=1e-5)


@pytest.mark.parametrize("name, format", RECORDED_TENSORS)
def test_a_tensor_is_saved_as_eddl_does(name, format, tmp_path):
    path, recorded = tmp_path / f"tensor.{format}", FOLDER / f"{name}.{format}"
    tensor(tensor_values(name)).save(str(path), format)
    if format == "bin":
        assert path.read_bytes() == recorded.read_bytes()
        return
    # EDDL writes six digits of each number.
    delimiter = {"csv": ",", "tsv": "\t", "txt": " "}[format]
    rows, expected = ([line.split(delimiter) for line in file.read_text().splitlines()] for file in (path, recorded))
    assert [len(row) for row in rows] == [len(row) for row in expected]
    np.testing.assert_allclose(np.array(rows, np.float32), np.array(expected, np.float32), rtol=1e-5)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("format", ["csv", "tsv", "txt"])
def test_text_keeps_every_digit(format, tmp_path):
    values = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32) ** 5
    tensor(values).save(str(tmp_path / f"tensor.{format}"), format)
    np.testing.assert_array_equal(array(Tensor.load(str(tmp_path / f"tensor.{format}"))), values)


def test_parameters_are_copied_between_nets(make):
    net, other = trained(make), built(make, seed=1)
    eddl.set_parameters(other, eddl.get_parameters(net, True))
    assert_same_params(net, other)
    shared = eddl.get_parameters(net, False)
    copied = eddl.get_parameters(net, True)
    layer = next(layer for layer in net.layers if layer.params)
    index = net.layers.index(layer) if hasattr(net.layers, "index") else [x.name for x in net.layers].index(layer.name)
    layer.params[0].fill_(3.0)
    assert (array(shared[index][0]) == 3.0).all()
    assert not (array(copied[index][0]) == 3.0).all()


def test_single_parameters_are_read():
    net = built(mlp)
    layer = eddl.getLayer(net, "dense2")
    for i, expected in enumerate(layer.params):
        np.testing.assert_array_equal(array(eddl.getParam(layer, i)), array(expected))
    assert [p.shape for p in eddl.getParams(layer)] == [[16, 12], [12]]


# --- files and parameters that do not fit: an exception, and the net as it was ---


def spoil(path, how):
    data = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "one-byte-short":
        path.write_bytes(data[:-1])
    elif how == "garbage":
        path.write_bytes(b"\xff" * len(data))
    elif how == "trailing":
        path.write_bytes(data + data[: len(data) // 2])
    elif how == "absent":
        path.unlink()
    else:
        raise ValueError(how)


@pytest.mark.embedded_engine  # EDDL crashes, or keeps what it has read so far
@pytest.mark.parametrize("how", ["empty", "truncated", "one-byte-short", "garbage", "trailing", "absent"])
def test_a_spoilt_file_leaves_the_net_alone(how, make, tmp_path):
    net = trained(make)
    path = tmp_path / "net.bin"
    eddl.save(built(make, seed=1), str(path))
    spoil(path, how)
    before = params_of(net)
    with pytest.raises((RuntimeError, ValueError), match=r"net\.bin"):
        eddl.load(net, str(path))
    assert_same_params(before, net)


OTHER_NETS = {
    "wider": (mlp, {"hidden": (16, 13)}),
    "deeper": (mlp, {"hidden": (16, 12, 12)}),
    "shallower": (mlp, {"hidden": (16,)}),
    "last-layer": (mlp, {"classes": 5}),
    # As many values, in other shapes.
    "transposed": (mlp, {"inputs": 16, "hidden": (8, 12)}),
    "another-kind": (lenet, {}),
}


@pytest.mark.embedded_engine  # EDDL overwrites the layers before the first that differs
@pytest.mark.parametrize("other", OTHER_NETS)
def test_a_file_of_another_architecture_leaves_the_net_alone(other, tmp_path):
    make_other, arguments = OTHER_NETS[other]
    net = trained(mlp)
    eddl.save(built(make_other, seed=1, **arguments), str(tmp_path / "other.bin"))
    before = params_of(net)
    with pytest.raises((RuntimeError, ValueError), match=r"other\.bin"):
        eddl.load(net, str(tmp_path / "other.bin"))
    assert_same_params(before, net)


@pytest.mark.embedded_engine
def test_saving_where_one_cannot_write_says_so(tmp_path):
    net = built(mlp)
    with pytest.raises(RuntimeError, match="nowhere"):
        eddl.save(net, str(tmp_path / "nowhere" / "net.bin"))
    with pytest.raises(RuntimeError):
        eddl.save(net, str(tmp_path))
    if os.path.exists("/dev/full"):
        with pytest.raises(RuntimeError, match="/dev/full"):
            eddl.save(net, "/dev/full")


@pytest.mark.embedded_engine
def test_loading_a_directory_says_so(tmp_path):
    net = built(mlp)
    before = params_of(net)
    with pytest.raises(RuntimeError):
        eddl.load(net, str(tmp_path))
    assert_same_params(before, net)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("change", ["fewer-layers", "fewer-parameters", "another-shape", "as-many-values"])
def test_parameters_that_do_not_fit_leave_the_net_alone(change):
    net = trained(mlp)
    values = [[tensor(array(p) + 1) for p in layer] for layer in eddl.get_parameters(net)]
    last = max(i for i, layer in enumerate(values) if layer)
    if change == "fewer-layers":
        values.pop()
    elif change == "fewer-parameters":
        values[last].pop()
    elif change == "another-shape":
        values[last][0] = tensor(np.zeros((3, 3)))
    else:
        values[last][0] = tensor(np.zeros((4, 12)))
    before = params_of(net)
    with pytest.raises((RuntimeError, ValueError), match="set_parameters"):
        eddl.set_parameters(net, values)
    assert_same_params(before, net)
