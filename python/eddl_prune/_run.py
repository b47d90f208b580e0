"""One run of fit: rounds of training and validation, pruning at plateaus, and its state on disk."""

from __future__ import annotations

import functools
import math
import time
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from pyeddl import eddl
from tqdm import tqdm

from . import _core
from ._checkpoint import Arrays, Checkpoint
from ._checks import layer_that_is_not_finite
from ._interrupts import interrupts_deferred
from ._passes import free_deltas, mean_sensitivities
from ._prunable import ByChannel, ByWeight, Counts, Granularity, Magnitudes
from ._samples import Indices, Samples, TrainingOrder, validation_batches
from ._structure import Structure
from .callbacks import CallbackList
from .cycle import Cycle
from .history import History, from_plain, to_plain
from .schedule import Plateau, Schedule, largest_admissible

SENSITIVITY_SAMPLES = 1024
ADVICE = "a smaller learning rate may help"
LossAndMetric = tuple[float, "float | None"]


@dataclass(frozen=True)
class Settings:
    """The arguments of fit on which the course of a run depends; they have been checked."""

    batch_size: int
    schedule: Schedule | None
    learning_rate: Cycle | None
    shuffle: bool
    seed: int
    keep_zeros: bool


@dataclass(frozen=True)
class PruningStep:
    """What a pruning step did: nothing, if it zeroed nothing."""

    threshold: float | None = None
    zeroed: int = 0
    loss: float | None = None


class Run:
    """The net with its best state, its mask of held zeros, its position in the data and its record."""

    def __init__(self, net: Any, samples: Samples, validation: Samples, settings: Settings) -> None:
        self._net = net
        self._samples = samples
        self._validation = validation
        self._settings = settings
        self._schedule = settings.schedule
        rng = np.random.default_rng(settings.seed) if settings.shuffle else None
        self._order = TrainingOrder(samples.count, settings.batch_size, rng)
        self._measured = [i for i, metric in enumerate(net.metrics) if metric.name != "none"]
        self._history = History()
        self._validations = 0  # passes over the validation set in this round
        self._cycle_batches = 0  # since the first cycle of the learning rate began
        self._fruitless = 0  # plateaus in a row at which nothing was to be pruned
        self._finished = False  # for good: nothing more to prune
        self._structure = Structure(net)
        self._prunable_at_start = Counts.of(net).prunable
        self._rate_at_start = _core.learning_rate(net)
        self._plateau = Plateau(self._schedule.min_delta if self._schedule else 0.0)
        self._best = _core.Snapshot(net)
        self._mask = _core.Mask(net) if settings.keep_zeros else None

    def train(
        self, epochs: int, callbacks: CallbackList, progress: bool | None, checkpoint: Checkpoint | None
    ) -> History:
        """Train, leave the net in its best state, and return the record; see :func:`eddl_prune.fit`."""
        free_deltas(self._net)
        per_epoch = self._order.batches_per_epoch
        hide = None if progress is None else not progress
        self._history.ended_by = "schedule" if self._finished else "epochs"
        try:
            with tqdm(total=epochs * per_epoch, initial=self._order.batches, unit="batch", disable=hide) as bar:
                if not self._history:
                    self._plateau.restart(self._first_loss())
                callbacks.on_begin(self._net)
                while self._order.epoch <= epochs and not self._finished:
                    epoch = self._order.epoch
                    logs = self._round(bar)
                    self._history.record(**logs)
                    self._finished = logs["event"] == "exhausted"
                    stop = callbacks.on_epoch(epoch, logs)
                    if checkpoint is not None:
                        checkpoint.save(self._order.batches, *self._state())
                    if self._finished or stop:
                        self._history.ended_by = "schedule" if self._finished else "callback"
                        break
        except KeyboardInterrupt:
            self._history.ended_by = "interrupt"
        finally:
            with interrupts_deferred():
                self._best.restore()
                if self._settings.learning_rate is not None and self._rate_at_start is not None:
                    _core.set_learning_rate(self._net, self._rate_at_start)
            callbacks.on_end(self._history)
        return self._history

    def _first_loss(self) -> float:
        loss, _ = self._validate()
        # An untrained batch norm may well blow up in inference mode: no reason not to train it.
        return loss if math.isfinite(loss) else math.inf

    def _round(self, bar: tqdm[Any]) -> dict[str, Any]:
        started = time.perf_counter()
        self._validations = 0
        epoch = self._order.epoch
        bar.set_description(f"epoch {epoch}", refresh=False)
        batches = self._order.take(self._schedule.every if self._schedule else None)
        loss, metric = self._train_batches(epoch, batches, bar)
        rate = _core.learning_rate(self._net)
        layer = layer_that_is_not_finite(self._net)
        if layer is not None:  # which a loss need not show
            raise FloatingPointError(
                f'fit: parameters of layer "{layer}" became NaN or infinite in epoch {epoch}; {ADVICE}'
            )
        val_loss, val_metric = self._validate()
        _require_finite(val_loss, "validation", epoch)
        event, step = self._after(val_loss, bar)

        counts = Counts.of(self._net)
        logs: dict[str, Any] = {"epoch": epoch, "batches": self._order.batches, "loss": loss, "val_loss": val_loss}
        if metric is not None:
            logs.update(metric=metric, val_metric=val_metric)
        logs["learning_rate"] = None if rate is None else _shortest(rate)
        if self._lambda() is not None:
            logs["lambda"] = self._lambda()
        logs.update(sparsity=counts.sparsity(self._prunable_at_start), parameters=counts.parameters)
        logs.update(nonzero=counts.nonzero, channels=counts.channels)
        logs.update(threshold=step.threshold, zeroed=step.zeroed, pruned_loss=step.loss)
        logs.update(validations=self._validations, event=event, seconds=time.perf_counter() - started)
        bar.set_postfix(loss=f"{loss:.4f}", val_loss=f"{val_loss:.4f}", zero=f"{100 * logs['sparsity']:.1f}%")
        return logs

    def _after(self, val_loss: float, bar: tqdm[Any]) -> tuple[str, PruningStep]:
        """Keep a best state, prune at a plateau; return the round's event and what was pruned."""
        improved = self._plateau.observe(val_loss)
        if improved:
            self._best = _core.Snapshot(self._net)
        schedule, step = self._schedule, PruningStep()
        if schedule is not None and self._plateau.waited >= schedule.pwe:
            bar.set_postfix_str("pruning")
            if schedule.pwe == 0:
                step = self._prune(schedule, _core.Snapshot(self._net), val_loss)
            else:
                step = self._prune(schedule, self._best, self._plateau.best)
            if step.zeroed:
                self._fruitless = 0
                return "pruned", step
            if not improved:
                self._fruitless += 1
                self._plateau.restart(self._plateau.best)
                return ("exhausted" if self._fruitless >= schedule.patience else "fruitless"), step
        return ("improved" if improved else "waiting"), step

    def _train_batches(self, epoch: int, batches: Indices, bar: tqdm[Any]) -> LossAndMetric:
        loss = math.nan
        cycle = self._settings.learning_rate
        eddl.reset_loss(self._net)
        for indices in batches:
            if cycle is not None:
                _core.set_learning_rate(self._net, cycle.rate(self._cycle_batches, self._order.batches_per_epoch))
                self._cycle_batches += 1
            eddl.train_batch(self._net, self._samples.inputs, self._samples.targets, indices.tolist())
            if self._mask is not None:
                self._mask.apply()
            loss = sum(eddl.get_losses(self._net))  # the mean since reset_loss: once not finite, it stays so
            _require_finite(loss, "training", epoch)
            bar.update()
        return loss, self._metric()

    def _validate(self) -> LossAndMetric:
        self._validations += 1
        loss, metric = 0.0, 0.0 if self._measured else None
        for indices in validation_batches(self._validation.count, self._settings.batch_size):
            eddl.reset_loss(self._net)
            eddl.eval_batch(self._net, self._validation.inputs, self._validation.targets, indices)
            part = len(indices) / self._validation.count
            loss += part * sum(eddl.get_losses(self._net))
            if metric is not None:
                metric += part * (self._metric() or 0.0)
        return loss, metric

    def _metric(self) -> float | None:
        values = eddl.get_metrics(self._net)
        return sum(values[i] for i in self._measured) / len(self._measured) if self._measured else None

    def _prune(self, schedule: Schedule, start: _core.Snapshot, start_loss: float) -> PruningStep:
        """Zero as much of a state as the schedule allows; leave the net there or, pruned, in its new best state."""
        start.restore()
        target = schedule.target_sparsity
        if target is not None and Counts.of(self._net).sparsity(self._prunable_at_start) >= target:
            return PruningStep()
        parts = self._parts(schedule)

        def loss_at(threshold: float) -> float:
            start.restore()
            parts.zero(self._net, threshold)
            return self._validate()[0]

        limit = schedule.loss_limit(start_loss)
        found = largest_admissible(parts.candidates(self._net), loss_at, limit, schedule.tolerance)
        start.restore()
        if found.threshold is None or found.loss is None:
            return PruningStep()
        with interrupts_deferred():  # net, best state and mask change together
            zeroed = parts.zero(self._net, found.threshold)
            self._hold_zeros()
            if schedule.simplify:
                self._structure.simplify()
                self._hold_zeros()
            self._best = _core.Snapshot(self._net)
            self._plateau.restart(found.loss)
        if self._settings.learning_rate is not None and self._settings.learning_rate.restart:
            self._cycle_batches = 0
        return PruningStep(found.threshold, zeroed, found.loss)

    def _parts(self, schedule: Schedule) -> Granularity:
        if schedule.granularity == "weight":
            return ByWeight()
        return ByChannel(_core.channel_norms(self._net) if schedule.criterion == "l2" else self._sensitivities())

    def _sensitivities(self) -> dict[str, Magnitudes]:
        """Return every channel's sensitivity, a mean over training samples."""
        size = self._settings.batch_size
        batches = islice(self._samples.batches(size), max(1, min(self._samples.count, SENSITIVITY_SAMPLES) // size))
        means = mean_sensitivities(self._net, (inputs for inputs, _ in batches))
        return {self._net.layers[position].name: values for position, values in means.items()}

    def _hold_zeros(self) -> None:
        self._mask = _core.Mask(self._net)
        self._mask.apply()  # the momentum that the zeroed entries had

    # --- on disk ---

    @functools.cached_property
    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed, by the names that users know."""
        settings = self._settings
        plain = {name: getattr(settings, name) for name in ("batch_size", "shuffle", "seed", "keep_zeros")}
        return {
            "engine": _core.engine_info()["engine"],
            "optimizer": self._net.optimizer.name,
            "checksum of x and y": self._samples.checksum(),
            "checksum of validation": self._validation.checksum(),
            **plain,
            "schedule": None if settings.schedule is None else asdict(settings.schedule),
            "learning_rate": None if settings.learning_rate is None else asdict(settings.learning_rate),
        }

    def _state(self) -> tuple[dict[str, Any], Arrays]:
        """Return plain data and arrays for :meth:`resume`."""
        now = _core.Snapshot(self._net)
        arrays: Arrays = {}
        values = now.arrays()
        arrays.update({f"net/{name}": array for name, array in values.items()})
        for name, array in self._best.arrays().items():
            if array.tobytes() != values[name].tobytes():  # the rest is the same
                arrays[f"best/{name}"] = array
        if self._mask is not None:
            arrays.update({f"mask/{name}": array for name, array in self._mask.arrays().items()})
        run = {
            "identity": self._identity,
            "structure": self._structure.state(),
            "order": self._order.state(),
            "plateau": {"best": self._plateau.best, "waited": self._plateau.waited},
            "cycle_batches": self._cycle_batches,
            "fruitless": self._fruitless,
            "finished": self._finished,
            "prunable_at_start": self._prunable_at_start,
            "rate_at_start": self._rate_at_start,
            "net": {"step_count": now.step_count, "learning_rate": now.learning_rate},
            "best": {"step_count": self._best.step_count, "learning_rate": self._best.learning_rate},
            "holds_zeros": self._mask is not None,
            "lambda": self._lambda(),
            "random_state": _core.random_state(),
            "history": to_plain(self._history),
        }
        return run, arrays

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go to where another run of the same kind was when it wrote the checkpoint.

        :raises ValueError: the checkpoint is damaged, or of a run with other arguments or another net.
        """
        run, arrays = checkpoint.load()
        for name, theirs in run["identity"].items():
            if self._identity[name] != theirs:
                raise ValueError(
                    f"fit: checkpoint {checkpoint.directory} is of a run with {name} = {theirs}, "
                    f"this one has {self._identity[name]}"
                )
        self._structure.restore(run["structure"])
        values = {kind: _part_of(arrays, f"{kind}/") for kind in ("net", "best", "mask")}
        now, self._best = _core.Snapshot(self._net), _core.Snapshot(self._net)
        now.load(values["net"], **run["net"])
        self._best.load({**values["net"], **values["best"]}, **run["best"])
        self._mask = None
        if run["holds_zeros"]:
            self._mask = _core.Mask(self._net)
            self._mask.load(values["mask"])
        now.restore()
        self._order.restore(run["order"])
        self._plateau.restart(run["plateau"]["best"])
        self._plateau.waited = run["plateau"]["waited"]
        self._cycle_batches, self._fruitless = run["cycle_batches"], run["fruitless"]
        self._finished = run["finished"]
        self._prunable_at_start, self._rate_at_start = run["prunable_at_start"], run["rate_at_start"]
        self._history = from_plain(run["history"])
        if run["lambda"] is not None:
            self._net.optimizer.set_lambda(run["lambda"])
        if run["random_state"] is not None:
            _core.set_random_state(run["random_state"])

    def _lambda(self) -> float | None:
        """Return the strength of the regularisation, where the optimizer has one."""
        return getattr(self._net.optimizer, "lmbda", None)


def _part_of(arrays: Arrays, prefix: str) -> Arrays:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}


def _shortest(rate: float) -> float:
    """Return the shortest decimal that is the same in EDDL's precision: 0.1, not 0.10000000149."""
    return float(str(np.float32(rate)))


def _require_finite(loss: float, kind: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(f"fit: the {kind} loss became {loss} in epoch {epoch}; {ADVICE}")
