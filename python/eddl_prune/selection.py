"""Which channels go: units ranked by importance, within limits and up to a budget."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .importance import Unit, Values

SCOPES = ("global", "layer")


@dataclass(frozen=True)
class Limits:
    """What every group of units must keep.

    keep: at least so many units (int), or this share of them (float in (0, 1]), rounded up.
    round_to: as many as make a multiple of this, rounded up.
    """

    keep: int | float = 1
    round_to: int = 1

    def least(self, size: int) -> int:
        """How many of `size` units must stay, rounding aside."""
        return min(size, self.keep if isinstance(self.keep, int) else math.ceil(self.keep * size))


class Ranking:
    """The units that may go within the limits, the least important first; ties in net order.

    scope: "global" compares all units; "layer" takes the same share of every group, the least important of each first.
    """

    def __init__(self, units: Sequence[Unit], values: Values, candidates: Iterable[int], scope: str, limits: Limits):
        self._groups = [unit.group for unit in units]
        self._sizes = Counter(self._groups)
        self._limits = limits
        by_value = sorted((c for c in candidates if np.isfinite(values[c])), key=lambda c: (values[c], c))
        self._total = Counter(self._groups[c] for c in by_value)
        self._by_layer = scope == "layer"

        gone: Counter[int] = Counter()  # of each group
        order = []  # (share that is gone of the group with this unit, the unit)
        for unit in by_value:
            group = self._groups[unit]
            if self._sizes[group] - gone[group] > limits.least(self._sizes[group]):
                gone[group] += 1
                order.append((gone[group] / self._total[group], unit))
        if self._by_layer:
            order.sort()
        self._shares = [share for share, _ in order]
        self._order = [unit for _, unit in order]

    def __len__(self) -> int:
        """How many units may go."""
        return len(self._order)

    def count(self, amount: float) -> int:
        """How many units are at most this share of those that the criterion ranks: of all, or of each group."""
        tolerance = 1 + 1e-12
        if self._by_layer:
            return sum(share <= amount * tolerance for share in self._shares)
        return min(len(self), int(amount * sum(self._total.values()) * tolerance))

    def first(self, count: int, rounded: bool = True) -> list[int]:
        """Return the first `count` units, in net order.

        Rounding gives back the most important of the removed units of a group.
        """
        removed: dict[int, list[int]] = {}
        for unit in self._order[:count]:
            removed.setdefault(self._groups[unit], []).append(unit)
        for group, of_group in removed.items():
            missing = -(self._sizes[group] - len(of_group)) % self._limits.round_to
            if rounded and missing:
                del of_group[max(0, len(of_group) - missing) :]
        return sorted(unit for of_group in removed.values() for unit in of_group)

    def fewest(self, fits: Callable[[int], bool]) -> int | None:
        """Return the fewest units to remove so that `fits` says yes, by bisection; None if all are too few."""
        if fits(0):
            return 0
        if not fits(len(self)):
            return None
        too_few, enough = 0, len(self)
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            if fits(middle):
                enough = middle
            else:
                too_few = middle
        return enough
