"""LOBSTER as an EDDL optimizer: its step against a recomputation in NumPy, with all inner optimizers that take one."""

import gc

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core

OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.05),
    "sgd-momentum": lambda: eddl.sgd(0.05, 0.9),
    "adam": lambda: eddl.adam(0.01),
    "rmsprop": lambda: eddl.rmsprop(0.001),
    **helpers.STEPLESS_ON_EDDL,
}
optimizers = pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
LAMBDA = 0.05


def small_net(use_bias=True):
    """Convolution, batch norm, dense: what LOBSTER shrinks and what it must not."""
    x = eddl.Input([2, 6, 6], "input")
    layer = eddl.Conv2D(x, 5, [3, 3], [1, 1], "same", use_bias, 1, [1, 1], "conv")
    layer = eddl.ReLu(eddl.BatchNormalization(layer, True, 0.9, 1e-5, "bn"))
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 7, use_bias, "hidden"))
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 3, True, "dense"), -1, "output")])


def built(optimizer, **kwargs):
    # One thread: two nets in step must round alike.
    return helpers.build(small_net(**kwargs), optimizer, loss="softmax_cross_entropy", metric="accuracy", threads=1)


def shrunk(w, g, lmbda):
    lmbda = np.float32(lmbda)
    return w - lmbda * w * np.maximum(np.float32(0), np.float32(1) - np.abs(g))


def is_prunable(key, use_bias=True):
    """EDDL allocates a convolution's bias even where it is not used; that is none of LOBSTER's business."""
    return key.split("/")[0] in ("conv", "hidden", "dense") and (use_bias or key != "conv/1")


def is_weight(key):
    return is_prunable(key) and key.endswith("/0")


class LockStep:
    """
    A net under test and two plain ones that are given its parameters before every batch. One has the same optimizer
    without the wrapper, and shows the inner step; the other plain SGD, which leaves the gradients as they are.
    """

    def __init__(self, make_optimizer, wrap, **kwargs):
        self.net = built(wrap(make_optimizer()), **kwargs)
        self.inner = built(make_optimizer(), **kwargs)
        self.gradient = built(eddl.sgd(0.0), **kwargs)
        self.x, self.y = helpers.batch_for(self.net)

    def train_batch(self):
        """The parameters after the inner step alone, the gradients, the parameters of the net under test."""
        for net in (self.inner, self.gradient):
            helpers.set_params(net, helpers.params_of(self.net))
        for net in (self.net, self.inner, self.gradient):
            helpers.train(net, self.x, self.y)
        return helpers.named_params(self.inner), helpers.gradients_of(self.gradient), helpers.named_params(self.net)


@optimizers
@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no-bias"])
def test_step_is_the_inner_step_and_then_the_formula(name, use_bias):
    steps = LockStep(OPTIMIZERS[name], lambda inner: _core.LOBSTER(inner, LAMBDA), use_bias=use_bias)
    for _ in range(4):
        inner, gradients, actual = steps.train_batch()
        assert any(np.abs(g).max() > 0 for g in gradients.values())
        for key, value in actual.items():
            if is_prunable(key, use_bias):
                # Adam's gradient is read back from its square; that and the formula round a few times.
                np.testing.assert_allclose(
                    value, shrunk(inner[key], gradients[key], LAMBDA), rtol=2e-6, atol=1e-9, err_msg=key
                )
            else:
                np.testing.assert_array_equal(value, inner[key], err_msg=key)


def test_sgd_with_momentum_all_in_numpy():
    lr, momentum = 0.05, 0.9
    steps = LockStep(lambda: eddl.sgd(lr, momentum), lambda inner: _core.LOBSTER(inner, LAMBDA))
    w = {k: v.astype(np.float64) for k, v in helpers.named_params(steps.net).items() if is_prunable(k)}
    m = {k: np.zeros_like(v) for k, v in w.items()}
    for _ in range(5):
        _, gradients, actual = steps.train_batch()
        for key in w:
            g = gradients[key].astype(np.float64)
            m[key] = lr * g + momentum * m[key]
            w[key] -= m[key]
            w[key] -= LAMBDA * w[key] * np.maximum(0, 1 - np.abs(g))
            np.testing.assert_allclose(actual[key], w[key], rtol=1e-5, atol=1e-7, err_msg=key)


@optimizers
def test_lambda_zero_is_bit_identical_to_the_inner_optimizer(name):
    plain, wrapped = built(OPTIMIZERS[name]()), built(_core.LOBSTER(OPTIMIZERS[name](), 0.0))
    x, y = helpers.batch_for(plain)
    for net in (plain, wrapped):
        helpers.train(net, x, y, steps=5)
    helpers.assert_same_params(plain, wrapped)


@optimizers
def test_biases_can_be_left_out(name):
    steps = LockStep(OPTIMIZERS[name], lambda inner: _core.LOBSTER(inner, LAMBDA, biases=False))
    for _ in range(2):
        inner, _, actual = steps.train_batch()
        for key, value in actual.items():
            assert np.array_equal(value, inner[key]) != is_weight(key), key


@optimizers
def test_frozen_layers_are_untouched(name):
    net = built(_core.LOBSTER(OPTIMIZERS[name](), LAMBDA))
    eddl.setTrainable(net, "conv", False)
    before = helpers.named_params(net)
    helpers.train(net, *helpers.batch_for(net), steps=3)
    after = helpers.named_params(net)
    for key in before:
        if key.startswith("conv/"):
            np.testing.assert_array_equal(before[key], after[key])
    assert not np.array_equal(before["dense/0"], after["dense/0"])


def test_lambda_can_be_changed_while_training():
    optimizer = _core.LOBSTER(eddl.sgd(0.0), 1.0)
    net = built(optimizer)
    x, y = helpers.batch_for(net)
    optimizer.set_lambda(0.0)
    before = helpers.named_params(net)
    helpers.train(net, x, y)
    np.testing.assert_array_equal(helpers.named_params(net)["hidden/0"], before["hidden/0"])
    optimizer.set_lambda(0.5)
    assert optimizer.lmbda == 0.5
    helpers.train(net, x, y)
    assert np.abs(helpers.named_params(net)["hidden/0"]).sum() < 0.6 * np.abs(before["hidden/0"]).sum()


def test_fit_steps_once_a_batch():
    # A learning rate of 0 and gradients far below 1: each batch multiplies weights by 1 - lambda * (1 - |g|).
    net = built(_core.LOBSTER(eddl.sgd(0.0), 0.5))
    x, y = helpers.batch_for(net, n=16)
    before = helpers.named_params(net)["hidden/0"]
    eddl.fit(net, [helpers.tensor(x)], [helpers.tensor(y)], 4, 2)
    ratio = np.median(np.abs(helpers.named_params(net)["hidden/0"]) / np.abs(before))
    assert 0.5**8 <= ratio < 0.5**7


def recurrent_net(optimizer):
    x = eddl.Input([5], "input")
    layer = eddl.LSTM(x, 6, False, False, "lstm")
    net = eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 3, True, "dense"), -1, "output")])
    return helpers.build(net, optimizer, loss="softmax_cross_entropy", metric="accuracy", threads=1)


def test_recurrent_nets_step_through_the_optimizer_that_the_unrolled_net_shares():
    # One sample: fit draws its batches at random.
    x, y = np.random.default_rng(0).normal(size=(1, 4, 5)), np.eye(3)[:1, None]
    nets = [recurrent_net(wrap(eddl.sgd(0.1, 0.9))) for wrap in (lambda o: o, lambda o: _core.LOBSTER(o, 0.0))]
    nets.append(recurrent_net(_core.LOBSTER(eddl.sgd(0.1, 0.9), 0.5)))
    for net in nets:
        eddl.fit(net, [helpers.tensor(x)], [helpers.tensor(y)], 1, 3)
    helpers.assert_same_params(*nets[:2])
    plain, shrunk_net = (helpers.named_params(net) for net in (nets[0], nets[2]))
    assert np.abs(shrunk_net["dense/0"]).sum() < 0.5 * np.abs(plain["dense/0"]).sum()
    np.testing.assert_allclose(shrunk_net["lstm/0"], plain["lstm/0"], atol=0.1)


def test_learning_rate_reaches_the_inner_optimizer():
    inner = eddl.sgd(0.1, 0.9)
    net = built(_core.LOBSTER(inner, LAMBDA))
    eddl.setlr(net, [0.0, 0.0])
    assert (inner.lr, inner.mu) == (0.0, 0.0)


def test_clip_value_reaches_the_inner_optimizer():
    plain, wrapped = eddl.sgd(0.5), _core.LOBSTER(eddl.sgd(0.5), 0.0)
    for optimizer in (plain, wrapped):
        optimizer.set_clip_val(1e-4)
    nets = [built(plain), built(wrapped)]
    before = helpers.params_of(nets[0])
    for net in nets:
        helpers.train(net, *helpers.batch_for(net), steps=2)
    helpers.assert_same_params(*nets)
    step = max(np.abs(a - b).max() for a, b in zip(before[:2], helpers.params_of(nets[0])[:2]))
    assert 0 < step <= 2 * 0.5 * 1e-4 * 1.01


def test_clip_value_of_the_inner_optimizer_is_kept():
    inner = eddl.sgd(0.1)
    inner.set_clip_val(0.25)
    assert _core.LOBSTER(inner, LAMBDA).clip_val == 0.25


def test_attributes():
    inner = eddl.adam(0.01)
    optimizer = _core.LOBSTER(inner, 1e-4, biases=False)
    assert isinstance(optimizer, type(inner).__mro__[1])  # PyEDDL's Optimizer
    assert (optimizer.lmbda, optimizer.biases, optimizer.name) == (1e-4, False, "LOBSTER")
    assert optimizer.optimizer is inner
    copy = optimizer.clone()
    assert isinstance(copy, _core.LOBSTER)
    assert (copy.lmbda, copy.biases) == (1e-4, False)
    assert copy.optimizer is not inner
    assert type(copy.optimizer).__name__ == "Adam"


def test_net_may_die_before_or_after_its_optimizer():
    for order in ("net", "optimizer"):
        objects = {"optimizer": _core.LOBSTER(eddl.adam(0.01), LAMBDA)}
        objects["net"] = built(objects["optimizer"])
        helpers.train(objects["net"], *helpers.batch_for(objects["net"]))
        del objects[order]
        gc.collect()
        if order == "optimizer":
            helpers.train(objects["net"], *helpers.batch_for(objects["net"]))
        objects.clear()
        gc.collect()


@pytest.mark.parametrize("use", ["lmbda", "biases", "optimizer", "set_lambda"])
def test_an_optimizer_that_died_with_its_net_says_so(use):
    optimizer = ep.LOBSTER(eddl.sgd(0.05), LAMBDA)
    net = built(optimizer)
    assert net.optimizer is optimizer
    del net
    gc.collect()
    other = ep.LOBSTER(eddl.sgd(0.05), 0.5)  # likely in the same place
    with pytest.raises(ValueError, match=f"^LOBSTER.{use}: the optimizer went with the net"):
        optimizer.set_lambda(0.0) if use == "set_lambda" else getattr(optimizer, use)
    assert other.lmbda == 0.5
