"""Thresholds, channel norms and zeroing, and the masks and snapshots that training with zeros needs, against NumPy."""

import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.05, 0.9),
    "adam": lambda: eddl.adam(0.01),
    "rmsprop": lambda: eddl.rmsprop(0.001),
    **helpers.STEPLESS_ON_EDDL,
}
# Of those that PyEDDL shows.
MOMENTS = {name: ["mT"] for name in OPTIMIZERS} | {"adam": ["mT", "vT"], "rmsprop": ["gT", "gT1"]}


def built(optimizer=None):
    return helpers.build(helpers.bn_convnet(), optimizer, loss="softmax_cross_entropy", metric="accuracy", threads=1)


def prunable(net):
    """{key: values} of the weights and used biases of convolutions and dense layers; only dense1 uses one."""
    unused = {"conv1/1", "conv2/1"}
    return {k: v for k, v in helpers.named_params(net).items() if k.startswith(("conv", "dense")) and k not in unused}


def train(net, steps=1):
    helpers.train(net, *helpers.batch_for(net), steps=steps)


def by_layer(counts):
    """Sums "layer/index" entries by layer."""
    total = {}
    for key, count in counts.items():
        layer = key.split("/")[0]
        total[layer] = total.get(layer, 0) + int(count)
    return total


# --- threshold ---


@pytest.mark.parametrize("limit", [0.0, 1e-3, 0.1, 100.0])
@pytest.mark.parametrize("build", [True, False], ids=["built", "unbuilt"])
def test_threshold_zeroes_what_is_below(limit, build):
    net = helpers.bn_convnet()
    if build:
        helpers.build(net)
    else:
        helpers.seed_params(net)
    before = helpers.named_params(net)
    chosen = prunable(net)
    counts = _core.threshold(net, limit)
    assert counts == by_layer(
        {k: np.count_nonzero((np.abs(v) < np.float32(limit)) & (v != 0)) for k, v in chosen.items()}
    )
    assert list(counts) == ["conv1", "conv2", "dense1"]
    for key, value in helpers.named_params(net).items():
        expected = np.where(np.abs(before[key]) < np.float32(limit), 0, before[key]) if key in chosen else before[key]
        np.testing.assert_array_equal(value, expected, err_msg=key)
    assert sum(_core.threshold(net, limit).values()) == 0


def test_threshold_of_chosen_layers_and_without_biases():
    net = built()
    before = helpers.named_params(net)
    assert list(_core.threshold(net, 0.2, biases=False, layers=["dense1", "conv2", "dense1"])) == ["conv2", "dense1"]
    changed = {key for key, value in helpers.named_params(net).items() if not np.array_equal(value, before[key])}
    assert changed == {"conv2/0", "dense1/0"}
    assert _core.threshold(net, 100.0, layers=[]) == {}


# --- channels ---


def channels_first(key, value):
    """One row an output channel: convolutions are [out, in, h, w], dense weights [in, out]."""
    return value.reshape(len(value), -1) if key.startswith("conv") else value.T


def test_channel_norms():
    net = built()
    norms = _core.channel_norms(net)
    for key, value in prunable(net).items():
        if key.endswith("/0"):
            expected = np.linalg.norm(channels_first(key, value).astype(np.float64), axis=1)
            actual = norms[key.split("/")[0]]
            assert actual.dtype == np.float32
            np.testing.assert_allclose(actual, expected, rtol=1e-6)
    assert list(norms) == ["conv1", "conv2", "dense1"]
    assert list(_core.channel_norms(net, ["conv2"])) == ["conv2"]


@pytest.mark.parametrize("biases", [True, False], ids=["biases", "weights-only"])
def test_zero_channels(biases):
    net = built()
    before = helpers.named_params(net)
    chosen = {"conv1": [0, 4, 4], "dense1": np.array([3, 1])}
    counts = _core.zero_channels(net, chosen, biases=biases)
    expected = {key: value.copy() for key, value in before.items()}
    for layer, channels in chosen.items():
        channels_first(layer, expected[f"{layer}/0"])[channels] = 0
    if biases:
        expected["dense1/1"][chosen["dense1"]] = 0
    for key, value in helpers.named_params(net).items():
        np.testing.assert_array_equal(value, expected[key], err_msg=key)
    assert counts == {"conv1": 2 * 27, "dense1": 2 * (8 + biases)}
    assert _core.zero_channels(net, {}) == {}


# --- masks ---


@pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
def test_masked_weights_stay_zero_while_training_goes_on(name):
    net = built(_core.LOBSTER(OPTIMIZERS[name](), 1e-4))
    train(net, 2)
    _core.threshold(net, 0.2)
    zeros = {key: value == 0 for key, value in prunable(net).items()}
    mask = _core.Mask(net)
    assert mask.count == sum(map(np.count_nonzero, zeros.values()))
    for _ in range(3):
        train(net)
        mask.apply()
        for key, value in prunable(net).items():
            assert not value[zeros[key]].any(), key
            assert value[~zeros[key]].all(), key


def test_mask_stops_the_momentum_of_zeroed_weights():
    inner = eddl.sgd(0.05, 0.9)
    net = built(_core.LOBSTER(inner, 0.0))
    train(net, 3)
    _core.threshold(net, 0.2)
    mask = _core.Mask(net)
    mask.apply()
    is_zero = helpers.named_params(net)["conv1/0"] == 0
    momentum = helpers.array(inner.mT[0])
    assert is_zero.any()
    assert not momentum[is_zero].any()
    assert momentum[~is_zero].all()


def test_mask_without_biases():
    net = built()
    _core.zero_channels(net, {"dense1": [0]})
    assert _core.Mask(net).count == _core.Mask(net, biases=False).count + 1


@given(hnp.arrays(np.float32, (6, 3, 3, 3), elements=st.sampled_from([0.0, -0.0, 1e-45, -2.0])))
def test_mask_counts_exact_zeros(kernel):
    net = helpers.bn_convnet()
    helpers.seed_params(net)
    helpers.view(eddl.getLayer(net, "conv1").params[0])[...] = kernel
    assert _core.Mask(net).count == np.count_nonzero(kernel == 0)


# --- snapshots ---


@pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
@pytest.mark.parametrize("wrapped", [True, False], ids=["LOBSTER", "plain"])
def test_training_after_restore_repeats_itself(name, wrapped):
    inner = OPTIMIZERS[name]()
    net = built(_core.LOBSTER(inner, 1e-3) if wrapped else inner)
    train(net, 2)
    snapshot = _core.Snapshot(net)
    state = helpers.params_of(net)
    moments = [helpers.array(t) for m in MOMENTS[name] for t in getattr(inner, m)]

    train(net, 3)
    after = helpers.params_of(net)
    for _ in range(2):
        snapshot.restore()
        helpers.assert_same_params(state, net)
        restored = [helpers.array(t) for m in MOMENTS[name] for t in getattr(inner, m)]
        helpers.assert_same_params(moments, restored)
        train(net, 3)
        helpers.assert_same_params(after, net)


def test_snapshot_of_parameters_alone_keeps_the_moments():
    inner = eddl.adam(0.01)
    net = built(inner)
    train(net)
    snapshot = _core.Snapshot(net, optimizer=False)
    state = helpers.params_of(net)
    train(net)
    moments = [helpers.array(t) for t in inner.mT]
    snapshot.restore()
    helpers.assert_same_params(state, net)
    helpers.assert_same_params(moments, [helpers.array(t) for t in inner.mT])
    assert inner.t == 2


def test_snapshot_and_mask_keep_their_net_alive():
    net = built()
    snapshot, mask = _core.Snapshot(net), _core.Mask(net)
    del net
    snapshot.restore()
    mask.apply()


def test_snapshot_of_an_unbuilt_net():
    net = helpers.mlp()
    helpers.seed_params(net)
    state = helpers.params_of(net)
    snapshot = _core.Snapshot(net)
    helpers.build(net, seed=5)
    snapshot.restore()
    helpers.assert_same_params(state, net)
