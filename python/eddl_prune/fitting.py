"""Training with the iterative pruning strategy."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from . import _core
from ._checkpoint import Checkpoint
from ._checks import layer_that_is_not_finite, require_flag, require_integer, require_net, type_name
from ._run import Run, Settings
from ._samples import Samples
from .callbacks import AnyCallback, CallbackList
from .cycle import Cycle
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
    learning_rate: Cycle | None = None,
    callbacks: Iterable[AnyCallback] = (),
    shuffle: bool = True,
    seed: int = 0,
    keep_zeros: bool = False,
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
) -> History:
    """Train a built net and, with a schedule, prune it at every plateau of the validation loss.

    Each epoch trains on all samples and then takes the mean loss over the validation samples in inference mode. The
    state with the lowest validation loss is kept: all parameters, running statistics, and the optimizer's moments,
    count of steps and learning rate. With a schedule, a loss that has not improved for ``schedule.pwe`` epochs starts a
    pruning step: the net goes back to the best state, bisection looks for the largest threshold T whose validation
    loss stays at most ``(1 + schedule.twt) * best loss`` (assuming that the loss does not fall again as T grows; the T
    that is applied has itself been validated), everything below T is zeroed, and training goes on from there, with the
    zeros and their momentum held at zero after every batch. It ends after `epochs`, or at a plateau where nothing more
    can be pruned.

    **The net is left in its best state since the last pruning step** (since the start where there was none), not in
    that of the last epoch. So it also is after Ctrl-C, which ends training early and returns the history; and after
    an exception of a callback, which is passed on.

    With `checkpoint`, the whole state of the run is written there after every entry of the history. A run that was
    stopped, be it by a power cut, goes on with ``resume=True``, also in a new process that has built the same net and
    loaded the same data: parameters, moments and history (seconds apart) are then bit by bit those of a run that was
    never stopped, as far as the engine itself repeats its numbers: on EDDL with one thread, without batch norms (whose
    sums differ from run to run) and without layers that draw random numbers, which nobody can set there. What
    callbacks keep is theirs; they are called again for a round whose end was not written.

    :param net: a PyEDDL net on the CPU, built with a loss.
    :param x: list of inputs, one per input layer: PyEDDL tensors or NumPy arrays of shape (samples, ...).
    :param y: list of targets, one per output layer, of that layer's shape. All data must be finite.
    :param validation: ``(xv, yv)``, as `x` and `y`.
    :param batch_size: in [1, training samples]. It stays constant, since EDDL computes wrong gradients when it changes:
        the last batch of an epoch is filled up with samples from its beginning, so that none is left out.
    :param epochs: at most so many, >= 1.
    :param schedule: None trains without pruning.
    :param learning_rate: a :class:`Cycle` that sets the rate before every batch; afterwards it is again what it was.
        None: the optimizer's.
    :param callbacks: each a :class:`Callback`, or a function that is called after every epoch as
        ``callback(epoch, logs)``, with the epoch from 1 and the entries that the history got for it; one that returns
        True ends the training.
    :param shuffle: whether each epoch has an order of its own, drawn with `seed`.
    :param seed: >= 0. The same seed gives the same batches (EDDL's own sums may differ in the last bits).
    :param keep_zeros: hold what is exactly zero at the start at zero, for nets that have been pruned before. (Off by
        default: the biases of a new net are zero, too.)
    :param checkpoint: a directory of its own for this run; it is made if need be.
    :param resume: whether to go on from the checkpoint there; from the start where there is none. All other arguments
        but `epochs`, `callbacks` and `progress` must be as before.
    :param progress: whether to show a progress bar on stderr; None does so on a terminal only.
    :return: a :class:`History`, a dict of lists with one entry per epoch (or round of ``schedule.every`` batches).
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: a net that is not built or has no loss, no samples, shapes that do not fit the net, NaN or
        infinite data or parameters, an argument out of its range.
        Also a checkpoint that is damaged or of another run, or that is there without `resume`.
    :raises PruneError: a net that cannot be pruned, such as one on a GPU, or simplified, where the schedule wants that;
        recurrent layers, where it goes by sensitivity.
    :raises OSError: a checkpoint cannot be written; the net is left in its best state.
    :raises FloatingPointError: the loss or a parameter became NaN or infinite; the net is left in its best state.
    """
    require_net(net, "fit", built=True)
    if all(loss.name == "none" for loss in net.losses):
        raise ValueError(
            f'fit: net "{net.name}" must be built with a loss; it has {[loss.name for loss in net.losses]}'
        )
    if not isinstance(validation, (list, tuple)) or len(validation) != 2:
        raise TypeError(f"fit: validation must be a pair (inputs, targets), got {type_name(validation)}")
    samples = Samples(net, x, y)
    validation_samples = Samples(net, validation[0], validation[1], ("validation[0]", "validation[1]"))
    require_integer(batch_size, "batch_size", "fit", 1)
    if batch_size > samples.count:
        raise ValueError(f"fit: batch_size must be in [1, {samples.count}] (the number of samples), got {batch_size}")
    require_integer(epochs, "epochs", "fit", 1)
    if schedule is not None and not isinstance(schedule, Schedule):
        raise TypeError(f"fit: schedule must be a Schedule or None, got {type_name(schedule)}")
    if learning_rate is not None:
        if not isinstance(learning_rate, Cycle):
            raise TypeError(f"fit: learning_rate must be a Cycle or None, got {type_name(learning_rate)}")
        if _core.learning_rate(net) is None:
            raise ValueError(f'fit: learning_rate: the optimizer "{net.optimizer.name}" has none')
    callback_list = CallbackList(callbacks)
    require_flag(shuffle, "shuffle", "fit")
    require_integer(seed, "seed", "fit", 0)
    require_flag(keep_zeros, "keep_zeros", "fit")
    if progress is not None and not isinstance(progress, bool):
        raise TypeError(f"fit: progress must be True, False or None, got {type_name(progress)}")
    require_flag(resume, "resume", "fit")
    stored = _checkpoint(checkpoint, resume)
    layer = layer_that_is_not_finite(net)
    if layer is not None:
        raise ValueError(f'fit: layer "{layer}" holds NaN or infinite parameters')
    if schedule is not None and schedule.simplify:
        _core.plan(net)  # raises where the structure cannot be changed
    if schedule is not None and schedule.criterion == "sensitivity":
        _core.require_sensitivities(net, "fit")

    settings = Settings(batch_size, schedule, learning_rate, shuffle, seed, keep_zeros)
    run = Run(net, samples, validation_samples, settings)
    if stored is not None and stored.exists():
        run.resume(stored)
    return run.train(epochs, callback_list, progress, stored)


def _checkpoint(directory: Any, resume: bool) -> Checkpoint | None:
    if directory is None:
        if resume:
            raise ValueError("fit: resume = True needs the directory of a checkpoint")
        return None
    if not isinstance(directory, (str, PathLike)):
        raise TypeError(f"fit: checkpoint must be a path or None, got {type_name(directory)}")
    checkpoint = Checkpoint(directory)
    if checkpoint.exists() and not resume:
        raise ValueError(f"fit: there is a checkpoint in {directory}; give resume=True, or another directory")
    return checkpoint
