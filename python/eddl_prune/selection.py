"""Which channels go: units ranked by importance, within limits and up to a budget."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .importance import Unit, Values

SCOPES = ("global", "layer")


@dataclass(frozen=True)
class Limits:
    """What every group of units must keep.

    keep: at least so many units (int), or this share of them (float in (0, 1]), rounded up.
    round_to: as many as have a multiple of this of channels (Unit.width), rounded up; or all that are not dead.
    """

    keep: int | float = 1
    round_to: int = 1

    def least(self, size: int) -> int:
        """How many of `size` units must stay, rounding aside."""
        return min(size, self.keep if isinstance(self.keep, int) else math.ceil(self.keep * size))


class Ranking:
    """The units that may go within the limits, the least important first; ties in net order.

    candidates: the numbers of the units to rank; those without a finite value stay.
    dead: the numbers of units that go anyway, at no cost. They count as the first to have gone and are not listed.
    scope: "global" compares all units; "layer" takes the same share of every group, the least important of each first.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        values: Values,
        candidates: Iterable[int],
        dead: Collection[int],
        scope: str,
        limits: Limits,
    ) -> None:
        self._groups = [unit.group for unit in units]
        self._sizes = Counter(self._groups)
        self._widths = [unit.width for unit in units]
        self._alive: Counter[int] = Counter()  # channels of each group that are not dead
        for number, group in enumerate(self._groups):
            self._alive[group] += 0 if number in dead else self._widths[number]
        self._limits = limits
        by_value = sorted((c for c in candidates if np.isfinite(values[c])), key=lambda c: (values[c], c))
        alive = [unit for unit in by_value if unit not in dead]
        totals = Counter(self._groups[unit] for unit in by_value)
        self._total, self._total_dead = len(by_value), len(by_value) - len(alive)
        self._by_layer = scope == "layer"

        gone = Counter(self._groups[unit] for unit in dead)  # of each group
        ranked_gone = totals - Counter(self._groups[unit] for unit in alive)
        order = []  # (share that is gone of the group's ranked units with this one, the unit)
        for unit in alive:
            group = self._groups[unit]
            if self._sizes[group] - gone[group] > limits.least(self._sizes[group]):
                gone[group] += 1
                ranked_gone[group] += 1
                order.append((ranked_gone[group] / totals[group], unit))
        if self._by_layer:
            order.sort()
        self._shares = [share for share, _ in order]
        self._order = [unit for _, unit in order]

    def __len__(self) -> int:
        """How many units may go."""
        return len(self._order)

    def count(self, amount: float) -> int:
        """How many units are, with the dead, at most this share of those ranked: of all, or of each group."""
        tolerance = 1 + 1e-12
        if self._by_layer:
            return sum(share <= amount * tolerance for share in self._shares)
        return min(len(self), max(0, int(amount * self._total * tolerance) - self._total_dead))

    def first(self, count: int, rounded: bool = True) -> list[int]:
        """Return the first `count` units, in net order.

        Rounding gives back the most important of the removed units of a group.
        """
        removed: dict[int, list[int]] = {}
        for unit in self._order[:count]:
            removed.setdefault(self._groups[unit], []).append(unit)
        for group, of_group in removed.items():
            left = self._alive[group] - sum(self._widths[unit] for unit in of_group)
            while rounded and of_group and left % self._limits.round_to:
                left += self._widths[of_group.pop()]
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
