"""What LOBSTER, SeReNe and OutputSensitivity have in common: they disturb nothing, and work where they should."""

import gc

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


def regularized(optimizer, mem="full_mem"):
    """With EDDL's own regularizers, which act on the weights in backward."""
    x = eddl.Input([2, 6, 6], "input")
    layer = eddl.ReLu(eddl.L2(eddl.Conv2D(x, 4, [3, 3], [1, 1], "same", True, 1, [1, 1], "conv1"), 0.1))
    layer = eddl.ReLu(eddl.L1(eddl.Conv2D(layer, 3, [3, 3], [1, 1], "same", True, 1, [1, 1], "conv2"), 0.01))
    layer = eddl.L1L2(eddl.Dense(eddl.Flatten(layer), 3, True, "dense1"), 0.01, 0.01)
    net = eddl.Model([x], [eddl.Softmax(layer, 1)])
    return helpers.build(net, optimizer, "softmax_cross_entropy", "accuracy", mem=mem, threads=1)


NETS = {
    "conv2d": lambda optimizer, mem="full_mem": eddl_net.build(CASE, optimizer, mem=mem),
    "residual": residual,
    "regularized": regularized,
}


def state(net):
    """All that a training step leaves behind."""
    found = helpers.named_params(net) | {f"gradient {k}": v for k, v in helpers.gradients_of(net).items()}
    for layer in net.layers:
        found[f"output {layer.name}"] = helpers.array(layer.output) if layer.output.shape[0] else None
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


# --- where they work ---


def sensitivity_of(net, make_net, method, x, targets):
    """min(1, S) of every parameter of the net, by a step with a learning rate of 0 and lambda = 1: w * S."""
    probe = make_net(METHODS[method](eddl.sgd(0.0), 1.0))
    helpers.set_params(probe, helpers.params_of(net))
    before = helpers.named_params(probe)
    helpers.train(probe, x, targets)
    after = helpers.named_params(probe)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {key: np.where(before[key] == 0, 0, after[key] / before[key]) for key in before}


@output_methods
@optimizers
def test_step_is_the_inner_step_and_then_the_formula(method, optimizer):
    make_net, lmbda = NETS["conv2d"], 0.25
    net, inner = make_net(METHODS[method](OPTIMIZERS[optimizer](), lmbda)), make_net(OPTIMIZERS[optimizer]())
    x, targets = eddl_net.batch(net)
    for _ in range(3):
        helpers.set_params(inner, helpers.params_of(net))
        s = sensitivity_of(net, make_net, method, x, targets)
        for each in (net, inner):
            helpers.train(each, x, targets)
        stepped, actual = helpers.named_params(inner), helpers.named_params(net)
        for key, value in actual.items():
            if key.startswith("bn") or key == "conv1/1":  # which is there, but not used
                np.testing.assert_array_equal(value, stepped[key], err_msg=key)
            else:
                expected = stepped[key] * (1 - lmbda * np.maximum(0, 1 - s[key]))
                np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-7, err_msg=key)


@every_method
@pytest.mark.parametrize("net", NETS)
def test_memory_levels_agree(method, net):
    nets = [NETS[net](METHODS[method](eddl.sgd(0.05, 0.9), 0.1), mem) for mem in ("full_mem", "mid_mem", "low_mem")]
    x, targets = eddl_net.batch(nets[0])
    for each in nets:
        helpers.train(each, x, targets, steps=3)
    for other in nets[1:]:
        for a, b in zip(helpers.params_of(nets[0]), helpers.params_of(other)):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@every_method
@mems
def test_loops_written_by_hand(method, mem):
    nets = [NETS["residual"](METHODS[method](eddl.sgd(0.05, 0.9), 0.1), mem) for _ in range(2)]
    x, targets = eddl_net.batch(nets[0])
    helpers.train(nets[0], x, targets, steps=3)
    net = nets[1]
    eddl.set_mode(net, 1)
    for _ in range(3):
        eddl.zeroGrads(net)
        eddl.forward(net, [helpers.tensor(x)])
        eddl.backward(net, [helpers.tensor(target) for target in targets])
        eddl.update(net)
    for a, b in zip(*map(helpers.params_of, nets)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@every_method
def test_fit_steps_once_a_batch(method):
    # Of one sample throughout: fit draws its batches at random.
    nets = [eddl_net.build(cases.CASES["mlp"], METHODS[method](eddl.sgd(0.05), 0.1)) for _ in range(2)]
    x, (target,) = eddl_net.batch(nets[0], samples=1)
    x, target = np.repeat(x, 8, axis=0), np.repeat(target, 8, axis=0)
    helpers.train(nets[0], x[:4], target[:4], steps=6)
    eddl.fit(nets[1], [helpers.tensor(x)], [helpers.tensor(target)], 4, 3)
    for a, b in zip(*map(helpers.params_of, nets)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@every_method
def test_ep_fit_reports_lambda(method):
    net = eddl_net.build(cases.CASES["mlp"], METHODS[method](eddl.sgd(0.05), 0.0))
    x, targets = eddl_net.batch(net, samples=12)
    schedule = ep.LambdaSchedule(net.optimizer, lambda epoch: 0.01 * epoch)
    history = ep.fit(
        net, [x], targets, validation=([x], targets), batch_size=6, epochs=3, callbacks=[schedule], progress=False
    )
    np.testing.assert_allclose(history["lambda"], [0.01, 0.02, 0.03])


@every_method
def test_frozen_layers_are_untouched(method):
    net = NETS["conv2d"](METHODS[method](eddl.sgd(0.05), 0.5))
    eddl.setTrainable(net, "conv2", False)
    before = helpers.named_params(net)
    helpers.train(net, *eddl_net.batch(net), steps=2)
    after = helpers.named_params(net)
    for key in before:
        assert np.array_equal(before[key], after[key]) == (key.startswith("conv2/") or key == "conv1/1"), key
    assert [layer.trainable for layer in net.layers if layer.name in ("conv1", "conv2")] == [True, False]


@every_method
@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["conv2"], {"conv2"}),
        (["conv"], {"conv1", "conv2"}),
        (["conv2d"], {"conv1", "conv2"}),
        (["dense", "conv1"], {"conv1", "dense1", "dense2"}),
        (["dense2"], {"dense2"}),
        (None, {"conv1", "conv2", "dense1", "dense2"}),
    ],
    ids=str,
)
def test_layers_by_name_or_kind(method, layers, expected):
    inner = NETS["conv2d"](eddl.sgd(0.0))
    net = NETS["conv2d"](METHODS[method](eddl.sgd(0.0), 0.5, layers=layers))
    assert net.optimizer.layers == layers
    x, targets = eddl_net.batch(net)
    for each in (inner, net):
        helpers.train(each, x, targets)
    plain, actual = helpers.named_params(inner), helpers.named_params(net)
    changed = {key.split("/")[0] for key in plain if not np.array_equal(plain[key], actual[key])}
    if "local" in method:  # 1 everywhere where nothing saturates
        assert changed <= expected
    else:
        assert changed == expected


@every_method
def test_a_layers_name_counts_before_a_kind(method):
    x = eddl.Input([4], "input")
    layer = eddl.ReLu(eddl.Dense(x, 5, True, "first"))
    net = eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 3, True, "dense"), 1)])
    helpers.build(net, METHODS[method](eddl.sgd(0.0), 0.5, layers=["dense"]), "softmax_cross_entropy")
    before = helpers.named_params(net)
    helpers.train(net, *helpers.batch_for(net))
    np.testing.assert_array_equal(helpers.named_params(net)["first/0"], before["first/0"])


@every_method
def test_biases_can_be_left_out(method):
    net = NETS["conv2d"](METHODS[method](eddl.sgd(0.0), 0.5, biases=False))
    before = helpers.named_params(net)
    helpers.train(net, *eddl_net.batch(net))
    after = helpers.named_params(net)
    for key in ("conv2/1", "dense1/1", "dense2/1"):
        np.testing.assert_array_equal(before[key], after[key])
    assert not np.array_equal(before["dense1/0"], after["dense1/0"])


@pytest.mark.parametrize(
    ("method", "layers", "passes"),
    [
        ("SeReNe-full", None, 3),
        ("SeReNe-full", ["dense2"], 0),
        ("SeReNe-lower-bound", None, 1),
        ("SeReNe-lower-bound", ["dense2"], 0),
        ("SeReNe-local", None, 0),
        ("OutputSensitivity-unspecific", None, 3),
        ("OutputSensitivity-unspecific", ["dense2"], 1),
        ("OutputSensitivity-specific", None, 2),  # one class is the target of no sample
        ("OutputSensitivity-specific", ["dense2"], 1),
    ],
)
def test_passes_are_as_many_as_the_docstrings_say(method, layers, passes):
    net = NETS["conv2d"](METHODS[method](eddl.sgd(0.0), 0.5, layers=layers))
    x, (target,) = eddl_net.batch(net)
    target[...] = np.eye(3)[[0, 2, 2, 0, 0, 2]]
    helpers.train(net, x, [target])
    assert net.optimizer.passes == passes


@pytest.mark.embedded_engine  # only there on a CPU
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("method", ["SeReNe-full", "SeReNe-lower-bound"])
def test_neurons_of_grouped_transposed_convolutions(method, groups):
    def make(optimizer, grouped):
        x = eddl.Input([4, 3, 3], "input")
        layer = eddl.ConvT2D(x, 6, [2, 2], [2, 2], "valid", False, groups if grouped else 1, [1, 1], "convt")
        layer = eddl.Dense(eddl.Flatten(eddl.Tanh(layer)), 3, True, "dense")
        net = eddl.Model([x], [eddl.Softmax(layer, 1)])
        return helpers.build(net, optimizer, "softmax_cross_entropy")

    # A grouped kernel is a whole one with zeros between groups.
    net, whole = (make(METHODS[method](eddl.sgd(0.0), 1.0), grouped) for grouped in (True, False))
    kernel = helpers.named_params(net)["convt/0"]
    embedded = np.zeros((4, 6, *kernel.shape[2:]), np.float32)
    channels, inputs = 6 // groups, 4 // groups
    for g in range(groups):
        rows = slice(g * inputs, (g + 1) * inputs)
        embedded[rows, g * channels : (g + 1) * channels] = kernel[rows]
    for key, value in {**helpers.named_params(net), "convt/0": embedded}.items():
        layer, i = key.split("/")
        helpers.view(eddl.getLayer(whole, layer).params[int(i)])[...] = value
    x, targets = eddl_net.batch(net)
    for each in (net, whole):
        helpers.train(each, x, targets)
    after = helpers.named_params(whole)["convt/0"]
    for g in range(groups):
        rows = slice(g * inputs, (g + 1) * inputs)
        np.testing.assert_allclose(
            helpers.named_params(net)["convt/0"][rows], after[rows, g * channels : (g + 1) * channels], rtol=1e-4
        )
    assert not np.array_equal(kernel, helpers.named_params(net)["convt/0"])


@output_methods
def test_methods_can_be_wrapped_in_one_another(method):
    net = NETS["conv2d"](METHODS[method](ep.LOBSTER(eddl.sgd(0.05, 0.9), 0.25), 0.25))
    inner = NETS["conv2d"](ep.LOBSTER(eddl.sgd(0.05, 0.9), 0.25))
    x, targets = eddl_net.batch(net)
    s = sensitivity_of(net, NETS["conv2d"], method, x, targets)
    for each in (net, inner):
        helpers.train(each, x, targets)
    stepped, actual = helpers.named_params(inner), helpers.named_params(net)
    for key in ("conv1/0", "conv2/1", "dense2/0"):
        expected = stepped[key] * (1 - 0.25 * np.maximum(0, 1 - s[key]))
        np.testing.assert_allclose(actual[key], expected, rtol=1e-5, atol=1e-7, err_msg=key)


@output_methods
@mems
def test_nets_go_on_after_another_batch_size_and_prediction(method, mem):
    net = NETS["residual"](METHODS[method](eddl.sgd(0.05, 0.9), 0.1), mem)
    x, targets = eddl_net.batch(net, samples=8)
    helpers.train(net, x, targets)
    helpers.predict(net, x[:3])
    helpers.train(net, x, targets)
    eddl.evaluate(net, [helpers.tensor(x)], [helpers.tensor(target) for target in targets], 4)
    helpers.train(net, x, targets)
    assert all(np.isfinite(parameter).all() for parameter in helpers.params_of(net))


@output_methods
def test_simplified_nets_train_on(method):
    net = NETS["conv2d"](METHODS[method](eddl.sgd(0.05, 0.9), 0.01, layers=["conv", "dense1"]))
    x, targets = eddl_net.batch(net)
    helpers.train(net, x, targets)
    for parameter in eddl.getLayer(net, "conv2").params:
        helpers.view(parameter)[1] = 0
    ep.simplify(net)
    helpers.train(net, x, targets, steps=2)
    assert eddl.getLayer(net, "conv2").params[0].shape[0] == 2


def test_local_sensitivity_looks_behind_what_keeps_channels_apart():
    x = eddl.Input([2, 6, 6], "input")
    a = eddl.Conv2D(x, 3, [3, 3], [1, 1], "same", True, 1, [1, 1], "a")
    b = eddl.Conv2D(x, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "b")
    joined = eddl.Concat([eddl.MaxPool2D(a, [2, 2], [2, 2], "none"), eddl.MaxPool2D(b, [2, 2], [2, 2], "none")], 0)
    active = eddl.ReLu(joined, name="relu")
    dense = eddl.Dense(eddl.Flatten(active), 3, True, "dense")
    net = eddl.Model([x], [eddl.Softmax(dense, 1)])
    helpers.build(net, ep.SeReNe(eddl.sgd(0.0), 1.0, "local"), "softmax_cross_entropy")
    before = helpers.named_params(net)
    helpers.train(net, *eddl_net.batch(net))
    part = (helpers.array(eddl.getLayer(net, "relu").output) > 0).mean(axis=(0, 2, 3))
    assert 0 < part.min() < part.max() < 1
    after = helpers.named_params(net)
    for key, s in {"a/1": part[:3], "b/1": part[3:], "dense/1": np.ones(3)}.items():
        np.testing.assert_allclose(after[key], before[key] * s, rtol=1e-6)
    np.testing.assert_allclose(after["b/0"], before["b/0"] * part[3:].reshape(-1, 1, 1, 1), rtol=1e-6)


# --- what they refuse ---


def make_class(method, **kwargs):
    return METHODS[method](eddl.sgd(0.05), 0.1, **kwargs)


@every_method
def test_unknown_layers_are_refused_when_the_net_is_built(method):
    net, optimizer = helpers.mlp(), make_class(method, layers=["dense1", "densest"])
    name = method.split("-")[0]
    with pytest.raises(
        ValueError, match=f"^{name}: layers has 'densest'; allowed: the names 'dense1', 'dense2', 'dense3' and"
    ):
        helpers.build(net, optimizer)
    with pytest.raises(ValueError, match=f"^{name}: the net has no layer of layers = 'conv'; it has 'dense1'"):
        helpers.build(helpers.mlp(), make_class(method, layers=["conv"]))
    with pytest.raises(ValueError, match=f"^{name}: layers is empty; allowed: names of layers, kinds"):
        make_class(method, layers=[])
    # The net is as good as before.
    net = helpers.build(net, make_class(method, layers=["dense1"]), "softmax_cross_entropy")
    helpers.train(net, *helpers.batch_for(net))


@every_method
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layers": "dense1"}, TypeError, "layers must be a list of layer names or None, got 'dense1'"),
        ({"layers": [1]}, TypeError, "layers must be a list of layer names or None"),
        ({"biases": 1}, TypeError, "biases must be True or False, got int"),
    ],
    ids=str,
)
def test_bad_keywords(method, change, error, message):
    with pytest.raises(error, match=message):
        make_class(method, **change)


@every_method
@pytest.mark.parametrize("lmbda", [-1e-6, float("nan"), float("inf"), 1e39])
def test_bad_lambda(method, lmbda):
    with pytest.raises(ValueError, match="lmbda"):
        METHODS[method](eddl.sgd(0.05), lmbda)
    optimizer = METHODS[method](eddl.sgd(0.05), 0.5)
    with pytest.raises(ValueError, match="lmbda"):
        optimizer.set_lambda(lmbda)
    assert optimizer.lmbda == 0.5


@every_method
def test_bad_inner_optimizer(method):
    name = method.split("-")[0]
    with pytest.raises(TypeError, match=f"^{name}: optimizer must be an EDDL optimizer, got str"):
        METHODS[method]("sgd", 0.1)
    inner = eddl.sgd(0.05)
    optimizer = METHODS[method](inner, 0.1)
    with pytest.raises(ValueError, match="already wrapped"):
        METHODS[method](inner, 0.1)
    with pytest.raises(ValueError, match=f"^{name}: the optimizer is a {name} already"):
        METHODS[method](optimizer, 0.1)
    with pytest.raises(ValueError, match=f"^{name}: the optimizer is a {name} already"):
        METHODS[method](ep.LOBSTER(optimizer, 0.1) if name != "LOBSTER" else ep.SeReNe(optimizer, 0.1), 0.1)


@pytest.mark.parametrize("method", ["SeReNe", "OutputSensitivity"])
def test_bad_mode(method):
    allowed = ", ".join(map(repr, cases.METHODS[method]))
    with pytest.raises(ValueError, match=f"^{method}: mode must be one of {allowed}, got 'all'"):
        getattr(ep, method)(eddl.sgd(0.05), 0.1, "all")
    with pytest.raises(TypeError, match="mode must be a string"):
        getattr(ep, method)(eddl.sgd(0.05), 0.1, None)


@output_methods
def test_recurrent_nets_are_refused(method):
    x = eddl.Input([5], "input")
    layer = eddl.Dense(eddl.LSTM(x, 6, False, False, "lstm"), 3, True, "dense")
    net = eddl.Model([x], [eddl.Softmax(layer, 1)])
    with pytest.raises(ep.PruneError, match="layer 'lstm' is recurrent"):
        helpers.build(net, make_class(method))


def test_specific_needs_targets():
    net = helpers.build(helpers.mlp(5), ep.OutputSensitivity(eddl.sgd(0.05), 0.1, "specific"), loss=None)
    x, _ = eddl_net.batch(net)
    eddl.forward(net, [helpers.tensor(x)])
    with pytest.raises(ep.PruneError, match="the output 'output' has no targets of its shape"):
        eddl.update(net)


def test_lambda_schedule_checks():
    optimizer = ep.LOBSTER(eddl.sgd(0.05), 0.5)
    with pytest.raises(TypeError, match="optimizer must be a LOBSTER, SeReNe or OutputSensitivity, got SGD"):
        ep.LambdaSchedule(eddl.sgd(0.05), lambda epoch: 0.1)
    with pytest.raises(TypeError, match="lmbda must be a function of the epoch, got float"):
        ep.LambdaSchedule(optimizer, 0.1)
    with pytest.raises(ValueError, match="lmbda must be finite and >= 0, got -1"):
        ep.LambdaSchedule(optimizer, lambda epoch: -epoch)
    assert optimizer.lmbda == 0.5


@every_method
def test_copies_keep_the_settings(method):
    optimizer = make_class(method, biases=False, layers=["dense"])
    copy = optimizer.clone()
    assert (copy.lmbda, copy.biases, copy.layers, copy.name) == (0.1, False, ["dense"], method.split("-")[0])
    assert getattr(copy, "mode", "") == "-".join(method.split("-")[1:])


USES = ["lmbda", "biases", "layers", "optimizer", "set_lambda"]


@pytest.mark.parametrize(
    "method, use",
    [(method, use) for method in METHODS for use in USES + (["mode", "passes"] if method != "LOBSTER" else [])],
)
def test_an_optimizer_that_died_with_its_net_says_so(method, use):
    optimizer = make_class(method)
    net = NETS["conv2d"](optimizer)
    del net
    gc.collect()
    with pytest.raises(ValueError, match=f"^{method.split('-')[0]}.{use}: the optimizer went with the net"):
        optimizer.set_lambda(0.0) if use == "set_lambda" else getattr(optimizer, use)
