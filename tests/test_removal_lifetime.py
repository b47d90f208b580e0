"""
A net's whole life: training, zeroing, simplifying, folding, removing, saving, with batches of any size, in any order,
until nothing is left to remove. Handles that a script took at the start see it all.
"""

from collections import Counter

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune.importance import units_of
from helpers import MERGES, array, assert_left, build, engine_name, predict, train, view
from hypothesis import example, given
from hypothesis import strategies as st

MEMORY_LEVELS = ["full_mem", "mid_mem", "low_mem"]
# On EDDL a change of the training batch leaves old deltas.
TRAINING_SIZES = [6] if engine_name() == "EDDL" else [4, 6, 9]


def conv(layer, filters, name, bias=True):
    return eddl.Conv2D(layer, filters, [3, 3], [1, 1], "same", bias, 1, [1, 1], name)


def norm(layer, name):
    return eddl.BatchNormalization(layer, True, 0.9, 1e-3, name)


def scores(layer):
    return eddl.Dense(
        eddl.ReLu(norm(eddl.Dense(eddl.Flatten(layer), 7, False, "hidden"), "bn_hidden")), 3, name="scores"
    )


def chain(x):
    layer = eddl.MaxPool2D(eddl.ReLu(norm(conv(x, 6, "first", False), "bn1")), [2, 2], [2, 2], "none")
    return scores(norm(conv(layer, 5, "second"), "bn2"))


def residual(x):
    stem = eddl.ReLu(norm(conv(x, 5, "stem"), "bn_stem"))
    inner = eddl.Sigmoid(norm(conv(stem, 4, "inner", False), "bn_inner"))
    return scores(eddl.ReLu(eddl.Add([stem, norm(conv(inner, 5, "outer"), "bn_outer")])))


def branches(x):
    left, right = eddl.Tanh(norm(conv(x, 4, "left"), "bn_left")), eddl.ReLu(conv(x, 3, "right"))
    joined = eddl.Concat([left, right, eddl.Dropout(eddl.ReLu(norm(conv(right, 4, "deep"), "bn_deep")), 0.0)])
    return scores(eddl.LeakyReLu(conv(joined, 5, "joined")))


def gated(x):
    gate = eddl.Sigmoid(conv(eddl.GlobalMaxPool2D(x), 4, "gate"))
    return scores(eddl.Mult(eddl.UpSampling2D(gate, [4, 4]), norm(conv(x, 4, "values", False), "bn_values")))


def sequence(x):
    layer = eddl.Reshape(x, [4, 8])
    layer = eddl.ReLu(eddl.Conv1D(layer, 6, [3], [1], "same", True, 1, [1], "first"))
    return scores(eddl.Conv1D(layer, 5, [3], [1], "valid", True, 1, [1], "second"))


NETS = {"chain": chain, "residual": residual, "branches": branches, "gated": gated, "sequence": sequence}


class Life:
    def __init__(self, name, mem, seed):
        self.rng = np.random.default_rng(seed)
        x = eddl.Input([2, 4, 4], "input")
        self.net = build(eddl.Model([x], [NETS[name](x)]), eddl.sgd(0.005, 0.9), mem=mem, seed=seed)
        self.layers = list(self.net.layers)
        self.tensors = [(layer.name, t) for layer in self.layers for t in (*layer.params, layer.output)]
        self.parameters = ep.stats(self.net).parameters

    def samples(self, count):
        return self.rng.normal(size=(count, 2, 4, 4)).astype(np.float32)

    def train(self):
        x = self.samples(self.rng.choice(TRAINING_SIZES))
        train(self.net, x, self.rng.normal(size=(len(x), 3)), steps=2)
        assert np.isfinite(eddl.get_losses(self.net)[0])

    def exactly(self, change):
        """Outputs stay, for batches of any size; afterwards nothing dead is left."""
        before = self.net.layers
        x = self.samples(self.rng.integers(1, 8))
        expected = predict(self.net, x)
        report = change()
        for size in (len(x), 1):
            difference = np.abs(predict(self.net, x[:size]) - expected[:size]).max()
            assert difference <= 1e-5 * max(np.abs(expected).max(), 1), difference
        assert report.parameters_after == ep.stats(self.net).parameters <= self.parameters
        left = report.layers_removed
        assert [layer.name for layer in before if layer.name not in left] == [layer.name for layer in self.net.layers]
        assert not ep.plan(self.net).channels_removed

    def kill(self):
        """Zero coupled channels, or some of one layer: what is then constant in one operand of a sum only."""
        if self.rng.random() < 0.5:
            ep.zero_channels(self.net, amount=0.3, criterion="random", seed=int(self.rng.integers(1000)))
            return
        layer = self.rng.choice([layer for layer in self.net.layers[:-1] if len(layer.params) > 1])
        axis = 1 if type(layer).__name__ == "LDense" else 0
        gone = self.rng.random(layer.params[0].shape[axis]) < 0.4
        view(layer.params[0])[(slice(None), gone) if axis else gone] = 0

    def simplify(self):
        self.kill()
        self.exactly(lambda: ep.simplify(self.net))

    def fold(self):
        if self.rng.random() < 0.5:
            self.kill()
        self.exactly(lambda: ep.simplify(self.net, fuse_batchnorm=True))
        assert not ep.plan(self.net, fuse_batchnorm=True).fused

    def remove(self):
        report = ep.remove_channels(self.net, amount=0.3, criterion="random", seed=int(self.rng.integers(1000)))
        assert not ep.plan(self.net).channels_removed
        assert report.parameters_after == ep.stats(self.net).parameters
        return report

    def save(self):
        x = self.samples(3)
        expected = predict(self.net, x)
        eddl.save(self.net, "net.bin", "bin")
        self.train()
        eddl.load(self.net, "net.bin", "bin")
        np.testing.assert_allclose(predict(self.net, x), expected, rtol=1e-5, atol=1e-6)

    def look(self):
        """What the handles show is what the net that is there now computes."""
        x = self.samples(self.rng.integers(1, 8))
        expected = predict(self.net, x)
        current = {layer.name: layer for layer in self.net.layers}
        for handle in self.layers:
            if handle.name not in current:
                assert_left(handle, self.net)
                continue
            layer = current[handle.name]
            is_folded = handle.name.startswith("bn") and not handle.params
            assert handle is layer or is_folded or type(handle).__name__ in MERGES
            shown = array(eddl.getOutput(handle))
            assert len(shown) == len(x) and list(shown.shape) == layer.output.shape
            np.testing.assert_array_equal(shown, array(eddl.getOutput(layer)))
            if is_folded:
                np.testing.assert_array_equal(shown, array(eddl.getOutput(layer.parent[0])))
        np.testing.assert_array_equal(array(eddl.getOutput(self.layers[-1])), expected)
        kept = {id(t) for layer in self.net.layers for t in (*layer.params, layer.output)}
        for name, handle in self.tensors:
            assert id(handle) in kept or name.startswith("bn") or name not in current

    def end(self):
        """Until nothing is left to remove: of channels that are computed by the same layers, one stays."""
        while self.remove().channels:
            self.train()
        while ep.remove_channels(self.net, amount=0.9, criterion="random").channels:
            self.look()
        assert set(Counter(unit.group for unit in units_of(self.net) if not unit.pinned).values()) == {1}
        # By name the last but one of a layer goes, too, and the last is muted, unless the layer can leave.
        names = [layer.name for layer in self.net.layers if layer.name in NAMED]
        for name in names:
            there = {layer.name: layer for layer in self.net.layers}
            if name not in there:
                continue  # it left with one before
            report = ep.remove_channels(self.net, {name: range(there[name].output.shape[1])})
            assert name in report.layers_removed or eddl.getLayer(self.net, name).output.shape[1] == 1
        x = self.samples(4)
        np.testing.assert_allclose(predict(self.net, x), np.tile(predict(self.net, x[:1]), (4, 1)), rtol=1e-6)
        self.train()


NAMED = ("first", "second", "stem", "inner", "outer", "left", "right", "deep", "joined", "gate", "values", "hidden")
STEPS = ["train", "simplify", "fold", "remove", "save", "look"]


@given(
    name=st.sampled_from(sorted(NETS)),
    mem=st.sampled_from(MEMORY_LEVELS),
    steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=12),
    seed=st.integers(0, 1000),
)
@example(name="residual", mem="low_mem", steps=["train", "fold", "train", "simplify", "train", "remove"], seed=1)
def test_any_life(name, mem, steps, seed):
    life = Life(name, mem, seed)
    for step in steps:
        getattr(life, step)()
    life.look()


@pytest.mark.parametrize("mem", MEMORY_LEVELS)
@pytest.mark.parametrize("name", NETS)
def test_until_nothing_is_left(name, mem):
    life = Life(name, mem, 3)
    for step in (
        "train",
        "look",
        "simplify",
        "train",
        "fold",
        "look",
        "remove",
        "train",
        "save",
        "end",
        "look",
        "save",
    ):
        getattr(life, step)()
