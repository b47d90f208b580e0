"""What LOBSTER, SeReNe and OutputSensitivity have in common: they disturb nothing, and work where they should."""

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from sensitivity import cases, eddl_net
from test_lobster import OPTIMIZERS

optimizers = pytest.mark.parametrize("optimizer", helpers.on_either_engine(OPTIMIZERS))
METHODS = {
    "LOBSTER": lambda inner, lmbda, **kwargs: ep.LOBSTER(inner, lmbda, **kwargs),
    **{
        f"{method}-{mode}": lambda inner, lmbda, method=method, mode=mode, **kwargs: getattr(ep, method)(
            inner, lmbda, mode, **kwargs
        )
        for method, modes in cases.METHODS.items()
        for mode in modes
    },
}
every_method = pytest.mark.parametrize("method", METHODS)
output_methods = pytest.mark.parametrize("method", [name for name in METHODS if name != "LOBSTER"])
mems = pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
# Too small to change a weight, but not 0: the sensitivities are measured and everything is put back.
MEASURE_ONLY = 1e-30

CASE = cases.CASES["conv2d"]
DROPOUT = cases.Case(
    (2, 7, 7),
    [("conv", 4, 3, True), ("bn",), ("dropout", 0.4), ("relu",), ("conv", 3, 2, False), ("maxpool",), ("flatten",)],
    [[("dense", 6, True), ("relu",), ("dropout", 0.3), ("dense", 3, True), ("softmax",)]],
)


def residual(optimizer, mem="full_mem"):
    """Layers with several readers, and several outputs, one of them in the middle."""
    x = eddl.Input([2, 6, 6], "input")
    a = eddl.Conv2D(x, 4, [3, 3], [1, 1], "same", False, 1, [1, 1], "conv1")
    a = eddl.ReLu(eddl.BatchNormalization(a, True, 0.9, 1e-5, "bn1"))
    b = eddl.Conv2D(a, 4, [3, 3], [1, 1], "same", True, 1, [1, 1], "conv2")
    c = eddl.ReLu(eddl.Add([a, b]))
    d = eddl.Concat([c, a], 0)
    early = eddl.Softmax(eddl.Dense(eddl.Flatten(c), 3, True, "early"), 1)
    late = eddl.Softmax(eddl.Dense(eddl.Flatten(eddl.MaxPool2D(d, [2, 2], [2, 2], "none")), 4, True, "late"), 1)
    net = eddl.Model([x], [early, late])
    return helpers.build(net, optimizer, "softmax_cross_entropy", "accuracy", mem=mem, threads=1)


NETS = {
    "conv2d": lambda optimizer, mem="full_mem": eddl_net.build(CASE, optimizer, mem=mem),
    "residual": residual,
}


def state(net):
    """All that a training step leaves behind."""
    found = helpers.named_params(net) | {f"gradient {k}": v for k, v in helpers.gradients_of(net).items()}
    for layer in net.layers:
        found[f"delta {layer.name}"] = None if layer.delta is None else helpers.array(layer.delta)
        found[f"mode {layer.name}"] = (layer.trainable, layer.mode, list(layer.output.shape))
    found["losses"] = (eddl.get_losses(net), eddl.get_metrics(net))
    return found


def assert_same_state(plain, other):
    expected, actual = state(plain), state(other)
    for (key, a), b in zip(expected.items(), actual.values()):
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=key)
        else:
            assert a == b, key


@output_methods
@mems
@pytest.mark.parametrize("net", NETS)
def test_measuring_disturbs_nothing(method, mem, net):
    plain = NETS[net](eddl.sgd(0.05, 0.9), mem)
    measured = NETS[net](METHODS[method](eddl.sgd(0.05, 0.9), MEASURE_ONLY), mem)
    x, targets = eddl_net.batch(plain)
    for _ in range(3):
        for each in (plain, measured):
            helpers.train(each, x, targets)
        assert_same_state(plain, measured)
    assert measured.optimizer.passes > 0 or "local" in method


@every_method
@optimizers
@mems
def test_lambda_zero_is_bit_identical(method, optimizer, mem):
    plain = NETS["conv2d"](OPTIMIZERS[optimizer](), mem)
    wrapped = NETS["conv2d"](METHODS[method](OPTIMIZERS[optimizer](), 0.0), mem)
    x, targets = eddl_net.batch(plain)
    for net in (plain, wrapped):
        helpers.train(net, x, targets, steps=3)
    assert_same_state(plain, wrapped)
    assert getattr(wrapped.optimizer, "passes", 0) == 0


@every_method
@mems
@pytest.mark.embedded_engine  # only there can the random numbers be repeated
def test_dropout_masks_and_random_numbers_are_left_alone(method, mem, tmp_path):
    code = f"""
        import sys; sys.path.insert(0, {str(helpers.Path(__file__).parent)!r})
        import helpers, pyeddl.eddl as eddl
        from sensitivity import eddl_net
        from test_regularizers import DROPOUT, METHODS
        inner = eddl.sgd(0.05, 0.9)
        lmbda = LAMBDA
        net = eddl_net.build(DROPOUT, inner if lmbda is None else METHODS[{method!r}](inner, lmbda), mem={mem!r})
        helpers.train(net, *eddl_net.batch(net), steps=3)
        result = [p.tobytes().hex() for p in helpers.params_of(net)]
        """
    results = [
        helpers.in_child(code.replace("LAMBDA", repr(lmbda)), tmp_path, EDDL_SEED="5")
        for lmbda in (None, 0.0, MEASURE_ONLY)
    ]
    assert results[0] == results[1] == results[2]


def test_dropout_masks_are_those_of_the_forward_pass():
    x = eddl.Input([4], "input")
    dropped = eddl.Dropout(eddl.Dense(x, 50, True, "hidden"), 0.5, True, "dropout")
    net = eddl.Model([x], [eddl.Softmax(eddl.Dense(dropped, 3, True, "dense"), 1)])
    helpers.build(net, ep.SeReNe(eddl.sgd(0.0), 1.0, "lower-bound"), "softmax_cross_entropy")
    x, y = helpers.batch_for(net, n=5)
    before = helpers.named_params(net)
    helpers.train(net, x, y)
    mask = helpers.array(eddl.getLayer(net, "dropout").output) != 0
    assert 0.2 < mask.mean() < 0.8
    s = np.abs(mask * before["dense/0"].sum(1)).mean(0) / 3
    np.testing.assert_allclose(
        helpers.named_params(net)["hidden/0"], before["hidden/0"] * np.minimum(1, s), rtol=1e-5, atol=1e-7
    )
