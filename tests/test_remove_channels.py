"""remove_channels: the net becomes what it is with these channels at 0 where they are read; in place, within limits."""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import (
    array,
    assert_same_params,
    bn_convnet,
    build,
    engine_name,
    fail_at_every_step,
    lenet,
    on_either_engine,
    params_of,
    predict,
    train,
    view,
)
from test_simplify import OPTIMIZERS


def conv(layer, filters, name, kernel=3, bias=True, groups=1):
    return eddl.Conv2D(layer, filters, [kernel, kernel], [1, 1], "same", bias, groups, [1, 1], name)


def norm(layer, name):
    return eddl.BatchNormalization(layer, True, 0.9, 1e-5, name)


def scores(layer):
    return eddl.Dense(eddl.Flatten(layer), 3, name="scores")


def chain(x):
    first = eddl.ReLu(conv(x, 6, "first"))
    return scores(eddl.ReLu(conv(first, 5, "second")))


def residual(x):
    stem = eddl.ReLu(norm(conv(x, 6, "stem", bias=False), "bn"))
    inner = conv(eddl.ReLu(conv(stem, 4, "inner")), 6, "outer")
    return scores(eddl.ReLu(eddl.Add([stem, inner])))


def concatenated(x):
    left, right = eddl.ReLu(conv(x, 4, "left")), eddl.ReLu(conv(x, 3, "right"))
    return scores(eddl.ReLu(conv(eddl.Concat([left, right]), 4, "joined")))


def sigmoid(x):
    return scores(eddl.Sigmoid(conv(eddl.Sigmoid(conv(x, 6, "first")), 4, "second", bias=False)))


def pooled(x):
    return scores(eddl.MaxPool2D(eddl.ReLu(conv(x, 6, "first")), [2, 2], [2, 2], "none"))


NETS = {"chain": chain, "residual": residual, "concat": concatenated, "sigmoid": sigmoid, "pooled": pooled}
# Which channels go, and the weights that read the unit: {layer: (its input channels)} for the reference.
CASES = {
    "chain": ({"first": [0, 4]}, {"second": [0, 4]}),
    "sum": ({"stem": [1, 5]}, {"inner": [1, 5], "scores": [1, 5]}),
    "sum, named by its other operand": ({"outer": [1, 5]}, {"inner": [1, 5], "scores": [1, 5]}),
    "within a branch": ({"inner": [3]}, {"outer": [3]}),
    "concat": ({"left": [0], "right": [2]}, {"joined": [0, 6]}),
    "sigmoid": ({"first": [0, 2], "second": [1]}, {"second": [0, 2], "scores": [1]}),
    "pooled": ({"first": [0, 1, 2]}, {"scores": [0, 1, 2]}),
}
NET_OF = {"sum": "residual", "sum, named by its other operand": "residual", "within a branch": "residual"}
cases = pytest.mark.parametrize("case", CASES)


def net_of(name, **options):
    x = eddl.Input([2, 6, 6], "input")
    net = build(eddl.Model([x], [NETS[name](x)]), **options)
    return net, np.random.default_rng(3).normal(size=(4, 2, 6, 6)).astype(np.float32)


def mute(net, readers):
    """Zero the weights that read these channels: then they are 0 wherever they are read, whatever they hold."""
    for name, channels in readers.items():
        weights = view(eddl.getLayer(net, name).params[0])
        if weights.ndim == 4:
            weights[:, channels] = 0
        else:
            size = int(
                np.prod(net.layers[[layer.name for layer in net.layers].index(name) - 1].parent[0].output.shape[2:])
            )
            weights.reshape(-1, size, weights.shape[1])[channels] = 0


def targets_for(net, x):
    return np.random.default_rng(4).normal(size=(len(x), *net.lout[0].output.shape[1:])).astype(np.float32)


def assert_close(actual, expected, tolerance=1e-5):
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


# --- what it is ---


@cases
@pytest.mark.parametrize("mem", ["full_mem", "low_mem"])
def test_it_computes_what_the_muted_net_does(case, mem):
    channels, readers = CASES[case]
    muted, x = net_of(NET_OF.get(case, case), mem=mem)
    mute(muted, readers)
    expected = predict(muted, x)
    net, _ = net_of(NET_OF.get(case, case), mem=mem)
    live = predict(net, x)
    assert np.abs(live - expected).max() > 1e-2 * np.abs(live).max()  # they were alive
    before = {name: eddl.getLayer(net, name).output.shape[1] for name in channels}
    report = ep.remove_channels(net, channels)
    assert_close(predict(net, x), expected)
    assert_close(predict(net, x[:3]), expected[:3])
    for name, indices in channels.items():
        assert eddl.getLayer(net, name).output.shape[1] == before[name] - len(indices)
        assert report.channels_removed[name] == tuple(indices)
    assert report.parameters_after == ep.stats(net).parameters < report.parameters_before
    assert report.macs_after == ep.stats(net).macs


@cases
def test_training_goes_on_as_in_the_muted_net(case):
    assert_training_goes_on(case, "sgd")


@pytest.mark.parametrize("optimizer", on_either_engine(OPTIMIZERS))
def test_training_goes_on_with_the_moments_of_every_optimizer(optimizer):
    assert_training_goes_on("chain", optimizer)


def assert_training_goes_on(case, optimizer):
    """Step by step, momentum kept: the muted weights' gradients are masked, so that they stay at 0."""
    channels, readers = CASES[case]
    net, x = net_of(NET_OF.get(case, case), optimizer=OPTIMIZERS[optimizer]())
    twin, _ = net_of(NET_OF.get(case, case), optimizer=OPTIMIZERS[optimizer]())
    y = targets_for(net, x)
    for one in (net, twin):
        train(one, x, y, steps=3)
    ep.remove_channels(net, channels)
    for _ in range(3):
        mute(twin, readers)
        train(net, x, y)
        train(twin, x, y)
        mute(twin, readers)
        assert_close(predict(net, x), predict(twin, x), 1e-3)


def test_all_channels_of_a_layer():
    """One stays, and reads as 0."""
    net, x = net_of("chain")
    muted, _ = net_of("chain")
    mute(muted, {"second": range(6)})
    ep.remove_channels(net, {"first": list(range(6))})
    assert eddl.getLayer(net, "first").output.shape[1] == 1
    assert_close(predict(net, x), predict(muted, x))


def test_until_nothing_is_left():
    net, x = net_of("residual")
    y = targets_for(net, x)
    sizes = [layer.output.shape[1] for layer in (eddl.getLayer(net, "stem"), eddl.getLayer(net, "inner"))]
    for _ in range(min(sizes)):
        train(net, x, y)
        last = ep.remove_channels(net, {"stem": [0], "inner": [0]})
    # One branch of the sum can go as a whole, if the sum adds its constants; the other keeps a channel.
    left = ("inner",) if engine_name() == "embedded" else ()
    assert tuple(name for name in last.layers_removed if name == "inner") == left
    assert ("inner" in {layer.name for layer in net.layers}) == (not left)
    assert eddl.getLayer(net, "stem").output.shape[1] >= 1
    train(net, x, y)


def test_unbuilt():
    built, x = net_of("chain")
    inputs = eddl.Input([2, 6, 6], "input")
    net = eddl.Model([inputs], [chain(inputs)])
    for layer, source in zip(net.layers, built.layers):
        for target, parameter in zip(layer.params, source.params):
            view(target)[...] = array(parameter)
    for one in (net, built):
        ep.remove_channels(one, {"first": [2]})
    eddl.build(net, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    assert_close(predict(net, x), predict(built, x))


# --- by amount ---


@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("criterion", ["l1", "l2", "random"])
def test_amount(scope, criterion):
    net = build(lenet(filters=(8, 10), hidden=12))
    report = ep.remove_channels(net, amount=0.5, criterion=criterion, scope=scope)
    removed = {name: len(report.channels.get(name, ())) for name in ("conv1", "conv2", "dense1")}
    assert sum(removed.values()) == 15
    if scope == "layer":
        assert removed == {"conv1": 4, "conv2": 5, "dense1": 6}
    assert {name: eddl.getLayer(net, name).output.shape[1] for name in removed} == {
        name: before - removed[name] for name, before in {"conv1": 8, "conv2": 10, "dense1": 12}.items()
    }


def test_the_least_important_go_and_ties_go_in_order():
    net = build(lenet(filters=(4, 6)))
    weights = view(eddl.getLayer(net, "conv1").params[0])
    weights[...] = 0.5
    weights[2] = 0.25
    report = ep.remove_channels(net, amount=0.5, layers=["conv1"])
    assert report.channels == {"conv1": (0, 2)}


@pytest.mark.parametrize("keep, left", [(3, 3), (0.7, 5)])
def test_keep(keep, left):
    net = build(lenet(filters=(7, 7), hidden=7))
    ep.remove_channels(net, amount=0.9, scope="layer", keep=keep)
    assert [eddl.getLayer(net, name).output.shape[1] for name in ("conv1", "conv2", "dense1")] == [left] * 3


@pytest.mark.parametrize("multiple", [4, 8])
def test_rounding(multiple):
    exact, rounded = (build(lenet(filters=(16, 16), hidden=24)) for _ in range(2))
    plain = ep.remove_channels(exact, amount=0.4, scope="layer")
    report = ep.remove_channels(rounded, amount=0.4, scope="layer", round_to=multiple)
    kept = 0
    for name, channels in plain.channels.items():
        size = eddl.getLayer(rounded, name).output.shape[1]
        before = eddl.getLayer(exact, name).output.shape[1] + len(channels)
        assert size % multiple == 0 and 0 <= size - (before - len(channels)) < multiple
        assert set(report.channels.get(name, ())) <= set(channels)
        kept += len(channels) - len(report.channels.get(name, ()))
    assert report.rounding == ep.Rounding(
        kept, report.parameters_after - plain.parameters_after, report.macs_after - plain.macs_after
    )
    assert kept > 0 and "channels stay to make round numbers" in str(report)


def with_dead_channels():
    """Of 16 channels that the first convolution has, 3 are dead, though their norms are large: nobody reads them."""
    net = build(lenet(filters=(16, 16), hidden=24))
    view(eddl.getLayer(net, "conv1").params[0])[[1, 6, 7]] = 5
    view(eddl.getLayer(net, "conv2").params[0])[:, [1, 6, 7]] = 0
    return net


@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("criterion", ["l1", "random"])
def test_what_is_dead_goes_first_and_counts(scope, criterion):
    for amount, live in ((0.1, 0), (0.25, 1), (0.5, 5)):
        net = with_dead_channels()
        report = ep.remove_channels(net, amount=amount, criterion=criterion, scope=scope, layers=["conv1"])
        assert len(report.channels.get("conv1", ())) == live
        assert set(report.channels_removed["conv1"]) == {1, 6, 7, *report.channels.get("conv1", ())}


@pytest.mark.parametrize(
    "amount, multiple, left, cost",
    [(0.25, 4, 12, 0), (0.3, 4, 12, 0), (0.5, 4, 8, 0), (0.45, 4, 12, 3), (0.2, 4, 13, 0), (0.45, 8, 13, 4)],
)
def test_rounding_reckons_with_what_is_dead(amount, multiple, left, cost):
    net = with_dead_channels()
    report = ep.remove_channels(net, amount=amount, layers=["conv1"], round_to=multiple)
    assert eddl.getLayer(net, "conv1").output.shape[1] == left
    assert report.rounding.channels == cost


def test_the_dead_count_as_gone_where_some_must_be_kept():
    net = with_dead_channels()
    report = ep.remove_channels(net, amount=0.9, layers=["conv1"], keep=12)
    assert eddl.getLayer(net, "conv1").output.shape[1] == 12 and len(report.channels["conv1"]) == 1


@pytest.mark.parametrize("budget", ["parameters", "macs"])
def test_budget(budget):
    limit = getattr(ep.stats(build(bn_convnet(filters=(12, 16)))), budget) // 2
    net = build(bn_convnet(filters=(12, 16)))
    report = ep.remove_channels(net, **{budget: limit})
    assert getattr(ep.stats(net), budget) <= limit
    one_less = build(bn_convnet(filters=(12, 16)))
    chosen = sum(map(len, report.channels.values()))
    ep.remove_channels(one_less, amount=(chosen - 1) / 28)
    assert getattr(ep.stats(one_less), budget) > limit


def test_latency_is_measured_on_a_copy():
    for make in (lenet, bn_convnet, folded, uneven):
        net = build(make()) if make in (lenet, bn_convnet) else make()
        x = np.random.default_rng(0).normal(size=(2, *net.lin[0].output.shape[1:]))
        before, expected = params_of(net), predict(net, x)
        for channels in ({}, {net.layers[1].name: [0]}):
            assert 0 < _core.prediction_seconds(net, channels, 4, 2) < 60
        assert_same_params(before, net)
        np.testing.assert_array_equal(predict(net, x), expected)


def folded():
    net = build(bn_convnet())
    ep.simplify(net, fuse_batchnorm=True)
    return net


def uneven():
    """A sum with an operand of its own."""
    net, _ = net_of("residual")
    for parameter in eddl.getLayer(net, "outer").params:
        view(parameter)[[1, 4]] = 0
    ep.simplify(net)
    return net


class Clock:
    """Measures a prediction by the parameters that it takes, and often wrongly."""

    def __init__(self, monkeypatch, noise):
        self.noise, self.calls = noise, 0
        monkeypatch.setattr(_core, "prediction_seconds", self.measure)

    def measure(self, net, channels, batch, repeats):
        assert (batch, repeats) == (4, 9)
        self.calls += 1
        return _core.plan_channel_removal(net, channels)["parameters_after"] * 1e-6 * self.noise(self.calls)


NOISE = {
    "none": lambda call: 1.0,
    "two of three": lambda call: 1.0 if call % 3 == 0 else 2.5,
    "one of two": lambda call: 1.0 + call % 2,
}


@pytest.mark.parametrize("noise", NOISE)
def test_as_few_go_as_a_latency_needs_whatever_else_the_machine_does(noise, monkeypatch):
    limit = ep.stats(build(bn_convnet(filters=(12, 16)))).parameters // 3
    by_parameters, by_time = (build(bn_convnet(filters=(12, 16))) for _ in range(2))
    expected = ep.remove_channels(by_parameters, parameters=limit)
    clock = Clock(monkeypatch, NOISE[noise])
    report = ep.remove_channels(by_time, latency=limit * 1e-6, latency_batch=4)
    assert report.channels == expected.channels
    assert report.seconds == pytest.approx(report.parameters_after * 1e-6) and report.seconds <= limit * 1e-6
    assert f"a prediction takes {1e3 * report.seconds:.3g} ms" in str(report)
    assert clock.calls > 3


def test_a_latency_that_is_there_already():
    report = ep.remove_channels(build(lenet()), latency=60.0)
    assert report.channels == {} and 0 < report.seconds <= 60


@pytest.mark.parametrize("budget", [{"parameters": 10}, {"macs": 1}, {"latency": 1e-9}])
def test_a_budget_out_of_reach(budget):
    net = build(bn_convnet())
    before = params_of(net)
    (name,) = budget
    with pytest.raises(ValueError, match=f"remove_channels: {name} <= .* cannot be reached; the least is "):
        ep.remove_channels(net, **budget)
    assert_same_params(before, net)


# --- errors ---


BAD = [
    ({}, ValueError, "exactly one of channels, amount, parameters, macs, latency must be given, got none"),
    ({"channels": {"conv1": [0]}, "amount": 0.5}, ValueError, "got channels, amount"),
    ({"channels": {"nope": [0]}}, ValueError, "no layers are named 'nope'"),
    ({"channels": {"conv1": [9]}}, IndexError, "channel 9; allowed: 0 to 3"),
    ({"channels": {"conv1": [-1]}}, IndexError, "channel -1"),
    ({"channels": {"conv1": [0.5]}}, TypeError, "channels must be"),
    ({"channels": {"conv1": 1}}, TypeError, "channels must be"),
    ({"channels": [1]}, TypeError, "channels must be"),
    ({"channels": {"dense2": [0]}}, ep.PruneError, "channel 0 must stay: "),
    ({"channels": {"input": [0]}}, ep.PruneError, "channel 0 must stay: input of the net"),
    ({"amount": 1.0}, ValueError, r"amount must be in \[0, 1\), got 1.0"),
    ({"amount": -0.1}, ValueError, "amount must be"),
    ({"amount": "half"}, TypeError, "amount must be a number"),
    ({"amount": 0.5, "criterion": "l3"}, ValueError, "criterion must be one of 'l1', 'l2'"),
    ({"amount": 0.5, "scope": "net"}, ValueError, "scope must be one of 'global', 'layer'"),
    ({"amount": 0.5, "criterion": "taylor"}, ValueError, "criterion 'taylor' needs data"),
    ({"amount": 0.5, "criterion": "taylor", "data": [1]}, TypeError, "data must be a pair of lists"),
    ({"amount": 0.5, "keep": 0}, ValueError, "keep must be >= 1"),
    ({"amount": 0.5, "keep": 1.5}, ValueError, "keep must be an integer >= 1 or a share"),
    ({"amount": 0.5, "round_to": 0}, ValueError, "round_to must be >= 1"),
    ({"amount": 0.5, "layers": ["nope"]}, ValueError, "no layer is named 'nope'"),
    ({"parameters": 0.5}, TypeError, "parameters must be an integer"),
    ({"latency": 0.1, "latency_batch": 0}, ValueError, "latency_batch must be >= 1"),
]


@pytest.mark.parametrize("arguments, error, message", BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_arguments_change_nothing(arguments, error, message):
    net = build(lenet())
    before = params_of(net)
    with pytest.raises(error, match=message):
        ep.remove_channels(net, **arguments)
    assert_same_params(before, net)


def test_failures_in_the_middle_change_nothing():
    net, x = net_of("residual")
    before, expected = params_of(net), predict(net, x)

    def unchanged(step):
        assert_same_params(before, net)
        np.testing.assert_array_equal(predict(net, x), expected)

    assert fail_at_every_step(lambda: ep.remove_channels(net, {"stem": [0]}), unchanged) > 2
