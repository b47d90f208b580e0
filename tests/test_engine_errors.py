"""
Bad arguments raise a Python exception that says what is wrong, and leave nets as they were; nothing crashes.

EDDL itself crashes, exits or goes on with garbage on most of these, so they are the embedded engine's promise.
"""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import assert_same_params, batch_for, build, lenet, mlp, params_of, predict, tensor, train
from pyeddl._core.eddl import DEV_GPU
from pyeddl.tensor import Tensor

pytestmark = pytest.mark.embedded_engine

BAD = (ValueError, IndexError, RuntimeError, MemoryError)
HUGE = 2**31 - 1


def zeros(*shape):
    return tensor(np.zeros(shape))


def vector(size=6):
    return eddl.Input([size], "x")


def image(channels=2, height=6, width=6):
    return eddl.Input([channels, height, width], "x")


# --- layers: id: (call, what the message must say) ---

BAD_LAYERS = {
    "input-empty": (lambda: eddl.Input([]), "Input"),
    "input-negative": (lambda: eddl.Input([3, -1]), "-1"),
    "input-zero": (lambda: eddl.Input([0]), "0"),
    "input-absurd": (lambda: eddl.Input([HUGE, HUGE]), "too many"),
    "dense-zero": (lambda: eddl.Dense(vector(), 0), "Dense.*0"),
    "dense-negative": (lambda: eddl.Dense(vector(), -3), "Dense.*-3"),
    "dense-absurd": (lambda: eddl.Dense(eddl.Input([2**20]), HUGE), "no memory"),
    "conv-no-filters": (lambda: eddl.Conv2D(image(), 0, [3, 3]), "Conv.*0"),
    "conv-negative-filters": (lambda: eddl.Conv2D(image(), -2, [3, 3]), "Conv.*-2"),
    "conv-absurd-filters": (lambda: eddl.Conv2D(image(), HUGE, [3, 3]), "too many"),
    "conv-kernel-of-one": (lambda: eddl.Conv2D(image(), 2, [3]), r"Conv.*\[3\]"),
    "conv-kernel-of-three": (lambda: eddl.Conv2D(image(), 2, [3, 3, 3]), r"Conv.*\[3, 3, 3\]"),
    "conv-kernel-zero": (lambda: eddl.Conv2D(image(), 2, [0, 3]), r"Conv.*\[0, 3\]"),
    "conv-kernel-too-large": (lambda: eddl.Conv2D(image(), 2, [7, 7], [1, 1], "valid"), "Conv"),
    "conv-stride-zero": (lambda: eddl.Conv2D(image(), 2, [3, 3], [0, 1]), r"Conv.*\[0, 1\]"),
    "conv-stride-of-one": (lambda: eddl.Conv2D(image(), 2, [3, 3], [1]), r"Conv.*\[1\]"),
    "conv-padding-unknown": (lambda: eddl.Conv2D(image(), 2, [3, 3], [1, 1], "sme"), "Conv.*sme"),
    "conv-groups-zero": (lambda: eddl.Conv2D(image(), 2, [3, 3], [1, 1], "same", True, 0), "0"),
    "conv-groups-that-do-not-divide": (lambda: eddl.Conv2D(image(), 3, [3, 3], [1, 1], "same", True, 2), "2"),
    "conv-dilation-zero": (lambda: eddl.Conv2D(image(), 2, [3, 3], [1, 1], "same", True, 1, [0, 0]), r"\[0, 0\]"),
    "conv-on-a-vector": (lambda: eddl.Conv2D(vector(), 2, [3, 3]), "Conv"),
    "maxpool-size-of-one": (lambda: eddl.MaxPool2D(image(), [2]), r"Pool.*\[2\]"),
    "maxpool-size-zero": (lambda: eddl.MaxPool2D(image(), [0, 2]), r"Pool.*\[0, 2\]"),
    "maxpool-too-large": (lambda: eddl.MaxPool2D(image(), [7, 7], [1, 1], "none"), "Pool"),
    "maxpool-stride-zero": (lambda: eddl.MaxPool2D(image(), [2, 2], [0, 2]), r"Pool.*\[0, 2\]"),
    "maxpool-padding-unknown": (lambda: eddl.MaxPool2D(image(), [2, 2], [2, 2], "round"), "Pool.*round"),
    "avgpool-on-a-vector": (lambda: eddl.AveragePool2D(vector()), "Pool"),
    "global-pool-on-a-vector": (lambda: eddl.GlobalMaxPool2D(vector()), "Pool"),
    "dropout-above-one": (lambda: eddl.Dropout(vector(), 1.5), "Dropout.*1.5"),
    "dropout-negative": (lambda: eddl.Dropout(vector(), -0.5), "Dropout.*-0.5"),
    "reshape-wrong-size": (lambda: eddl.Reshape(vector(), [7]), "Reshape.*7"),
    "reshape-two-unknowns": (lambda: eddl.Reshape(vector(), [-1, -1]), "Reshape"),
    "reshape-zero": (lambda: eddl.Reshape(vector(), [0, 6]), "Reshape"),
    "activation-unknown": (lambda: eddl.Activation(vector(), "relux"), "relux"),
    "softmax-axis": (lambda: eddl.Softmax(vector(), 5), "5"),
    "pad-of-three": (lambda: eddl.Pad(image(), [1, 2, 3]), r"Pad.*\[1, 2, 3\]"),
    "pad-negative": (lambda: eddl.Pad(image(), [-1, 1]), "Pad.*-1"),
    "pad-on-a-vector": (lambda: eddl.Pad(vector(), [1, 1]), "Pad"),
    "upsampling-zero": (lambda: eddl.UpSampling2D(image(), [0, 2]), r"UpSampling2D.*\[0, 2\]"),
    "upsampling-of-one": (lambda: eddl.UpSampling2D(image(), [2]), r"UpSampling2D.*\[2\]"),
    "add-nothing": (lambda: eddl.Add([]), "Add"),
    "add-of-two-shapes": (lambda: eddl.Add([vector(), vector(5)]), "Add"),
    "concat-of-one": (lambda: eddl.Concat([vector()]), "Concat"),
    "concat-of-two-shapes": (lambda: eddl.Concat([image(), image(2, 5, 6)]), "Concat"),
    "concat-axis": (lambda: eddl.Concat([vector(), vector()], 4), "Concat.*4"),
    "model-without-inputs": (lambda: eddl.Model([], [eddl.ReLu(vector())]), "input"),
    "model-not-connected": (lambda: eddl.Model([vector()], [eddl.ReLu(vector())]), "not among the inputs"),
    "sgd-negative-rate": (lambda: eddl.sgd(-0.1), "-0.1"),
    "cpu-negative-threads": (lambda: eddl.CS_CPU(-7), "-7"),
    "cpu-memory-unknown": (lambda: eddl.CS_CPU(1, "small_mem"), "small_mem"),
    "loss-unknown": (lambda: eddl.getLoss("mse2"), "mse2"),
    "metric-unknown": (lambda: eddl.getMetric("auc"), "auc"),
}

WRONG_TYPES = {
    "dense-on-none": lambda: eddl.Dense(None, 3),
    "dense-units-text": lambda: eddl.Dense(vector(), "3"),
    "dense-units-fraction": lambda: eddl.Dense(vector(), 2.5),
    "conv-kernel-number": lambda: eddl.Conv2D(image(), 2, 3),
    "add-of-numbers": lambda: eddl.Add([1, 2]),
    "model-of-tensors": lambda: eddl.Model([zeros(2)], [zeros(2)]),
    "relu-on-none": lambda: eddl.ReLu(None),
    "concat-with-none": lambda: eddl.Concat([vector(), None]),
    "build-none": lambda: eddl.build(None, eddl.sgd(0.1), ["mse"], ["mse"]),
    "fit-arrays": lambda: eddl.fit(built(), [np.zeros((2, 8))], [np.zeros((2, 4))], 2, 1),
    "fit-none": lambda: eddl.fit(built(), [None], [zeros(2, 4)], 2, 1),
    "predict-none": lambda: eddl.predict(built(), [None]),
    "predict-a-tensor": lambda: eddl.predict(built(), 3),
    "loss-none": lambda: eddl.build(mlp(), eddl.sgd(0.1), [None], ["mse"]),
}


@pytest.mark.parametrize("id", BAD_LAYERS)
def test_bad_arguments_of_layers(id):
    call, words = BAD_LAYERS[id]
    with pytest.raises(BAD, match=words):
        call()


def test_a_layer_that_could_not_be_made_leaves_its_parent_usable():
    """EDDL registers the child first and refuses it after: the net then holds half a layer."""
    x = image()
    for bad in ("conv-kernel", "pool", "padding"):
        with pytest.raises(BAD):
            if bad == "pool":
                eddl.MaxPool2D(x, [9, 9], [1, 1], "none")
            else:
                eddl.Conv2D(
                    x, 2, [9, 9] if bad == "conv-kernel" else [3, 3], [1, 1], "valid" if bad == "conv-kernel" else "?"
                )
    net = build(eddl.Model([x], [eddl.Conv2D(x, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "y")]))
    assert len(net.layers) == 2
    train(net, np.ones((2, 2, 6, 6)), np.ones((2, 2, 6, 6)))


def built():
    return build(mlp(), loss="softmax_cross_entropy", metric="accuracy")


@pytest.mark.parametrize("id", WRONG_TYPES)
def test_wrong_types(id):
    with pytest.raises((TypeError, ValueError)):
        WRONG_TYPES[id]()


# --- building ---


def build_with(loss=("mse",), metric=("mse",), net=None):
    eddl.build(net or mlp(), eddl.sgd(0.1), list(loss), list(metric), eddl.CS_CPU(1))


BAD_BUILDS = {
    "two-losses": (lambda: build_with(loss=["mse", "mse"]), "loss"),
    "no-metric": (lambda: build_with(metric=[]), "metric"),
    "unknown-loss": (lambda: build_with(loss=["mze"]), "mze"),
    "unknown-metric": (lambda: build_with(metric=["mze"]), "mze"),
    "gpu": (lambda: eddl.build(mlp(), eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_GPU([1])), "GPU"),
}


@pytest.mark.parametrize("id", BAD_BUILDS)
def test_bad_builds(id):
    call, words = BAD_BUILDS[id]
    with pytest.raises(BAD, match=words):
        call()


def test_a_net_whose_build_failed_can_be_built():
    net = mlp()
    with pytest.raises(BAD):
        build_with(loss=["mze"], net=net)
    build(net)
    train(net, *batch_for(net))


UNBUILT = {
    "fit": lambda net: eddl.fit(net, [zeros(4, 8)], [zeros(4, 4)], 2, 1),
    "evaluate": lambda net: eddl.evaluate(net, [zeros(4, 8)], [zeros(4, 4)]),
    "predict": lambda net: eddl.predict(net, [zeros(4, 8)]),
    "train_batch": lambda net: eddl.train_batch(net, [zeros(4, 8)], [zeros(4, 4)]),
    "eval_batch": lambda net: eddl.eval_batch(net, [zeros(4, 8)], [zeros(4, 4)]),
    "forward": lambda net: eddl.forward(net, [zeros(4, 8)]),
    "backward": lambda net: eddl.backward(net, [zeros(4, 4)]),
    "update": lambda net: eddl.update(net),
    "zeroGrads": lambda net: eddl.zeroGrads(net),
    "setlr": lambda net: eddl.setlr(net, [0.1]),
    "get_losses": lambda net: eddl.get_losses(net),
    "get_metrics": lambda net: eddl.get_metrics(net),
    "reset_loss": lambda net: eddl.reset_loss(net),
}


@pytest.mark.parametrize("function", UNBUILT)
def test_an_unbuilt_net(function):
    net = mlp()
    with pytest.raises(BAD, match="buil"):
        UNBUILT[function](net)
    build(net)
    train(net, *batch_for(net))


# --- a built net: mlp of 8 inputs and 4 classes; every call must leave its parameters as they are ---

BAD_CALLS = {
    "fit-no-input": (lambda n: eddl.fit(n, [], [zeros(4, 4)], 2, 1), "fit"),
    "fit-two-inputs": (lambda n: eddl.fit(n, [zeros(4, 8)] * 2, [zeros(4, 4)], 2, 1), "fit"),
    "fit-no-target": (lambda n: eddl.fit(n, [zeros(4, 8)], [], 2, 1), "fit"),
    "fit-narrow-input": (lambda n: eddl.fit(n, [zeros(4, 7)], [zeros(4, 4)], 2, 1), "fit"),
    "fit-wide-target": (lambda n: eddl.fit(n, [zeros(4, 8)], [zeros(4, 5)], 2, 1), "fit"),
    "fit-input-dimensions": (lambda n: eddl.fit(n, [zeros(4, 2, 4)], [zeros(4, 4)], 2, 1), "fit"),
    "fit-fewer-targets": (lambda n: eddl.fit(n, [zeros(4, 8)], [zeros(3, 4)], 2, 1), "fit"),
    "fit-batch-zero": (lambda n: eddl.fit(n, [zeros(4, 8)], [zeros(4, 4)], 0, 1), "fit.*0"),
    "fit-batch-negative": (lambda n: eddl.fit(n, [zeros(4, 8)], [zeros(4, 4)], -2, 1), "fit.*-2"),
    "fit-batch-above-samples": (lambda n: eddl.fit(n, [zeros(4, 8)], [zeros(4, 4)], 5, 1), "fit.*5"),
    "fit-epochs-negative": (lambda n: eddl.fit(n, [zeros(4, 8)], [zeros(4, 4)], 2, -1), "fit.*-1"),
    "evaluate-narrow-input": (lambda n: eddl.evaluate(n, [zeros(4, 7)], [zeros(4, 4)], 2), "evaluate"),
    "evaluate-fewer-targets": (lambda n: eddl.evaluate(n, [zeros(4, 8)], [zeros(3, 4)], 2), "evaluate"),
    "evaluate-batch-zero": (lambda n: eddl.evaluate(n, [zeros(4, 8)], [zeros(4, 4)], 0), "evaluate.*0"),
    "predict-nothing": (lambda n: eddl.predict(n, []), "predict|forward"),
    "predict-narrow": (lambda n: eddl.predict(n, [zeros(4, 7)]), "7"),
    "predict-dimensions": (lambda n: eddl.predict(n, [zeros(4, 2, 4)]), r"\[4, 2, 4\]"),
    "predict-two": (lambda n: eddl.predict(n, [zeros(4, 8)] * 2), "2"),
    "train-narrow": (lambda n: eddl.train_batch(n, [zeros(4, 7)], [zeros(4, 4)]), "7"),
    "train-fewer-targets": (lambda n: eddl.train_batch(n, [zeros(4, 8)], [zeros(3, 4)]), "4 input samples and 3"),
    "train-index-too-large": (lambda n: eddl.train_batch(n, [zeros(4, 8)], [zeros(4, 4)], [0, 4]), "4"),
    "train-index-negative": (lambda n: eddl.train_batch(n, [zeros(4, 8)], [zeros(4, 4)], [0, -1]), "-1"),
    "train-index-empty": (lambda n: eddl.train_batch(n, [zeros(4, 8)], [zeros(4, 4)], []), "index"),
    "eval-index-too-large": (lambda n: eddl.eval_batch(n, [zeros(4, 8)], [zeros(4, 4)], [9]), "9"),
    "forward-narrow": (lambda n: eddl.forward(n, [zeros(4, 7)]), "7"),
    "backward-target-width": (lambda n: (eddl.forward(n, [zeros(4, 8)]), eddl.backward(n, [zeros(4, 5)])), "5"),
    "backward-target-batch": (lambda n: (eddl.forward(n, [zeros(4, 8)]), eddl.backward(n, [zeros(3, 4)])), "3"),
    "backward-no-target": (lambda n: (eddl.forward(n, [zeros(4, 8)]), eddl.backward(n, [zeros(4, 4)] * 2)), "2"),
    "layer-unknown": (lambda n: eddl.getLayer(n, "dense9"), "dense9"),
    "initialize-unknown": (lambda n: eddl.initializeLayer(n, "dense9"), "dense9"),
    "trainable-unknown": (lambda n: eddl.setTrainable(n, "dense9", False), "dense9"),
    "remove-unknown": (lambda n: eddl.removeLayer(n, "dense9"), "dense9"),
    "param-index": (lambda n: eddl.getParam(eddl.getLayer(n, "dense1"), 2), "2"),
    "param-index-negative": (lambda n: eddl.getParam(eddl.getLayer(n, "dense1"), -1), "-1"),
    "gradient-index": (lambda n: eddl.getGradient(eddl.getLayer(n, "dense1"), 7), "7"),
    "state-index": (lambda n: eddl.getState(eddl.getLayer(n, "dense1"), 0), "0"),
    "copy-param-shape": (
        lambda n: eddl.copyParam(eddl.getLayer(n, "dense1"), eddl.getLayer(n, "dense2"), 0),
        "copyParam|dense1",
    ),
    "copy-param-index": (lambda n: eddl.copyParam(eddl.getLayer(n, "dense1"), eddl.getLayer(n, "dense1"), 5), "5"),
    "clamp-upside-down": (lambda n: eddl.clamp(n, 1.0, -1.0), "clamp"),
    "load-format": (lambda n: (eddl.save(n, "net.bin"), eddl.load(n, "net.bin", "zip")), "zip"),
    "save-format": (lambda n: eddl.save(n, "net.bin", "zip"), "zip"),
    "random-indices": (lambda n: eddl.random_indices(0, 10), "0"),
    "random-indices-of-nothing": (lambda n: eddl.random_indices(3, 0), "0"),
}


@pytest.mark.parametrize("id", BAD_CALLS)
def test_bad_calls_leave_the_net_alone(id):
    call, words = BAD_CALLS[id]
    net = built()
    before = params_of(net)
    with pytest.raises(BAD, match=words):
        call(net)
    assert_same_params(before, net)
    x, y = batch_for(net)
    fresh = built()
    np.testing.assert_allclose(predict(net, x), predict(fresh, x), rtol=1e-6)
    train(net, x, y)
    train(fresh, x, y)
    for a, b in zip(params_of(net), params_of(fresh)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_two_losses_for_two_outputs_are_checked():
    x = eddl.Input([8])
    net = eddl.Model([x], [eddl.Dense(x, 2), eddl.Dense(x, 3)])
    with pytest.raises(BAD, match="loss"):
        build_with(net=net)


def test_a_convolutional_net_checks_its_images():
    net = build(lenet(), loss="softmax_cross_entropy", metric="accuracy")
    before = params_of(net)
    for shape in ((2, 1, 12, 11), (2, 3, 12, 12), (2, 144)):
        with pytest.raises(BAD):
            eddl.predict(net, [zeros(*shape)])
    assert_same_params(before, net)


# --- tensors ---

BAD_TENSORS = {
    "negative-size": (lambda: Tensor([-1, 2]), "-1"),
    "absurd-size": (lambda: Tensor([HUGE, HUGE]), "too many"),
    "absurd-zeros": (lambda: Tensor.zeros([HUGE, HUGE, 4]), "too many"),
    "gpu": (lambda: Tensor([2], DEV_GPU), "GPU|Device"),
    "reshape": (lambda: zeros(2, 3).reshape_([7]), "7"),
    "add-shapes": (lambda: zeros(2, 3).add(zeros(3, 2)), r"\[3, 2\]"),
    "add-in-place-shapes": (lambda: zeros(2, 3).add_(zeros(2)), r"\[2\]"),
    "copy-shapes": (lambda: Tensor.copy(zeros(2, 3), zeros(3, 2)), r"\[3, 2\]"),
    "select-beyond": (lambda: zeros(2, 3).select(["5", ":"]), "5"),
    "select-text": (lambda: zeros(2, 3).select(["a", ":"]), "a"),
    "select-too-many": (lambda: zeros(2, 3).select([":", ":", ":"]), r"\[2, 3\]"),
    "mult2d-shapes": (lambda: Tensor.mult2D(zeros(2, 3), zeros(2, 3)), r"\[2, 3\]"),
    "mult2d-dimensions": (lambda: Tensor.mult2D(zeros(2, 3), zeros(3)), r"\[3\]"),
    "concat-shapes": (lambda: Tensor.concat([zeros(2, 3), zeros(3, 2)], 1), "concat"),
    "concat-nothing": (lambda: Tensor.concat([], 0), "concat"),
    "concat-axis": (lambda: Tensor.concat([zeros(2), zeros(2)], 3), "3"),
    "load-absent": (lambda: Tensor.load("nowhere.bin"), "nowhere.bin"),
    "load-format": (lambda: Tensor.load("nowhere.xyz"), "xyz|nowhere"),
    "trace-of-a-vector": (lambda: zeros(3).trace(), r"\[3\]"),
    "topk-classes": (lambda: eddl.get_topk_predictions(tensor([0.5, 0.5]), ["a", "b", "c"], 1), "3 class"),
}


@pytest.mark.parametrize("id", BAD_TENSORS)
def test_bad_tensors(id):
    call, words = BAD_TENSORS[id]
    with pytest.raises(BAD, match=words):
        call()


@pytest.mark.parametrize("how", ["empty", "truncated", "garbage"])
def test_a_spoilt_tensor_file(how, tmp_path):
    path = tmp_path / "t.bin"
    zeros(5, 4).save(str(path))
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "truncated": data[:-9], "garbage": b"\xff" * len(data)}[how])
    with pytest.raises(BAD, match=r"t\.bin"):
        Tensor.load(str(path))
