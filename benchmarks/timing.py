"""Timing shared by the benchmarks: interleaved rounds, medians with their spread, and the machine's copy bandwidth."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds of one case over all rounds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{1e3 * self.median:.3f} ms ({1e3 * low:.3f} to {1e3 * high:.3f})"


def interleaved(cases: Mapping[str, Callable[[], object]], rounds: int = 30, warmup: int = 3) -> dict[str, Timing]:
    """Time the cases in turn, round by round, so that a drift of the machine's speed meets all of them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(warmup + rounds):
        for name, run in cases.items():
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if turn >= warmup:
                seconds[name].append(elapsed)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def copy_case(nbytes_moved: int, threads: int) -> Callable[[], object]:
    """Return a copy that moves `nbytes_moved` bytes (half read, half written): the yardstick for memory-bound code.

    Each thread copies a part of its own; NumPy lets the others run meanwhile.
    """
    source = np.ones(max(threads, nbytes_moved // 8), dtype=np.float32)
    target = np.empty_like(source)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads)))
    if threads == 1:
        return lambda: np.copyto(target, source)
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda part: np.copyto(*part), parts))
