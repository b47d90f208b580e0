"""The optimizers' steps against their formulas in NumPy, in float64, from the gradients that the net reports."""

import gc

import numpy as np
import pyeddl._core as core
import pyeddl.eddl as eddl
import pytest
from helpers import STEPLESS_ON_EDDL, array, batch_for, build, gradients_of, mlp, named_params, tensor, train, view


class NumpySGD:
    def __init__(self, lr, mu):
        self.lr, self.mu = lr, mu

    def step(self, w, g, state):
        state["m"] = self.lr * g + self.mu * state.get("m", 0.0)
        return w - state["m"]


class NumpyAdam:
    def __init__(self, lr, beta1, beta2, epsilon):
        self.lr, self.beta1, self.beta2, self.epsilon = lr, beta1, beta2, epsilon

    def step(self, w, g, state):
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = self.beta1 * state.get("m", 0.0) + (1 - self.beta1) * g
        v = state["v"] = self.beta2 * state.get("v", 0.0) + (1 - self.beta2) * g * g
        return w - self.lr * (m / (1 - self.beta1**t)) / np.sqrt(v / (1 - self.beta2**t) + self.epsilon)


class NumpyRMSProp:
    """As EDDL has it: the mean is of this step's square and the last one's."""

    def __init__(self, lr, rho, epsilon):
        self.lr, self.rho, self.epsilon = lr, rho, epsilon

    def step(self, w, g, state):
        mean = (1 - self.rho) * g * g + self.rho * state.get("last", 0.0) ** 2
        state["last"] = g
        return w - self.lr * g / np.sqrt(mean + self.epsilon)


class NumpyAdaDelta:
    """Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1; lr scales the update."""

    def __init__(self, lr, rho, epsilon, decay):
        self.lr, self.rho, self.epsilon, self.decay = lr, rho, epsilon, decay

    def step(self, w, g, state):
        g = g + self.decay * w
        square = state["g2"] = self.rho * state.get("g2", 0.0) + (1 - self.rho) * g**2
        delta = -np.sqrt(state.get("x2", 0.0) + self.epsilon) / np.sqrt(square + self.epsilon) * g
        state["x2"] = self.rho * state.get("x2", 0.0) + (1 - self.rho) * delta**2
        return w + self.lr * delta


class NumpyAdagrad:
    """Duchi, Hazan, Singer, JMLR 12 (2011), the diagonal form; epsilon outside the root."""

    def __init__(self, lr, epsilon, decay):
        self.lr, self.epsilon, self.decay = lr, epsilon, decay

    def step(self, w, g, state):
        g = g + self.decay * w
        state["sum"] = state.get("sum", 0.0) + g**2
        return w - self.lr * g / (np.sqrt(state["sum"]) + self.epsilon)


class NumpyAdamax:
    """Kingma, Ba, ICLR 2015, algorithm 2; epsilon in the maximum."""

    def __init__(self, lr, beta1, beta2, epsilon, decay):
        self.lr, self.beta1, self.beta2, self.epsilon, self.decay = lr, beta1, beta2, epsilon, decay

    def step(self, w, g, state):
        g = g + self.decay * w
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = self.beta1 * state.get("m", 0.0) + (1 - self.beta1) * g
        u = state["u"] = np.maximum(self.beta2 * state.get("u", 0.0), np.abs(g) + self.epsilon)
        return w - self.lr / (1 - self.beta1**t) * m / u


class NumpyNadam:
    """Dozat, ICLR workshop 2016, algorithm 2 with its momentum schedule."""

    def __init__(self, lr, beta1, beta2, epsilon, schedule_decay):
        self.lr, self.beta1, self.beta2, self.epsilon, self.schedule = lr, beta1, beta2, epsilon, schedule_decay

    def step(self, w, g, state):
        t = state["t"] = state.get("t", 0) + 1
        mu, following = (self.beta1 * (1 - 0.5 * 0.96 ** (i * self.schedule)) for i in (t, t + 1))
        product = state["product"] = state.get("product", 1.0) * mu
        m = state["m"] = self.beta1 * state.get("m", 0.0) + (1 - self.beta1) * g
        v = state["v"] = self.beta2 * state.get("v", 0.0) + (1 - self.beta2) * g * g
        m_hat = following * m / (1 - product * following) + (1 - mu) * g / (1 - product)
        return w - self.lr * m_hat / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)


STEPLESS = [pytest.mark.embedded_engine]
OPTIMIZERS = [
    # id, optimizer, reference, the same arguments for both, marks
    ("sgd", eddl.sgd, NumpySGD, (0.1, 0.9), []),
    ("adam", eddl.adam, NumpyAdam, (0.01, 0.9, 0.99, 1e-5), []),
    ("rmsprop", eddl.rmsprop, NumpyRMSProp, (0.01, 0.8, 1e-4), []),
    ("adadelta", eddl.adadelta, NumpyAdaDelta, (0.7, 0.9, 1e-3, 0.0), STEPLESS),
    ("adadelta-decay", eddl.adadelta, NumpyAdaDelta, (1.0, 0.95, 1e-4, 0.1), STEPLESS),
    ("adagrad", eddl.adagrad, NumpyAdagrad, (0.05, 1e-4, 0.0), STEPLESS),
    ("adagrad-decay", eddl.adagrad, NumpyAdagrad, (0.05, 1e-2, 0.2), STEPLESS),
    ("adamax", eddl.adamax, NumpyAdamax, (0.01, 0.9, 0.99, 1e-4, 0.0), STEPLESS),
    ("adamax-decay", eddl.adamax, NumpyAdamax, (0.02, 0.8, 0.9, 1e-2, 0.3), STEPLESS),
    ("nadam", eddl.nadam, NumpyNadam, (0.01, 0.9, 0.99, 1e-4, 0.004), STEPLESS),
    ("nadam-fast-schedule", eddl.nadam, NumpyNadam, (0.01, 0.95, 0.999, 1e-3, 0.5), STEPLESS),
]


def classifier(optimizer):
    return build(mlp(), optimizer, "softmax_cross_entropy", "accuracy")


def in_lock_step(net, reference, steps=8):
    """Trains a net and yields, after each step, {key: (its value, the reference's)}."""
    expected = {key: w.astype(np.float64) for key, w in named_params(net).items()}
    states = {key: {} for key in expected}
    eddl.set_mode(net, 1)
    for step in range(steps):
        x, y = batch_for(net, 6, seed=step)
        eddl.zeroGrads(net)
        eddl.forward(net, [tensor(x)])
        eddl.backward(net, [tensor(y)])
        gradients = gradients_of(net)
        eddl.update(net)
        for key, g in gradients.items():
            expected[key] = reference.step(expected[key], g.astype(np.float64), states[key])
        yield {key: (w, expected[key]) for key, w in named_params(net).items()}


@pytest.mark.parametrize(
    "make, make_reference, arguments",
    [pytest.param(make, reference, args, id=id, marks=marks) for id, make, reference, args, marks in OPTIMIZERS],
)
def test_steps_follow_their_formula(make, make_reference, arguments):
    net = classifier(make(*arguments))
    before = named_params(net)
    for step, params in enumerate(in_lock_step(net, make_reference(*arguments)), 1):
        for key, (actual, expected) in params.items():
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5, err_msg=f"{key}, step {step}")
    assert all(np.abs(actual - before[key]).max() > 1e-3 for key, (actual, _) in params.items())


@pytest.mark.embedded_engine
@pytest.mark.parametrize("name", STEPLESS_ON_EDDL)
def test_without_epsilon_weights_without_a_gradient_stay(name):
    """0/0 is no step."""
    make = {
        "adadelta": lambda: eddl.adadelta(1.0, 0.9, 0.0, 0.0),
        "adagrad": lambda: eddl.adagrad(0.1, 0.0, 0.0),
        "adamax": lambda: eddl.adamax(0.1, 0.9, 0.99, 0.0, 0.0),
        "nadam": lambda: eddl.nadam(0.1, 0.9, 0.99, 0.0, 0.004),
    }[name]
    net = classifier(make())
    before = named_params(net)
    x, y = batch_for(net)
    x[:, 0] = 0.0
    train(net, x, y, 2)
    for key, w in named_params(net).items():
        assert np.isfinite(w).all(), key
    np.testing.assert_array_equal(named_params(net)["dense1/0"][0], before["dense1/0"][0])


ALL = {"sgd": lambda: eddl.sgd(0.1), "adam": eddl.adam, "rmsprop": eddl.rmsprop, **STEPLESS_ON_EDDL}


@pytest.mark.parametrize("name", ALL)
def test_the_learning_rate_can_change(name, engine):
    if engine == "EDDL" and name in STEPLESS_ON_EDDL:
        pytest.skip("takes no step")
    net = classifier(ALL[name]())
    x, y = batch_for(net)
    eddl.setlr(net, [0.0])
    before = named_params(net)
    train(net, x, y)
    for key, w in named_params(net).items():
        np.testing.assert_array_equal(w, before[key])
    eddl.setlr(net, [0.1])
    train(net, x, y)
    assert any((w != before[key]).any() for key, w in named_params(net).items())


class PlainDescent(core.Optimizer):
    """An optimizer written in Python; build gives it `layers`."""

    def __init__(self, lr):
        super().__init__()
        self.lr = lr

    def applygrads(self, batch):
        for layer in self.layers:
            for p, g in zip(layer.params, layer.gradients):
                view(p)[...] -= self.lr * array(g)


def test_an_optimizer_written_in_python(engine):
    optimizer = PlainDescent(0.1)
    ours, theirs = classifier(optimizer), classifier(eddl.sgd(0.1))
    if engine == "EDDL":
        optimizer.layers = ours.layers  # its build leaves them out
    x, y = batch_for(ours)
    for net in (ours, theirs):
        train(net, x, y, 3)
    for key, w in named_params(theirs).items():
        # EDDL's sums run in parallel: two nets that are trained alike differ in the last bits.
        np.testing.assert_allclose(named_params(ours)[key], w, rtol=1e-4, atol=1e-6)


def test_gradients_are_clipped():
    net, free = classifier(eddl.sgd(1.0)), classifier(eddl.sgd(1.0))
    net.optimizer.set_clip_val(1e-3)
    before = named_params(net)
    x, y = batch_for(net)
    for each in (net, free):
        train(each, x, y)
    moved = {key: np.abs(w - before[key]).max() for key, w in named_params(net).items()}
    assert max(moved.values()) == pytest.approx(1e-3, rel=1e-3)
    assert max(np.abs(w - before[key]).max() for key, w in named_params(free).items()) > 1e-2


NAN = float("nan")


@pytest.mark.embedded_engine
@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: eddl.sgd(-1.0), "sgd: expected a learning rate of at least 0, received -1"),
        (lambda: eddl.adam(NAN), "adam: expected a learning rate"),
        (lambda: eddl.adadelta(0.1, 1.0, 1e-6, 0.0), r"adadelta: expected rho in \[0, 1\), received 1"),
        (lambda: eddl.adadelta(0.1, 0.9, -1e-6, 0.0), "adadelta: expected epsilon of at least 0"),
        (lambda: eddl.adagrad(0.1, NAN, 0.0), "adagrad: expected epsilon of at least 0, received nan"),
        (lambda: eddl.adagrad(0.1, 1e-6, -0.1), "adagrad: expected weight_decay of at least 0"),
        (lambda: eddl.adamax(0.1, -0.1, 0.9, 1e-6, 0.0), "adamax: expected beta_1 in"),
        (lambda: eddl.adamax(0.1, 0.9, NAN, 1e-6, 0.0), "adamax: expected beta_2 in"),
        (lambda: eddl.nadam(0.1, 0.9, 1.5, 1e-6, 0.004), "nadam: expected beta_2 in"),
        (lambda: eddl.nadam(0.1, 0.9, 0.9, 1e-6, -1.0), "nadam: expected schedule_decay of at least 0"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.embedded_engine
@pytest.mark.parametrize("name", STEPLESS_ON_EDDL)
def test_a_python_class_derived_from_one_steps_as_it(name):
    kind = type(ALL[name]())

    class Derived(kind):
        steps = 0

    class Counting(kind):
        steps = 0

        def applygrads(self, batch):
            self.steps += 1
            super().applygrads(batch)

    trained = []
    for make in (kind, Derived, Counting):
        optimizer = make()
        net = classifier(optimizer)
        x, y = batch_for(net)
        train(net, x, y, 3)
        trained.append(named_params(net))
    assert optimizer.steps == 3
    for other in trained[1:]:
        for key, w in trained[0].items():
            np.testing.assert_array_equal(w, other[key])


@pytest.mark.embedded_engine
@pytest.mark.parametrize("name", STEPLESS_ON_EDDL)
def test_copies_take_the_settings_and_no_state(name):
    original = ALL[name]()
    net = classifier(original)
    x, y = batch_for(net)
    train(net, x, y, 2)
    kind = type(original)
    copy, assigned = kind(original), kind()
    assigned.assign(original)
    for other in (copy, assigned):
        for setting in ("lr", "epsilon"):
            assert getattr(other, setting) == getattr(original, setting)
        assert len(original.mT) == (6 if name == "adagrad" else 12)
        assert len(other.mT) == 0
    fresh = [classifier(optimizer) for optimizer in (ALL[name](), copy)]
    for other in fresh:
        train(other, x, y, 2)
    for key, w in named_params(fresh[0]).items():
        np.testing.assert_array_equal(w, named_params(fresh[1])[key])
    del net, original, fresh
    gc.collect()
