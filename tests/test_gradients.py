"""
Analytic gradients against central finite differences of the forward pass, for every layer, activation and loss.

The forward pass is float32, its loss is summed in float64: with outputs near 1 and a step of 1e-2 the differences carry
a noise near 1e-5, and an error of the third derivative times 1e-5. The tolerance, 0.5 % of the gradient's norm, is far
from both, and from the 1 % at which a gradient counts as wrong.
"""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from conformance.cases import CASES
from helpers import array, engine_name, gradients_of, tensor, view

STEP = 1e-2
TOLERANCE = 5e-3
EVALUATIONS = 150  # of one coordinate each; larger tensors are sampled


# --- the loss whose gradient each EDDL loss passes back, in float64 (mse's and dice's factor of 2 is left out) ---


def mse(y, t):
    return 0.5 * np.sum((y - t) ** 2) / len(y)


def categorical_cross_entropy(y, t):
    return -np.sum(t * np.log(y)) / len(y)


def binary_cross_entropy(y, t):
    return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y)) / len(y)


def dice(y, t):
    y, t = y.reshape(len(y), -1), t.reshape(len(t), -1)
    return -np.sum((y * t).sum(axis=1) / (y.sum(axis=1) + t.sum(axis=1)))


LOSSES = {
    "mse": mse,
    "mean_squared_error": mse,
    "softmax_cross_entropy": categorical_cross_entropy,
    "soft_cross_entropy": categorical_cross_entropy,
    "categorical_cross_entropy": categorical_cross_entropy,
    "cross_entropy": categorical_cross_entropy,
    "bce": binary_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "dice": dice,
}


# --- one net at one point ---


class Point:
    """A net with parameters and data of a case, as a function of its parameters and inputs."""

    def __init__(self, case, seed):
        self.net = case.built(seed, threads=1)
        xs, self.targets = case.data(self.net, seed)
        self.inputs = [tensor(x) for x in xs]
        names = [case.loss] * len(self.net.lout) if isinstance(case.loss, str) else case.loss
        self.losses = [LOSSES[name] for name in names]

    def coordinates(self):
        """{name: writable view} of all that the loss depends on: trainable parameters and inputs."""
        found = {}
        for layer in self.net.layers:
            for i in range(len(layer.gradients)):  # the trainable parameters come first
                found[f"{layer.name}/{i}"] = view(layer.params[i])
        for layer, x in zip(self.net.lin, self.inputs):
            found[layer.name] = view(x)
        return found

    def loss(self):
        eddl.forward(self.net, self.inputs)
        outputs = [array(layer.output).astype(np.float64) for layer in self.net.lout]
        return sum(f(y, t) for f, y, t in zip(self.losses, outputs, self.targets))

    def gradients(self):
        """{name: gradient} for the same names, from the net's own backward pass. Leaves the parameters as they were."""
        eddl.set_mode(self.net, 1)
        eddl.zeroGrads(self.net)
        eddl.forward(self.net, self.inputs)
        eddl.backward(self.net, [tensor(t) for t in self.targets])
        return {**gradients_of(self.net), **{layer.name: array(layer.delta) for layer in self.net.lin}}

    def to_batch_size(self):
        """Before anything is viewed: tensors move when the batch size changes."""
        eddl.set_mode(self.net, 1)
        self.loss()

    def differences(self, chosen, step):
        """Central differences of the loss at the chosen flat indices of each coordinate array, in the same order."""
        slopes = []
        for name, values in self.coordinates().items():
            flat = values.reshape(-1)
            for i in chosen[name]:
                saved = flat[i].copy()
                # The steps that float32 really takes, not the ones asked for.
                up, down = np.float32(saved + step), np.float32(saved - step)
                flat[i] = up
                above = self.loss()
                flat[i] = down
                below = self.loss()
                flat[i] = saved
                slopes.append((above - below) / (float(up) - float(down)))
        return np.array(slopes)

    def chosen(self):
        rng = np.random.default_rng(0)
        sizes = {name: values.size for name, values in self.coordinates().items()}
        share = min(1.0, EVALUATIONS / sum(sizes.values()))
        return {
            name: np.sort(rng.choice(size, size=max(min(size, 8), int(size * share)), replace=False))
            for name, size in sizes.items()
        }


class RecurrentPoint(Point):
    """The same of a recurrent net, which has its outputs and input deltas once a time step."""

    def __init__(self, case, seed):
        super().__init__(case, seed)
        eddl.setlr(self.net, [0.0])  # gradients come from training

    def loss(self):
        eddl.eval_batch(self.net, self.inputs, [tensor(t) for t in self.targets])
        outputs = iter([array(layer.output).astype(np.float64) for layer in self.net.rnet.lout])
        steps = [(f, t[:, i]) for f, t in zip(self.losses, self.targets) for i in range(t.shape[1])]
        return sum(f(next(outputs), t) for f, t in steps)

    def gradients(self):
        eddl.train_batch(self.net, self.inputs, [tensor(t) for t in self.targets])
        deltas, found = iter([array(layer.delta) for layer in self.net.rnet.lin]), gradients_of(self.net)
        for layer, x in zip(self.net.lin, self.inputs):
            is_sequence = len(x.shape) > len(layer.output.shape)  # else it is the same at all steps
            steps = [next(deltas) for _ in range(x.shape[1] if is_sequence else 1)]
            found[layer.name] = np.stack(steps, axis=1) if is_sequence else steps[0]
        return found


def relative_difference(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def errors_by_block(actual, expected, chosen):
    """
    {name: relative error of that block}. A block may be zero by mathematics (a bias before a batch norm): errors count
    relative to its norm or to a twentieth of what its share of the whole would be.
    """
    errors, at, whole = {}, 0, np.linalg.norm(expected)
    for name, indices in chosen.items():
        block = slice(at, at + len(indices))
        at += len(indices)
        scale = max(np.linalg.norm(expected[block]), 0.05 * whole * np.sqrt(len(indices) / len(expected)))
        errors[name] = np.linalg.norm(actual[block] - expected[block]) / scale
    return errors


def smooth_point(case, by_block=True):
    """
    A point at which the loss is smooth over a step: differences of two step sizes agree. (A ReLU or a maximum near its
    kink would make any gradient look wrong.) They must do so for each parameter tensor, or only as a whole. Returns the
    point, the indices and the differences; the net's own gradient plays no part.
    """
    for seed in range(1, 40):
        point = (RecurrentPoint if case.built(seed).isrecurrent else Point)(case, seed)
        point.to_batch_size()
        chosen = point.chosen()
        half = point.differences(chosen, STEP / 2)
        slopes = point.differences(chosen, STEP)
        errors = errors_by_block(slopes, half, chosen) if by_block else {"all": relative_difference(slopes, half)}
        if max(errors.values()) < TOLERANCE / 5:
            return point, chosen, half
    raise AssertionError(f"no smooth point found for {case.id}")


def pick(gradients, chosen):
    return np.concatenate([gradients[name].reshape(-1)[indices] for name, indices in chosen.items()])


def gradient_cases():
    for id, case in CASES.items():
        if not case.differentiable:
            continue
        # What only predicts is not recorded on EDDL in training: there its backward may write beyond its tensors.
        marks = [pytest.mark.embedded_engine] if case.eddl_defect or not case.train else []
        yield pytest.param(case, id=id, marks=marks)


@pytest.mark.parametrize("case", list(gradient_cases()))
def test_gradients_match_finite_differences(case, engine):
    if engine == "EDDL" and case.races_on_eddl:
        pytest.skip("EDDL's threads add up these gradients without waiting for each other")
    if engine == "EDDL" and not case.keeps_gradients and case.built().isrecurrent:
        pytest.skip("EDDL's Adam squares the gradients in place, and a recurrent net gives them after its step only")
    point, chosen, expected = smooth_point(case)
    actual = pick(point.gradients(), chosen)
    for name, error in errors_by_block(actual, expected, chosen).items():
        assert error <= TOLERANCE, f"gradient of {name} is off by {100 * error:.2f} %"
    assert relative_difference(actual, expected) <= TOLERANCE


def test_the_check_would_catch_one_percent():
    """The tolerance is tight enough: a gradient wrong by 1 % of its norm, in a random direction, fails."""
    point, chosen, expected = smooth_point(CASES["conv-chain"])
    actual = pick(point.gradients(), chosen)
    error = np.random.default_rng(0).normal(size=actual.shape)
    wrong = actual + error * 0.01 * np.linalg.norm(actual) / np.linalg.norm(error)
    assert relative_difference(actual, expected) <= TOLERANCE < relative_difference(wrong, expected)


def shows_a_defect(case):
    return case.eddl_defect and (case.shown or case.differentiable)


def test_every_defect_of_eddl_has_a_case_that_shows_it():
    shown = {case.eddl_defect for case in CASES.values() if shows_a_defect(case)}
    assert shown == {case.eddl_defect for case in CASES.values() if case.eddl_defect}


@pytest.mark.skipif(engine_name() != "EDDL", reason="about EDDL itself")
@pytest.mark.parametrize("case", [pytest.param(c, id=id) for id, c in CASES.items() if shows_a_defect(c)])
def test_known_defects_of_eddl_are_still_there(case):
    """So that the list of exclusions in conformance/cases cannot rot: what it excludes, EDDL does get wrong."""
    if case.shown:
        assert case.shown(case)
        return
    point, chosen, expected = smooth_point(case, by_block=False)
    assert not relative_difference(pick(point.gradients(), chosen), expected) <= 0.01  # also true of NaN
