"""ep.simplify beside torch-simplify: the same nets, weights and dead channels, with and without folded batch norms.

Known weights are set, and half of the channels of every convolution and dense layer but the last are zeroed at random
(seeded; biases and batch norms stay, so that dead channels are constants other than 0). Each library has two
processes: one keeps the net as it was, one simplifies it, and the predictions of all take turns. torch-simplify takes
part where it and PyTorch can be imported, here or in the Python that TORCH_PYTHON names. Prints tables in Markdown and
what they say of the bars.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rivals import Contender, Worker, take_turns, torch_python
from tabulate import tabulate
from tasks import REMOVAL

OURS, THEIRS = "eddl_prune", "torch-simplify"
ERROR_BAR = 1e-5
SECONDS_BAR, LARGE_NET, LARGEST_LAYER_BYTES = 0.25, "ResNet-50", 4 * 512 * 512 * 9  # the largest of its convolutions
AGREEMENT = 1e-3  # of the two libraries' predictions before anything is removed, relative to the largest value
SEEDS = 3
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Case:
    """One net, with or without folding of batch norms."""

    net: str
    fuse: bool

    def __str__(self) -> str:
        return f"{self.net}, batch norms folded" if self.fuse else self.net


@dataclass(frozen=True)
class Result:
    """What one library made of one case."""

    simplify_seconds: float  # median over the masks
    memory: int  # bytes while simplifying, above those before: the most of all masks
    error: float  # of the outputs before softmax or sigmoid, relative to the largest: the worst of all masks
    parameters_before: int
    parameters_after: int
    seconds_before: float  # of a prediction
    seconds_after: float

    @property
    def speedup(self) -> float:
        return self.seconds_before / self.seconds_after


def relative_error(made: np.ndarray, reference: np.ndarray) -> float:
    return float(np.abs(made - reference).max() / np.abs(reference).max())


def measure(case: Case, rivals: dict[str, Contender], batch: int, threads: int, budget: float) -> dict[str, Result]:
    """Let every library simplify the net under each mask, and time predictions before and after the last one."""
    with ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "logits.npy"

        def start(name: str) -> Worker:
            return stack.enter_context(rivals[name].start())

        def prune(worker: Worker, seed: int) -> int:
            worker.ask("build", net=case.net, batch=batch, mode="predict", threads=threads)
            return worker.ask("prune", seed=seed)["parameters"]

        def logits(worker: Worker) -> np.ndarray:
            worker.ask("logits", file=str(file))
            return np.load(file)

        full, small = {name: start(name) for name in rivals}, {name: start(name) for name in rivals}
        parameters = {name: prune(worker, SEEDS - 1) for name, worker in full.items()}
        agreement = relative_error(logits(full[THEIRS]), logits(full[OURS])) if THEIRS in full else 0.0
        if not agreement <= AGREEMENT:
            sys.exit(f"{case.net}: the libraries do not compute the same: {agreement:.0e}")
        reports: dict[str, list[dict[str, float]]] = {name: [] for name in rivals}
        for name, worker in small.items():
            for seed in range(SEEDS):
                prune(worker, seed)
                before = logits(worker)
                report = worker.ask("simplify", fuse=case.fuse)
                reports[name].append({**report, "error": relative_error(logits(worker), before)})
        seconds = take_turns(
            {(name, when): each[name] for when, each in (("before", full), ("after", small)) for name in rivals}, budget
        )
    return {
        name: Result(
            simplify_seconds=statistics.median(report["seconds"] for report in made),
            memory=int(max(report["memory"] for report in made)),
            error=max(report["error"] for report in made),
            parameters_before=parameters[name],
            parameters_after=int(made[-1]["parameters"]),
            seconds_before=statistics.median(seconds[name, "before"]),
            seconds_after=statistics.median(seconds[name, "after"]),
        )
        for name, made in reports.items()
    }


Results = dict[Case, dict[str, Result]]


def load(file: Path | None) -> Results:
    """Return the results that a file holds; none where there is no file."""
    if file is None or not file.exists():
        return {}
    return {
        Case(entry["net"], entry["fuse"]): {name: Result(**result) for name, result in entry["results"].items()}
        for entry in json.loads(file.read_text())
    }


def save(file: Path, results: Results) -> None:
    entries = [
        {**asdict(case), "results": {name: asdict(result) for name, result in each.items()}}
        for case, each in results.items()
    ]
    file.write_text(json.dumps(entries, indent=1))


def milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.{1 if seconds > 0.0099 else 2}f}"


def tables(results: Results, names: list[str]) -> Iterator[str]:
    """One on what was removed and one on predictions."""

    def table(columns: dict[str, Callable[[Result], str]]) -> str:
        headers = ["net", "folded", *(f"{title}, {name}" for title in columns for name in names)]
        rows = [
            [case.net, "yes" if case.fuse else "no"]
            + [show(result[name]) if name in result else "" for show in columns.values() for name in names]
            for case, result in results.items()
        ]
        return tabulate(rows, headers, "github", disable_numparse=True)

    yield table(
        {
            "simplify (ms)": lambda result: milliseconds(result.simplify_seconds),
            "memory for it (MiB)": lambda result: f"{result.memory / MEBIBYTE:.1f}",
            "relative error": lambda result: f"{result.error:.0e}",
            "parameters left": lambda result: f"{100 * result.parameters_after / result.parameters_before:.1f} %",
        }
    )
    yield table(
        {
            "before (ms)": lambda result: milliseconds(result.seconds_before),
            "after (ms)": lambda result: milliseconds(result.seconds_after),
            "speed-up": lambda result: f"{result.speedup:.2f}",
        }
    )


def verdicts(results: Results) -> Iterator[str]:
    """Say of each bar whether it holds, and where it does not."""

    def verdict(bar: str, within: dict[Case, tuple[bool, str]]) -> str:
        missed = [f"{case} ({value})" for case, (holds, value) in within.items() if not holds]
        return f"- {bar}: " + (f"missed by {'; '.join(missed)}" if missed else f"holds on all {len(within)}")

    ours = {case: result[OURS] for case, result in results.items()}
    both = {case: (r[OURS].speedup, r[THEIRS].speedup) for case, r in results.items() if THEIRS in r}
    large = {case: result for case, result in ours.items() if case.net == LARGE_NET}
    errors = {case: (result.error <= ERROR_BAR, f"{result.error:.0e}") for case, result in ours.items()}
    yield verdict(f"relative error at most {ERROR_BAR:.0e}", errors)
    faster = {case: (mine >= theirs, f"{mine:.2f}, {theirs:.2f}") for case, (mine, theirs) in both.items()}
    yield verdict(f"prediction gains at least what it gains with {THEIRS}", faster)
    quick = {case: (r.simplify_seconds < SECONDS_BAR, f"{r.simplify_seconds:.2f} s") for case, r in large.items()}
    yield verdict(f"{LARGE_NET} is simplified in less than {SECONDS_BAR} s", quick)
    thrifty = {case: (r.memory < LARGEST_LAYER_BYTES, f"{r.memory / MEBIBYTE:.1f} MiB") for case, r in large.items()}
    limit = f"{LARGEST_LAYER_BYTES / MEBIBYTE:.1f} MiB"
    yield verdict(f"{LARGE_NET} is simplified with less than a copy of its largest layer, {limit}", thrifty)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="*", choices=REMOVAL, default=list(REMOVAL))
    parser.add_argument("--fuse", nargs="+", type=int, choices=[0, 1], default=[0, 1], help="without and with folding")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0, help="for the predictions of a net in one library")
    parser.add_argument("--results", type=Path, help="add the results to those in this file, and print them all")
    args = parser.parse_args()
    rivals = {OURS: Contender(OURS, "eddl", "full_mem", sys.executable)}
    if torch := torch_python():
        rivals[THEIRS] = Contender(THEIRS, "torch", "contiguous_format", torch)

    results = load(args.results)
    for case in (Case(net, bool(fuse)) for net in args.nets for fuse in args.fuse):
        results[case] = measure(case, rivals, args.batch, args.threads, args.seconds)
        if args.results is not None:
            save(args.results, results)
        print(".", end="", file=sys.stderr, flush=True)
    in_order = (Case(net, fuse) for net in REMOVAL for fuse in (False, True))
    ordered = {case: results[case] for case in in_order if case in results}
    print(f"\nMedians, batch {args.batch}, {args.threads} threads, {SEEDS} masks.\n")
    print("\n\n".join(tables(ordered, list(rivals))), "\n")
    print("\n".join(verdicts(ordered)))


if __name__ == "__main__":
    main()
