"""Training with the iterative pruning strategy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._checks import layer_that_is_not_finite, require_flag, require_integer, require_net, type_name
from ._run import Callback, Run
from ._samples import Samples
from .history import History
from .schedule import Schedule


def fit(
    net: Any,
    x: Any,
    y: Any,
    *,
    validation: Any,
    batch_size: int = 100,
    epochs: int = 1,
    schedule: Schedule | None = None,
    callbacks: Iterable[Callback] = (),
    shuffle: bool = True,
    seed: int = 0,
    keep_zeros: bool = False,
    progress: bool | None = None,
) -> History:
    """Train a built net and, with a schedule, prune it at every plateau of the validation loss.

    Each epoch trains on all samples and then takes the mean loss over the validation samples in inference mode. The
    state with the lowest validation loss is kept: all parameters, running statistics and the optimizer's moments. With
    a schedule, a loss that has not improved for ``schedule.pwe`` epochs starts a pruning step: the net goes back to the
    best state, bisection looks for the largest threshold T whose validation loss stays at most
    ``(1 + schedule.twt) * best loss`` (assuming that the loss does not fall again as T grows; the T that is applied
    has itself been validated), everything below T is zeroed, and training goes on from there, with the zeros and their
    momentum held at zero after every batch. It ends after `epochs`, or at a plateau where nothing more can be pruned.

    **The net is left in its best state since the last pruning step** (since the start where there was none), not in
    that of the last epoch. So it also is after Ctrl-C, which ends training early and returns the history; and after
    an exception of a callback, which is passed on.

    :param net: a PyEDDL net on the CPU, built with a loss.
    :param x: list of inputs, one per input layer: PyEDDL tensors or NumPy arrays of shape (samples, ...).
    :param y: list of targets, one per output layer, of that layer's shape. All data must be finite.
    :param validation: ``(xv, yv)``, as `x` and `y`.
    :param batch_size: in [1, training samples]. It stays constant, since EDDL computes wrong gradients when it changes:
        the last batch of an epoch is filled up with samples from its beginning, so that none is left out.
    :param epochs: at most so many, >= 1.
    :param schedule: None trains without pruning.
    :param callbacks: each is called after every epoch as ``callback(epoch, logs)``, with the epoch from 1 and the
        entries that the history got for it; one that returns True ends the training.
    :param shuffle: whether each epoch has an order of its own, drawn with `seed`.
    :param seed: >= 0. The same seed gives the same batches (EDDL's own sums may differ in the last bits).
    :param keep_zeros: hold what is exactly zero at the start at zero, for nets that have been pruned before. (Off by
        default: the biases of a new net are zero, too.)
    :param progress: whether to show a progress bar on stderr; None does so on a terminal only.
    :return: a :class:`History`, a dict of lists with one entry per epoch.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: a net that is not built or has no loss, no samples, shapes that do not fit the net, NaN or
        infinite data or parameters, an argument out of its range.
    :raises PruneError: a net that cannot be pruned, such as one on a GPU.
    :raises FloatingPointError: the loss or a parameter became NaN or infinite; the net is left in its best state.
    """
    require_net(net, "fit", built=True)
    if all(loss.name == "none" for loss in net.losses):
        raise ValueError(
            f'fit: net "{net.name}" must be built with a loss; it has {[loss.name for loss in net.losses]}'
        )
    if not isinstance(validation, (list, tuple)) or len(validation) != 2:
        raise TypeError(f"fit: validation must be a pair (inputs, targets), got {type_name(validation)}")
    samples = Samples(net, x, y, ("x", "y"))
    validation_samples = Samples(net, validation[0], validation[1], ("validation[0]", "validation[1]"))
    require_integer(batch_size, "batch_size", "fit", 1)
    if batch_size > samples.count:
        raise ValueError(f"fit: batch_size must be in [1, {samples.count}] (the number of samples), got {batch_size}")
    require_integer(epochs, "epochs", "fit", 1)
    if schedule is not None and not isinstance(schedule, Schedule):
        raise TypeError(f"fit: schedule must be a Schedule or None, got {type_name(schedule)}")
    if not isinstance(callbacks, Iterable):
        raise TypeError(f"fit: callbacks must be a list of callables, got {type_name(callbacks)}")
    callbacks = list(callbacks)
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"fit: callbacks must be callable as callback(epoch, logs), got {type_name(callback)}")
    require_flag(shuffle, "shuffle", "fit")
    require_integer(seed, "seed", "fit", 0)
    require_flag(keep_zeros, "keep_zeros", "fit")
    if progress is not None and not isinstance(progress, bool):
        raise TypeError(f"fit: progress must be True, False or None, got {type_name(progress)}")
    layer = layer_that_is_not_finite(net)
    if layer is not None:
        raise ValueError(f'fit: layer "{layer}" holds NaN or infinite parameters')

    run = Run(net, samples, validation_samples, batch_size, schedule, keep_zeros)
    return run.train(epochs, callbacks, np.random.default_rng(seed) if shuffle else None, progress)
