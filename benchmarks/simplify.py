"""ep.simplify: its time against a plain training step and against copying the net's parameters, and what it wins.

Half of the channels of every hidden convolution and dense layer are zeroed at random (seeded); the net is then
simplified.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
from eddl_prune import _core
from nets import batch, build
from tabulate import tabulate
from tasks import CHAINS
from timing import copy_case, interleaved

BATCH_SIZE = 32


def zero_half(net: Any, seed: int) -> None:
    """Zero half of the net's hidden channels."""
    rng = np.random.default_rng(seed)
    channels = {layer: norms.size for layer, norms in _core.channel_norms(net).items()}
    channels.popitem()  # the classes
    _core.zero_channels(net, {layer: rng.permutation(n)[: n // 2].tolist() for layer, n in channels.items()})


def row(name: str, threads: int, rounds: int) -> list[str]:
    """Measure one net."""
    full = build(name, eddl.sgd(0.001, 0.9), threads)
    x, y = batch(name, BATCH_SIZE)
    seconds, errors = [], []
    for seed in range(7):
        small = build(name, eddl.sgd(0.001, 0.9), threads)
        for _ in range(20):  # gives batch norm its statistics
            eddl.train_batch(small, [x], [y])
        zero_half(small, seed)
        before = eddl.predict(small, [x])[0].getdata()
        start = time.perf_counter()
        ep.simplify(small)
        seconds.append(time.perf_counter() - start)
        after = eddl.predict(small, [x])[0].getdata()
        errors.append(np.abs(before - after).max() / np.abs(before).max())

    parameter_bytes = 4 * sum(p.size for layer in full.layers for p in layer.params)
    step = interleaved(
        {
            "train": lambda: eddl.train_batch(full, [x], [y]),
            "copy": copy_case(2 * parameter_bytes, threads),
            "predict before": lambda: eddl.predict(full, [x]),
            "predict after": lambda: eddl.predict(small, [x]),
        },
        rounds,
    )
    median = statistics.median(seconds)
    speedup = step["predict before"].median / step["predict after"].median
    return [
        name,
        f"{1e3 * median:.1f} ms",
        f"{median / step['train'].median:.2f}",
        f"{median / step['copy'].median:.1f}",
        f"{max(errors):.1e}",
        f"{speedup:.2f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    print(f"engine: {ep.engine_info()}, batch {BATCH_SIZE}, {args.threads} threads, medians\n")
    headers = ["net", "simplify", "in training steps", "in copies of the net", "relative error", "speed-up"]
    print(tabulate([row(name, args.threads, args.rounds) for name in CHAINS], headers, disable_numparse=True))


if __name__ == "__main__":
    main()
