"""Following a training run while it goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from numbers import Real
from os import PathLike, fspath
from typing import Any, Union

import numpy as np

from ._checks import type_name
from .history import History


class Callback:
    """What :func:`eddl_prune.fit` calls while it trains. Override what you need; these do nothing.

    A plain function ``f(epoch, logs)`` may stand for a callback that has only :meth:`on_epoch`. Exceptions end the
    training, with the net in its best state, and are passed on.
    """

    def on_begin(self, net: Any) -> None:
        """Before the first batch, of a resumed run, too."""

    def on_epoch(self, epoch: int, logs: dict[str, Any]) -> Any:
        """After every entry of the history, which `logs` repeats: after each epoch, or each round of ``every`` batches.

        Returning True ends the training.
        """

    def on_prune(self, epoch: int, logs: dict[str, Any]) -> None:
        """Likewise, before :meth:`on_epoch`, where a pruning step has zeroed something; the net is the pruned one."""

    def on_end(self, history: History) -> None:
        """After the last one, with the net in its best state, also after Ctrl-C or an exception."""


class TensorBoard(Callback):
    """Writes every number of the history for TensorBoard, by the batches trained on so far.

    It needs one of the packages tensorboard and tensorboardX; a resumed run goes on in the same directory.

    :param directory: where the event files go; made at the beginning of the run.
    :raises ImportError: neither package is installed.
    """

    def __init__(self, directory: str | PathLike[str]) -> None:
        self._directory = fspath(directory)
        self._open = _scalar_writer()
        self._writer: Any = None

    def on_begin(self, net: Any) -> None:
        """See :class:`Callback`."""
        self._writer = self._open(self._directory)

    def on_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """See :class:`Callback`."""
        for name, value in logs.items():
            if isinstance(value, Real) and name != "batches" and math.isfinite(value):
                self._writer.add_scalar(name, float(value), logs["batches"])

    def on_end(self, history: History) -> None:
        """See :class:`Callback`."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class _EventFile:
    """tensorboardX' two methods on TensorBoard's own writer of event files."""

    def __init__(self, directory: str) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._event, self._summary, self._file = Event, Summary, EventFileWriter(directory)

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        summary = self._summary(value=[self._summary.Value(tag=tag, simple_value=value)])
        self._file.add_event(self._event(wall_time=time.time(), step=step, summary=summary))

    def close(self) -> None:
        self._file.close()


def _scalar_writer() -> Callable[[str], Any]:
    """Return what makes a writer for a directory, with ``add_scalar(tag, value, step)`` and ``close()``."""
    try:
        import tensorboard  # noqa: F401

        return _EventFile
    except ImportError:
        pass
    try:
        from tensorboardX import SummaryWriter

        return SummaryWriter  # type: ignore[no-any-return]
    except ImportError as error:
        raise ImportError("TensorBoard needs the package tensorboard or tensorboardX; install one") from error


EpochFunction = Callable[[int, "dict[str, Any]"], Any]


class _Function(Callback):
    def __init__(self, function: EpochFunction) -> None:
        self._function = function

    def on_epoch(self, epoch: int, logs: dict[str, Any]) -> Any:
        return self._function(epoch, logs)


class CallbackList:
    """Calls all of them, in their order."""

    def __init__(self, callbacks: Any) -> None:
        """Check what a user gave: callbacks and plain functions."""
        if not isinstance(callbacks, Iterable):
            raise TypeError(f"fit: callbacks must be a list of callables, got {type_name(callbacks)}")
        self._callbacks = [_as_callback(callback) for callback in callbacks]

    def on_begin(self, net: Any) -> None:
        """Tell all."""
        for callback in self._callbacks:
            callback.on_begin(net)

    def on_epoch(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Tell all, also after one that asks to stop; return whether one did."""
        if logs["event"] == "pruned":
            for callback in self._callbacks:
                callback.on_prune(epoch, dict(logs))
        answers = [callback.on_epoch(epoch, dict(logs)) for callback in self._callbacks]
        return any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers)

    def on_end(self, history: History) -> None:
        """Tell all, whatever one of them raises."""
        with ExitStack() as stack:
            for callback in reversed(self._callbacks):
                stack.callback(callback.on_end, history)


def _as_callback(callback: Any) -> Callback:
    if isinstance(callback, Callback):
        return callback
    if not callable(callback):
        raise TypeError(
            f"fit: callbacks must be Callback objects or callable as callback(epoch, logs), got {type_name(callback)}"
        )
    return _Function(callback)


AnyCallback = Union[Callback, EpochFunction]
