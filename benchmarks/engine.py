"""The embedded engine beside EDDL and PyTorch: time and memory of a training step and of a prediction.

Every contender runs in a process of its own, a fresh one for each case, and they take turns. EDDL takes part where
EDDL_REFERENCE names a Python (or the virtual environment of one) whose PyEDDL was built on EDDL; PyTorch where it can
be imported, here or in the Python that TORCH_PYTHON names. Prints tables in Markdown and what they say of the bars.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rivals import Contender, python_of, take_turns, torch_python
from tabulate import tabulate
from tasks import ENGINE, TASKS

MODES = {"train": "training step", "predict": "prediction"}
TIME_BAR, MEMORY_BAR = 1.25, 1.2  # times PyTorch's
TOLERANCE = 3e-2  # of the norms of outputs and of weights' changes: rounding flips a ReLU here and there
MEBIBYTE = 2**20


def contenders() -> dict[str, Contender]:
    """Return all that can take part here."""
    eddl, torch = python_of("EDDL_REFERENCE"), torch_python()
    found = [Contender("EDDL", "eddl", "full_mem", eddl)] if eddl else []
    found += [Contender("engine", "eddl", "full_mem", sys.executable)]
    found += [Contender("engine, low_mem", "eddl", "low_mem", sys.executable)]
    if torch:
        found += [Contender("PyTorch", "torch", "contiguous_format", torch)]
        found += [Contender("PyTorch, channels last", "torch", "channels_last", torch)]
    return {contender.name: contender for contender in found}


@dataclass
class Result:
    """What one contender needed for one case."""

    seconds: list[float]
    before: int
    peak: int

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def growth(self) -> int:
        return self.peak - self.before


@dataclass(frozen=True)
class Case:
    net: str
    mode: str
    batch: int

    def __str__(self) -> str:
        return f"{self.net}, {MODES[self.mode]}, batch {self.batch}"


def measure(case: Case, rivals: dict[str, Contender], threads: int, budget: float) -> dict[str, Result]:
    """Let the rivals take turns for about `budget` seconds each."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(rival.start()) for name, rival in rivals.items()}
        for worker in workers.values():
            worker.ask("build", net=case.net, batch=case.batch, mode=case.mode, threads=threads)
        seconds = take_turns(workers, budget)
        memory = {name: worker.ask("memory") for name, worker in workers.items()}
    return {name: Result(seconds[name], memory[name]["before"], memory[name]["peak"]) for name in workers}


def disagreement(made: dict[str, np.ndarray], reference: dict[str, np.ndarray]) -> float:
    """Return the largest norm of an error, relative to that of the array."""
    if made.keys() != reference.keys():
        sys.exit(f"the nets differ: {sorted(made.keys() ^ reference.keys())}")
    return max(float(np.linalg.norm(made[key] - value) / np.linalg.norm(value)) for key, value in reference.items())


def check_agreement(net: str, rivals: dict[str, Contender], threads: int) -> str:
    """Give all the same parameters and compare a prediction and what a training step changes with the engine's."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rival in rivals.items():
            file = Path(folder) / f"{name}.npz"
            with rival.start() as worker:
                worker.ask("build", net=net, batch=4, mode="train", threads=threads)
                worker.ask("check", file=str(file))
            with np.load(file) as arrays:
                made[name] = dict(arrays)
    errors = {name: disagreement(arrays, made["engine"]) for name, arrays in made.items() if name != "engine"}
    too_far = {name: error for name, error in errors.items() if not error <= TOLERANCE}
    if too_far:
        sys.exit(f"{net}: the contenders do not compute the same: {too_far}")
    return f"{net}: " + ", ".join(f"{name} {error:.0e}" for name, error in errors.items())


def milliseconds(result: Result) -> str:
    return f"{1e3 * result.median:.{1 if result.median > 0.0099 else 2}f}"


def ratio(mine: float, theirs: float) -> str:
    return f"{mine / theirs:.2f}"


Results = dict[Case, dict[str, Result]]


def time_table(results: Results, names: list[str]) -> str:
    """Return medians, and the engine's as a multiple of the others'."""
    others = [name for name in names if name != "engine"]
    rows = []
    for case, result in results.items():
        times = [milliseconds(result[name]) for name in names]
        ratios = [ratio(result["engine"].median, result[name].median) for name in others]
        rows.append([case.net, MODES[case.mode], str(case.batch), *times, *ratios])
    headers = ["net", "", "batch", *(f"{name} (ms)" for name in names), *(f"engine / {name}" for name in others)]
    return tabulate(rows, headers, "github", disable_numparse=True)


def memory_table(results: Results, names: list[str]) -> str:
    """Return the peaks of the processes, and in brackets what they are above the process before it built the net."""
    rows = []
    for case, result in results.items():
        cells = [f"{result[n].peak / MEBIBYTE:.0f} ({result[n].growth / MEBIBYTE:.0f})" for n in names]
        rows.append([case.net, MODES[case.mode], str(case.batch), *cells])
    return tabulate(rows, ["net", "", "batch", *(f"{n} (MiB)" for n in names)], "github", disable_numparse=True)


def verdicts(results: Results, names: list[str]) -> Iterator[str]:
    """Say of each bar whether it holds, and where it does not."""

    def verdict(bar: str, measured: dict[Case, float], limit: float) -> str:
        over = [f"{case} ({value:.2f})" for case, value in measured.items() if value > limit]
        worst = max(measured, key=measured.__getitem__)
        outcome = f"missed by {'; '.join(over)}" if over else f"holds; closest: {worst} ({measured[worst]:.2f})"
        return f"- {bar}: {outcome}"

    def compare(rival: str, quantity: str, engine: str) -> dict[Case, float]:
        return {c: getattr(r[engine], quantity) / getattr(r[rival], quantity) for c, r in results.items()}

    engines = [name for name in names if name.startswith("engine")]
    if "EDDL" in names:
        for engine in engines:
            yield verdict(f"{engine}: no case slower than EDDL", compare("EDDL", "median", engine), 1.0)
    if "PyTorch" in names:
        for engine in engines:
            bar = f"{engine}: time at most {TIME_BAR} times PyTorch's"
            yield verdict(bar, compare("PyTorch", "median", engine), TIME_BAR)
            for quantity, what in (("peak", "peak memory"), ("growth", "peak memory above the start")):
                bar = f"{engine}: {what} at most {MEMORY_BAR} times PyTorch's"
                yield verdict(bar, compare("PyTorch", quantity, engine), MEMORY_BAR)


def main() -> None:
    """Measure and print."""
    available = contenders()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="+", choices=list(TASKS), default=list(ENGINE))
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--against", nargs="+", choices=list(available), default=list(available))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0, help="for a contender in a case")
    args = parser.parse_args()
    rivals = {name: rival for name, rival in available.items() if name in args.against or name == "engine"}

    if len(rivals) > 1:
        print("Largest relative difference from the engine, of a prediction and of what a step changes:")
        for net in args.nets:
            print(f"- {check_agreement(net, rivals, args.threads)}", flush=True)
    results: Results = {}
    for net in args.nets:
        for mode in args.modes:
            for batch in args.batches:
                case = Case(net, mode, batch)
                results[case] = measure(case, rivals, args.threads, args.seconds)
                print(".", end="", file=sys.stderr, flush=True)
    names = list(rivals)
    print(f"\n\nMedians, {args.threads} threads.\n\n{time_table(results, names)}")
    print("\nPeak memory of the process (and above what it had before the net was built).\n")
    print(f"{memory_table(results, names)}\n")
    print("\n".join(verdicts(results, names)))


if __name__ == "__main__":
    main()
