"""Training and validation data: checked against the net, converted once, handed out in batches."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyeddl._core as pyeddl_core

from ._checks import type_name

Indices = npt.NDArray[np.int64]


class Samples:
    """Inputs and targets of a net as lists of EDDL tensors, one per input layer and one per output layer."""

    def __init__(
        self, net: Any, inputs: Any, targets: Any, names: tuple[str, str] = ("x", "y"), function: str = "fit"
    ) -> None:
        """Check everything, then convert; `names` is what the two are called in messages, `function` who complains."""
        has_steps = bool(net.isrecurrent)
        _check(function, inputs, names[0], [layer.input.shape for layer in net.lin], "input", has_steps)
        _check(function, targets, names[1], [layer.output.shape for layer in net.lout], "output", has_steps)
        counts = [array.shape[0] for array in (*inputs, *targets)]
        if len(set(counts)) != 1:
            raise ValueError(f"{function}: {names[0]} and {names[1]} must hold equally many samples, got {counts}")
        self.count: int = counts[0]
        if self.count == 0:
            raise ValueError(f"{function}: {names[0]} and {names[1]} hold no samples; at least 1 is needed")
        self.inputs = _tensors(function, inputs, names[0])
        self.targets = _tensors(function, targets, names[1])

    def batches(self, size: int) -> Iterator[tuple[list[Any], list[Any]]]:
        """Yield copies of inputs and targets until all were there, in batches of this size, or of all if it is larger.

        The last batch is filled up with the first samples.
        """
        size = min(size, self.count)
        for start in range(0, self.count, size):
            indices = np.arange(start, start + size) % self.count
            yield _chosen(self.inputs, indices), _chosen(self.targets, indices)

    def checksum(self) -> int:
        """Return a number that tells other samples, or another order of them."""
        checksum = 0
        for tensor in (*self.inputs, *self.targets):
            checksum = zlib.crc32(np.ascontiguousarray(tensor).data, checksum)
        return checksum


def input_tensors(net: Any, samples: Any, function: str) -> list[Any]:
    """Check `samples`, one array or tensor per input layer of the net, for `function`; return them as EDDL tensors."""
    _check(function, samples, "samples", [layer.input.shape for layer in net.lin], "input", bool(net.isrecurrent))
    counts = [array.shape[0] for array in samples]
    if len(set(counts)) != 1 or counts[0] == 0:
        raise ValueError(f"{function}: samples must hold equally many samples, at least 1, got {counts}")
    return _tensors(function, samples, "samples")


def _check(function: str, arrays: Any, name: str, layer_shapes: list[list[int]], kind: str, has_steps: bool) -> None:
    if not isinstance(arrays, (list, tuple)):
        raise TypeError(
            f"{function}: {name} must be a list of tensors or arrays, one per {kind} layer, got {type_name(arrays)}"
        )
    if len(arrays) != len(layer_shapes):
        raise ValueError(
            f"{function}: {name} must hold one array per {kind} layer: {len(layer_shapes)}, got {len(arrays)}"
        )
    for i, (array, shape) in enumerate(zip(arrays, layer_shapes)):
        _check_array(function, array, f"{name}[{i}]", shape[1:], has_steps)


def _check_array(function: str, array: Any, name: str, sample_shape: Sequence[int], has_steps: bool) -> None:
    if isinstance(array, np.ndarray):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{function}: {name} must hold real numbers, got dtype {array.dtype}")
    elif not isinstance(array, pyeddl_core.Tensor):
        raise TypeError(f"{function}: {name} must be a PyEDDL tensor or a NumPy array, got {type_name(array)}")
    # What of a recurrent net's data has time steps, and how many, its engine checks.
    steps = ["time steps"] if has_steps and len(array.shape) == len(sample_shape) + 2 else []
    if list(array.shape[1 + len(steps) :]) != list(sample_shape):
        raise ValueError(
            f"{function}: {name} must have shape {['samples', *steps, *sample_shape]}, got {list(array.shape)}"
        )


def _tensors(function: str, arrays: Any, name: str) -> list[Any]:
    return [_tensor(function, array, f"{name}[{i}]") for i, array in enumerate(arrays)]


def _tensor(function: str, array: Any, name: str) -> Any:
    is_tensor = isinstance(array, pyeddl_core.Tensor)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        # NumPy views a tensor without a copy.
        values = np.asarray(array) if is_tensor else np.ascontiguousarray(array, dtype=np.float32)
    # Else it could go unnoticed: EDDL's ReLU turns NaN into 0.
    if not np.isfinite(values).all():
        raise ValueError(f"{function}: {name} holds NaN or infinite values, or some too large for float32")
    return array if is_tensor else pyeddl_core.Tensor(values, pyeddl_core.eddl.DEV_CPU)


def _chosen(tensors: list[Any], indices: Indices) -> list[Any]:
    return [pyeddl_core.Tensor(np.asarray(tensor)[indices], pyeddl_core.eddl.DEV_CPU) for tensor in tensors]


class TrainingOrder:
    """The batches of one epoch after the other, all of the same size; it can be taken up again anywhere.

    EDDL computes wrong gradients once the training batch size changes, so the last batch of an epoch is filled up with
    its first samples.
    """

    def __init__(self, count: int, batch_size: int, rng: np.random.Generator | None) -> None:
        """Every epoch has an order drawn from `rng`, or that of the samples for None."""
        self._count, self._batch_size, self._rng = count, batch_size, rng
        self.batches_per_epoch = math.ceil(count / batch_size)
        self._epoch, self._done = 1, 0
        self._begin_epoch()

    @property
    def epoch(self) -> int:
        """The epoch that the next batch belongs to, from 1."""
        return self._epoch

    @property
    def batches(self) -> int:
        """How many batches have been taken."""
        return (self._epoch - 1) * self.batches_per_epoch + self._done

    def take(self, most: int | None) -> Indices:
        """Return the next batches of this epoch, at most so many (None: all), as an array (batches, batch size)."""
        taken = self._order[self._done : None if most is None else self._done + most]
        self._done += len(taken)
        if self._done == self.batches_per_epoch:
            self._epoch, self._done = self._epoch + 1, 0
            self._begin_epoch()
        return taken

    def state(self) -> dict[str, Any]:
        """Return plain data for :meth:`restore`."""
        return {"epoch": self._epoch, "done": self._done, "rng": self._rng_at_start}

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where an order of the same samples was when it returned this state."""
        self._epoch, self._done = state["epoch"], state["done"]
        if self._rng is not None:
            self._rng.bit_generator.state = state["rng"]
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._rng_at_start = None if self._rng is None else self._rng.bit_generator.state
        order = np.arange(self._count) if self._rng is None else self._rng.permutation(self._count)
        order = np.concatenate([order, order[: -self._count % self._batch_size]])
        self._order: Indices = order.reshape(-1, self._batch_size)


def validation_batches(count: int, batch_size: int) -> Iterator[list[int]]:
    """Yield index lists that name every sample exactly once; the last one may be shorter."""
    for start in range(0, count, batch_size):
        yield list(range(start, min(start + batch_size, count)))
