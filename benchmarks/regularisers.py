"""The regularising optimizers: what each adds to a training step, beside the same formulas in PyTorch.

LOBSTER's kernel is also timed alone, on weights that no cache holds, against a copy on as many threads in the same run:
both in the bytes that must move (12 a weight: w and ∂L/∂w are read, w is written; 8 an element of the copy). PyTorch
takes part where it can be imported, here or in the Python that TORCH_PYTHON names. Prints tables in Markdown and what
they say of the bar.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rivals import Contender, take_turns, torch_python
from tabulate import tabulate
from tasks import CHAINS

OURS, THEIRS = "eddl_prune", "PyTorch"
METHODS = (
    "LOBSTER",
    "SeReNe lower-bound",
    "SeReNe local",
    "SeReNe full",
    "OutputSensitivity specific",
    "OutputSensitivity unspecific",
)
KERNEL_SIZES = {"15 M (VGG-16-BN)": 15_000_000, "60 M": 60_000_000}
BANDWIDTH_BAR = 0.7
LAMBDA, STRONG_LAMBDA = 1e-6, 0.1
AGREEMENT = 1e-2  # of the weights' changes in one step with the strong lambda, relative to their norm


@dataclass(frozen=True)
class Result:
    """Medians in seconds."""

    plain: float
    regularised: float
    passes: int | None  # extra ones of the last step, where the library counts them

    @property
    def ratio(self) -> float:
        return self.regularised / self.plain


def agreement(net: str, method: str, rivals: dict[str, Contender], batch: int, threads: int) -> float:
    """Return by how much the libraries differ in what one step changes, given the same parameters."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for name, rival in rivals.items():
            file = Path(folder) / f"{name}.npz"
            with rival.start() as worker:
                worker.ask(
                    "build", net=net, batch=batch, mode="train", threads=threads, method=method, lmbda=STRONG_LAMBDA
                )
                worker.ask("check", file=str(file))
            with np.load(file) as arrays:
                made.append(dict(arrays))
    ours, theirs = made
    return max(float(np.linalg.norm(ours[key] - theirs[key]) / np.linalg.norm(theirs[key])) for key in ours)


def measure(
    net: str, method: str, rivals: dict[str, Contender], batch: int, threads: int, budget: float
) -> dict[str, Result]:
    """Let plain steps and regularised ones of each library take turns."""
    with ExitStack() as stack:
        workers = {}
        for name, rival in rivals.items():
            for each in ("", method):
                worker = workers[name, each] = stack.enter_context(rival.start())
                worker.ask("build", net=net, batch=batch, mode="train", threads=threads, method=each, lmbda=LAMBDA)
        seconds = {key: statistics.median(times) for key, times in take_turns(workers, budget).items()}
        passes = {name: workers[name, method].ask("passes")["passes"] for name in rivals}
    return {name: Result(seconds[name, ""], seconds[name, method], passes[name]) for name in rivals}


def step_row(net: str, method: str, result: dict[str, Result]) -> list[str]:
    ours = result[OURS]
    row = [net, method, "none" if ours.passes is None else str(ours.passes)]
    for each in result.values():
        share = max(0.0, 1 - each.plain / each.regularised)
        row += [f"{1e3 * each.plain:.1f}", f"{1e3 * each.regularised:.1f}", f"{each.ratio:.3f}", f"{100 * share:.1f} %"]
    return row


def kernel_bandwidths(rivals: dict[str, Contender], count: int, threads: int, budget: float) -> dict[str, float]:
    """Return bytes a second of a copy and of each library's LOBSTER step alone."""
    cases = {"copy": (rivals[OURS], "copy"), **{name: (rival, "LOBSTER") for name, rival in rivals.items()}}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(rival.start()) for name, (rival, _) in cases.items()}
        for name, (_, kernel) in cases.items():
            workers[name].ask("kernel", kernel=kernel, count=count, threads=threads)
        seconds = take_turns(workers, budget)
    return {name: 12 * count / statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="+", choices=list(CHAINS), default=list(CHAINS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each contender in a case")
    args = parser.parse_args()
    rivals = {OURS: Contender(OURS, "eddl", "full_mem", sys.executable)}
    torch = torch_python()
    if torch is not None:
        rivals[THEIRS] = Contender(THEIRS, "torch", "contiguous_format", torch)
        print("Largest relative difference of what a step changes, of all weight tensors, lambda 0.1:")

    rows = []
    for net in args.nets:
        for method in args.methods:
            if len(rivals) > 1:
                error = agreement(net, method, rivals, args.batch, args.threads)
                print(f"- {net}, {method}: {error:.0e}", flush=True)
                if not error <= AGREEMENT:
                    sys.exit("the libraries do not compute the same")
            rows.append(step_row(net, method, measure(net, method, rivals, args.batch, args.threads, args.seconds)))
    print(f"\nA training step, batch {args.batch}, {args.threads} threads, medians.\n")
    columns = ("plain SGD (ms)", "with it (ms)", "ratio", "share of the step")
    headers = ["net", "method", "extra passes", *(f"{name}: {column}" for name in rivals for column in columns)]
    print(tabulate(rows, headers, "github", disable_numparse=True))

    rows, worst = [], float("inf")
    for label, count in KERNEL_SIZES.items():
        speeds = kernel_bandwidths(rivals, count, args.threads, args.seconds)
        shares = {name: speed / speeds["copy"] for name, speed in speeds.items() if name != "copy"}
        worst = min(worst, shares[OURS])
        cells = [f"{speeds[name] / 1e9:.1f} GB/s ({100 * share:.0f} %)" for name, share in shares.items()]
        rows.append([label, f"{speeds['copy'] / 1e9:.1f} GB/s", *cells])
    print("\nLOBSTER's step alone (and its part of the copy's bandwidth).\n")
    print(tabulate(rows, ["weights", "copy", *rivals], "github", disable_numparse=True))
    outcome = "holds" if worst >= BANDWIDTH_BAR else "missed"
    bar = f"LOBSTER at no less than {100 * BANDWIDTH_BAR:.0f} % of the copy's bandwidth"
    print(f"\n- {bar}: {outcome}; {100 * worst:.0f} %")


if __name__ == "__main__":
    main()
