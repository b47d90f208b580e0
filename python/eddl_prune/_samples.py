"""Training and validation data: checked against the net, converted once, handed out in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyeddl._core as pyeddl_core

from ._checks import type_name


class Samples:
    """Inputs and targets of a net as lists of EDDL tensors, one per input layer and one per output layer."""

    def __init__(self, net: Any, inputs: Any, targets: Any, names: tuple[str, str]) -> None:
        """Check everything, then convert; `names` is what the two are called in messages."""
        has_steps = bool(net.isrecurrent)
        _check(inputs, names[0], [layer.input.shape for layer in net.lin], "input", has_steps)
        _check(targets, names[1], [layer.output.shape for layer in net.lout], "output", has_steps)
        counts = [array.shape[0] for array in (*inputs, *targets)]
        if len(set(counts)) != 1:
            raise ValueError(f"fit: {names[0]} and {names[1]} must hold equally many samples, got {counts}")
        self.count: int = counts[0]
        if self.count == 0:
            raise ValueError(f"fit: {names[0]} and {names[1]} hold no samples; at least 1 is needed")
        self.inputs = _tensors(inputs, names[0])
        self.targets = _tensors(targets, names[1])


def _check(arrays: Any, name: str, layer_shapes: list[list[int]], kind: str, has_steps: bool) -> None:
    if not isinstance(arrays, (list, tuple)):
        raise TypeError(
            f"fit: {name} must be a list of tensors or arrays, one per {kind} layer, got {type_name(arrays)}"
        )
    if len(arrays) != len(layer_shapes):
        raise ValueError(f"fit: {name} must hold one array per {kind} layer: {len(layer_shapes)}, got {len(arrays)}")
    for i, (array, shape) in enumerate(zip(arrays, layer_shapes)):
        _check_array(array, f"{name}[{i}]", shape[1:], has_steps)


def _check_array(array: Any, name: str, sample_shape: Sequence[int], has_steps: bool) -> None:
    if isinstance(array, np.ndarray):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"fit: {name} must hold real numbers, got dtype {array.dtype}")
    elif not isinstance(array, pyeddl_core.Tensor):
        raise TypeError(f"fit: {name} must be a PyEDDL tensor or a NumPy array, got {type_name(array)}")
    # What of a recurrent net's data has time steps, and how many, its engine checks.
    steps = ["time steps"] if has_steps and len(array.shape) == len(sample_shape) + 2 else []
    if list(array.shape[1 + len(steps) :]) != list(sample_shape):
        raise ValueError(f"fit: {name} must have shape {['samples', *steps, *sample_shape]}, got {list(array.shape)}")


def _tensors(arrays: Any, name: str) -> list[Any]:
    return [_tensor(array, f"{name}[{i}]") for i, array in enumerate(arrays)]


def _tensor(array: Any, name: str) -> Any:
    is_tensor = isinstance(array, pyeddl_core.Tensor)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        # NumPy views a tensor without a copy.
        values = np.asarray(array) if is_tensor else np.ascontiguousarray(array, dtype=np.float32)
    # Else it could go unnoticed: EDDL's ReLU turns NaN into 0.
    if not np.isfinite(values).all():
        raise ValueError(f"fit: {name} holds NaN or infinite values, or some too large for float32")
    return array if is_tensor else pyeddl_core.Tensor(values, pyeddl_core.eddl.DEV_CPU)


def training_batches(count: int, batch_size: int, rng: np.random.Generator | None) -> Iterator[list[int]]:
    """Yield one epoch of index lists, all of `batch_size`, that name every sample at least once.

    The order is drawn from `rng`, or as it is for None. EDDL computes wrong gradients once the training batch size
    changes, so the last batch is filled up with the epoch's first samples.
    """
    order = np.arange(count) if rng is None else rng.permutation(count)
    padding = -count % batch_size
    order = np.concatenate([order, order[:padding]])
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size].tolist()


def validation_batches(count: int, batch_size: int) -> Iterator[list[int]]:
    """Yield index lists that name every sample exactly once; the last one may be shorter."""
    for start in range(0, count, batch_size):
        yield list(range(start, min(start + batch_size, count)))
