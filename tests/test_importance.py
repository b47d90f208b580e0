"""Criteria of importance against NumPy and finite differences, and zero_channels, which uses them too."""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from eddl_prune._samples import Samples
from eddl_prune.importance import CRITERIA, importance, units_of
from helpers import (
    array,
    assert_same_params,
    batch_for,
    bn_convnet,
    build,
    lenet,
    params_of,
    predict,
    tensor,
    train,
    view,
)


def values_by_channel(net, name, criterion, data=None, seed=0):
    """Importance of each channel of a layer."""
    position = [layer.name for layer in net.layers].index(name)
    units = units_of(net)
    samples = Samples(net, *data) if data else None
    values = importance(net, units, criterion, samples, 4, seed)
    found = {channel: v for unit, v in zip(units, values) for place, channel in unit.channels if place == position}
    return np.array([found[channel] for channel in sorted(found)])


def residual():
    x = eddl.Input([2, 5, 5], "input")
    stem = eddl.ReLu(eddl.BatchNormalization(conv(x, 6, "stem"), True, 0.9, 1e-5, "bn"))
    inner = conv(eddl.ReLu(conv(stem, 4, "inner")), 6, "outer")
    layer = eddl.ReLu(eddl.Add([stem, inner]))
    return eddl.Model([x], [eddl.Dense(eddl.Flatten(layer), 3, name="scores")])


def conv(layer, filters, name):
    return eddl.Conv2D(layer, filters, [3, 3], [1, 1], "same", True, 1, [1, 1], name)


def data_for(net, n=8):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, *net.lin[0].output.shape[1:])).astype(np.float32)
    return [x], [rng.normal(size=(n, *net.lout[0].output.shape[1:])).astype(np.float32)]


# --- criteria ---


def test_l1_and_l2_are_means_over_all_coupled_weights():
    net = build(residual())
    stem, outer = (array(eddl.getLayer(net, name).params[0]).reshape(6, -1) for name in ("stem", "outer"))
    both = np.concatenate([stem, outer], axis=1).astype(np.float64)
    np.testing.assert_allclose(values_by_channel(net, "stem", "l1"), np.abs(both).mean(1), rtol=1e-6)
    np.testing.assert_allclose(values_by_channel(net, "outer", "l2"), np.sqrt((both**2).mean(1)), rtol=1e-6)
    dense = build(lenet())
    weights = array(eddl.getLayer(dense, "dense1").params[0])
    np.testing.assert_allclose(values_by_channel(dense, "dense1", "l1"), np.abs(weights).mean(0), rtol=1e-6)


def test_bn_scale():
    net = build(residual())
    expected = np.abs(array(eddl.getLayer(net, "bn").params[0]))
    np.testing.assert_allclose(values_by_channel(net, "stem", "bn_scale"), expected, rtol=1e-6)
    assert np.isnan(values_by_channel(net, "inner", "bn_scale")).all()
    report = ep.remove_channels(net, amount=0.5, criterion="bn_scale")
    assert list(report.channels) == ["stem"]
    assert set(report.channels["stem"]) == set(np.argsort(expected)[:3])


def test_taylor_against_finite_differences():
    """The loss's derivative by a factor on the unit's output: all its parameters scaled by 1 + h."""
    net = build(lenet(filters=(3, 4), hidden=5), loss="mse")
    (x,), (y,) = data_for(net, 4)
    values = values_by_channel(net, "conv2", "taylor", ([x], [y]))
    before = params_of(net)
    layer = eddl.getLayer(net, "conv2")
    h = 1e-2
    for channel in range(4):
        losses = []
        for factor in (1 + h, 1 - h):
            originals = [view(p)[channel].copy() for p in layer.params]
            for p in layer.params:
                view(p)[channel] *= factor
            losses.append(((predict(net, x) - y) ** 2).sum() / len(x) / 2)  # EDDL's mse has the gradient (y - t)/batch
            for p, original in zip(layer.params, originals):
                view(p)[channel] = original
        derivative = (losses[0] - losses[1]) / (2 * h)
        np.testing.assert_allclose(values[channel], abs(derivative), rtol=0.05, atol=1e-5)
    assert_same_params(before, net)


def test_taylor_of_a_batch_norm_is_its_gate():
    """Weights before a batch norm have no first-order part of their own; its scale and shift have."""
    net = build(bn_convnet(), loss="mse")
    data = data_for(net, 4)
    values = values_by_channel(net, "conv1", "taylor", data)
    eddl.set_mode(net, 1)
    eddl.zeroGrads(net)
    eddl.forward(net, [tensor(data[0][0])])
    eddl.backward(net, [tensor(data[1][0])])
    norm = eddl.getLayer(net, "bn1")
    gate = sum(array(p).astype(np.float64) * array(g) for p, g in zip(norm.params[:2], norm.gradients))
    assert values.shape == (6,) and (values > 0).all()
    order = np.argsort(np.abs(gate))
    np.testing.assert_array_equal(np.argsort(values)[-2:], order[-2:])


def test_sensitivity_of_a_linear_net():
    """Without activations |dy_k/dp| is known: the weight from p to y_k, averaged over the outputs."""
    x = eddl.Input([4], "input")
    hidden = eddl.Dense(x, 5, True, "hidden")
    net = build(eddl.Model([x], [eddl.Dense(hidden, 3, True, "scores")]))
    weights = array(eddl.getLayer(net, "scores").params[0])
    values = values_by_channel(net, "hidden", "sensitivity", data_for(net))
    np.testing.assert_allclose(values, np.abs(weights).mean(1), rtol=1e-5)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_looking_changes_nothing(criterion, mem):
    net = build(bn_convnet(), loss="mse", mem=mem)
    twin = build(bn_convnet(), loss="mse", mem=mem)
    data = data_for(net, 6)
    before = params_of(net)
    for mode in (1, 0):
        eddl.set_mode(net, mode)
        values_by_channel(net, "conv1", criterion, data)
        assert net.trmode == mode
    assert_same_params(before, net)
    x, y = batch_for(net, 6)
    for one in (net, twin):
        eddl.train_batch(one, [tensor(x)], [tensor(y)])
    for a, b in zip(params_of(net), params_of(twin)):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.embedded_engine  # EDDL's random numbers cannot be set
@pytest.mark.parametrize("criterion", CRITERIA)
def test_random_layers_go_on_as_if_nobody_had_looked(criterion):
    def trained(looks):
        layer = eddl.Input([6], "input")
        hidden = eddl.Dropout(eddl.ReLu(eddl.Dense(layer, 8, True, "hidden")), 0.5)
        net = build(eddl.Model([layer], [eddl.Dense(hidden, 3)]), threads=1)
        _core.set_random_state(7)
        if looks:
            values_by_channel(net, "hidden", criterion, data_for(net))
        (x,), (y,) = data_for(net)
        train(net, x, y, steps=3)
        return net

    assert_same_params(params_of(trained(False)), trained(True))


@pytest.mark.parametrize("size, starts", [(2, [0, 2, 4]), (3, [0, 3]), (5, [0]), (9, [0])])
def test_batches_are_equally_large_and_hold_every_sample(size, starts):
    net = build(lenet())
    (x,), (y,) = data_for(net, 5)
    batches = list(Samples(net, [x], [y]).batches(size))
    assert len(batches) == len(starts)
    for ((inputs,), (targets,)), start in zip(batches, starts):
        indices = [i % 5 for i in range(start, start + min(size, 5))]
        np.testing.assert_array_equal(array(inputs), x[indices])
        np.testing.assert_array_equal(array(targets), y[indices])


def test_random_depends_on_the_seed_only():
    chosen = [ep.zero_channels(build(lenet()), amount=0.5, criterion="random", seed=seed) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_global_ranks_across_layers():
    """A layer whose weights are all small goes first, down to what must stay."""
    net = build(lenet(filters=(8, 8), hidden=8))
    view(eddl.getLayer(net, "conv2").params[0])[...] *= 1e-3
    report = ep.remove_channels(net, amount=7 / 24)
    assert list(report.channels) == ["conv2"] and len(report.channels["conv2"]) == 7


# --- zero_channels ---


@pytest.mark.parametrize("make", [lenet, bn_convnet, residual])
def test_zeroed_channels_are_what_simplify_removes(make):
    net, other = build(make()), build(make())
    x = batch_for(net, 4)[0]
    zeroed = ep.zero_channels(net, amount=0.5, scope="layer")
    assert zeroed
    for name, channels in zeroed.items():
        weights = array(eddl.getLayer(net, name).params[0])
        assert not (weights.T if name.startswith("dense") else weights)[list(channels)].any()
    expected = predict(net, x)
    ep.simplify(net)
    assert np.abs(predict(net, x) - expected).max() <= 1e-5 * np.abs(expected).max()
    ep.remove_channels(other, amount=0.5, scope="layer")
    assert np.abs(predict(other, x) - expected).max() <= 1e-5 * np.abs(expected).max()
    assert ep.stats(net).parameters == ep.stats(other).parameters


def test_naming_one_channel_zeroes_the_whole_unit():
    net = build(residual())
    assert ep.zero_channels(net, {"outer": [2]}) == {"stem": (2,), "bn": (2,), "outer": (2,)}
    for name in ("stem", "bn", "outer"):
        assert not array(eddl.getLayer(net, name).params[0])[2].any()


def test_bad_arguments_change_nothing():
    net = build(lenet())
    before = params_of(net)
    for arguments, error in (
        ({}, ValueError),
        ({"channels": {"conv1": [99]}}, IndexError),
        ({"channels": {"dense2": [0]}}, ep.PruneError),
        ({"amount": 2}, ValueError),
    ):
        with pytest.raises(error, match=r"(zero|remove)_channels"):
            ep.zero_channels(net, **arguments)
    assert_same_params(before, net)
