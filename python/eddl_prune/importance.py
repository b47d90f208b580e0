"""How much the channels of a net matter: one value for each unit of channels that can only be removed together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyeddl._core as pyeddl_core
import pyeddl.eddl as eddl

from . import _core
from ._checks import type_name

CRITERIA = ("l1", "l2", "bn_scale", "taylor", "sensitivity", "random")
WITH_DATA = ("taylor", "sensitivity")  # those that look at samples

Values = npt.NDArray[np.float64]
TRAINING = 1  # EDDL's mode of a net


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


def units_of(net: Any) -> list[Unit]:
    """Return all units of a net, in net order."""
    return [Unit(group, pinned, tuple(channels)) for group, pinned, channels in _core.removal_units(net)]


class Data:
    """Samples for the criteria that need some, and how many go through the net at once."""

    def __init__(self, net: Any, data: Any, batch_size: int, function: str) -> None:
        """Check everything and convert it. `data` is a pair of lists: inputs and targets, one array a layer."""
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            raise TypeError(f"{function}: data must be a pair of lists, inputs and targets, got {type_name(data)}")
        self._inputs = _arrays(data[0], "data[0]", [layer.input.shape for layer in net.lin], function)
        self._targets = _arrays(data[1], "data[1]", [layer.output.shape for layer in net.lout], function)
        counts = [len(array) for array in (*self._inputs, *self._targets)]
        if len(set(counts)) != 1 or counts[0] == 0:
            raise ValueError(f"{function}: data must hold equally many samples everywhere, at least 1, got {counts}")
        self._count = counts[0]
        self._batch_size = min(batch_size, self._count)

    def batches(self) -> Iterator[tuple[list[Any], list[Any]]]:
        """Yield inputs and targets in batches of one size; the last is filled up with the first samples."""
        for start in range(0, self._count, self._batch_size):
            indices = np.arange(start, start + self._batch_size) % self._count
            yield (
                [_tensor(array[indices]) for array in self._inputs],
                [_tensor(array[indices]) for array in self._targets],
            )


def _arrays(arrays: Any, name: str, layer_shapes: list[list[int]], function: str) -> list[npt.NDArray[np.float32]]:
    if not isinstance(arrays, (tuple, list)) or len(arrays) != len(layer_shapes):
        raise ValueError(f"{function}: {name} must be a list of {len(layer_shapes)} arrays or tensors")
    converted = [np.ascontiguousarray(array, dtype=np.float32) for array in arrays]
    for i, (array, shape) in enumerate(zip(converted, layer_shapes)):
        if list(array.shape[1:]) != list(shape[1:]):
            expected = ["samples", *shape[1:]]
            raise ValueError(f"{function}: {name}[{i}] must have shape {expected}, got {list(array.shape)}")
        if not np.isfinite(array).all():
            raise ValueError(f"{function}: {name}[{i}] holds NaN or infinite values")
    return converted


def _tensor(array: npt.NDArray[np.float32]) -> Any:
    return pyeddl_core.Tensor(np.ascontiguousarray(array), pyeddl_core.eddl.DEV_CPU)


def importance(net: Any, units: Sequence[Unit], criterion: str, data: Data | None, seed: int) -> Values:
    """Return the importance of each unit; NaN for a unit that the criterion says nothing of."""
    if criterion == "random":
        return np.random.default_rng(seed).random(len(units))
    if criterion == "sensitivity":
        assert data is not None
        return _sensitivity(net, units, data)
    if criterion == "taylor":
        assert data is not None
        return _taylor(net, units, data)
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
            if position in by_position:
                yield number, by_position[position], channel


def _taylor(net: Any, units: Sequence[Unit], data: Data) -> Values:
    squares: list[Values] = []

    def measure(targets: list[Any]) -> None:
        eddl.backward(net, targets)
        sums = np.full(len(units), np.nan)
        for unit, score, channel in _scored(units, _core.channel_scores(net)):
            sums[unit] = np.nan_to_num(sums[unit]) + score["taylor"][channel]
        squares.append(sums**2)

    _each_batch(net, data, measure)
    mean: Values = np.mean(squares, axis=0)
    return np.asarray(np.sqrt(mean))


def _sensitivity(net: Any, units: Sequence[Unit], data: Data) -> Values:
    batches: list[Values] = []

    def measure(_: list[Any]) -> None:
        by_position = _core.channel_sensitivities(net)
        means = [
            np.mean(
                [by_position[layer][channel] for layer, channel in unit.channels if layer in by_position] or [np.nan]
            )
            for unit in units
        ]
        batches.append(np.array(means))

    _each_batch(net, data, measure)
    return np.asarray(np.mean(batches, axis=0))


def _each_batch(net: Any, data: Data, measure: Callable[[list[Any]], None]) -> None:
    """Call `measure` with each batch's targets after it went forward as in training, and leave no trace of that."""
    parameters = _core.Snapshot(net, False)  # batch norms follow what they see
    try:
        for inputs, targets in data.batches():
            eddl.set_mode(net, TRAINING)
            eddl.zeroGrads(net)
            eddl.forward(net, inputs)
            measure(targets)
    finally:
        parameters.restore()
        eddl.zeroGrads(net)
        eddl.reset_loss(net)
        # EDDL would add the next training step's deltas to these if its batch had another size.
        for layer in reversed(net.layers):
            if layer.delta is not None and layer.parent:
                layer.free_delta()
