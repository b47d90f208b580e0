"""Everything `_core` refuses: the exception, what it says, and that the net is bit-identical afterwards."""

import gc
import math
import subprocess
import sys
import textwrap

import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core

NAMES = r"'conv1', 'conv2', 'dense1'"


@pytest.fixture
def net():
    net = helpers.build(helpers.bn_convnet(), eddl.adam(0.01))
    helpers.train(net, *helpers.batch_for(net))
    return net


REFUSED = {
    "threshold-negative": (
        lambda n: _core.threshold(n, -1.0),
        ValueError,
        r"threshold: T = -1; allowed: a finite number >= 0",
    ),
    "threshold-nan": (lambda n: _core.threshold(n, math.nan), ValueError, r"T = nan; allowed"),
    "threshold-inf": (lambda n: _core.threshold(n, math.inf), ValueError, r"T = inf; allowed"),
    "threshold-text": (lambda n: _core.threshold(n, "0.1"), TypeError, "incompatible function arguments"),
    "threshold-layer": (
        lambda n: _core.threshold(n, 9.0, layers=["conv1", "cnv"]),
        ValueError,
        f"'cnv'; allowed: {NAMES}",
    ),
    "threshold-unprunable": (lambda n: _core.threshold(n, 9.0, layers=["bn1"]), ValueError, f"'bn1'; allowed: {NAMES}"),
    "threshold-one-name": (
        lambda n: _core.threshold(n, 9.0, layers="conv1"),
        TypeError,
        "incompatible function arguments",
    ),
    "norms-layer": (lambda n: _core.channel_norms(n, ["x"]), ValueError, f"channel_norms: .*'x'; allowed: {NAMES}"),
    "zero-layer": (lambda n: _core.zero_channels(n, {"conv1": [0], "x": [0]}), ValueError, f"'x'; allowed: {NAMES}"),
    "zero-high": (
        lambda n: _core.zero_channels(n, {"conv1": [0, 1], "conv2": [8]}),
        IndexError,
        "zero_channels: layer 'conv2': channel 8; allowed: 0 to 7",
    ),
    "zero-negative": (lambda n: _core.zero_channels(n, {"conv1": [-1]}), IndexError, "channel -1; allowed: 0 to 5"),
    "zero-float": (lambda n: _core.zero_channels(n, {"conv1": [0.5]}), TypeError, "incompatible function arguments"),
}


@pytest.mark.parametrize("call, error, message", REFUSED.values(), ids=REFUSED)
def test_refused_and_nothing_changed(net, call, error, message):
    before = helpers.params_of(net)
    with pytest.raises(error, match=message):
        call(net)
    helpers.assert_same_params(before, net)


@pytest.mark.parametrize(
    "call",
    [
        lambda n: _core.threshold(n, 0.1),
        _core.channel_norms,
        lambda n: _core.zero_channels(n, {}),
        _core.layer_stats,
        _core.Mask,
        _core.Snapshot,
    ],
    ids=["threshold", "channel_norms", "zero_channels", "layer_stats", "Mask", "Snapshot"],
)
@pytest.mark.parametrize("thing", [None, 3, "net", eddl.sgd(0.1)], ids=["None", "int", "str", "optimizer"])
def test_what_is_no_net_is_a_type_error(call, thing):
    with pytest.raises(TypeError):
        call(thing)


@pytest.mark.parametrize("bad", [math.nan, math.inf], ids=str)
@pytest.mark.parametrize("layer, param", [("conv2", 0), ("dense1", 1), ("bn1", 3)])
def test_threshold_refuses_parameters_that_are_not_finite(net, layer, param, bad):
    values = helpers.view(eddl.getLayer(net, layer).params[param])
    values.reshape(-1)[0] = bad
    before = helpers.params_of(net)
    with pytest.raises(
        ValueError,
        match=rf"threshold: layer '{layer}': 1 of the {values.size} values of parameter {param} .* NaN or infinite",
    ):
        _core.threshold(net, 0.5)
    helpers.assert_same_params(before, net)


def test_ambiguous_layer_names_are_refused():
    x = eddl.Input([4])
    net = eddl.Model([x], [eddl.Dense(eddl.Dense(x, 3, True, "twin"), 2, True, "twin")])
    with pytest.raises(ValueError, match="2 convolution or dense layers are named 'twin'"):
        _core.channel_norms(net, ["twin"])


# --- LOBSTER ---


@pytest.mark.parametrize("lmbda", [-1e-9, math.nan, math.inf, -math.inf, 1e300])
def test_lobster_refuses_lambda(lmbda):
    inner = eddl.sgd(0.1)
    with pytest.raises(ValueError, match=r"LOBSTER: lmbda = .*; allowed: a finite number >= 0"):
        _core.LOBSTER(inner, lmbda)
    # The inner optimizer has not been taken.
    optimizer = _core.LOBSTER(inner, 0.5)
    with pytest.raises(ValueError, match="allowed: a finite number >= 0"):
        optimizer.set_lambda(lmbda)
    assert optimizer.lmbda == 0.5


@pytest.mark.parametrize("inner", [None, 3, "sgd"])
def test_lobster_refuses_what_is_no_optimizer(inner):
    with pytest.raises(TypeError):
        _core.LOBSTER(inner, 0.1)


@pytest.mark.parametrize(
    "make",
    [lambda: eddl.adagrad(0.1, 1e-6, 0.0), lambda: eddl.adamax(0.1, 0.9, 0.9, 1e-6, 0.0)],
    ids=["adagrad", "adamax"],
)
@pytest.mark.skipif("helpers.engine_name() != 'EDDL'", reason="the embedded engine may give these a step")
def test_lobster_refuses_optimizers_without_a_step(make):
    with pytest.raises(ValueError, match="takes no step; allowed: SGD, Adam, RMSProp"):
        _core.LOBSTER(make(), 0.1)


def test_lobster_refuses_an_optimizer_at_work(net):
    before = helpers.params_of(net)
    with pytest.raises(ValueError, match="already belongs to a net"):
        _core.LOBSTER(net.optimizer, 0.1)
    helpers.train(net, *helpers.batch_for(net))
    assert not np.array_equal(before[0], helpers.params_of(net)[0])


def test_lobster_refuses_to_wrap_itself():
    with pytest.raises(ValueError, match="is a LOBSTER already"):
        _core.LOBSTER(_core.LOBSTER(eddl.sgd(0.1), 0.1), 0.1)


@pytest.mark.parametrize("wrapped", [True, False], ids=["LOBSTER", "plain"])
def test_lobster_cannot_take_an_optimizer_twice(wrapped):
    inner = eddl.sgd(0.1)
    _core.LOBSTER(inner, 0.1)
    with pytest.raises(ValueError, match="already wrapped"):
        _core.LOBSTER(inner, 0.1)


def test_lobster_belongs_to_one_net():
    optimizer = _core.LOBSTER(eddl.sgd(0.1), 0.1)
    first = helpers.build(helpers.mlp(), optimizer)
    second = helpers.mlp()
    with pytest.raises(ValueError, match=r"already belongs to (another )?net"):
        helpers.build(second, optimizer)
    del second
    gc.collect()
    helpers.train(first, *helpers.batch_for(first))


# --- nets whose structure is not theirs alone ---


@pytest.mark.parametrize("call", [_core.plan, _core.simplify], ids=["plan", "simplify"])
def test_layers_shared_with_another_net_are_refused(call):
    x = eddl.Input([4], "input")
    hidden = eddl.Dense(x, 3, True, "hidden")
    net = eddl.Model([x], [eddl.Dense(hidden, 2, True, "output")])
    eddl.build(net, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(1))
    other = eddl.Model([x], [hidden])
    _core.zero_channels(net, {"hidden": [0]})
    before = helpers.params_of(net)
    for shared in (net, other):
        with pytest.raises(_core.PruneError, match=r"layer '\w+' is (used by another|connected to)"):
            call(shared)
    helpers.assert_same_params(before, net)
    assert len(_core.layer_stats(net)) == 3


# --- masks and snapshots of a net that has changed ---


@pytest.mark.parametrize("make, use", [(_core.Mask, "apply"), (_core.Snapshot, "restore")], ids=["Mask", "Snapshot"])
def test_stale_state_is_refused(net, make, use):
    _core.zero_channels(net, {"conv1": [0]})
    state = make(net)
    kernel = eddl.getLayer(net, "conv1").params[0]
    shape = list(kernel.shape)
    helpers.train(net, *helpers.batch_for(net))
    before = helpers.params_of(net)
    kernel.reshape_([shape[1], shape[0], *shape[2:]])
    with pytest.raises(
        ValueError,
        match=r"layer 'conv1' has a parameter of shape \[3, 6, 3, 3\] that was \[6, 3, 3, 3\]; take a new one",
    ):
        getattr(state, use)()
    kernel.reshape_(shape)
    helpers.assert_same_params(before, net)
    getattr(state, use)()


@pytest.mark.parametrize("make, use", [(_core.Mask, "apply"), (_core.Snapshot, "restore")], ids=["Mask", "Snapshot"])
def test_state_from_before_simplify_is_refused(net, make, use):
    _core.zero_channels(net, {"conv1": [0, 3]})
    state = make(net)
    _core.simplify(net)
    before = helpers.params_of(net)
    with pytest.raises(ValueError, match=r"layer 'conv1' has a parameter of shape .* that was .*; take a new one"):
        getattr(state, use)()
    helpers.assert_same_params(before, net)


# --- two builds that do not fit ---


def test_import_says_why_types_are_not_shared(tmp_path):
    """A PyEDDL whose types are not in our registry: what another pybind11 looks like from here."""
    package = tmp_path / "pyeddl"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_core.py").write_text("")
    script = textwrap.dedent("""
        try:
            import importlib.util, sys
            spec = importlib.util.spec_from_file_location("eddl_prune._core", sys.argv[1])
            importlib.util.module_from_spec(spec)
        except ImportError as error:
            print(error)
    """)
    environment = helpers.python_environment()
    environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
    run = subprocess.run(
        [sys.executable, "-c", script, _core.__file__], env=environment, capture_output=True, text=True, check=True
    )
    assert "do not share types: eddl_prune was built with pybind11" in run.stdout
    assert str(package / "_core.py") in run.stdout
    assert "rebuild" in run.stdout
