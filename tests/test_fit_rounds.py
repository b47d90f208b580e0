"""fit beyond plain plateaus: rounds of batches, patience, cyclic learning rates, a net that shrinks while it trains."""

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from eddl_prune._run import Run, Settings
from eddl_prune._samples import Samples
from test_fit import BATCH, NEVER, SAMPLES, built_mlp, data, fit  # noqa: F401

PER_EPOCH = -(-SAMPLES // BATCH)


# --- batch-wise pruning ---


def test_rounds_of_batches(data):  # noqa: F811
    schedule = ep.Schedule(pwe=3, every=3, min_delta=NEVER, target_sparsity=0, patience=9)  # no plateau prunes
    history = fit(built_mlp(), data, epochs=3, schedule=schedule)
    assert PER_EPOCH == 4
    assert history["epoch"] == [1, 1, 2, 2, 3, 3]
    assert history["batches"] == [3, 4, 7, 8, 11, 12]
    assert history["event"] == ["waiting", "waiting", "fruitless"] * 2


def test_rounds_change_when_the_net_is_validated_and_not_how_it_is_trained(data):  # noqa: F811
    whole = fit(built_mlp(), data, epochs=4)
    in_rounds = fit(built_mlp(), data, epochs=4, schedule=ep.Schedule(pwe=1000, every=2))
    np.testing.assert_allclose(in_rounds["val_loss"][1::2], whole["val_loss"], rtol=1e-5)


def test_pruning_after_every_round(data):  # noqa: F811
    net = built_mlp()
    fit(net, data, epochs=15)  # an untrained net loses nothing by losing everything
    history = fit(net, data, epochs=6, schedule=ep.Schedule(pwe=0, every=2, twt=0.02, patience=99))
    assert history["event"].count("pruned") > 3
    assert "waiting" not in history["event"]
    for event, loss, val_loss in zip(history["event"], history["pruned_loss"], history["val_loss"]):
        if event == "pruned":
            assert loss <= 1.02 * val_loss * (1 + 1e-6)
    assert all(np.diff(history["sparsity"]) >= 0)


# --- how it ends ---


def test_patience_counts_fruitless_plateaus_in_a_row(data):  # noqa: F811
    net = built_mlp()
    before = helpers.params_of(net)
    # No weight can go: a lower loss than the best one is asked for, and none counts as improved.
    schedule = ep.Schedule(pwe=2, twt=0, patience=3, min_delta=NEVER, target_sparsity=0)
    history = fit(net, data, epochs=99, schedule=schedule)
    assert history["event"] == ["waiting", "fruitless", "waiting", "fruitless", "waiting", "exhausted"]
    assert history.ended_by == "schedule"
    helpers.assert_same_params(before, net)


# --- learning rates ---


def test_shapes_of_cycles():
    def rates(shape):
        return [ep.Cycle(1, 3, 2, shape).rate(batch, 4) for batch in range(9)]

    assert rates("triangular") == [1, 1.5, 2, 2.5, 3, 2.5, 2, 1.5, 1]
    assert rates("linear") == [3, 2.75, 2.5, 2.25, 2, 1.75, 1.5, 1.25, 3]
    np.testing.assert_allclose(rates("cosine"), [2 + np.cos(np.pi * (i % 8) / 8) for i in range(9)])
    assert [ep.Cycle(0, 1, 0.01).rate(batch, 4) for batch in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, 1), ValueError, "low must be finite and >= 0, got -1"),
        ((1, 0.5), ValueError, "high must be >= low = 1, got 0.5"),
        ((0, 1, 0), ValueError, "epochs must be > 0, got 0"),
        ((0, 1, 1, "saw"), ValueError, "shape must be one of 'triangular', 'linear', 'cosine', got 'saw'"),
        (("0", 1), TypeError, "low must be a number, got str"),
        ((0, 1, 1, "linear", 1), TypeError, "restart must be True or False, got int"),
    ],
)
def test_cycles_out_of_range(arguments, error, message):
    with pytest.raises(error, match=f"^Cycle: {message}$"):
        ep.Cycle(*arguments)


@pytest.mark.parametrize("optimizer", [lambda: eddl.sgd(0.5, 0.9), lambda: ep.LOBSTER(eddl.adam(0.5), 1e-4)])
def test_a_cycle_sets_every_batch_and_is_undone(data, optimizer):  # noqa: F811
    net = built_mlp(optimizer())
    cycle = ep.Cycle(0.001, 0.009, 2, "linear")
    history = fit(net, data, epochs=4, learning_rate=cycle)
    np.testing.assert_allclose(history["learning_rate"], [0.006, 0.002, 0.006, 0.002], rtol=1e-6)
    assert _core.learning_rate(net) == 0.5


def test_a_cycle_trains_as_the_same_rates_by_hand(data):  # noqa: F811
    cycle = ep.Cycle(0.01, 0.1, 3 / PER_EPOCH, "triangular")
    cycled = built_mlp(eddl.sgd(0.5, 0.9))
    fit(cycled, data, epochs=1, learning_rate=cycle, shuffle=False)
    by_hand = built_mlp(eddl.sgd(0.5, 0.9))
    (x, y), _ = data
    order = np.resize(np.arange(SAMPLES), (PER_EPOCH, BATCH))
    for batch, indices in enumerate(order):
        eddl.setlr(by_hand, [cycle.rate(batch, PER_EPOCH), 0.9])
        eddl.train_batch(by_hand, [helpers.tensor(x)], [helpers.tensor(y)], indices.tolist())
    for expected, actual in zip(helpers.params_of(by_hand), helpers.params_of(cycled)):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("restart", [True, False])
def test_pruning_restarts_the_cycle(data, restart):  # noqa: F811
    schedule = ep.Schedule(pwe=3, twt=0.3, min_delta=NEVER)
    cycle = ep.Cycle(0.0, 0.1, 4, "linear", restart)
    history = fit(built_mlp(), data, epochs=5, schedule=schedule, learning_rate=cycle)
    assert history["event"][2] == "pruned"
    last = [0.1 * (1 - (4 * (epoch % 4) + 3) / 16) for epoch in range(5)]
    np.testing.assert_allclose(history["learning_rate"], last[:3] + (last[:2] if restart else last[3:]), rtol=1e-6)


def test_the_learning_rate_goes_back_with_the_best_state(data):  # noqa: F811
    net = built_mlp(eddl.sgd(0.05, 0.9))
    rates = []

    def decay(epoch, logs):
        rates.append(_core.learning_rate(net))
        eddl.setlr(net, [0.05 / 2**epoch, 0.9])

    history = fit(net, data, epochs=3, callbacks=[decay], schedule=ep.Schedule(pwe=2, twt=0.3, min_delta=NEVER))
    assert history["event"] == ["waiting", "pruned", "waiting"]
    np.testing.assert_allclose(history["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)
    np.testing.assert_allclose(rates, [0.05, 0.05, 0.0125], rtol=1e-6)  # the second: of the first state, the best one
    assert _core.learning_rate(net) == pytest.approx(0.05)  # of the pruned state


@pytest.mark.skipif(helpers.engine_name() != "EDDL", reason="on the embedded engine every optimizer takes steps")
def test_an_optimizer_without_a_rate_has_no_cycle(data):  # noqa: F811
    with pytest.raises(ValueError, match=r"^fit: learning_rate: the optimizer .* has none"):
        fit(built_mlp(eddl.adagrad(0.1, 1e-3, 0.0)), data, learning_rate=ep.Cycle(0, 1))


# --- channels by sensitivity ---


def sensitivities(parameters, x):
    """(1/C) sum_k |dy_k/dp| of the hidden neurons of mlp(), means over samples, in NumPy."""
    w = [values.astype(np.float64) for values in parameters]
    first = x @ w[0] + w[1]
    second = np.maximum(first, 0) @ w[2] + w[3]
    to_second = np.einsum("ni,ik->nki", second > 0, w[4])  # [sample, class, neuron]
    to_first = np.einsum("nki,ji,nj->nkj", to_second, w[2], first > 0)
    return [np.abs(each).mean((0, 1)) for each in (to_first, to_second)]


@pytest.mark.parametrize("mem", ["full_mem", "low_mem"])
def test_the_least_sensitive_channels_go_first(data, mem):  # noqa: F811
    net = built_mlp(mem=mem)
    fit(net, data, epochs=15)
    before = helpers.params_of(net)
    schedule = ep.Schedule(pwe=1, twt=0.3, granularity="channel", criterion="sensitivity", min_delta=NEVER, tolerance=0)
    history = fit(net, data, epochs=1, schedule=schedule)
    assert history["event"] == ["pruned"]
    measured = sensitivities(before, data[0][0][: SAMPLES // BATCH * BATCH])
    after = helpers.params_of(net)
    threshold = history["threshold"][0]
    dead = [~after[i].any(0) for i in (0, 2)]
    for values, zeroed in zip(measured, dead):
        np.testing.assert_array_equal(values < threshold * (1 - 1e-5), zeroed)
    assert 0 < sum(map(np.sum, dead)) < 28
    norms = [np.linalg.norm(before[i], axis=0) for i in (0, 2)]
    by_norm = np.argsort(np.concatenate(norms)), np.argsort(np.concatenate(measured))
    assert not np.array_equal(*by_norm)


@pytest.mark.embedded_engine  # EDDL's random numbers cannot be set, nor do its batch norms repeat their numbers
def test_measuring_sensitivities_leaves_no_trace():
    def trained(measures):
        x = eddl.Input([3, 8, 8])
        layer = eddl.ReLu(eddl.BatchNormalization(eddl.Conv2D(x, 6, [3, 3]), True))
        layer = eddl.Dropout(eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 9)), 0.3)
        net = eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 4))])
        helpers.build(net, None, "softmax_cross_entropy", "categorical_accuracy", threads=1)
        images, targets = helpers.batch_for(net, 30)
        samples = Samples(net, [images], [targets], ("x", "y"))
        _core.set_random_state(5)
        for _ in range(3):
            helpers.train(net, images[:10], targets[:10], 2)
            if measures:
                found = Run(net, samples, samples, Settings(10, None, None, True, 0, False))._sensitivities()
                assert all((values > 0).any() for values in found.values())
        return net

    helpers.assert_same_params(trained(False), trained(True))


# --- shrinking while training ---

NETS = {
    "mlp": lambda: helpers.mlp(hidden=(24, 20)),
    "lenet": lambda: helpers.lenet(filters=(8, 10), hidden=16),
}


def shrinking_run(name, optimizer, **options):
    net = helpers.build(NETS[name](), ep.LOBSTER(optimizer(), 1e-3), "softmax_cross_entropy", "categorical_accuracy")
    x, _ = helpers.batch_for(net, 48)
    scores = x.reshape(48, -1) @ np.random.default_rng(1).normal(size=(x[0].size, 4))
    y = np.eye(4, dtype=np.float32)[scores.argmax(1)]
    arguments = {"validation": ([x], [y]), "batch_size": 12}
    ep.fit(net, [x], [y], epochs=25, **arguments)
    schedule = ep.Schedule(pwe=0, patience=9, **options)
    return net, x, ep.fit(net, [x], [y], epochs=4, schedule=schedule, **arguments)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("optimizer", [lambda: eddl.sgd(0.02, 0.9), lambda: eddl.adam(0.003)], ids=["sgd", "adam"])
def test_the_shrinking_net_trains_as_the_masked_one(name, optimizer):
    # One pruning step only: the next one would see the weights that dead channels still have in the masked net.
    options = {"granularity": "channel", "twt": 0.3, "target_sparsity": 0.01}
    masked, x, expected = shrinking_run(name, optimizer, **options)
    shrunk, _, history = shrinking_run(name, optimizer, **options, simplify=True)
    assert history["event"] == expected["event"]
    assert history["event"].count("pruned") == 1
    assert history["event"][0] == "pruned"
    assert history["zeroed"] == expected["zeroed"]
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-4)
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(helpers.predict(shrunk, x), helpers.predict(masked, x), rtol=1e-3, atol=1e-5)
    assert set(expected["parameters"]) == {ep.stats(masked).parameters}
    assert history["parameters"] == [ep.stats(shrunk).parameters] * 4 < expected["parameters"]
    assert history["channels"] == expected["channels"] == [ep.stats(shrunk).channels] * 4
    assert ep.simplify(masked).parameters_after == history["parameters"][-1]


@pytest.mark.parametrize("granularity", ["weight", "channel"])
def test_a_net_shrinks_step_by_step(granularity):
    net, x, history = shrinking_run("mlp", lambda: eddl.sgd(0.02, 0.9), granularity=granularity, twt=0.8, simplify=True)
    assert history["event"].count("pruned") >= 2
    assert all(np.diff(history["parameters"]) <= 0)
    assert history["parameters"][-1] == ep.stats(net).parameters
    if granularity == "channel":
        assert history["parameters"][-1] < history["parameters"][0] < 24 * 9 + 20 * 25 + 4 * 21
    assert history["nonzero"][-1] == ep.stats(net).nonzero  # masks held in the smaller net, too
    assert ep.plan(net).parameters_removed == 0
    assert np.isfinite(helpers.predict(net, x)).all()


def test_a_net_that_cannot_be_simplified_is_refused_at_once(data):  # noqa: F811
    x = eddl.Input([8])
    net = helpers.build(eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.ReLu(eddl.Dense(x, 6)), 4))]), seed=3)
    other = eddl.Model([x], [net.layers[-1]])  # shares the layers
    helpers.build(other, seed=None)
    before = helpers.params_of(net)
    with pytest.raises(ep.PruneError):
        fit(net, data, schedule=ep.Schedule(simplify=True))
    helpers.assert_same_params(before, net)
