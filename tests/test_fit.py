"""fit: training, pruning at plateaus, what state it leaves."""

import json
import math

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune._samples import TrainingOrder, validation_batches

SAMPLES, HELD_OUT, BATCH = 60, 25, 16  # neither number is a multiple of the batch size
NEVER = 1e9  # as min_delta: no later epoch counts as improved, so plateaus come when a test wants them


@pytest.fixture(scope="module")
def data():
    """Inputs and targets of a problem that the small nets can learn: the class is the largest of 4 random sums."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(SAMPLES + HELD_OUT, 8)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[(x @ rng.normal(size=(8, 4))).argmax(1)]
    return (x[:SAMPLES], y[:SAMPLES]), (x[SAMPLES:], y[SAMPLES:])


def built_mlp(optimizer=None, **options):
    return helpers.build(helpers.mlp(), optimizer, "softmax_cross_entropy", "categorical_accuracy", **options)


def fit(net, data, **options):
    (x, y), (xv, yv) = data
    return ep.fit(net, [x], [y], **{"validation": ([xv], [yv]), "batch_size": BATCH, "progress": False, **options})


def forward(parameters, x):
    """The outputs of mlp() before the softmax, in NumPy."""
    for i in range(0, len(parameters), 2):
        x = (np.maximum(x, 0) if i else x) @ parameters[i].astype(np.float64) + parameters[i + 1]
    return x


def cross_entropy(parameters, x, y):
    z = forward(parameters, x)
    z = z - z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - (z * y).sum(1)))


def sgd_losses(parameters, data, rate, momentum, batches):
    """Train mlp() in float64 NumPy on the given batches; the loss of each batch, and the parameters after the last."""
    x, y = data
    weights = [values.astype(np.float64) for values in parameters]
    moments = [np.zeros_like(values) for values in weights]
    losses = []
    for batch in batches:
        activations = [x[batch].astype(np.float64)]
        for i in range(0, len(weights), 2):
            z = activations[-1] @ weights[i] + weights[i + 1]
            activations.append(np.maximum(z, 0) if i < len(weights) - 2 else z)
        z = activations.pop()
        exponentials = np.exp(z - z.max(1, keepdims=True))
        probabilities = exponentials / exponentials.sum(1, keepdims=True)
        losses.append(-np.mean(np.log((probabilities * y[batch]).sum(1))))
        delta = (probabilities - y[batch]) / len(batch)
        gradients = []
        for i, below in zip(range(len(weights) - 2, -1, -2), reversed(activations)):
            gradients = [below.T @ delta, delta.sum(0), *gradients]
            delta = delta @ weights[i].T * (below > 0)
        for value, moment, gradient in zip(weights, moments, gradients):
            moment[...] = momentum * moment + rate * gradient
            value -= moment
    return losses, weights


def validation_loss(net, data):
    return cross_entropy(helpers.params_of(net), *data[1])


# --- training ---


def test_history_has_one_entry_an_epoch_and_exact_validation_means(data):
    net = built_mlp()
    states = []
    history = fit(net, data, epochs=3, callbacks=[lambda *_: states.append(helpers.params_of(net))])
    assert history["epoch"] == [1, 2, 3]
    assert {len(entries) for entries in history.values()} == {3}
    assert history["validations"] == [1, 1, 1]
    assert history["sparsity"] == [0, 0, 0]
    assert "lambda" not in history
    x, y = data[1]
    np.testing.assert_allclose(history["val_loss"], [cross_entropy(state, x, y) for state in states], rtol=1e-4)
    accuracies = [np.mean(forward(state, x).argmax(1) == y.argmax(1)) for state in states]
    np.testing.assert_allclose(history["val_metric"], accuracies, rtol=1e-6)


@pytest.mark.parametrize("earlier_batch", [None, 7, 40], ids=lambda size: f"after batches of {size}")
def test_training_is_that_of_numpy(data, earlier_batch):
    net = built_mlp(eddl.sgd(0.05, 0.0))
    if earlier_batch:  # whose deltas and size must leave no trace
        x, y = data[0]
        eddl.fit(net, [helpers.tensor(x)], [helpers.tensor(y)], earlier_batch, 1)
        helpers.seed_params(net)
    epochs = 4
    order = TrainingOrder(SAMPLES, BATCH, np.random.default_rng(0))
    batches = [batch for _ in range(epochs) for batch in order.take(None)]
    losses, weights = sgd_losses(helpers.params_of(net), data[0], 0.05, 0.0, batches)
    history = fit(net, data, epochs=epochs)
    np.testing.assert_allclose(history["loss"], np.reshape(losses, (epochs, -1)).mean(1), rtol=1e-4)
    assert history["event"] == ["improved"] * epochs
    for expected, actual in zip(weights, helpers.params_of(net)):
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)


def test_momentum_is_that_of_numpy(data):
    net = built_mlp(eddl.sgd(0.05, 0.9))
    batches = TrainingOrder(SAMPLES, BATCH, np.random.default_rng(0)).take(None)
    losses, _ = sgd_losses(helpers.params_of(net), data[0], 0.05, 0.9, batches)
    np.testing.assert_allclose(fit(net, data)["loss"], [np.mean(losses)], rtol=1e-4)


def test_it_learns_and_leaves_the_best_state(data):
    net = built_mlp()
    history = fit(net, data, epochs=30)
    assert min(history["val_loss"]) < 0.8 * history["val_loss"][0]
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    np.testing.assert_allclose(validation_loss(net, data), min(history["val_loss"]), rtol=1e-4)


def test_the_best_state_may_be_the_first_one(data):
    net = built_mlp(eddl.sgd(0.0, 0.0))
    before = helpers.params_of(net)
    net_to_spoil = built_mlp(eddl.sgd(30.0, 0.0))
    fit(net_to_spoil, data, epochs=2, schedule=ep.Schedule(min_delta=NEVER))
    helpers.assert_same_params(before, net_to_spoil)


def test_same_seed_same_training(data):
    histories = [fit(built_mlp(), data, epochs=3, seed=seed) for seed in (7, 7, 8)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-5)
    assert not np.allclose(histories[0]["loss"], histories[2]["loss"], rtol=1e-5)


def test_tensors_are_taken_as_arrays_are(data):
    (x, y), (xv, yv) = data
    from_arrays = fit(built_mlp(), data, epochs=2)
    tensors = [helpers.tensor(values) for values in (x, y, xv, yv)]
    from_tensors = ep.fit(
        built_mlp(), [tensors[0]], [tensors[1]], validation=([tensors[2]], [tensors[3]]), batch_size=BATCH, epochs=2
    )
    np.testing.assert_allclose(from_arrays["val_loss"], from_tensors["val_loss"], rtol=1e-5)


def test_losses_are_summed_over_outputs_and_metrics_averaged(data):
    (x, y), (xv, yv) = data
    layer = eddl.Input([8])
    outputs = [eddl.Softmax(eddl.Dense(layer, 4)), eddl.Dense(layer, 2)]
    net = helpers.build(
        eddl.Model([layer], outputs), None, ["softmax_cross_entropy", "mse"], ["categorical_accuracy", "mse"]
    )
    history = ep.fit(net, [x], [y, y[:, :2]], validation=([xv], [yv, yv[:, :2]]), batch_size=BATCH)
    soft, linear = (helpers.array(out) for out in eddl.predict(net, [helpers.tensor(xv)]))
    mse = np.mean((linear - yv[:, :2]) ** 2)
    entropy = -np.mean(np.log((soft * yv).sum(1)))
    accuracy = np.mean(soft.argmax(1) == yv.argmax(1))
    np.testing.assert_allclose(history["val_loss"], [entropy + mse], rtol=1e-4)
    np.testing.assert_allclose(history["val_metric"], [(accuracy + mse) / 2], rtol=1e-4)


def test_without_metrics_there_are_none_in_the_history(data):
    net = helpers.build(helpers.mlp(), None, "softmax_cross_entropy", "none")
    history = fit(net, data)
    assert "metric" not in history
    assert "val_metric" not in history


def test_lambda_is_recorded_as_it_changes(data):
    optimizer = ep.LOBSTER(eddl.sgd(0.05, 0.9), 1e-3)
    callback = lambda epoch, logs: optimizer.set_lambda(1e-3 / 2**epoch)  # noqa: E731
    history = fit(built_mlp(optimizer), data, epochs=3, callbacks=[callback])
    np.testing.assert_allclose(history["lambda"], [1e-3, 5e-4, 2.5e-4], rtol=1e-6)


@pytest.mark.parametrize("count", [16, 17, 31, 48])
def test_training_batches_are_equally_large_and_leave_out_no_sample(count):
    order = TrainingOrder(count, 16, np.random.default_rng(0))
    epochs = [order.take(None) for _ in range(2)]
    for batches in epochs:
        assert batches.shape == (math.ceil(count / 16), 16)
        assert set(batches.ravel()) == set(range(count))
    assert not np.array_equal(*epochs)
    assert TrainingOrder(count, 16, None).take(1).tolist() == [list(range(16))]


def test_an_order_can_be_taken_up_anywhere():
    def order():
        return TrainingOrder(40, 6, np.random.default_rng(3))

    straight = order()
    whole = np.concatenate([straight.take(3) for _ in range(9)])
    assert (straight.epoch, straight.batches) == (4, 21)  # 3, 3 and 1 batches an epoch
    assert len(whole) == 21
    for taken in range(9):
        first, second = order(), order()
        for _ in range(taken):
            first.take(3)
        second.restore(json.loads(json.dumps(first.state())))
        assert (second.epoch, second.batches) == (first.epoch, first.batches)
        rest = [second.take(3) for _ in range(9 - taken)]
        np.testing.assert_array_equal(np.concatenate(rest), whole[21 - sum(map(len, rest)) :])


def test_validation_batches_name_each_sample_once():
    batches = list(validation_batches(20, 8))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert np.concatenate(batches).tolist() == list(range(20))


# --- pruning ---


def test_a_plateau_prunes_as_much_as_the_tolerance_allows(data):
    net = built_mlp()
    fit(net, data, epochs=10)
    before = helpers.params_of(net)
    twt = 0.1
    schedule = ep.Schedule(pwe=2, twt=twt, min_delta=NEVER, tolerance=0)
    history = fit(net, data, epochs=2, schedule=schedule)
    assert history["event"] == ["waiting", "pruned"]
    assert history["validations"][1] > 2

    # The net went back to its best state, the first one, and all of it below the threshold became zero.
    threshold = history["threshold"][1]
    assert 0 < threshold < max(np.abs(values).max() for values in before)
    expected = [np.where(np.abs(values) < threshold, np.float32(0), values) for values in before]
    helpers.assert_same_params(expected, net)
    assert history["zeroed"][1] == sum(np.count_nonzero(a != b) for a, b in zip(before, expected))
    zeros, total = sum(np.count_nonzero(a == 0) for a in expected), sum(a.size for a in expected)
    assert history["sparsity"][1] == pytest.approx(zeros / total)

    # The threshold is admissible and the next larger one is not.
    limit = (1 + twt) * cross_entropy(before, *data[1])
    assert history["pruned_loss"][1] == pytest.approx(validation_loss(net, data), rel=1e-4)
    assert history["pruned_loss"][1] <= limit * (1 + 1e-6)
    magnitudes = np.unique(np.abs(np.concatenate([values.ravel() for values in before])))
    next_threshold = magnitudes[magnitudes > threshold][0]
    too_much = [np.where(np.abs(values) < next_threshold, np.float32(0), values) for values in before]
    assert cross_entropy(too_much, *data[1]) > limit * (1 - 1e-6)


def test_zeros_stay_zero_under_momentum(data):
    net = built_mlp(eddl.sgd(0.05, 0.9))
    zeros = []
    schedule = ep.Schedule(pwe=3, twt=0.3, min_delta=NEVER)
    callback = lambda *_: zeros.append([values == 0 for values in helpers.params_of(net)])  # noqa: E731
    history = fit(net, data, epochs=5, schedule=schedule, callbacks=[callback])
    assert history["event"] == ["waiting", "waiting", "pruned", "waiting", "waiting"]
    assert not any(values.any() for values in zeros[1])
    assert sum(values.sum() for values in zeros[2]) == history["zeroed"][2] > 0
    for later in zeros[3:]:
        for pruned, values in zip(zeros[2], later):
            np.testing.assert_array_equal(pruned, values)


def test_the_final_state_is_the_best_since_the_last_pruning(data):
    net = built_mlp(ep.LOBSTER(eddl.sgd(0.05, 0.9), 1e-3))
    history = fit(net, data, epochs=40, schedule=ep.Schedule(pwe=2, twt=0.3))
    last = max(i for i, event in enumerate(history["event"]) if event == "pruned")
    assert history["sparsity"][-1] == history["sparsity"][last] > 0
    best = min([history["pruned_loss"][last], *history["val_loss"][last + 1 :]])
    assert validation_loss(net, data) == pytest.approx(best, rel=1e-4)
    assert ep.stats(net).sparsity == pytest.approx(history["sparsity"][-1])


def test_channel_granularity_zeroes_whole_neurons_and_spares_the_output(data):
    net = built_mlp()
    before = helpers.named_params(net)
    history = fit(net, data, epochs=1, schedule=ep.Schedule(pwe=1, twt=0.3, granularity="channel", min_delta=NEVER))
    assert history["event"] == ["pruned"]
    after = helpers.named_params(net)
    zeroed = 0
    for name in ("dense1", "dense2"):
        norms = np.linalg.norm(before[f"{name}/0"].astype(np.float64), axis=0)
        dead = norms < history["threshold"][0]
        zeroed += dead.sum()
        assert not after[f"{name}/0"][:, dead].any()
        assert not after[f"{name}/1"][dead].any()
        np.testing.assert_array_equal(after[f"{name}/0"][:, ~dead], before[f"{name}/0"][:, ~dead])
    assert zeroed > 0
    np.testing.assert_array_equal(after["dense3/0"], before["dense3/0"])
    assert ep.stats(net).dead_channels == zeroed


def test_all_layers_that_give_an_output_are_spared():
    # Two outputs: one behind a batch norm, one the sum of two dense layers.
    layer = eddl.Input([8], "input")
    hidden = eddl.ReLu(eddl.Dense(layer, 12, True, "hidden"))
    first = eddl.BatchNormalization(eddl.Dense(hidden, 3, True, "first"), True)
    second = eddl.Add([eddl.Dense(hidden, 2, True, "left"), eddl.Dense(hidden, 2, True, "right")])
    net = helpers.build(eddl.Model([layer], [first, second]))
    x = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    y = [np.zeros((20, 3), np.float32), np.zeros((20, 2), np.float32)]
    schedule = ep.Schedule(pwe=1, twt=1e6, granularity="channel", min_delta=NEVER, tolerance=0)
    history = ep.fit(net, [x], y, validation=([x], y), batch_size=10, schedule=schedule)
    assert history["event"] == ["pruned"]
    dead = {layer.name: layer.dead_channels for layer in ep.stats(net).layers if layer.dead_channels is not None}
    assert dead == {"hidden": 12, "first": 0, "left": 0, "right": 0}


def test_it_ends_when_nothing_more_can_be_pruned(data):
    # A loss that may not rise at all, on a trained net: at some plateau nothing is admissible.
    net = built_mlp()
    fit(net, data, epochs=20)
    history = fit(net, data, epochs=200, schedule=ep.Schedule(pwe=1, twt=0))
    assert history.ended_by == "schedule"
    assert history["event"][-1] == "exhausted"
    assert (history["threshold"][-1], history["zeroed"][-1], history["pruned_loss"][-1]) == (None, 0, None)
    assert len(history["epoch"]) < 200


def test_target_sparsity_ends_pruning_at_the_next_plateau(data):
    net = built_mlp()
    schedule = ep.Schedule(pwe=1, twt=0.5, target_sparsity=0.01, min_delta=NEVER)
    history = fit(net, data, epochs=9, schedule=schedule)
    assert history["event"] == ["pruned", "exhausted"]
    assert history.ended_by == "schedule"


def test_keep_zeros_holds_what_was_zero_at_the_start(data):
    net = built_mlp()
    ep.threshold(net, 0.1)
    zeros = [values == 0 for values in helpers.params_of(net)]
    fit(net, data, epochs=2, keep_zeros=True)
    for was_zero, values in zip(zeros, helpers.params_of(net)):
        assert not values[was_zero].any()
        assert values[~was_zero].all()


def test_batch_norm_statistics_belong_to_the_best_state():
    net = helpers.build(helpers.bn_convnet(), None, "softmax_cross_entropy", "categorical_accuracy")
    x, y = helpers.batch_for(net, 20)
    before = helpers.params_of(net)
    ep.fit(net, [x], [y], validation=([x], [y]), batch_size=10, epochs=2, schedule=ep.Schedule(min_delta=NEVER))
    helpers.assert_same_params(before, net)


def test_a_pruned_net_simplifies_to_the_same_outputs(data):
    net = built_mlp()
    fit(net, data, epochs=12, schedule=ep.Schedule(pwe=1, twt=0.5, granularity="channel"))
    before = helpers.predict(net, data[1][0])
    report = ep.simplify(net)
    assert report.parameters_after < report.parameters_before
    np.testing.assert_allclose(helpers.predict(net, data[1][0]), before, rtol=1e-5, atol=1e-6)


# --- how it can end ---


@pytest.mark.parametrize("true", [True, np.True_], ids=["bool", "numpy"])
def test_a_callback_that_returns_true_ends_training(data, true):
    calls = []
    callbacks = [lambda epoch, logs: true if epoch == 2 else 1, lambda epoch, logs: calls.append(epoch)]
    history = fit(built_mlp(), data, epochs=9, callbacks=callbacks)
    assert history["epoch"] == calls == [1, 2]
    assert history.ended_by == "callback"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_the_best_state(data, error):
    net = built_mlp(eddl.sgd(30.0, 0.9))  # far too fast: later epochs are worse than the start
    before = helpers.params_of(net)

    def interrupt(epoch, logs):
        if epoch == 2:
            raise error("stop")

    if error is KeyboardInterrupt:
        history = fit(net, data, epochs=9, callbacks=[interrupt], schedule=ep.Schedule(min_delta=NEVER))
        assert history.ended_by == "interrupt"
        assert history["epoch"] == [1, 2]
    else:
        with pytest.raises(error, match="stop"):
            fit(net, data, epochs=9, callbacks=[interrupt], schedule=ep.Schedule(min_delta=NEVER))
    helpers.assert_same_params(before, net)


@pytest.mark.parametrize("schedule", [None, ep.Schedule()], ids=["plain", "pruning"])
def test_training_that_blows_up(data, schedule):
    net = built_mlp(eddl.sgd(1e30, 0.9))
    before = helpers.params_of(net)
    with pytest.raises(FloatingPointError, match=r"^fit: .* became (nan|-?inf|NaN or infinite) in epoch \d; a smaller"):
        fit(net, data, epochs=9, schedule=schedule)
    helpers.assert_same_params(before, net)


def test_progress_bar_is_shown_when_asked_for(data, capfd):
    fit(built_mlp(), data, epochs=1, progress=True)
    shown = capfd.readouterr().err
    assert "epoch 1" in shown
    assert "val_loss=" in shown
    fit(built_mlp(), data, epochs=1)
    assert "epoch" not in capfd.readouterr().err
