"""How much the channels of a net matter: one value for each unit of channels that can only be removed together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyeddl.eddl as eddl

from . import _core
from ._passes import forward, loss_gradients, mean_sensitivities, without_trace
from ._samples import Samples

CRITERIA = ("l1", "l2", "bn_scale", "taylor", "sensitivity", "random")
WITH_DATA = ("taylor", "sensitivity")  # those that look at samples

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unit:
    """Channels that can only be removed together.

    group: the number of its group; units of a group are computed by the same layers.
    pinned: why it must stay; "" where it need not.
    channels: (position of the layer in the net, channel), in net order.
    """

    group: int
    pinned: str
    channels: tuple[tuple[int, int], ...]

    @property
    def width(self) -> int:
        """How many channels its first layer has of it: several where a group normalisation or a reshape ties them."""
        return sum(position == self.channels[0][0] for position, _ in self.channels)


def units_of(net: Any) -> list[Unit]:
    """Return all units of a net, in net order."""
    return [Unit(group, pinned, tuple(channels)) for group, pinned, channels in _core.removal_units(net)]


def importance(
    net: Any, units: Sequence[Unit], criterion: str, samples: Samples | None, batch_size: int, seed: int
) -> Values:
    """Return the importance of each unit; NaN for a unit that the criterion says nothing of.

    `samples`, for those in WITH_DATA, go through the net `batch_size` at once.
    """
    if criterion == "random":
        return np.random.default_rng(seed).random(len(units))
    if criterion in WITH_DATA:
        assert samples is not None
        return (_taylor if criterion == "taylor" else _sensitivity)(net, units, samples, batch_size)
    scores = _core.channel_scores(net)
    counts, sums = np.zeros(len(units)), np.zeros(len(units))
    field = "square" if criterion == "l2" else "absolute"
    for unit, score, channel in _scored(units, scores):
        if score["normalises"] == (criterion == "bn_scale"):
            counts[unit] += score["weights"]
            sums[unit] += score[field][channel]
    with np.errstate(invalid="ignore"):
        means = sums / counts
    return np.sqrt(means) if criterion == "l2" else means


def _scored(units: Sequence[Unit], scores: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Yield every channel of a unit that has parameters: the unit's number, its layer's scores, the channel."""
    by_position = {score["position"]: score for score in scores}
    for number, unit in enumerate(units):
        for position, channel in unit.channels:
            # All words of an embedding have the first one's columns.
            if position in by_position and channel < len(by_position[position]["absolute"]):
                yield number, by_position[position], channel


def _taylor(net: Any, units: Sequence[Unit], samples: Samples, batch_size: int) -> Values:
    squares: list[Values] = []
    with without_trace(net):
        for inputs, targets in samples.batches(batch_size):
            forward(net, inputs)
            with loss_gradients(net):
                eddl.backward(net, targets)
            gates = _core.channel_gates(net)
            squares.append(np.array([sum(_values(unit, gates)) for unit in units]) ** 2)
    mean: Values = np.mean(squares, axis=0)
    return np.asarray(np.sqrt(mean))


def _sensitivity(net: Any, units: Sequence[Unit], samples: Samples, batch_size: int) -> Values:
    by_position = mean_sensitivities(net, (inputs for inputs, _ in samples.batches(batch_size)))
    # The neurons of a dense layer on the last of several axes are no channels: it has no scores.
    scored = {score["position"] for score in _core.channel_scores(net)}
    neurons = {position: values for position, values in by_position.items() if position in scored}
    return np.array([np.mean(_values(unit, neurons) or [np.nan]) for unit in units])


def _values(unit: Unit, by_position: Mapping[int, npt.NDArray[Any]]) -> list[float]:
    """Return those of the unit's channels that have one."""
    return [by_position[position][channel] for position, channel in unit.channels if position in by_position]
