"""What the engine writes to ONNX: ONNX Runtime computes from it what the engine does, layer by layer and net by net."""

import os
import subprocess
from pathlib import Path

import eddl_prune
import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, batch_for, build, lenet, named_params, predict, tensor, train, view
from layer_functions import LAYERS as EVERY_LAYER
from onnx_tools import assert_same_as_onnx_runtime, exported, initializers, run_onnx
from test_engine_api import UNAVAILABLE

pytestmark = pytest.mark.embedded_engine

IMAGE, VECTOR, SIGNAL, VOLUME = (3, 9, 8), (7,), (3, 12), (2, 6, 7, 5)


def pool(function, *settings):
    return lambda x: function(x, *settings)


# name: (shape of a sample, the layer on top of an input)
LAYERS = {
    "relu": (VECTOR, eddl.ReLu),
    "sigmoid": (VECTOR, eddl.Sigmoid),
    "hard_sigmoid": (VECTOR, eddl.HardSigmoid),
    "tanh": (IMAGE, eddl.Tanh),
    "exp_activation": (VECTOR, eddl.Exponential),
    "linear_1": (VECTOR, lambda x: eddl.Linear(x, 1.0)),
    "linear": (VECTOR, lambda x: eddl.Linear(x, -1.5)),
    "softplus": (VECTOR, eddl.Softplus),
    "softsign": (VECTOR, eddl.Softsign),
    "elu": (VECTOR, lambda x: eddl.Elu(x, 0.7)),
    "selu": (VECTOR, eddl.Selu),
    "leaky_relu": (VECTOR, lambda x: eddl.LeakyReLu(x, 0.2)),
    "thresholded_relu": (VECTOR, lambda x: eddl.ThresholdedReLu(x, 0.3)),
    "softmax": (VECTOR, lambda x: eddl.Softmax(x, -1)),
    "softmax_channels": (IMAGE, lambda x: eddl.Softmax(x, 1)),
    "softmax_rows": (IMAGE, lambda x: eddl.Softmax(x, 2)),
    "softmax_columns": (IMAGE, lambda x: eddl.Softmax(x, 3)),
    "dense": (VECTOR, lambda x: eddl.Dense(x, 5)),
    "dense_no_bias": (VECTOR, lambda x: eddl.Dense(x, 5, False)),
    "dense_last_axis": ((4, 7), lambda x: eddl.Dense(x, 5)),
    "dense_last_axis_no_bias": ((4, 7), lambda x: eddl.Dense(x, 5, False)),
    "dropout": (VECTOR, lambda x: eddl.Dropout(x, 0.3)),
    "dropout_without_weight": (VECTOR, lambda x: eddl.Dropout(x, 0.3, False)),
    "conv_valid": (IMAGE, lambda x: eddl.Conv2D(x, 4, [3, 2], [1, 1], "valid")),
    "conv_same_uneven": (IMAGE, lambda x: eddl.Conv2D(x, 4, [3, 4], [2, 2], "same")),
    "conv_half_same": (IMAGE, lambda x: eddl.Conv2D(x, 4, [3, 3], [1, 2], "same,none", False)),
    "conv_dilated": (IMAGE, lambda x: eddl.Conv2D(x, 4, [3, 2], [1, 1], "valid", True, 1, [2, 3])),
    "conv_grouped": ((6, 8, 8), lambda x: eddl.Conv2D(x, 4, [3, 3], [1, 1], "same", True, 2)),
    "depthwise": ((6, 8, 8), lambda x: eddl.DepthwiseConv2D(x, [3, 3], [2, 2], "same")),
    "pointwise": (IMAGE, lambda x: eddl.PointwiseConv2D(x, 5)),
    "conv1d": (SIGNAL, lambda x: eddl.Conv1D(x, 4, [3], [1], "valid")),
    "conv1d_same": (SIGNAL, lambda x: eddl.Conv1D(x, 4, [4], [2], "same", False)),
    "conv1d_dilated": (SIGNAL, lambda x: eddl.Conv1D(x, 4, [3], [1], "valid", True, 1, [2])),
    "conv3d": (VOLUME, lambda x: eddl.Conv3D(x, 4, [3, 2, 3], [1, 2, 1], "valid")),
    "conv3d_same": (VOLUME, lambda x: eddl.Conv3D(x, 4, [3, 3, 2], [2, 1, 2], "same", False)),
    "conv_transposed_valid": (IMAGE, lambda x: eddl.ConvT2D(x, 4, [3, 3], [2, 2], "valid")),
    "conv_transposed_same": (IMAGE, lambda x: eddl.ConvT2D(x, 4, [3, 3], [2, 2], "same")),
    "conv_transposed_no_bias": (IMAGE, lambda x: eddl.ConvT2D(x, 4, [4, 3], [1, 3], "same", False)),
    "conv_transposed_dilated": (IMAGE, lambda x: eddl.ConvT2D(x, 4, [3, 2], [2, 2], "valid", True, 1, [2, 1])),
    "conv_transposed_grouped": ((6, 5, 5), lambda x: eddl.ConvT2D(x, 4, [3, 3], [1, 1], "same", True, 2)),
    "conv_transposed_3d": (VOLUME, lambda x: eddl.ConvT3D(x, 3, [3, 3, 3], [2, 1, 2], "same")),
    "conv_transposed_3d_valid": (VOLUME, lambda x: eddl.ConvT3D(x, 3, [2, 3, 3], [2, 2, 1], "valid")),
    "max_pool": (IMAGE, pool(eddl.MaxPool2D, [2, 2], [2, 2], "none")),
    "max_pool_same": (IMAGE, pool(eddl.MaxPool2D, [3, 3], [2, 2], "same")),
    "average_pool": (IMAGE, pool(eddl.AveragePool2D, [2, 3], [2, 1], "none")),
    "average_pool_same": (IMAGE, pool(eddl.AveragePool2D, [3, 3], [2, 2], "same")),
    "global_max_pool": (IMAGE, eddl.GlobalMaxPool2D),
    "global_average_pool": (IMAGE, eddl.GlobalAveragePool2D),
    "max_pool_1d": (SIGNAL, pool(eddl.MaxPool1D, [3], [2], "same")),
    "average_pool_1d": (SIGNAL, pool(eddl.AveragePool1D, [2], [2], "none")),
    "max_pool_3d": (VOLUME, pool(eddl.MaxPool3D, [2, 3, 2], [2, 2, 1], "same")),
    "average_pool_3d": (VOLUME, pool(eddl.AveragePool3D, [2, 2, 2], [1, 2, 2], "none")),
    "batch_norm": (IMAGE, lambda x: eddl.BatchNormalization(x, True)),
    "batch_norm_of_vectors": (VECTOR, lambda x: eddl.BatchNormalization(x, True, 0.9, 1e-3)),
    "batch_norm_plain": (IMAGE, lambda x: eddl.BatchNormalization(x, False)),
    "flatten": (IMAGE, eddl.Flatten),
    "reshape": (IMAGE, lambda x: eddl.Reshape(x, [9, -1, 4])),
    "squeeze": ((1, 5, 1), lambda x: eddl.Squeeze(x)),
    "squeeze_one": ((1, 5, 1), lambda x: eddl.Squeeze(x, 0)),
    "unsqueeze": ((4, 5), lambda x: eddl.Unsqueeze(x, 1)),
    "permute": (IMAGE, lambda x: eddl.Permute(x, [2, 0, 1])),
    "select": (IMAGE, lambda x: eddl.Select(x, ["1", ":", "2:5"])),
    "pad": (IMAGE, lambda x: eddl.Pad(x, [1, 2, 3, 0], 0.5)),
    "upsampling": (IMAGE, lambda x: eddl.UpSampling2D(x, [2, 3])),
    "abs": (IMAGE, eddl.Abs),
    "clamp": (VECTOR, lambda x: eddl.Clamp(x, -0.25, 0.5)),
    "exp": (VECTOR, eddl.Exp),
    "log": (VECTOR, lambda x: eddl.Log(eddl.Sum(eddl.Abs(x), 0.5))),
    "log2": (VECTOR, lambda x: eddl.Log2(eddl.Sum(eddl.Abs(x), 0.5))),
    "log10": (VECTOR, lambda x: eddl.Log10(eddl.Sum(eddl.Abs(x), 0.5))),
    "sqrt": (VECTOR, lambda x: eddl.Sqrt(eddl.Abs(x))),
    "pow": (VECTOR, lambda x: eddl.Pow(x, 3.0)),
    "sum_number": (VECTOR, lambda x: eddl.Sum(x, 1.5)),
    "number_minus": (VECTOR, lambda x: eddl.Diff(2.0, x)),
    "minus_number": (VECTOR, lambda x: eddl.Diff(x, 2.0)),
    "times_number": (VECTOR, lambda x: eddl.Mult(x, -3.0)),
    "by_number": (VECTOR, lambda x: eddl.Div(x, 4.0)),
    "number_by": (VECTOR, lambda x: eddl.Div(3.0, eddl.Exp(x))),
    "sum": (VECTOR, lambda x: eddl.Sum(x, eddl.Tanh(x))),
    "diff": (VECTOR, lambda x: eddl.Diff(x, eddl.Tanh(x))),
    "mult": (VECTOR, lambda x: eddl.Mult(x, eddl.Tanh(x))),
    "div": (VECTOR, lambda x: eddl.Div(x, eddl.Exp(x))),
    "add": (IMAGE, lambda x: eddl.Add([x, eddl.Tanh(x), eddl.Abs(x)])),
    "add_two": (IMAGE, lambda x: eddl.Add([x, eddl.Tanh(x)])),
    "subtract": (IMAGE, lambda x: eddl.Subtract([x, eddl.Tanh(x), eddl.Abs(x)])),
    "average": (IMAGE, lambda x: eddl.Average([x, eddl.Tanh(x), eddl.Abs(x)])),
    "maximum": (IMAGE, lambda x: eddl.Maximum([x, eddl.Tanh(x), eddl.Exp(x)])),
    "minimum": (IMAGE, lambda x: eddl.Minimum([x, eddl.Tanh(x), eddl.Exp(x)])),
    "matmul": ((3, 4, 4), lambda x: eddl.MatMul([x, eddl.Tanh(x), x])),
    "matmul_of_vectors": (VECTOR, lambda x: eddl.MatMul([x, eddl.Tanh(x)])),
    "where": (VECTOR, lambda x: eddl.Where(x, eddl.Exp(x), eddl.ReLu(x))),
    "concat": (IMAGE, lambda x: eddl.Concat([x, eddl.Tanh(x)])),
    "concat_rows": (IMAGE, lambda x: eddl.Concat([x, eddl.Tanh(x)], 1)),
    "concat_last": (IMAGE, lambda x: eddl.Concat([x, eddl.Tanh(x)], 2)),
    "concat_vectors": (VECTOR, lambda x: eddl.Concat([x, eddl.Tanh(x), eddl.Abs(x)])),
    "bypass": (VECTOR, lambda x: eddl.Bypass(x, "anything")),
    "gaussian_noise": (VECTOR, lambda x: eddl.GaussianNoise(x, 0.5)),
    "repeat": (IMAGE, lambda x: eddl.Repeat(x, 2, 1)),
    "repeat_each": ((3, 2), lambda x: eddl.Repeat(x, [2, 1, 3], 0)),
    "tile": (IMAGE, lambda x: eddl.Tile(x, [2, 1, 3])),
    "broadcast": (IMAGE, lambda x: eddl.Sum(x, eddl.Broadcast(eddl.Reshape(eddl.GlobalMaxPool2D(x), [-1]), x))),
    "broadcast_rows": ((2, 1, 3), lambda x: eddl.Broadcast(x, eddl.Tile(x, [1, 4, 1]))),
    "expand": ((1, 3, 1), lambda x: eddl.Expand(x, 4)),
    "shape": (IMAGE, lambda x: eddl.Shape(x, False)),
    "shape_with_batch": (IMAGE, lambda x: eddl.Shape(x, True)),
    "constant": (IMAGE, lambda x: eddl.Sum(x, eddl.ConstOfTensor(tensor(np.arange(216.0).reshape(IMAGE))))),
    "norm": (IMAGE, eddl.Norm),
    "norm_max": (IMAGE, lambda x: eddl.NormMax(eddl.Abs(x), 0.1)),
    "norm_min_max": (VECTOR, eddl.NormMinMax),
    "layer_norm": (IMAGE, eddl.LayerNormalization),
    "layer_norm_plain": (VECTOR, lambda x: eddl.LayerNormalization(x, False)),
    "group_norm": ((6, 4, 5), lambda x: eddl.GroupNormalization(x, 3)),
    "group_norm_plain": ((6, 4, 5), lambda x: eddl.GroupNormalization(x, 2, 1e-3, False)),
    **{
        f"reduce_{name.lower()}_{axes}{'_kept' if keep else ''}".replace(", ", ""): (
            IMAGE,
            lambda x, name=name, axes=axes, keep=keep: getattr(eddl, "Reduce" + name)(x, axes, keep),
        )
        for name in ("Mean", "Sum", "Max", "Min", "Var", "ArgMax")
        for axes, keep in (([0], False), ([1, 2], False), ([2, 0], True), ([0, 1, 2], False))
    },
    "resize_double": (IMAGE, lambda x: eddl.Resize(x, [18, 16])),
    "resize_smaller": (IMAGE, lambda x: eddl.Resize(x, [4, 5])),
    "resize_half_pixel": (IMAGE, lambda x: eddl.Resize(x, [13, 20], True, "constant", 0.0, "half_pixel")),
    "resize_pytorch": (IMAGE, lambda x: eddl.Resize(x, [7, 1], True, "constant", 0.0, "pytorch_half_pixel")),
    "resize_corners": (IMAGE, lambda x: eddl.Resize(x, [17, 11], True, "constant", 0.0, "align_corners")),
    "resize_centred": (IMAGE, lambda x: eddl.Resize(x, [5, 12], False, "constant", 0.7)),
    "scale": (IMAGE, lambda x: eddl.Scale(x, [12, 12])),
    "scale_tensorflow": (IMAGE, lambda x: eddl.Scale(x, [17, 1], True, "constant", 0.0, "tf_crop_and_resize")),
    "upsampling3d": (VOLUME, lambda x: eddl.UpSampling3D(x, [12, 14, 10])),
    "upsampling3d_uneven": (VOLUME, lambda x: eddl.UpSampling3D(x, [7, 14, 11])),
    "shift": (IMAGE, lambda x: eddl.Shift(x, [2, -1], "constant", 0.5)),
    "rotate": (IMAGE, lambda x: eddl.Rotate(x, 30.0)),
    "flip": (IMAGE, lambda x: eddl.Flip(x, 1)),
    "crop": (IMAGE, lambda x: eddl.Crop(x, [1, 2], [5, 6])),
    "crop_in_place": (IMAGE, lambda x: eddl.Crop(x, [1, 2], [5, 6], False, 0.3)),
    "crop_scale": (IMAGE, lambda x: eddl.CropScale(x, [1, 2], [5, 6])),
    "cutout": (IMAGE, lambda x: eddl.Cutout(x, [1, 2], [5, 6], 0.1)),
    "random_shift": (IMAGE, lambda x: eddl.RandomShift(x, [-0.2, 0.2], [-0.2, 0.2])),
    "random_crop": (IMAGE, lambda x: eddl.RandomCrop(x, [6, 6])),
    "random_flip": (IMAGE, lambda x: eddl.RandomFlip(x, 0)),
}


def net_of(layer, shape, **settings):
    x = eddl.Input(list(shape), "x")
    return build(eddl.Model([x], [layer(x)]), **settings)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, rng):
    shape, layer = LAYERS[name]
    net = net_of(layer, shape)
    assert_same_as_onnx_runtime(net, rng.normal(size=(4, *shape)).astype(np.float32))


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("length", [1, 3])
def test_embedding(length, mask, rng):
    net = net_of(lambda x: eddl.Embedding(x, 9, length, 4, mask), (length,))
    assert_same_as_onnx_runtime(net, rng.integers(9, size=(5, length)).astype(np.float32))


@pytest.mark.parametrize("scale", [[12, 8], [18, 16], [27, 24], [36, 12]])
@pytest.mark.parametrize("mode", ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"])
def test_scaling_is_onnx_resize_where_that_takes_the_same_pixels(scale, mode, rng):
    net = net_of(lambda x: eddl.Resize(x, scale, True, "constant", 0.0, mode), IMAGE)
    model = assert_same_as_onnx_runtime(net, rng.normal(size=(2, *IMAGE)).astype(np.float32))
    ops = [node.op_type for node in model.graph.node]
    assert ops == ["Resize"] or (ops == ["Reshape", "Gather", "Reshape"] and (scale, mode) != ([18, 16], "asymmetric"))


@pytest.mark.parametrize(
    "make, moments",
    [
        (lambda: eddl.GaussGenerator(2.0, 0.5, [50, 40]), (2.0, 0.5)),
        (lambda: eddl.UniformGenerator(-1.0, 3.0, [50, 40]), (1.0, 4.0 / np.sqrt(12.0))),
    ],
    ids=["gauss", "uniform"],
)
def test_generators(make, moments):
    """Random numbers are ONNX Runtime's own: of the right shape and distribution."""
    x = eddl.Input([50, 40], "x")
    net = build(eddl.Model([x], [eddl.Sum(x, make())]))
    (y,) = run_onnx(exported(net).SerializeToString(), np.zeros((3, 50, 40), np.float32))
    assert y.shape == (3, 50, 40)
    np.testing.assert_allclose((y.mean(), y.std()), moments, atol=0.1)


# --- nets ---


def norm(x):
    return eddl.BatchNormalization(x, True)


def block(x, filters, stride=1):
    """A residual block."""
    y = eddl.ReLu(norm(eddl.Conv2D(x, filters, [3, 3], [stride, stride], "same", False)))
    y = norm(eddl.Conv2D(y, filters, [3, 3], [1, 1], "same", False))
    if stride > 1:
        x = norm(eddl.Conv2D(x, filters, [1, 1], [stride, stride], "same", False))
    return eddl.ReLu(eddl.Add([x, y]))


def resnet():
    x = eddl.Input([3, 16, 16], "x")
    y = eddl.ReLu(norm(eddl.Conv2D(x, 8, [3, 3], [1, 1], "same", False)))
    y = block(block(block(y, 8), 16, 2), 16)
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool2D(y)), 5))])


def vgg():
    x = y = eddl.Input([3, 16, 16], "x")
    for filters in (8, 16):
        for _ in range(2):
            y = eddl.ReLu(eddl.Conv2D(y, filters, [3, 3]))
        y = eddl.MaxPool2D(y, [2, 2])
    y = eddl.Dropout(eddl.ReLu(eddl.Dense(eddl.Flatten(y), 32)), 0.5)
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(y, 5))])


def unet():
    x = eddl.Input([3, 16, 16], "x")
    fine = eddl.ReLu(eddl.Conv2D(x, 8, [3, 3]))
    coarse = eddl.ReLu(eddl.Conv2D(eddl.MaxPool2D(fine, [2, 2]), 16, [3, 3]))
    up = eddl.Conv2D(eddl.UpSampling2D(coarse, [2, 2]), 8, [3, 3])
    y = eddl.ReLu(eddl.Conv2D(eddl.Concat([fine, up]), 8, [3, 3]))
    return eddl.Model([x], [eddl.Sigmoid(eddl.Conv2D(y, 1, [1, 1]))])


@pytest.mark.parametrize("make", [lenet, vgg, resnet, unet])
def test_net(make, rng):
    net = build(make())
    x = rng.normal(size=(5, *net.layers[0].output.shape[1:])).astype(np.float32)
    assert_same_as_onnx_runtime(net, x)


def test_trained_net(rng):
    net = build(resnet(), eddl.adam(1e-3), loss="softmax_cross_entropy", metric="categorical_accuracy")
    x, y = batch_for(net)
    train(net, x, y, 3)
    assert_same_as_onnx_runtime(net, x)


def test_several_inputs_and_outputs(rng):
    a, b = eddl.Input([4], "a"), eddl.Input([3, 5, 5], "b")
    left = eddl.ReLu(eddl.Dense(a, 6, True, "left"))
    right = eddl.ReLu(eddl.Dense(eddl.Flatten(b), 6, True, "right"))
    joined = eddl.Dense(eddl.Concat([left, right]), 2, True, "joined")
    net = build(eddl.Model([a, b], [joined, right, left]))
    xs = [rng.normal(size=(4, *s)).astype(np.float32) for s in ((4,), (3, 5, 5))]
    model = assert_same_as_onnx_runtime(net, xs)
    assert [i.name for i in model.graph.input] == ["a", "b"]


def test_input_that_is_an_output(rng):
    x = eddl.Input([4], "x")
    net = build(eddl.Model([x], [x, eddl.Tanh(x)]))
    assert_same_as_onnx_runtime(net, rng.normal(size=(3, 4)).astype(np.float32))


def test_layers_with_one_name(rng):
    x = eddl.Input([4], "x")
    y = eddl.Dense(eddl.Dense(eddl.Dense(x, 4, True, "x_W"), 4, True, "dense"), 4, True, "dense")
    net = build(eddl.Model([x], [y]))
    assert_same_as_onnx_runtime(net, rng.normal(size=(3, 4)).astype(np.float32))


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_memory_levels(mem, rng):
    net = net_of(lambda x: eddl.Dense(eddl.ReLu(eddl.Dense(x, 6)), 3), VECTOR, mem=mem)
    assert_same_as_onnx_runtime(net, rng.normal(size=(3, *VECTOR)).astype(np.float32))


def test_export_leaves_the_net_alone(rng):
    net = build(lenet())
    x, y = batch_for(net)
    before = predict(net, x)
    eddl.serialize_net_to_onnx_string(net, False)
    np.testing.assert_array_equal(predict(net, x), before)
    train(net, x, y, 1)


def test_two_nets_that_share_layers(rng):
    x = eddl.Input([4], "x")
    hidden = eddl.Dense(x, 5, True, "hidden")
    classes = eddl.Softmax(eddl.Dense(hidden, 3, True, "classes"))
    nets = [build(eddl.Model([x], [y])) for y in (hidden, classes)]
    for net in nets:
        assert_same_as_onnx_runtime(net, rng.normal(size=(3, 4)).astype(np.float32))


def test_simplified_net(rng):
    """What the pruning code leaves of a net: other shapes in the same layers, and a carrier of constants."""
    net = build(resnet())
    for layer in net.layers:
        if type(layer).__name__ == "LConv":
            view(layer.params[0])[1::3] = 0
    x = rng.normal(size=(4, 3, 16, 16)).astype(np.float32)
    before = predict(net, x)
    assert "conv" in str(eddl_prune.simplify(net))
    model = assert_same_as_onnx_runtime(net, x)
    np.testing.assert_allclose(run_onnx(model.SerializeToString(), x)[0], before, rtol=1e-4, atol=1e-6)


# --- what is in the file ---


def test_parameters_have_eddls_names_and_layouts():
    x = eddl.Input([3, 8, 8], "x")
    y = eddl.Conv2D(x, 4, [3, 3], [1, 1], "same", True, 1, [1, 1], "conv")
    y = eddl.BatchNormalization(y, True, 0.9, 1e-5, "bn")
    net = build(eddl.Model([x], [eddl.Dense(eddl.Flatten(y), 5, True, "dense")]))
    values = initializers(exported(net))
    layers = {layer.name: layer for layer in net.layers}
    names = {"conv": ["W", "b"], "bn": ["scale", "bias", "mean", "variance"], "dense": ["W", "b"]}
    for layer, parts in names.items():
        for part, parameter in zip(parts, layers[layer].params):
            np.testing.assert_array_equal(values[f"{layer}_{part}"], array(parameter))


def test_batch_is_free():
    model = exported(build(lenet()))
    for value in [*model.graph.input, *model.graph.output]:
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_gradients_take_the_parameters_places():
    net = build(lenet())
    x, y = batch_for(net)
    train(net, x, y)
    values = initializers(exported(net, gradients=True))
    for layer in net.layers:
        for part, gradient in zip("Wb", layer.gradients):
            np.testing.assert_array_equal(values[f"{layer.name}_{part}"], array(gradient))


def test_updates_add_up_where_the_net_keeps_them():
    """In distributed training EDDL sends what its optimizer did to the parameters since they were last reset."""
    net = build(lenet())
    net.enable_distributed()
    before = named_params(net)
    x, y = batch_for(net)
    train(net, x, y, 3)
    values = initializers(exported(net, gradients=True))
    for key, after in named_params(net).items():
        layer, index = key.split("/")
        np.testing.assert_allclose(values[f"{layer}_{'Wb'[int(index)]}"], after - before[key], atol=1e-6)


# --- files ---


def test_file_holds_what_the_string_holds(tmp_path):
    net = build(lenet())
    path = tmp_path / "net.onnx"
    eddl.save_net_to_onnx_file(net, str(path))
    assert path.read_bytes() == eddl.serialize_net_to_onnx_string(net, False)
    assert os.listdir(tmp_path) == ["net.onnx"]


def test_file_that_cannot_be_written(tmp_path):
    net = build(lenet())
    with pytest.raises(RuntimeError, match=r"save_net_to_onnx_file: cannot write '.*absent/net.onnx'"):
        eddl.save_net_to_onnx_file(net, str(tmp_path / "absent" / "net.onnx"))
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(RuntimeError, match="cannot write"):
        eddl.save_net_to_onnx_file(net, str(tmp_path / "folder.onnx"))
    assert os.listdir(tmp_path) == ["folder.onnx"]


# --- refusals ---


def test_unbuilt_net():
    with pytest.raises(ValueError, match="serialize_net_to_onnx_string: build the net 'model' first"):
        eddl.serialize_net_to_onnx_string(lenet(), False)


def test_no_net(tmp_path):
    with pytest.raises(ValueError, match="save_net_to_onnx_file: expected a net, received none"):
        eddl.save_net_to_onnx_file(None, str(tmp_path / "net.onnx"))


def test_negative_sequence_length(tmp_path):
    with pytest.raises(ValueError, match=r"expected a sequence length of 0 .any. or more, received -1"):
        eddl.save_net_to_onnx_file(build(lenet()), str(tmp_path / "net.onnx"), -1)
    assert os.listdir(tmp_path) == []


def test_constant_in_a_sequence(rng):
    """What depends on the batch's size is the same at each step, and only some of it can be said in ONNX."""
    x = eddl.Input([3], "x")
    constant = eddl.ConstOfTensor(tensor([1.0, 2.0, 3.0]), "constant")
    net = build(eddl.Model([x], [eddl.GRU(eddl.Sum(x, constant), 4, False, False, "cell")]))
    xs = rng.normal(size=(2, 5, 3)).astype(np.float32)
    (theirs,) = run_onnx(exported(net).SerializeToString(), xs)
    np.testing.assert_allclose(predict(net, xs), theirs, rtol=1e-5, atol=1e-6)

    y = eddl.Input([3], "y")
    net = build(eddl.Model([y], [eddl.GRU(eddl.Shape(y, True, "shape"), 4, False, False, "cell")]))
    with pytest.raises(ValueError, match="layer 'shape' cannot be written to ONNX: it works at each step"):
        eddl.serialize_net_to_onnx_string(net, False)


# --- nothing is left out, nothing gets out ---


def inputs_of(layers) -> list:
    """The input layers that these depend on."""
    found, pending = [], list(layers)
    while pending:
        layer = pending.pop()
        if layer.parent:
            pending += layer.parent
        elif type(layer).__name__ == "LInput" and layer not in found:
            found.append(layer)
    return found


@pytest.mark.parametrize("name", sorted(set(EVERY_LAYER) - set(UNAVAILABLE)))
def test_every_layer_has_an_onnx_form(name):
    made = EVERY_LAYER[name]()
    outputs = [made] if hasattr(made, "output") else list(made)
    inputs = inputs_of(outputs)
    if not inputs:  # a source: something has to say how large the batch is
        inputs = [eddl.Input(list(outputs[0].output.shape[1:]))]
        outputs = [eddl.Sum(inputs[0], outputs[0])]
    exported(build(eddl.Model(inputs, outputs)))


def test_the_library_shows_nothing_of_protobuf():
    """A process may hold other protobufs, of other versions: the linker must not mix them."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    (library,) = {line.split()[-1] for line in maps if "libeddl.so" in line}
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    assert "serialize_net_to_onnx_string" in symbols
    assert not [line for line in symbols.splitlines() if "protobuf" in line or "4onnx" in line]
