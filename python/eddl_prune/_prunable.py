"""How the iterative strategy zeroes parts of a net, one class a granularity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from . import _core

Magnitudes = npt.NDArray[np.float32]


class Granularity(Protocol):
    """What can be zeroed, ordered by magnitude."""

    def candidates(self, net: Any) -> Magnitudes:
        """Thresholds in ascending order; each zeroes more than the one before, the first at least something."""

    def zero(self, net: Any, threshold: float) -> int:
        """Zero everything below the threshold, in place; return how many entries that were not zero are now."""


class ByWeight:
    """Single weights and biases of the convolution and dense layers, by absolute value."""

    def candidates(self, net: Any) -> Magnitudes:
        """See :class:`Granularity`."""
        layers = {layer.name: layer for layer in net.layers}
        values = [np.abs(param.getdata()) for name in _core.channel_norms(net) for param in layers[name].params]
        return _thresholds([value[value > 0] for value in values])

    def zero(self, net: Any, threshold: float) -> int:
        """See :class:`Granularity`."""
        return sum(_core.threshold(net, threshold, True).values())


class ByChannel:
    """Whole channels and neurons that are not dead yet, by a score; those of the output layers excepted."""

    def __init__(self, scores: dict[str, Magnitudes]) -> None:
        """Take one score per channel, {layer: scores}, that do not change while some are zeroed."""
        self._scores = scores

    def candidates(self, net: Any) -> Magnitudes:
        """See :class:`Granularity`."""
        return _thresholds([self._scores[name][alive] for name, alive in _living_channels(net).items()])

    def zero(self, net: Any, threshold: float) -> int:
        """See :class:`Granularity`."""
        below = {
            name: np.flatnonzero(alive & (self._scores[name] < threshold)).tolist()
            for name, alive in _living_channels(net).items()
        }
        return sum(_core.zero_channels(net, below, True).values())


def _living_channels(net: Any) -> dict[str, npt.NDArray[np.bool_]]:
    norms = _core.channel_norms(net)
    spared = _output_layers(net, set(norms))
    return {name: values > 0 for name, values in norms.items() if name not in spared}


@dataclass(frozen=True)
class Counts:
    """What is left of a net.

    parameters, nonzero: trained values of all layers, and how many of them are not exactly zero.
    prunable, prunable_nonzero: the same for the convolutions and dense layers.
    channels: channels and neurons of these that are not dead.
    """

    parameters: int
    nonzero: int
    prunable: int
    prunable_nonzero: int
    channels: int

    @staticmethod
    def of(net: Any) -> Counts:
        """Count."""
        layers = _core.layer_stats(net)
        prunable = [layer for layer in layers if layer["dead_channels"] is not None]
        return Counts(
            parameters=sum(layer["parameters"] for layer in layers),
            nonzero=sum(layer["nonzero"] for layer in layers),
            prunable=sum(layer["parameters"] for layer in prunable),
            prunable_nonzero=sum(layer["nonzero"] for layer in prunable),
            channels=sum(layer["channels"] - layer["dead_channels"] for layer in prunable),
        )

    def sparsity(self, prunable_at_start: int) -> float:
        """Return the part of so many prunable parameters that is zero or gone."""
        return 1.0 - self.prunable_nonzero / prunable_at_start if prunable_at_start else 0.0


def _thresholds(magnitudes: list[Magnitudes]) -> Magnitudes:
    if not magnitudes:
        return np.empty(0, np.float32)
    values = np.unique(np.concatenate(magnitudes))
    # What is equal to a threshold stays: so the smallest zeroes nothing, and one above the largest zeroes all.
    return np.append(values[1:], np.nextafter(values[-1:], np.float32(np.inf)))


def _output_layers(net: Any, weighted: set[str]) -> set[str]:
    """Name the weighted layers whose channels are the net's outputs: no other weighted layer comes after them."""
    found, pending, seen = set(), list(net.lout), set()
    while pending:
        layer = pending.pop()
        if layer.name in seen:
            continue
        seen.add(layer.name)
        if layer.name in weighted:
            found.add(layer.name)
        else:
            pending.extend(layer.parent)
    return found
