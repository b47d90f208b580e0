"""SeReNe and OutputSensitivity: their steps against finite differences in NumPy and against what PyTorch recorded."""

from pathlib import Path

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from sensitivity import cases, eddl_net, numpy_net

MODES = [(method, mode) for method, modes in cases.METHODS.items() for mode in modes]
every_mode = pytest.mark.parametrize(("method", "mode"), MODES, ids=["-".join(pair) for pair in MODES])
every_case = pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if case.on_eddl else [pytest.mark.embedded_engine]) for n, case in cases.CASES.items()],
)


def make(method, mode, inner=None, lmbda=1.0, **kwargs):
    return getattr(ep, method)(inner or eddl.sgd(0.0), lmbda, mode, **kwargs)


def expected_sensitivities(case, params, x, targets, method, mode):
    """S of every weight and bias that shrinks, keyed as the parameters, broadcast to their shapes."""
    net = numpy_net.NumpyNet(case, params)
    layers = [(name, layer) for part in (net.trunk, *net.heads) for name, layer in part if cases.has_weights(layer)]
    activities = numpy_net.activities(net, x)
    found = {}
    for name, layer in layers:
        keys = [f"{name}/{i}" for i in range(2 if layer[-1] else 1)]
        if method == "OutputSensitivity":
            found.update({key: numpy_net.weight_sensitivities(net, x, key, mode, targets) for key in keys})
            continue
        s = activities[name] if mode == "local" else numpy_net.neuron_sensitivities(net, x, name, mode)
        for key in keys:
            shape = params[key].shape
            neurons = [1] * len(shape)
            neurons[{"dense": -1, "convt": 1, "conv": 0}[layer[0]] if len(shape) > 1 else 0] = -1
            found[key] = np.broadcast_to(s.reshape(neurons), shape)
    return found


@every_mode
@every_case
def test_step_against_finite_differences(name, method, mode):
    # A learning rate of 0 and lambda = 1 leave w * min(1, S): S itself.
    case = cases.CASES[name]
    net = eddl_net.build(case, make(method, mode))
    x, targets = eddl_net.batch(net)
    before = helpers.named_params(net)
    helpers.train(net, x, targets)
    after = helpers.named_params(net)
    expected = expected_sensitivities(case, before, x, targets, method, mode)
    assert expected
    for key, s in expected.items():
        np.testing.assert_allclose(after[key], before[key] * np.minimum(1, s), rtol=2e-4, atol=2e-6, err_msg=key)
    for key in before.keys() - expected.keys():
        if not key.startswith("bn"):  # whose running statistics move
            np.testing.assert_array_equal(after[key], before[key], err_msg=key)


@pytest.fixture(scope="module")
def recorded():
    with np.load(Path(cases.__file__).with_name("recorded.npz")) as file:
        return dict(file)


def of(recorded, prefix):
    return {key[len(prefix) :]: value for key, value in recorded.items() if key.startswith(prefix)}


@pytest.mark.parametrize(("method", "mode"), [("LOBSTER", ""), *MODES], ids=lambda part: part or "-")
@pytest.mark.parametrize("name", [n for n in cases.RECORDED])
def test_training_against_pytorch(name, method, mode, recorded, engine):
    case = cases.CASES[name]
    if engine == "EDDL" and not case.on_eddl:
        pytest.skip("EDDL has no such layer on the CPU")
    inner = eddl.sgd(cases.RATE, cases.MOMENTUM)
    modes = [mode] if mode else []
    net = eddl_net.build(case, getattr(ep, method)(inner, cases.LAMBDA, *modes))
    for key, value in of(recorded, f"{name}/start/").items():
        layer, i = key.split("/")
        parameter = eddl.getLayer(net, layer).params[int(i)]
        helpers.view(parameter)[...] = value.reshape(parameter.shape)
    for layer in net.layers:
        if helpers.is_batchnorm(layer):  # whose gradients EDDL gets wrong
            eddl.setTrainable(net, layer.name, False)
    targets = [recorded[f"{name}/target/{i}"] for i in range(len(case.heads))]
    for step in range(1, cases.STEPS + 1):
        helpers.train(net, recorded[f"{name}/x"], targets)
        expected = of(recorded, f"{name}/{method}/{mode}/{step}/")
        assert expected
        actual = helpers.named_params(net)
        for key, value in expected.items():
            np.testing.assert_allclose(
                actual[key].reshape(value.shape), value, rtol=2e-4, atol=5e-6, err_msg=f"step {step}: {key}"
            )


@pytest.mark.parametrize("mode", cases.METHODS["SeReNe"])
def test_dense_layers_on_the_last_of_several_axes(mode):
    x = eddl.Input([3, 4], "input")
    hidden = eddl.ReLu(eddl.Dense(x, 5, True, "hidden"), name="relu")
    net = eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.Flatten(hidden), 2, True, "dense"), 1)])
    helpers.build(net, make("SeReNe", mode), "softmax_cross_entropy")
    x, y = helpers.batch_for(net)
    before = helpers.named_params(net)
    helpers.train(net, x, y)
    active = helpers.array(eddl.getLayer(net, "relu").output) > 0  # [batch, 3, 5]
    out = before["dense/0"].reshape(3, 5, 2)
    size = {"full": np.abs(out).mean(-1), "lower-bound": np.abs(out.mean(-1)), "local": np.ones((3, 5))}[mode]
    s = (active * size).mean((0, 1))
    after = helpers.named_params(net)
    np.testing.assert_allclose(after["hidden/0"], before["hidden/0"] * s, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(after["hidden/1"], before["hidden/1"] * s, rtol=1e-5, atol=1e-7)
