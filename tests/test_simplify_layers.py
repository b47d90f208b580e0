"""
simplify through every kind of layer: a producer, the layer, and a reader; some of the producer's channels are dead,
some constant. The outputs stay, the handles stay, and what can go goes.
"""

from dataclasses import dataclass
from typing import Callable

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
    params_of,
    tensor,
    train,
    view,
)
from test_simplify_graphs import kill, outputs_of, simplify_exactly

CHANNELS = 6


def conv2d(x, filters, name="", kernel=3, padding="same"):
    return eddl.Conv2D(x, filters, [kernel] * 2, [1, 1], padding, True, 1, [1, 1], name)


def conv1d(x, filters, name="", kernel=3, padding="same"):
    return eddl.Conv1D(x, filters, [kernel], [1], padding, True, 1, [1], name)


def conv3d(x, filters, name="", kernel=3, padding="same"):
    return eddl.Conv3D(x, filters, [kernel] * 3, [1] * 3, padding, True, 1, [1] * 3, name)


def dense(x, units, name=""):
    return eddl.Dense(x, units, True, name)


def framed(x, filters, name=""):
    return conv2d(eddl.Pad(x, [1, 0, 2, 1]), filters, name, 3, "valid")


def normed(x, filters, name=""):
    unbiased = eddl.Conv2D(x, filters, [2, 2], [1, 1], "valid", False, 1, [1, 1], name)
    return eddl.BatchNormalization(unbiased, True, 0.9, 1e-3)


def excited(x):
    """What squeeze-and-excitation multiplies x by: a value a channel, as a vector since EDDL broadcasts no others."""
    squeezed = eddl.ReLu(eddl.Dense(eddl.Flatten(eddl.GlobalAveragePool2D(x)), 3, True))
    gate = eddl.Sigmoid(eddl.Dense(squeezed, x.output.shape[1], True))
    return eddl.Broadcast(eddl.Reshape(gate, [x.output.shape[1]]), x)  # EDDL's reads what the reshape reads


def one_for_all(x):
    return eddl.Broadcast(eddl.Sigmoid(conv2d(x, 1)), x)


@dataclass(frozen=True)
class Kind:
    """
    layer: what is put behind the producer.
    left: channels of the producer that stay of CHANNELS, of which 0 and 1 are dead (0 and negative before the ReLU),
        and 2 and 3 the constant 0.5. One constant may have to carry.
    """

    layer: Callable
    left: int
    side: tuple = (6, 6)
    reader: Callable = conv2d
    only_embedded: bool = False
    trains: bool = True  # on EDDL, too
    comparable: bool = True  # training, to that of the masked net: no noise, no statistics of batches


FOLDED, CARRIED, ZEROS, BORDERED, ALL = 2, 3, 4, 5, 6
# Zeros go; the constants of 0.5 go, go but for one, stay; BORDERED: these go but for one, zeros stay.

KINDS = {
    "none": Kind(lambda x: x, CARRIED),
    "max_pool": Kind(lambda x: eddl.MaxPool2D(x, [2, 2], [2, 2], "none"), CARRIED),
    "max_pool_padded": Kind(lambda x: eddl.MaxPool2D(x, [3, 3], [1, 1], "same"), CARRIED),
    "average_pool_padded": Kind(lambda x: eddl.AveragePool2D(x, [3, 3], [1, 1], "same"), ZEROS),
    "global_max_pool": Kind(eddl.GlobalMaxPool2D, CARRIED),
    "global_average_pool": Kind(lambda x: eddl.Flatten(eddl.GlobalAveragePool2D(x)), FOLDED, reader=dense),
    "upsampling": Kind(lambda x: eddl.UpSampling2D(x, [2, 2]), CARRIED),
    "resize": Kind(lambda x: eddl.Resize(x, [9, 4]), CARRIED),
    "resize_half_pixel": Kind(lambda x: eddl.Resize(x, [3, 11], coordinate_transformation_mode="half_pixel"), CARRIED),
    "resize_within": Kind(lambda x: eddl.Resize(x, [4, 4], False, "constant", 0.25), ALL),
    "pad_with_zeros": Kind(lambda x: eddl.Pad(x, [1, 2, 0, 1], 0.0), ZEROS),
    "pad_before_the_reader": Kind(lambda x: x, CARRIED, reader=framed),
    "pad_before_the_largest": Kind(lambda x: eddl.MaxPool2D(eddl.Pad(x, [1, 1]), [3, 3], [2, 2], "none"), CARRIED),
    "reader_with_a_batch_norm": Kind(lambda x: x, FOLDED, reader=normed),
    "pad_with_the_constant": Kind(lambda x: eddl.Pad(x, [1, 2, 0, 1], 0.5), BORDERED),
    "dropout": Kind(lambda x: eddl.Dropout(x, 0.25, True), CARRIED, comparable=False),
    "noise": Kind(lambda x: eddl.GaussianNoise(x, 0.1), CARRIED, comparable=False),
    "flatten": Kind(eddl.Flatten, FOLDED, reader=dense),
    "reshape_within": Kind(lambda x: eddl.Reshape(x, [6, 4, 9]), CARRIED),
    "reshape_halves": Kind(lambda x: eddl.Reshape(x, [12, 3, 6]), CARRIED),
    "reshape_pairs": Kind(lambda x: eddl.Reshape(x, [3, 12, 6]), 4),  # 0 and 1, 2 and 3 go together; 2 and 3 carry
    "reshape_away_and_back": Kind(lambda x: eddl.Reshape(eddl.Flatten(x), [6, 6, 6]), CARRIED),
    "unsqueeze_and_squeeze": Kind(lambda x: eddl.Squeeze(eddl.Unsqueeze(x, 3), 3), CARRIED),
    "squeeze": Kind(lambda x: eddl.Squeeze(eddl.GlobalMaxPool2D(x)), FOLDED, reader=dense),
    "permute_positions": Kind(lambda x: eddl.Permute(x, [0, 2, 1]), CARRIED, side=(4, 7)),
    "permute_channels": Kind(lambda x: eddl.Permute(x, [1, 0, 2]), ALL),
    "select_channels": Kind(
        lambda x: eddl.Select(x, ["1:5", ":", "2:5"]), 2
    ),  # 0 and 5 are read by nobody, 1 is 0, 2 carries
    "select_positions": Kind(lambda x: eddl.Select(x, [":", "1:4"]), CARRIED),
    # 0 and 1 are 0, 2 and 3 constants that the sum adds itself; on EDDL its operands stay even.
    "split": Kind(lambda x: eddl.Add(eddl.Split(x, [2, 4], 0)), 2 + 2 * (engine_name() == "EDDL")),
    # Channel 3, the first constant that the reader sees, carries; the other part leaves.
    "split_and_join": Kind(lambda x: eddl.Concat(eddl.Split(x, [3], 0)[::-1]), 3),
    "mean": Kind(lambda x: eddl.ReduceMean(x, [1, 2]), FOLDED, reader=dense),
    "sum": Kind(lambda x: eddl.ReduceSum(x, [1, 2]), FOLDED, reader=dense),
    "max": Kind(lambda x: eddl.ReduceMax(x, [2]), CARRIED, reader=conv1d),
    "min": Kind(lambda x: eddl.ReduceMin(x, [1]), CARRIED, reader=conv1d),
    "mean_kept": Kind(lambda x: eddl.ReduceMean(x, [1, 2], True), CARRIED),
    "mean_of_channels": Kind(lambda x: eddl.Flatten(eddl.ReduceMean(x, [0])), ALL, reader=dense),
    "variance": Kind(lambda x: eddl.ReduceVar(x, [1, 2]), FOLDED, reader=dense, only_embedded=True),
    "tile": Kind(lambda x: eddl.Tile(x, [1, 2, 1]), CARRIED),
    "tile_channels": Kind(lambda x: eddl.Tile(x, [2, 1, 1]), CARRIED),
    "repeat": Kind(lambda x: eddl.Repeat(x, 2, 1), CARRIED),
    "repeat_channels": Kind(lambda x: eddl.Repeat(x, [2, 1, 3, 1, 2, 1], 0), CARRIED),
    "abs": Kind(eddl.Abs, CARRIED),
    "softmax": Kind(eddl.Softmax, ALL),
    "layer_norm": Kind(eddl.LayerNormalization, ALL),
    # 0 and 1, and 2 and 3 go together: what does not differ becomes the shift.
    "group_norm": Kind(lambda x: eddl.Flatten(eddl.GroupNormalization(x, 3)), FOLDED, reader=dense, comparable=False),
    "group_norm_plain": Kind(lambda x: eddl.GroupNormalization(x, 3, affine=False), FOLDED),
    "group_norm_of_one": Kind(lambda x: eddl.GroupNormalization(x, 1), ALL),
    "gate_for_all": Kind(lambda x: eddl.Mult(x, one_for_all(x)), ZEROS, only_embedded=True),
    # EDDL's threads add up a broadcast's deltas without waiting for each other.
    "gate_by_channel": Kind(
        lambda x: eddl.Mult(x, excited(x)), ZEROS, side=(5, 4), comparable=engine_name() == "embedded"
    ),
    "crop": Kind(lambda x: eddl.Crop(x, [1, 1], [4, 4]), ALL, trains=False),
    "dense_on_the_last_axis": Kind(lambda x: eddl.Dense(x, 5, True), ALL),
    "dense_on_the_last_axis_unbiased": Kind(lambda x: eddl.Dense(x, 5, False), ALL),
    "concat_of_rows": Kind(lambda x: eddl.Concat([x, x], 1), CARRIED),
    "conv1d": Kind(lambda x: x, CARRIED, (9,), conv1d),
    "max_pool_1d": Kind(lambda x: eddl.MaxPool1D(x, [2], [2], "none"), CARRIED, (9,), conv1d),
    "average_pool_1d": Kind(lambda x: eddl.AveragePool1D(x, [2], [2], "none"), CARRIED, (8,), conv1d),
    "flat_1d": Kind(lambda x: eddl.Flatten(eddl.MaxPool1D(x, [3], [3], "none")), FOLDED, (9,), dense),
    "conv3d": Kind(lambda x: x, CARRIED, (4, 5, 4), conv3d),
    "max_pool_3d": Kind(lambda x: eddl.MaxPool3D(x, [2] * 3, [2] * 3, "none"), CARRIED, (4, 4, 6), conv3d),
    "average_pool_3d": Kind(lambda x: eddl.AveragePool3D(x, [2] * 3, [2] * 3, "none"), CARRIED, (4, 4, 4), conv3d),
    "upsampling_3d": Kind(lambda x: eddl.UpSampling3D(x, [4, 8, 6]), CARRIED, (2, 4, 3), conv3d),
    "batch_norm_3d": Kind(
        lambda x: eddl.BatchNormalization(x, True, 0.9, 1e-3),
        CARRIED,
        (4, 4, 4),
        conv3d,
        only_embedded=True,
        comparable=False,
    ),
    "transposed": Kind(lambda x: eddl.ConvT2D(x, 4, [3, 3], [2, 2], "same"), CARRIED, only_embedded=True),
    "transposed_3d": Kind(
        lambda x: eddl.ConvT3D(x, 4, [3] * 3, [2] * 3, "same"), CARRIED, (2, 3, 3), conv3d, only_embedded=True
    ),
}


def make(kind, mem="full_mem", optimizer=None):
    """The net of a kind. "dense" and "normed" readers take up constants; the others pad and need a carrier."""
    rank = len(kind.side)
    x = eddl.Input([2, *kind.side], "input")
    producer = (conv1d, conv2d, conv3d)[rank - 1](x, CHANNELS, "producer")
    made = eddl.ReLu(kind.layer(eddl.ReLu(producer)))
    net = build(eddl.Model([x], [kind.reader(made, 3, "reader")]), mem=mem, optimizer=optimizer)
    kill(net, "producer", [0, 1, 2, 3], [0, -1, 0.5, 0.5])
    return net


def kinds():
    return [
        pytest.param(kind, id=name, marks=[pytest.mark.embedded_engine] if kind.only_embedded else [])
        for name, kind in KINDS.items()
    ]


@pytest.mark.parametrize("kind", kinds())
def test_exact_and_as_small_as_can_be(kind):
    net = make(kind)
    simplify_exactly(net, trains=kind.trains)
    unbiased = engine_name() == "EDDL" and len(kind.side) == 3  # EDDL's Conv3D: what is dead is 0
    assert eddl.getLayer(net, "producer").output.shape[1] == (2 if unbiased else kind.left)


def batch_of(net, n=4, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *net.lin[0].output.shape[1:])).astype(np.float32)
    return x, rng.normal(size=(n, *net.lout[0].output.shape[1:])).astype(np.float32)


def trained_net(kind, mem="full_mem"):
    """Moments of all weights, and channels 0 and 1 that are dead for good: the ReLU's gradient there is 0."""
    net = make(kind, mem, eddl.sgd(0.001, 0.9))
    kill(net, "producer", [2, 3], [0.25, 0.5])
    if kind.trains:
        train(net, *batch_of(net), steps=2)
    kill(net, "producer", [0, 1], -1)
    _core.Mask(net).apply()
    return net


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
@pytest.mark.parametrize("kind", kinds())
def test_in_place_at_every_memory_level(kind, mem):
    """Handles held before are the net's, training goes on as that of the masked net, files fit, batches vary."""
    masked, small = trained_net(kind, mem), trained_net(kind, mem)
    layers = list(small.layers)
    tensors = [t for layer in layers for t in (*layer.params, layer.output)]
    before = [t.shape for t in tensors]
    _core.simplify(small)
    assert_same_layers(layers, small)
    assert all(a is b for a, b in zip(tensors, [t for layer in layers for t in (*layer.params, layer.output)]))
    assert before != [t.shape for t in tensors] or kind.left in (ALL, BORDERED)
    if kind.trains and kind.comparable:
        for _ in range(3):
            for net in (masked, small):
                train(net, *batch_of(net))
        assert_same_outputs(masked, small)
    expected = outputs_of(small, [batch_of(small)[0]])[0]
    eddl.save(small, "small.bin", "bin")
    view(small.layers[1].params[0])[...] = 0
    eddl.load(small, "small.bin", "bin")
    np.testing.assert_array_equal(outputs_of(small, [batch_of(small)[0]])[0], expected)


def assert_same_outputs(masked, small):
    for n in (4, 1, 3):
        x, _ = batch_of(small, n, seed=n)
        expected, actual = (outputs_of(net, [x])[0] for net in (masked, small))
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())
        # What a handle shows is what it showed, without the channels that went.
        eddl.forward(small, [tensor(x)])
        eddl.forward(masked, [tensor(x)])
        ours, theirs = (array(eddl.getOutput(eddl.getLayer(net, "producer"))) for net in (small, masked))
        assert len(ours) == n
        for channel in range(ours.shape[1]):
            differences = np.abs(theirs - ours[:, [channel]]).reshape(n, CHANNELS, -1).max(axis=(0, 2))
            assert differences.min() <= 1e-4 * max(1, np.abs(theirs).max())


@pytest.mark.parametrize("kind", kinds())
def test_a_failure_midway_changes_nothing(kind):
    net = trained_net(kind)
    x, _ = batch_of(net)
    expected, state = outputs_of(net, [x])[0], params_of(net)
    shapes = [tuple(layer.output.shape) for layer in net.layers]

    def unchanged(step):
        assert_same_params(state, net)
        assert shapes == [tuple(layer.output.shape) for layer in net.layers]

    assert fail_at_every_step(lambda: _core.simplify(net), unchanged) > 3 or kind.left in (ALL, BORDERED)
    np.testing.assert_allclose(outputs_of(net, [x])[0], expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
