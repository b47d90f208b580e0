"""Passes through a net as in training that measure something and leave no trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pyeddl.eddl as eddl

from . import _core

TRAINING = 1  # EDDL's mode of a net


@contextmanager
def without_trace(net: Any) -> Iterator[None]:
    """Undo at the end what passes as in training did: to statistics, random layers, gradients, losses, the mode."""
    mode, random_state = net.trmode, _core.random_state()
    parameters = _core.Snapshot(net, False)  # batch norms follow what they see
    try:
        yield
    finally:
        parameters.restore()
        if random_state is not None:
            _core.set_random_state(random_state)
        eddl.zeroGrads(net)
        eddl.reset_loss(net)
        free_deltas(net)
        eddl.set_mode(net, mode)


def forward(net: Any, inputs: list[Any]) -> None:
    """Compute all outputs in training mode, with gradients of 0 for a backward pass that may follow."""
    eddl.set_mode(net, TRAINING)
    eddl.zeroGrads(net)
    eddl.forward(net, inputs)


@contextmanager
def loss_gradients(net: Any) -> Iterator[None]:
    """Let a backward pass give all parameters the loss's gradients, in frozen layers too, without regularizers."""
    layers = [*net.layers, *(net.rnet.layers if net.isrecurrent else [])]
    settings = [(layer, layer.trainable, layer.reg) for layer in layers]
    try:
        for layer in layers:
            layer.trainable, layer.reg = True, None
        yield
    finally:
        for layer, trainable, regularizer in settings:
            layer.trainable, layer.reg = trainable, regularizer


def mean_sensitivities(net: Any, batches: Iterable[list[Any]]) -> dict[int, npt.NDArray[np.float32]]:
    """Return SeReNe's sensitivity of every channel, {position of the layer: values}.

    :param batches: inputs of equally many samples each, at least one; the result is the mean over these.
    """
    with without_trace(net):
        found = []
        for inputs in batches:
            forward(net, inputs)
            found.append(_core.channel_sensitivities(net))
    return {position: np.mean([values[position] for values in found], axis=0) for position in found[0]}


def free_deltas(net: Any) -> None:
    """Free what earlier passes left behind: of another batch size, EDDL would take it for new gradients."""
    for layer in reversed(net.layers):  # children first: a view's delta lies in its parent's
        if layer.delta is not None and layer.parent and not layer.isrecurrent:  # EDDL's inputs need theirs
            layer.free_delta()
