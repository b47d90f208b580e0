"""Cyclic learning rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._checks import require_choice, require_flag, require_real


def _triangular(phase: float) -> float:
    return 1.0 - abs(2.0 * phase - 1.0)


def _linear(phase: float) -> float:
    return 1.0 - phase


def _cosine(phase: float) -> float:
    return (1.0 + math.cos(math.pi * phase)) / 2.0


SHAPES = {"triangular": _triangular, "linear": _linear, "cosine": _cosine}


@dataclass(frozen=True)
class Cycle:
    """A learning rate that :func:`eddl_prune.fit` sets before every batch, again and again over a range.

    With p in [0, 1) the part of a cycle that is over, the rate is ``low + (high - low) * f(p)``:

    - "triangular": ``f = 1 - |2 p - 1|``, up and down again (Smith, "Cyclical learning rates for training neural
      networks", WACV 2017);
    - "linear": ``f = 1 - p``, down, then up at once;
    - "cosine": ``f = (1 + cos(pi p)) / 2``, down, then up at once (Loshchilov & Hutter, "SGDR: stochastic gradient
      descent with warm restarts", ICLR 2017).

    :param low: the lowest rate, >= 0.
    :param high: the highest rate, >= low.
    :param epochs: the length of a cycle, > 0; it is rounded to whole batches, at least one.
    :param shape: one of those above.
    :param restart: whether every pruning step starts a new cycle.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: an argument out of its range.
    """

    low: float
    high: float
    epochs: float = 10.0
    shape: str = "cosine"
    restart: bool = True

    def __post_init__(self) -> None:
        require_real(self.low, "low", "Cycle")
        require_real(self.high, "high", "Cycle")
        if self.high < self.low:
            raise ValueError(f"Cycle: high must be >= low = {self.low:g}, got {self.high:g}")
        require_real(self.epochs, "epochs", "Cycle")
        if self.epochs == 0:
            raise ValueError("Cycle: epochs must be > 0, got 0")
        require_choice(self.shape, "shape", "Cycle", tuple(SHAPES))
        require_flag(self.restart, "restart", "Cycle")

    def rate(self, batches: int, batches_per_epoch: int) -> float:
        """Return the rate for a batch, by how many came before it since the first cycle began."""
        length = max(1, round(self.epochs * batches_per_epoch))
        return self.low + (self.high - self.low) * SHAPES[self.shape](batches % length / length)
