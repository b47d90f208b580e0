"""
simplify on whole nets with squeeze-and-excitation, group normalisation and embeddings: exact, in place, as small as can
be, and training goes on as that of the masked net.
"""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import (
    array,
    assert_same_params,
    build,
    engine_name,
    fail_at_every_step,
    has_onnx,
    params_of,
    seed_params,
    tensor,
    train,
    view,
)
from test_simplify_graphs import channels, conv, head, inputs_for, kill, norm, outputs_of, simplify_exactly

EMBEDDED = engine_name() == "embedded"
SIDE = 7  # not the number of channels: EDDL then broadcasts vectors along all axes


def excited(x, name, reduced=3):
    """Squeeze-and-excitation. EDDL broadcasts vectors alone, and reads what the reshape before reads."""
    count = x.output.shape[1]
    squeezed = eddl.Flatten(eddl.GlobalAveragePool2D(x))
    squeezed = eddl.ReLu(eddl.Dense(squeezed, reduced, True, name + "_squeeze"))
    gate = eddl.HardSigmoid(eddl.Dense(squeezed, count, True, name + "_excite"))
    gate = eddl.Reshape(gate, [count, 1, 1] if EMBEDDED else [count])
    return eddl.Mult(x, eddl.Broadcast(gate, x))


def hard_swish(x):
    return eddl.Mult(x, eddl.HardSigmoid(x))


def se_resnet():
    x = layer = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.ReLu(norm(conv(layer, 6, "stem"), "stem_bn"))
    for block in "ab":
        inner = eddl.ReLu(norm(conv(layer, 5, block + "1"), block + "1_bn"))
        inner = excited(norm(conv(inner, 6, block + "2"), block + "2_bn"), block)
        layer = eddl.ReLu(eddl.Add([layer, inner]))
    return eddl.Model([x], [head(layer)])


def mobile_net():
    """MobileNetV3's blocks: expansion, depthwise convolution, squeeze-and-excitation, projection."""
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = hard_swish(norm(conv(x, 4, "stem"), "stem_bn"))
    for block in "ab":
        wide = hard_swish(norm(conv(layer, 8, block + "1", kernel=1), block + "1_bn"))
        wide = hard_swish(norm(conv(wide, 8, block + "2", groups=8 if EMBEDDED else 1), block + "2_bn"))
        wide = norm(conv(excited(wide, block, 4), 4, block + "3", kernel=1), block + "3_bn")
        layer = eddl.Add([layer, wide])
    return eddl.Model([x], [head(layer)])


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_squeeze_and_excitation_in_a_residual_net(mem):
    net = build(se_resnet(), mem=mem)
    train(net, *batch(net))
    for block in "ab":
        kill(net, block + "1_bn", [0, 1], [0, -1])  # dead
        kill(net, block + "_squeeze", [2], 0.5)
        kill(net, block + "2_bn", [3], 0)  # what the gate multiplies by is not needed there
    kill(net, "stem_bn", [3], 0)
    report = simplify_exactly(net)
    assert channels(net, "a1", "b1", "a_squeeze", "b_squeeze") == [3, 3, 2, 2]
    assert channels(net, "stem", "a2", "a_excite", "b2", "b_excite") == [5] * 5
    assert not any("broadcast" in entry["layer"] for entry in report["pinned"])


def test_squeeze_and_excitation_in_a_mobile_net():
    net = build(mobile_net())
    train(net, *batch(net))
    kill(net, "a1_bn", [0, 1], 0)
    kill(net, "a2_bn", [0, 1, 2], 0)
    kill(net, "b_squeeze", [0, 1], [0, -1])
    simplify_exactly(net)
    # Without groups, "a2" reads dead channels, and they go alone.
    assert channels(net, "a1", "a2", "a_excite", "b_squeeze") == [5 if EMBEDDED else 6, 5, 5, 2]


def test_removing_live_channels_of_a_gated_map():
    small, masked = build(se_resnet()), build(se_resnet())
    ep.remove_channels(small, {"a_excite": [1]})  # and with it what is gated, added to and read
    assert channels(small, "a_excite", "a2", "stem", "b2") == [5] * 4
    for name in ("a1", "b1"):
        view(eddl.getLayer(masked, name).params[0])[:, 1] = 0
    view(eddl.getLayer(masked, "a_squeeze").params[0])[1] = 0
    view(eddl.getLayer(masked, "b_squeeze").params[0])[1] = 0
    view(eddl.getLayer(masked, "head").params[0])[1] = 0
    assert_alike(small, masked)


@pytest.mark.embedded_engine
def test_a_broadcast_of_one_channel_and_shapes_that_come_later():
    """The first couples nothing but the other layer's shape; where the shape is not there yet, all stays."""
    x = eddl.Input([3, SIDE, SIDE], "input")
    a = eddl.ReLu(conv(x, 6, "a"))
    mask = eddl.Sigmoid(conv(x, 1, "mask"))
    gated = eddl.Mult(eddl.Broadcast(mask, a), conv(x, 6, "b"))
    net = build(eddl.Model([x], [head(gated)]))
    kill(net, "b", [0, 1])
    simplify_exactly(net)
    assert channels(net, "a", "b", "mask") == [4, 4, 1]
    assert ep.plan(net).pinned.keys() == {"input", "head"}

    early = conv(x2 := eddl.Input([3, SIDE, SIDE]), 4, "early")
    first = eddl.Broadcast(eddl.ReLu(conv(x2, 1, "one")), other := eddl.Input([4, SIDE, SIDE]))
    net = build(eddl.Model([x2, other], [head(eddl.Add([early, first]))]))
    simplify_exactly(net)


def batch(net, n=4, seed=3):
    inputs = inputs_for(net, n, seed)
    rng = np.random.default_rng(seed)
    return inputs, [rng.normal(size=(n, *layer.output.shape[1:])).astype(np.float32) for layer in net.lout]


def assert_alike(small, masked, tolerance=1e-4, inputs=None):
    inputs = inputs_for(small, 3, 5) if inputs is None else inputs
    for a, e in zip(outputs_of(small, inputs), outputs_of(masked, inputs)):
        assert np.abs(a - e).max() <= tolerance * np.abs(e).max()


def assert_train_alike(small, masked, data):
    """Steps after each of which what was zero is zero again."""
    zeros = [[(p, array(p) == 0) for layer in net.layers for p in layer.params] for net in (small, masked)]
    for _ in range(3):
        for net, held in zip((small, masked), zeros):
            train(net, *data)
            for parameter, zero in held:
                view(parameter)[zero] = 0
    assert_alike(small, masked, inputs=data[0])


@pytest.mark.embedded_engine  # EDDL's threads add up a broadcast's deltas without waiting for each other
def test_training_goes_on_behind_a_gate():
    nets = build(se_resnet(), eddl.sgd(0.01, 0.9)), build(se_resnet(), eddl.sgd(0.01, 0.9))
    for net in nets:
        train(net, *batch(net))
        kill(net, "a_squeeze", [0, 2], -1)
        kill(net, "stem", [2])
        for name in ("stem_bn", "a2_bn", "b2_bn"):
            kill(net, name, [2], 0)
        _core.Mask(net).apply()
    ep.simplify(nets[0])
    assert channels(nets[0], "a_squeeze", "stem", "b_excite") == [1, 5, 5]
    assert_train_alike(*nets, batch(nets[0]))


@pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf")
@pytest.mark.embedded_engine
def test_onnx_after_removal():
    net = build(se_resnet())
    kill(net, "a_squeeze", [0], 0)
    for name in ("stem_bn", "a2_bn", "b2_bn"):
        kill(net, name, [2], 0)
    ep.simplify(net)
    read = eddl.import_net_from_onnx_string(eddl.serialize_net_to_onnx_string(net, False))
    eddl.build(read, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    assert_alike(read, net)
    ep.simplify(read)
    assert_alike(read, net)


# --- group normalisation ---


def group_net(affine=True):
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.GroupNormalization(conv(x, 8, "a"), 4, 1e-3, affine, "groups")
    return eddl.Model([x], [head(eddl.ReLu(conv(eddl.ReLu(layer), 5, "b")))])


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_groups_that_nobody_reads_go(mem, affine):
    nets = [build(group_net(affine), mem=mem) for _ in range(2)]
    for net in nets:
        train(net, *batch(net))
        view(eddl.getLayer(net, "b").params[0])[:, [0, 1, 4, 6, 7]] = 0  # 4 alone keeps 5
        _core.Mask(net).apply()
    before = params_of(nets[0])
    ep.simplify(nets[0])
    assert channels(nets[0], "a", "groups") == [4, 4]
    kept = [2, 3, 4, 5]
    np.testing.assert_array_equal(params_of(nets[0])[0], before[0][kept])
    assert_alike(*nets, 1e-5)
    for n in (1, 5):
        assert_alike(*nets, 1e-5, inputs_for(nets[0], n))
    # EDDL's gradients of scale and shift are means over the groups.
    if EMBEDDED or not affine:
        assert_train_alike(*nets, batch(nets[0]))
    else:
        train(nets[0], *batch(nets[0]))


def test_groups_of_constants_that_differ():
    x = eddl.Input([3, SIDE, SIDE], "input")
    layer = eddl.GroupNormalization(conv(x, 6, "a"), 2, 1e-3, True, "groups")
    net = build(eddl.Model([x], [eddl.Dense(eddl.Flatten(layer), 4, True, "head")]))
    kill(net, "a", [0, 1, 2, 4], [0.5, -2, 1, 3])
    simplify_exactly(net)
    assert channels(net, "a", "groups") == [3, 3]


def test_a_live_channel_takes_its_group_along():
    small, masked = build(group_net()), build(group_net())
    for net in (small, masked):
        train(net, *batch(net))
    ep.remove_channels(small, {"a": [2]})
    assert channels(small, "a", "groups") == [6, 6]
    view(eddl.getLayer(masked, "b").params[0])[:, [2, 3]] = 0
    assert_alike(small, masked)


# --- embeddings ---

WORDS, DIM = 20, 6


def words_of(net, n=4, seed=0):
    return np.random.default_rng(seed).integers(WORDS, size=(n, net.lin[0].output.shape[1])).astype(np.float32)


def embedding_net(length, mem="full_mem", mask=False):
    x = eddl.Input([length], "words")
    layer = eddl.Embedding(x, WORDS, length, DIM, mask, "embedding")
    return build(eddl.Model([x], [eddl.Dense(eddl.ReLu(eddl.Dense(layer, 5, True, "a")), 3, True, "b")]), mem=mem)


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
@pytest.mark.parametrize("length", [1, 4])
def test_columns_that_nobody_reads_go(length, mem):
    nets = [embedding_net(length, mem) for _ in range(2)]
    x = words_of(nets[0])
    y = np.random.default_rng(1).normal(size=(len(x), 3))
    for net in nets:
        train(net, x, y)
        w = view(eddl.getLayer(net, "a").params[0]).reshape(length, DIM, 5)
        w[:, [0, 3]] = 0
        w[0, 4] = 0  # of other positions it is read
        _core.Mask(net).apply()
    small, masked = nets
    kept = [1, 2, 4, 5] if length > 1 else [1, 2, 5]
    before = params_of(small)[0]
    planned = ep.plan(small)
    report = ep.simplify(small)
    assert planned.layers == report.layers
    np.testing.assert_array_equal(params_of(small)[0], before[:, kept])
    assert channels(small, "embedding") == [length * len(kept)]
    assert [entry["parameters"] for entry in _core.layer_stats(small)] == [e.parameters_after for e in report.layers]
    for n in (4, 1, 7):
        assert_alike(small, masked, 1e-5, [words_of(small, n, n)])
    assert_train_alike(small, masked, ([x], y))
    assert not any(layer.removed for layer in ep.simplify(small).layers)
    eddl.save(small, "small.bin", "bin")
    expected = outputs_of(small, [x])[0]
    seed_params(small, 5)
    eddl.load(small, "small.bin", "bin")
    np.testing.assert_array_equal(outputs_of(small, [x])[0], expected)


@pytest.mark.parametrize("mask", [False, pytest.param(True, marks=pytest.mark.embedded_engine)])
def test_columns_with_one_value_for_all_words_go(mask):
    net = embedding_net(3, mask=mask)
    table = view(eddl.getLayer(net, "embedding").params[0])
    table[:, 1] = 0
    table[:, 2] = 0.5  # with masks, the masked words' is 0
    x = words_of(net)
    expected = outputs_of(net, [x])[0]
    ep.simplify(net)
    assert channels(net, "embedding") == [3 * (5 if mask else 4)]
    np.testing.assert_allclose(outputs_of(net, [x])[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(EMBEDDED, reason="the embedded engine masks the zeros themselves")
def test_on_eddl_masked_words_are_not_followed():
    assert "masks zeros" in ep.plan(embedding_net(2, mask=True)).pinned["embedding"]


def test_words_that_the_net_computes_all_stay():
    x = eddl.Input([3], "input")
    layer = eddl.Embedding(eddl.ReLu(x), WORDS, 3, 2, False, "embedding")
    net = build(eddl.Model([x], [eddl.Dense(layer, 3)]))
    assert "words that the net computes" in ep.plan(net).pinned["embedding"]


def test_a_failure_midway_leaves_the_embedding():
    net = embedding_net(2)
    train(net, words_of(net), np.zeros((4, 3)))
    view(eddl.getLayer(net, "a").params[0]).reshape(2, DIM, 5)[:, 2] = 0
    state, x = params_of(net), words_of(net)
    expected = outputs_of(net, [x])[0]

    def unchanged(step):
        assert_same_params(state, net)
        np.testing.assert_array_equal(outputs_of(net, [x])[0], expected)

    assert fail_at_every_step(lambda: _core.simplify(net), unchanged) > 3 and channels(net, "embedding") == [10]


def test_words_of_a_sentence_one_by_one():
    """As recurrent nets read them: an embedding of one word a time step."""
    x = eddl.Input([1], "word")
    layer = eddl.Dense(eddl.Embedding(x, WORDS, 1, DIM, EMBEDDED, "embedding"), 4, True, "a")
    net = build(eddl.Model([x], [eddl.Dense(eddl.LSTM(layer, 5, False, False, "cell"), 2, True, "b")]))
    view(eddl.getLayer(net, "a").params[0])[[0, 4]] = 0
    sentences = np.random.default_rng(0).integers(WORDS, size=(3, 7, 1)).astype(np.float32)
    expected = outputs_of(net, [sentences])[0]
    ep.simplify(net)
    assert channels(net, "embedding") == [4]
    np.testing.assert_allclose(outputs_of(net, [sentences])[0], expected, rtol=1e-5, atol=1e-7)
    eddl.train_batch(net, [tensor(sentences)], [tensor(np.zeros((3, 1, 2)))])
