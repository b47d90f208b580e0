"""Training as a whole: reproducible for a seed, and right against NumPy."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, batch_for, build, in_child, mlp, named_params, predict, tensor, train

TRAINED = """
import hashlib
import pyeddl.eddl as eddl
from helpers import batch_for, build, params_of, tensor

x = eddl.Input([1, 12, 12])
h = eddl.Dropout(eddl.ReLu(eddl.HeNormal(eddl.Conv2D(x, 4, [3, 3], [1, 1], "same"))), 0.3)
h = eddl.GlorotUniform(eddl.Dense(eddl.Flatten(h), 4))
net = eddl.Model([x], [eddl.Softmax(h)])
build(net, eddl.adam(0.01), "softmax_cross_entropy", "accuracy", threads=THREADS, seed=None)
x, y = batch_for(net, 40)
eddl.fit(net, [tensor(x)], [tensor(y)], 8, 2)
result = hashlib.sha256(b"".join(p.tobytes() for p in params_of(net))).hexdigest()
"""


def digest(directory, threads=2, **environment):
    return in_child(TRAINED.replace("THREADS", str(threads)), directory, **environment)


@pytest.mark.embedded_engine  # EDDL's generator is seeded by the machine
def test_a_seed_repeats_a_training_run(tmp_path):
    first = digest(tmp_path, EDDL_SEED="7")
    assert digest(tmp_path, EDDL_SEED="7") == first
    assert digest(tmp_path, EDDL_SEED="8") != first


@pytest.mark.embedded_engine
def test_without_a_seed_runs_differ(tmp_path):
    assert digest(tmp_path, EDDL_SEED=None) != digest(tmp_path, EDDL_SEED=None)


# --- the optimizers' formulas, from the gradients that the net reports ---


class NumpySGD:
    def __init__(self, lr, mu):
        self.lr, self.mu, self.m = lr, mu, {}

    def step(self, key, w, g):
        self.m[key] = self.lr * g + self.mu * self.m.get(key, 0.0)
        return w - self.m[key]


class NumpyAdam:
    def __init__(self, lr, beta1, beta2, epsilon):
        self.lr, self.beta1, self.beta2, self.epsilon, self.state = lr, beta1, beta2, epsilon, {}

    def step(self, key, w, g):
        m, v, t = self.state.get(key, (0.0, 0.0, 0))
        m, v, t = self.beta1 * m + (1 - self.beta1) * g, self.beta2 * v + (1 - self.beta2) * g * g, t + 1
        self.state[key] = m, v, t
        return w - self.lr * (m / (1 - self.beta1**t)) / np.sqrt(v / (1 - self.beta2**t) + self.epsilon)


class NumpyRMSProp:
    """As EDDL has it: the mean is of this step's square and the last one's."""

    def __init__(self, lr, rho, epsilon):
        self.lr, self.rho, self.epsilon, self.last = lr, rho, epsilon, {}

    def step(self, key, w, g):
        mean = (1 - self.rho) * g * g + self.rho * self.last.get(key, 0.0) ** 2
        self.last[key] = g
        return w - self.lr * g / np.sqrt(mean + self.epsilon)


OPTIMIZERS = {
    "sgd": (lambda: eddl.sgd(0.1, 0.9), lambda: NumpySGD(0.1, 0.9)),
    "adam": (lambda: eddl.adam(0.01, 0.9, 0.99, 1e-5), lambda: NumpyAdam(0.01, 0.9, 0.99, 1e-5)),
    "rmsprop": (lambda: eddl.rmsprop(0.01, 0.8, 1e-4), lambda: NumpyRMSProp(0.01, 0.8, 1e-4)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_steps_follow_their_formula(name):
    make, make_numpy = OPTIMIZERS[name]
    net = build(mlp(), make(), "softmax_cross_entropy", "accuracy")
    reference = make_numpy()
    expected = {key: w.astype(np.float64) for key, w in named_params(net).items()}
    eddl.set_mode(net, 1)
    for step in range(4):
        x, y = batch_for(net, 6, seed=step)
        eddl.zeroGrads(net)
        eddl.forward(net, [tensor(x)])
        eddl.backward(net, [tensor(y)])
        gradients = {f"{layer.name}/{i}": array(g) for layer in net.layers for i, g in enumerate(layer.gradients)}
        eddl.update(net)
        for key, g in gradients.items():
            expected[key] = reference.step(key, expected[key], g.astype(np.float64))
        for key, w in named_params(net).items():
            np.testing.assert_allclose(w, expected[key], rtol=1e-4, atol=1e-5, err_msg=f"{key}, step {step + 1}")


def test_the_learning_rate_can_change():
    net = build(mlp(), eddl.sgd(0.1), "softmax_cross_entropy", "accuracy")
    x, y = batch_for(net)
    eddl.setlr(net, [0.0])
    before = named_params(net)
    train(net, x, y)
    for key, w in named_params(net).items():
        np.testing.assert_array_equal(w, before[key])
    eddl.setlr(net, [0.1])
    train(net, x, y)
    assert any((w != before[key]).any() for key, w in named_params(net).items())


def test_dropout_drops_its_share_and_only_in_training():
    x = eddl.Input([1000], "x")
    net = build(eddl.Model([x], [eddl.Dropout(x, 0.3, True, "y")]))
    ones = tensor(np.ones((50, 1000)))
    eddl.set_mode(net, 1)
    eddl.forward(net, [ones])
    kept = array(net.lout[0].output)
    assert set(np.unique(kept)) == {0.0, 1.0}
    assert kept.mean() == pytest.approx(0.7, abs=0.01)  # 50,000 draws: 5 standard deviations
    assert len({row.tobytes() for row in kept}) == 50
    np.testing.assert_allclose(predict(net, np.ones((3, 1000), np.float32)), 0.7, rtol=1e-6)


# EDDL's normal numbers have 1/√2 of the deviation asked for.
NORMAL = [pytest.mark.embedded_engine]
# name: (initialiser, expected mean, expected standard deviation) on a Dense of 400 x 300
INITIALISERS = {
    "glorot-normal": (lambda h: eddl.GlorotNormal(h), 0.0, np.sqrt(2 / 700)),
    "glorot-uniform": (lambda h: eddl.GlorotUniform(h), 0.0, np.sqrt(2 / 700)),
    "he-normal": (lambda h: eddl.HeNormal(h), 0.0, np.sqrt(2 / 400)),
    "he-uniform": (lambda h: eddl.HeUniform(h), 0.0, np.sqrt(2 / 400)),
    "normal": (lambda h: eddl.RandomNormal(h, 0.5, 0.2), 0.5, 0.2),
    "uniform": (lambda h: eddl.RandomUniform(h, -0.1, 0.3), 0.1, 0.4 / np.sqrt(12)),
    "constant": (lambda h: eddl.Constant(h, 0.25), 0.25, 0.0),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NORMAL if "normal" in name else []) for name in INITIALISERS]
)
def test_initialisers_have_their_moments(name):
    initialise, mean, deviation = INITIALISERS[name]
    x = eddl.Input([400], "x")
    net = build(eddl.Model([x], [initialise(eddl.Dense(x, 300, True, "y"))]), seed=None)
    weights = named_params(net)["y/0"]
    assert weights.mean() == pytest.approx(mean, abs=0.005)
    assert weights.std() == pytest.approx(deviation, rel=0.02, abs=1e-6)
