"""LOBSTER's step: against a plain training step, and against the machine's copy bandwidth.

Two numbers: what ep.LOBSTER adds to a training step, and how fast its kernel moves the bytes that it must move (it
reads w and ∂L/∂w and writes w: 12 bytes a weight), relative to a plain copy that moves as many.
"""

from __future__ import annotations

import argparse

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
from eddl_prune import _core
from nets import batch, build
from tabulate import tabulate
from tasks import CHAINS
from timing import copy_case, interleaved

BATCH_SIZE = 32
LAMBDA = 1e-6


def training_rows(threads: int, rounds: int) -> list[list[str]]:
    """Time one training step of each net with plain SGD and with LOBSTER around it."""
    rows = []
    for name in CHAINS:
        plain = build(name, eddl.sgd(0.001, 0.9), threads)
        regularised = build(name, ep.LOBSTER(eddl.sgd(0.001, 0.9), lmbda=LAMBDA), threads)
        x, y = batch(name, BATCH_SIZE)
        times = interleaved(
            {
                "plain": lambda net=plain, x=x, y=y: eddl.train_batch(net, [x], [y]),
                "LOBSTER": lambda net=regularised, x=x, y=y: eddl.train_batch(net, [x], [y]),
            },
            rounds,
        )
        ratio = times["LOBSTER"].median / times["plain"].median
        rows.append([name, str(times["plain"]), str(times["LOBSTER"]), f"{ratio:.3f}"])
    return rows


def kernel_rows(threads: int, rounds: int) -> list[list[str]]:
    """Time the kernel alone on arrays that no cache holds."""
    rows = []
    rng = np.random.default_rng(0)
    for label, count in (("15 M weights (VGG-16-BN)", 15_000_000), ("60 M weights", 60_000_000)):
        w, g = (rng.standard_normal(count, dtype=np.float32) for _ in range(2))
        nbytes = 12 * count
        cases = {
            "copy": copy_case(nbytes, threads),
            "LOBSTER": lambda w=w, g=g: _core._kernels.lobster_step(w, g, LAMBDA),
        }
        times = interleaved(cases, rounds)
        gigabytes = {case: nbytes / timing.median / 1e9 for case, timing in times.items()}
        share = gigabytes["LOBSTER"] / gigabytes["copy"]
        rows.append([label, f"{gigabytes['copy']:.1f} GB/s", f"{gigabytes['LOBSTER']:.1f} GB/s", f"{share:.2f}"])
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    print(f"engine: {ep.engine_info()}, batch {BATCH_SIZE}, {args.threads} threads, median (min to max)\n")
    headers = ["net", "training step, SGD", "with LOBSTER", "ratio"]
    print(tabulate(training_rows(args.threads, args.rounds), headers, disable_numparse=True), "\n")
    headers = ["kernel alone", "copy", "LOBSTER", "of copy bandwidth"]
    print(tabulate(kernel_rows(args.threads, args.rounds), headers, disable_numparse=True))


if __name__ == "__main__":
    main()
