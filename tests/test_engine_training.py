"""Training as a whole: reproducible for a seed; dropout and initial weights as they were asked for."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, build, in_child, named_params, predict, tensor

TRAINED = """
import hashlib
import numpy as np
import pyeddl.eddl as eddl
from helpers import build, params_of, tensor

def convolutions():
    x = eddl.Input([1, 24, 24])
    h = eddl.Dropout(eddl.ReLu(eddl.HeNormal(eddl.Conv2D(x, 16, [3, 3], [1, 1], "same"))), 0.3)
    h = eddl.GaussianNoise(eddl.BatchNormalization(eddl.MaxPool2D(h), True), 0.1)
    h = eddl.RandomFlip(eddl.Conv2D(h, 16, [3, 3], [2, 2], "valid"), 1)
    return eddl.Model([x], [eddl.Softmax(eddl.GlorotUniform(eddl.Dense(eddl.Flatten(h), 4)))]), (40, 1, 24, 24)

def volumes():
    x = eddl.Input([1, 6, 8, 8])
    h = eddl.ReLu(eddl.Conv3D(x, 4, [3, 3, 3], [1, 1, 1], "same"))
    h = eddl.ConvT3D(eddl.AveragePool3D(h, [2, 2, 2], [2, 2, 2]), 3, [2, 2, 2], [2, 2, 2], "valid")
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.Flatten(h), 4))]), (40, 1, 6, 8, 8)

def sequences():
    x = eddl.Input([8])
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.GRU(eddl.LSTM(x, 32), 16), 4))]), (40, 5, 8)

net, shape = NET()
build(net, eddl.adam(0.01), "softmax_cross_entropy", "accuracy", threads=THREADS, seed=None)
rng = np.random.default_rng(0)
x, y = rng.normal(size=shape), np.eye(4)[rng.integers(4, size=40)]
eddl.fit(net, [tensor(x)], [tensor(y[:, None] if len(shape) == 3 else y)], 8, 2)
result = hashlib.sha256(b"".join(p.tobytes() for p in params_of(net))).hexdigest()
"""
NETS = ["convolutions", "volumes", "sequences"]


def digest(directory, net="convolutions", threads=2, **environment):
    return in_child(TRAINED.replace("THREADS", str(threads)).replace("NET", net), directory, **environment)


@pytest.mark.embedded_engine  # EDDL's generator is seeded by the machine
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("net", NETS)
def test_a_seed_repeats_a_training_run_to_the_bit(net, threads, tmp_path):
    first = digest(tmp_path, net, threads, EDDL_SEED="7")
    assert digest(tmp_path, net, threads, EDDL_SEED="7") == first
    assert digest(tmp_path, net, threads, EDDL_SEED="8") != first


@pytest.mark.embedded_engine
def test_without_a_seed_runs_differ(tmp_path):
    assert digest(tmp_path, EDDL_SEED=None) != digest(tmp_path, EDDL_SEED=None)


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
