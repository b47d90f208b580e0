"""
Recurrent nets as scripts use them: unrolled over time, one output or many, encoders and decoders, states, lengths that
change. The numbers come from a cell in NumPy; conformance/cases/recurrent.py has EDDL's.
"""

import gc

import eddl_prune as ep
import numpy as np
import pyeddl._core as core
import pyeddl.eddl as eddl
import pytest
from helpers import (
    array,
    assert_same_params,
    build,
    by_layer,
    named_params,
    params_of,
    running,
    seed_params,
    set_params,
    tensor,
    view,
)

KINDS = ["rnn", "lstm", "gru"]
UNITS, INPUTS, CLASSES = 5, 4, 3
# What EDDL crashes on, or gets wrong, in recurrent nets.
engine_only = pytest.mark.embedded_engine


def recurrent(kind, parent, units=UNITS, mask=False, name="cell"):
    if kind == "rnn":
        return eddl.RNN(parent, units, "tanh", True, False, name)
    return {"lstm": eddl.LSTM, "gru": eddl.GRU}[kind](parent, units, mask, False, name)


def net(kind, optimizer=None, mask=False, loss="mse", metric="mse", threads=1, **options):
    x = eddl.Input([INPUTS], "x")
    h = eddl.Dense(recurrent(kind, x, mask=mask), CLASSES, True, "y")
    return build(eddl.Model([x], [h]), optimizer or eddl.sgd(0.05), loss, metric, threads=threads, **options)


def data(rng, samples=6, steps=4, outputs=1):
    return rng.normal(size=(samples, steps, INPUTS)), rng.normal(size=(samples, outputs, CLASSES))


def train(net, x, y, steps=1):
    xs = [tensor(a) for a in (x if isinstance(x, list) else [x])]
    ys = [tensor(a) for a in (y if isinstance(y, list) else [y])]
    for _ in range(steps):
        eddl.train_batch(net, xs, ys)


def outputs(net, x):
    return [array(y) for y in eddl.predict(net, [tensor(x)])]


# --- the cells in NumPy ---


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_step(p, x, states):
    return [np.tanh(x @ p[0] + states[0] @ p[1] + p[2])]


def lstm_step(p, x, states):
    h, c = states
    i, f, o, g = (x @ p[k] + h @ p[4 + k] + p[8 + k] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


def gru_step(p, x, states):
    (h,) = states
    z, r = (sigmoid(x @ p[k] + h @ p[3 + k] + p[6 + k]) for k in range(2))
    n = np.tanh(x @ p[2] + p[8] + r * (h @ p[5] + p[9]))
    return [(1 - z) * n + z * h]


def run_cell(net, kind, x, mask=False):
    """All states after each step: [steps][states] of [samples, units]."""
    step = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}[kind]
    p = [array(t).astype(np.float64) for t in eddl.getLayer(net, "cell").params]
    states = [np.zeros((len(x), UNITS)) for _ in range(2 if kind == "lstm" else 1)]
    found = []
    for t in range(x.shape[1]):
        keep = ~x[:, t].any(axis=1, keepdims=True) if mask else False
        states = [np.where(keep, old, new) for old, new in zip(states, step(p, x[:, t], states))]
        found.append(states)
    return found


def head(net, h):
    w, b = (array(t) for t in eddl.getLayer(net, "y").params)
    return h @ w + b


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_states_and_outputs_are_those_of_the_formulas(kind, steps, rng):
    n, x = net(kind, threads=2), data(rng, steps=steps)[0]
    expected = run_cell(n, kind, x)
    (y,) = outputs(n, x)
    np.testing.assert_allclose(y, head(n, expected[-1][0]), rtol=1e-4, atol=1e-5)
    cell = eddl.getLayer(n, "cell")
    all_steps = array(eddl.getOutput(cell))  # [steps, samples, units]
    np.testing.assert_allclose(all_steps, [states[0] for states in expected], rtol=1e-4, atol=1e-5)


@engine_only
@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_after_the_last_step(kind, rng):
    n, x = net(kind), data(rng, steps=3)[0]
    outputs(n, x)
    cell, last = eddl.getLayer(n, "cell"), run_cell(n, kind, x)[-1]
    states = eddl.getStates(cell)
    assert len(states) == len(last)
    for i, expected in enumerate(last):
        np.testing.assert_allclose(array(states[i]), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(array(eddl.getState(cell, i)), array(states[i]))
    np.testing.assert_array_equal(array(eddl.getInput(cell)), np.moveaxis(x, 1, 0).astype(np.float32))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_masked_samples_keep_their_states(kind, rng):
    n, x = net(kind, mask=True), data(rng, samples=20, steps=5)[0]
    x[rng.random(size=x.shape[:2]) < 0.5] = 0
    (y,) = outputs(n, x)
    np.testing.assert_allclose(y, head(n, run_cell(n, kind, x, mask=True)[-1][0]), rtol=1e-4, atol=1e-5)


@engine_only
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_masked_steps_at_the_end_change_no_gradient(kind, rng):
    """Padding with zeros must not be learnt from."""
    x, y = data(rng, steps=3)
    plain, padded = net(kind, mask=True), net(kind, mask=True)
    train(plain, x, y, 2)
    train(padded, np.concatenate([x, np.zeros((len(x), 4, INPUTS))], axis=1), y, 2)
    for key, value in named_params(plain).items():
        np.testing.assert_allclose(named_params(padded)[key], value, rtol=1e-5, atol=1e-6)


# --- lengths and batches ---


@engine_only
@pytest.mark.parametrize("kind", KINDS)
def test_a_net_that_has_seen_other_shapes_trains_as_a_fresh_one(kind, rng):
    used = net(kind)
    for samples, steps, targets in ((6, 4, 1), (3, 7, 7), (1, 1, 1), (8, 4, 2)):
        train(used, *data(rng, samples, steps, targets))
        outputs(used, data(rng, samples + 2, steps + 1)[0])
        fresh = net(kind)
        set_params(fresh, params_of(used))
        x, y = data(rng, samples, steps, targets)
        for n in (used, fresh):
            train(n, x, y)
        assert_same_params(used, fresh)


@engine_only
def test_prediction_gives_as_many_steps_as_the_net_was_unrolled_for(rng):
    n = net("lstm")
    x, y = data(rng, steps=4, outputs=3)
    assert len(outputs(n, x)) == 1  # nobody has asked for more
    train(n, x, y)
    assert len(outputs(n, x)) == 3
    assert len(outputs(n, x[:, :3])) == 1  # of another length than what it was trained on
    n.build_rnet(3, 2)
    assert len(outputs(n, x[:, :3])) == 2
    expected = run_cell(n, "lstm", x[:, :3])
    for output, states in zip(outputs(n, x[:, :3]), expected[1:]):
        np.testing.assert_allclose(output, head(n, states[0]), rtol=1e-4, atol=1e-5)


@engine_only
def test_fit_and_evaluate(rng, capfd):
    n = net("gru", eddl.sgd(0.1, 0.5), metric="mean_absolute_error")
    x, y = data(rng, samples=10, outputs=2)
    arguments = [tensor(x)], [tensor(y)]
    eddl.evaluate(n, *arguments, bs=4)
    before, metric = eddl.get_losses(n)[0], eddl.get_metrics(n)[0]
    predicted = outputs(n, x)
    errors = [predicted[t] - y[:, t] for t in range(2)]
    assert before == pytest.approx(np.mean(np.square(errors)), rel=1e-4)
    per_sample = np.abs(errors).sum() / (2 * len(x))
    assert metric in (pytest.approx(per_sample, rel=1e-4), pytest.approx(per_sample / CLASSES, rel=1e-4))
    eddl.fit(n, *arguments, 5, 20)
    eddl.evaluate(n, *arguments, bs=3)
    assert eddl.get_losses(n)[0] < 0.9 * before
    assert "y[loss=" in capfd.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_forward_backward_update_are_a_training_step(kind, rng):
    whole, pieces = net(kind, threads=2), net(kind, threads=2)
    x, y = data(rng)
    train(whole, x, y)
    eddl.set_mode(pieces, 1)
    eddl.zeroGrads(pieces)
    eddl.forward(pieces, [tensor(x)])
    eddl.backward(pieces, [tensor(y)])
    eddl.update(pieces)
    assert_same_params(whole, pieces)


@engine_only
def test_backward_after_a_forward_in_inference_mode(rng):
    x, y = data(rng)
    for kind in KINDS:
        nets = [net(kind), net(kind)]
        for n, mode in zip(nets, (1, 0)):
            eddl.set_mode(n, mode)
            eddl.zeroGrads(n)
            eddl.forward(n, [tensor(x)])
            eddl.backward(n, [tensor(y)])
            eddl.update(n)
        assert_same_params(*nets)


# --- what training goes through ---


@engine_only
@pytest.mark.parametrize("kind", KINDS)
def test_memory_levels_give_the_same_numbers(kind, rng):
    x, y = data(rng, outputs=3)
    nets = [net(kind, mem=level) for level in ("full_mem", "mid_mem", "low_mem")]
    for n in nets:
        train(n, x, y, 3)
        train(n, x[:2], y[:2])
    assert_same_params(nets[0], nets[1])
    assert_same_params(nets[0], nets[2])


OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.05, 0.9),
    "adam": lambda: eddl.adam(0.01),
    "rmsprop": lambda: eddl.rmsprop(0.005),
    "adadelta": lambda: eddl.adadelta(1.0, 0.9, 1e-3, 0.0),
    "adagrad": lambda: eddl.adagrad(0.05, 1e-4, 0.0),
    "adamax": lambda: eddl.adamax(0.01, 0.9, 0.999, 1e-4, 0.0),
    "nadam": lambda: eddl.nadam(0.01, 0.9, 0.999, 1e-4, 0.004),
    "LOBSTER": lambda: ep.LOBSTER(eddl.sgd(0.05, 0.9), lmbda=1e-4),
}


@engine_only
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_learn(optimizer, rng):
    n = net("lstm", OPTIMIZERS[optimizer]())
    x, y = data(rng)

    def loss():
        eddl.evaluate(n, [tensor(x)], [tensor(y)], bs=6)
        return eddl.get_losses(n)[0]

    before = loss()
    train(n, x, y, 60)
    assert loss() < 0.8 * before


@engine_only
def test_frozen_layers_stay(rng):
    n = net("lstm")
    x, y = data(rng)
    train(n, x, y)
    eddl.setTrainable(n, "cell", False)
    before = named_params(n)
    train(n, x, y, 2)
    after = named_params(n)
    assert all((before[f"cell/{i}"] == after[f"cell/{i}"]).all() for i in range(12))
    assert (before["y/0"] != after["y/0"]).any()
    eddl.setTrainable(n, "cell", True)
    train(n, x, y)
    assert (before["cell/0"] != named_params(n)["cell/0"]).any()


@engine_only
def test_regularizers_may_be_replaced_between_steps(rng):
    n = net("rnn", eddl.sgd(0.0))
    x, y = data(rng, steps=3)
    train(n, x, y)
    before = named_params(n)
    eddl.L2(eddl.getLayer(n, "cell"), 0.1)
    train(n, x, y)
    np.testing.assert_allclose(named_params(n)["cell/0"], 0.9**3 * before["cell/0"], rtol=1e-5)
    eddl.L2(eddl.getLayer(n, "cell"), 0.0)
    gc.collect()
    train(n, x, y)
    np.testing.assert_allclose(named_params(n)["cell/1"], 0.9**3 * before["cell/1"], rtol=1e-5)


@engine_only
def test_losses_and_metrics_of_python_and_optimizers_of_python(rng):
    class HalfSquare(core.Loss):
        def __init__(self):
            core.Loss.__init__(self, "half_square")

        def delta(self, t, y, d):
            view(d)[...] = (array(y) - array(t)) / len(array(t))

        def value(self, t, y):
            return float(np.square(array(y) - array(t)).sum())

    class Count(core.Metric):
        def __init__(self):
            core.Metric.__init__(self, "count")

        def value(self, t, y):
            return float(len(array(t)))

    class Plain(core.Optimizer):
        def __init__(self):
            core.Optimizer.__init__(self)

        def applygrads(self, batch):
            for layer in self.layers:
                for p, g in zip(layer.params, layer.gradients):
                    view(p)[...] -= 0.05 * array(g)

    x = eddl.Input([INPUTS], "x")
    own = eddl.Model([x], [eddl.Dense(recurrent("lstm", x), CLASSES, True, "y")])
    own.build(Plain(), [HalfSquare()], [Count()], eddl.CS_CPU(1))
    seed_params(own)
    usual = net("lstm")
    xs, ys = data(rng, outputs=3)
    for n in (own, usual):
        train(n, xs, ys, 2)
    for key, value in named_params(usual).items():
        np.testing.assert_allclose(named_params(own)[key], value, rtol=1e-5, atol=1e-6)
    eddl.reset_loss(own)
    eddl.eval_batch(own, [tensor(xs)], [tensor(ys)])
    assert eddl.get_metrics(own) == [1.0]


def test_parameters_cross_to_another_net_by_file_and_by_list(rng, tmp_path):
    trained, x = net("gru"), data(rng)[0]
    train(trained, *data(rng))
    expected = outputs(trained, x)[0]
    eddl.save(trained, str(tmp_path / "net.bin"))
    loaded, given = net("gru", seed=7), net("gru", seed=8)
    eddl.load(loaded, str(tmp_path / "net.bin"))
    eddl.set_parameters(given, eddl.get_parameters(trained, True))
    for n in (loaded, given):
        assert_same_params(trained, n)
        np.testing.assert_allclose(outputs(n, x)[0], expected, rtol=1e-5)


def test_summary_is_of_the_net_not_of_its_unrolling(rng, capfd):
    n = net("lstm")
    train(n, *data(rng))
    eddl.summary(n)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith(("x", "cell", "y"))]
    assert [line.split("|")[0].strip() for line in lines] == ["x", "cell", "y"]
    assert str(4 * (INPUTS * UNITS + UNITS * UNITS + UNITS)) in lines[1]


# --- several inputs and outputs ---


@engine_only
def test_two_inputs_and_two_outputs(rng):
    def make():
        a, b = eddl.Input([INPUTS], "a"), eddl.Input([2], "b")
        h = recurrent("lstm", eddl.Concat([a, b], 0, "join"))
        ends = [eddl.Dense(h, CLASSES, True, "y"), eddl.Dense(h, 2, True, "z")]
        return build(eddl.Model([a, b], ends), eddl.sgd(0.05), "mse", "mse")

    x, y = data(rng, steps=4, outputs=2)
    b, z = rng.normal(size=(6, 4, 2)), rng.normal(size=(6, 2, 2))
    two = make()
    train(two, [x, b], [y, z])
    eddl.reset_loss(two)
    eddl.eval_batch(two, [tensor(x), tensor(b)], [tensor(y), tensor(z)])
    found = by_layer(running(two).lout, "output")
    assert list(found) == ["y.0", "y.1", "z.0", "z.1"]
    expected = run_cell(two, "lstm", np.concatenate([x, b], axis=2))
    losses = []
    for name, target in (("y", y), ("z", z)):
        w, bias = (array(t) for t in eddl.getLayer(two, name).params)
        for t in range(2):
            np.testing.assert_allclose(found[f"{name}.{t}"], expected[2 + t][0] @ w + bias, rtol=1e-4, atol=1e-5)
        losses.append(np.mean([np.square(found[f"{name}.{t}"] - target[:, t]).mean() for t in range(2)]))
    np.testing.assert_allclose(eddl.get_losses(two), losses, rtol=1e-4)


# --- states and decoders ---


def one_step_net():
    x, states = eddl.Input([INPUTS], "x"), eddl.States([2, UNITS], "states")
    h = eddl.LSTM([x, states], UNITS, False, False, "cell")
    h.isrecurrent = False
    return build(eddl.Model([x, states], [eddl.Dense(h, CLASSES, True, "y")]))


def test_a_script_steps_a_cell_by_itself(rng):
    """As scripts decode: the states of a step go in again at the next."""
    whole, single = net("lstm"), one_step_net()
    for name in ("cell", "y"):
        eddl.copyParam(eddl.getLayer(whole, name), eddl.getLayer(single, name))
    x, states = data(rng, samples=2, steps=4)[0], np.zeros((2, 2, UNITS))
    for t in range(4):
        eddl.forward(single, [tensor(x[:, t]), tensor(states)])
        states = np.stack([array(s) for s in eddl.getStates(eddl.getLayer(single, "cell"))], axis=1)
    np.testing.assert_allclose(array(single.lout[0].output), outputs(whole, x)[0], rtol=1e-4, atol=1e-5)


@engine_only
def test_states_as_an_input_of_a_recurrent_net(rng):
    x, states = eddl.Input([INPUTS], "x"), eddl.States([2, UNITS], "states")
    h = eddl.LSTM([x, states], UNITS, False, False, "cell")
    n = build(eddl.Model([x, states], [eddl.Dense(h, CLASSES, True, "y")]))
    plain = net("lstm")
    set_params(plain, params_of(n))
    xs, first = data(rng, samples=3, steps=5)[0], data(rng, samples=3, steps=2)[0]
    outputs(plain, first)
    begun = np.stack([array(s) for s in eddl.getStates(eddl.getLayer(plain, "cell"))], axis=1)
    (y,) = eddl.predict(n, [tensor(xs), tensor(begun)])
    expected = outputs(plain, np.concatenate([first, xs], axis=1))[0]
    np.testing.assert_allclose(array(y), expected, rtol=1e-4, atol=1e-5)


WORDS = 6


def translator(kind="lstm", optimizer=None, units=UNITS, mem="full_mem", through_dense=False):
    x = eddl.Input([WORDS], "x")
    encoded = recurrent(kind, x, units, name="encoder")
    before = eddl.Input([WORDS], "before")
    h = recurrent(kind, [before, eddl.GetStates(encoded)], units, name="decoder")
    out = eddl.Softmax(eddl.Dense(h, WORDS, True, "logits"), -1, "y")
    eddl.setDecoder(before)
    n = eddl.Model([x], [out])
    return build(n, optimizer or eddl.sgd(0.1), "softmax_cross_entropy", "accuracy", mem=mem, threads=1)


def sentences(rng, samples, steps):
    words = rng.integers(WORDS, size=(samples, steps))
    return words, np.eye(WORDS)[words]


@engine_only
@pytest.mark.parametrize("mem", ["mid_mem", "low_mem"])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_decoders_train_at_all_memory_levels(kind, mem, rng):
    _, x = sentences(rng, 4, 3)
    _, y = sentences(rng, 4, 5)
    nets = [translator(kind), translator(kind, mem=mem)]
    for n in nets:
        train(n, x, y, 3)
        train(n, x[:2, :2], y[:2, :3])
    assert_same_params(*nets)


@engine_only
def test_a_translator_learns_to_reverse(rng):
    n = translator("lstm", eddl.adam(0.02), units=24)
    _, x = sentences(rng, 64, 3)
    arguments = [tensor(x)], [tensor(x[:, ::-1])]
    train(n, x, x[:, ::-1], 150)
    eddl.evaluate(n, *arguments, bs=32)
    assert eddl.get_metrics(n)[0] > 0.95
    # Left to its own outputs it still does.
    n.decoder_teacher_training = False
    n.build_rnet(3, 3)
    decoded = np.stack([y.argmax(axis=1) for y in outputs(n, x)], axis=1)
    assert (decoded == x[:, ::-1].argmax(axis=2)).mean() > 0.9


@engine_only
def test_a_decoder_without_its_teacher(rng):
    """The output of each step goes in at the next: as one net with teacher would have it, given these outputs."""
    free, taught = translator(), translator()
    set_params(taught, params_of(free))
    free.decoder_teacher_training = False
    _, x = sentences(rng, 4, 2)
    _, y = sentences(rng, 4, 3)
    free.build_rnet(2, 3)
    made = outputs(free, x)
    eddl.eval_batch(taught, [tensor(x)], [tensor(np.stack(made, axis=1))])
    for expected, found in zip(by_layer(running(taught).lout, "output").values(), made):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    # Its gradient goes through the outputs it takes: against finite differences of the loss.
    eddl.setlr(free, [0.0])

    def loss():
        eddl.eval_batch(free, [tensor(x)], [tensor(y)])
        probabilities = by_layer(running(free).lout, "output").values()
        return -sum((y[:, t] * np.log(p.astype(np.float64))).sum() for t, p in enumerate(probabilities)) / len(x)

    train(free, x, y)
    for name, i in (("logits", 0), ("decoder", 4), ("encoder", 0)):
        layer = eddl.getLayer(free, name)
        gradient = array(layer.gradients[i])
        weights = view(layer.params[i])
        at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        kept = weights[at].copy()
        weights[at] = kept + 1e-2
        up = loss()
        weights[at] = kept - 1e-2
        down = loss()
        weights[at] = kept
        assert gradient[at] == pytest.approx((up - down) / 2e-2, rel=5e-3)


@engine_only
def test_a_decoder_needs_targets_or_its_own_outputs(rng):
    n = translator()
    _, x = sentences(rng, 4, 2)
    for use in (eddl.predict, eddl.forward):
        with pytest.raises(ValueError, match=r"takes the targets as inputs.*decoder_teacher_training"):
            use(n, [tensor(x)])


# --- what scripts are for: small data that can be learnt ---


@engine_only
@pytest.mark.parametrize("kind", KINDS)
def test_learns_which_sequences_hold_a_mark(kind, rng):
    """Two classes: whether feature 0 was ever high. The outputs are those of a classifier of texts."""
    x = rng.normal(size=(128, 8, INPUTS))
    x[:, :, 0] = 0
    positive = rng.integers(2, size=128)
    x[np.arange(128), rng.integers(8, size=128), 0] = 3.0 * positive
    inputs = eddl.Input([INPUTS], "x")
    h = eddl.ReLu(eddl.Dense(recurrent(kind, inputs, 16), 8, True, "hidden"))
    n = eddl.Model([inputs], [eddl.Sigmoid(eddl.Dense(h, 1, True, "logits"), "y")])
    build(n, eddl.adam(0.01), "binary_cross_entropy", "binary_accuracy", threads=1)
    arguments = [tensor(x)], [tensor(positive[:, None, None])]
    eddl.fit(n, *arguments, 32, 40)
    eddl.evaluate(n, *arguments, bs=32)
    assert eddl.get_metrics(n)[0] > 0.95


@engine_only
@pytest.mark.parametrize("kind", KINDS)
def test_classifies_texts(kind, rng):
    """Words through an embedding; a text is positive if it has word 1. Word 0 is padding, which masks skip."""
    words = rng.integers(2, 20, size=(128, 8))
    words[rng.random(size=words.shape) < 0.2] = 0
    positive = rng.integers(2, size=128)
    words[np.arange(128), rng.integers(8, size=128)] = np.where(positive, 1, 2)
    x = eddl.Input([1], "x")
    h = recurrent(kind, eddl.Embedding(x, 20, 1, 8, True, "words"), 16, mask=True)
    n = eddl.Model([x], [eddl.Sigmoid(eddl.Dense(eddl.ReLu(eddl.Dense(h, 16)), 1, True, "logits"), "y")])
    build(n, eddl.adam(0.01), "binary_cross_entropy", "binary_accuracy", threads=1)
    arguments = [tensor(words[:, :, None])], [tensor(positive[:, None, None])]
    eddl.fit(n, *arguments, 32, 40)
    eddl.evaluate(n, *arguments, bs=32)
    assert eddl.get_metrics(n)[0] > 0.95


@engine_only
def test_captions_images(rng):
    """A convolution, once for all steps, and a decoder that reads its last word: three words name the image."""
    x = eddl.Input([1, 4, 4], "x")
    image = eddl.Flatten(eddl.ReLu(eddl.Conv2D(x, 4, [3, 3], [1, 1], "same")))
    before = eddl.Input([WORDS], "before")
    word = eddl.Embedding(eddl.ReduceArgMax(before, [0]), WORDS, 1, 8, True)
    h = eddl.LSTM(eddl.Concat([word, image]), 24, True)
    out = eddl.Softmax(eddl.Dense(h, WORDS), -1)
    eddl.setDecoder(before)
    n = build(eddl.Model([x], [out]), eddl.adam(0.01), "softmax_cross_entropy", "accuracy", threads=1)
    images = rng.normal(size=(5, 1, 4, 4))
    words, captions = sentences(rng, 5, 3)
    pick = rng.integers(5, size=60)
    arguments = [tensor(images[pick])], [tensor(captions[pick])]
    eddl.fit(n, *arguments, 20, 60)
    eddl.evaluate(n, *arguments, bs=20)
    assert eddl.get_metrics(n)[0] > 0.95
    n.decoder_teacher_training = False
    n.build_rnet(1, 3)
    decoded = np.stack([array(y).argmax(axis=1) for y in eddl.predict(n, [tensor(images)])], axis=1)
    np.testing.assert_array_equal(decoded, words)


# --- errors: nothing crashes, nothing changes ---


def image():
    return eddl.Input([2, 3, 3])


def vector(units=INPUTS):
    return eddl.Input([units])


@engine_only
@pytest.mark.parametrize(
    "message, make",
    [
        ("expected an input of 2 dimensions", lambda: eddl.LSTM(image(), 4)),
        ("expected an input of 2 dimensions", lambda: eddl.RNN(image(), 4)),
        ("at least 1 unit, received 0", lambda: eddl.GRU(vector(), 0)),
        ("at least 1 unit, received -3", lambda: eddl.RNN(vector(), -3)),
        ("expected an activation of", lambda: eddl.RNN(vector(), 4, "gelu")),
        ("the parent layer is missing", lambda: eddl.LSTM([vector(), None], 4)),
        ("the parent layer is missing", lambda: eddl.GRU(None, 4)),
        ("received 0 layers", lambda: eddl.LSTM([], 4)),
        ("received 3 layers", lambda: eddl.LSTM([vector(), vector(), vector()], 4)),
        ("expected 2 states", lambda: eddl.LSTM([vector(), vector()], 4)),
        ("expected 2 states", lambda: eddl.LSTM([vector(), eddl.GRU(vector(), 4)], 4)),
        ("expected 1 states of shape .1, 5.", lambda: eddl.GRU([vector(), eddl.LSTM(vector(), 4)], 5)),
        ("has no states", lambda: eddl.GetStates(vector())),
        ("the parent layer is missing", lambda: eddl.GetStates(None)),
        ("the layer is missing", lambda: eddl.setDecoder(None)),
        ("both above 0, received", lambda: eddl.States([2, 0])),
        ("both above 0, received", lambda: eddl.States([2])),
        ("no memory", lambda: eddl.LSTM(vector(2**20), 2**31 - 1)),
    ],
)
def test_layers_that_cannot_be(message, make):
    with pytest.raises((ValueError, RuntimeError, TypeError), match=f"{message}|incompatible function arguments"):
        make()


@engine_only
def test_a_refused_layer_leaves_no_trace():
    x = vector()
    with pytest.raises(ValueError):
        eddl.LSTM([x, vector()], 4)
    assert not x.child


@engine_only
def test_data_that_does_not_fit(rng):
    n = net("lstm")
    x, y = data(rng)
    train(n, x, y)
    before = params_of(n)
    wrong = {
        "expects shape .samples, time steps.*received .6, 4.": (x[:, 0], y),
        "followed by .4., received .6, 4, 3.": (x[..., :3], y),
        "followed by .3., received .6, 1, 2.": (x, y[..., :2]),
        "target.*received .6, 3.": (x, y[:, 0]),
        "there are 6 input samples and 5 targets": (x, y[:5]),
        "targets of 5 time steps for inputs of 4": (x, np.repeat(y, 5, axis=1)),
    }
    for message, (a, b) in wrong.items():
        for use in (eddl.train_batch, eddl.eval_batch, lambda *args: eddl.fit(*args, 2, 1), eddl.evaluate):
            with pytest.raises(ValueError, match=message):
                use(n, [tensor(a)], [tensor(b)])
    with pytest.raises(ValueError, match="expected 1 input tensors, received 2"):
        eddl.train_batch(n, [tensor(x), tensor(x)], [tensor(y)])
    with pytest.raises(ValueError, match="is missing"):
        eddl.train_batch(n, [tensor(x)], [None], [0])
    with pytest.raises(ValueError, match="expects shape"):
        eddl.predict(n, [tensor(x[:, 0])])
    with pytest.raises(ValueError, match="out of range"):
        eddl.train_batch(n, [tensor(x)], [tensor(y)], [6])
    eddl.forward(n, [tensor(x)])
    with pytest.raises(ValueError, match="forward was of 6 samples and 1 output steps, received targets of 6 and 2"):
        eddl.backward(n, [tensor(np.repeat(y, 2, axis=1))])
    for steps in ((0, 1), (2, -1), (2, 3)):
        with pytest.raises(ValueError, match="build_rnet"):
            n.build_rnet(*steps)
    assert_same_params(n, before)
    train(n, x, y)


@engine_only
def test_nets_that_cannot_be_unrolled(rng):
    _, x = sentences(rng, 2, 2)

    def decoder(size, outputs=1, outside=False):
        inputs, before = eddl.Input([WORDS], "x"), eddl.Input([size], "before")
        encoded = recurrent("lstm", inputs)
        h = eddl.LSTM([before, eddl.GetStates(encoded)], UNITS)
        ends = [eddl.Dense(h, WORDS, True, f"y{i}") for i in range(outputs)]
        if outside:
            ends[-1] = eddl.Dense(encoded, WORDS)
        eddl.setDecoder(before)
        return build(eddl.Model([inputs], ends))

    for n, message in (
        (decoder(WORDS + 1), "decoder input 'before' has shape .1, 7., and output 'y0', which it takes, .1, 6."),
        (decoder(WORDS, outputs=2), "has 1 decoder inputs and 2 outputs"),
        (decoder(WORDS, outputs=2, outside=True), "is not part of it"),
    ):
        with pytest.raises(ValueError, match=message):
            train(n, x, [x] * len(n.lout))

    plain = build(eddl.Model([v := vector()], [eddl.Dense(v, 2)]))
    with pytest.raises(ValueError, match="is not recurrent"):
        plain.build_rnet(2, 1)
    with pytest.raises(ValueError, match="is part of a recurrent net"):
        n = net("lstm")
        eddl.newloss(lambda layers: layers[0], [n.lout[0]], "own")


@engine_only
def test_its_weights_can_be_pruned(rng):
    n = net("lstm")
    x, y = data(rng)
    history = ep.fit(n, [x], [y], validation=([x], [y]), batch_size=3, epochs=3, progress=False)
    assert len(history["loss"]) == 3
    zeroed = ep.threshold(n, 0.1)
    assert zeroed
    assert outputs(n, x)[0].shape == (6, CLASSES)
