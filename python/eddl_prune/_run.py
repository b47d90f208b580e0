"""One run of fit: epochs of training, validation and, at plateaus, pruning."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from pyeddl import eddl
from tqdm import tqdm

from . import _core
from ._checks import layer_that_is_not_finite
from ._prunable import granularity, sparsity
from ._samples import Samples, training_batches, validation_batches
from .history import History
from .schedule import Plateau, Schedule, largest_admissible

Callback = Callable[[int, "dict[str, Any]"], Any]
ADVICE = "a smaller learning rate may help"
LossAndMetric = tuple[float, "float | None"]


class Run:
    """The net with its best state, its mask of held zeros and its record. All arguments have been checked."""

    def __init__(
        self,
        net: Any,
        samples: Samples,
        validation: Samples,
        batch_size: int,
        schedule: Schedule | None,
        keep_zeros: bool,
    ) -> None:
        self._net = net
        self._samples = samples
        self._validation = validation
        self._batch_size = batch_size
        self._schedule = schedule
        self._measured = [i for i, metric in enumerate(net.metrics) if metric.name != "none"]
        self._history = History()
        self._validations = 0  # passes over the validation set in this epoch
        self._best = _core.Snapshot(net)
        self._mask = _core.Mask(net) if keep_zeros else None
        loss, _ = self._validate()
        # An untrained batch norm may well blow up in inference mode: no reason not to train it.
        self._plateau = Plateau(schedule.min_delta if schedule else 0.0, loss if math.isfinite(loss) else math.inf)

    def train(
        self, epochs: int, callbacks: list[Callback], rng: np.random.Generator | None, progress: bool | None
    ) -> History:
        """Train, leave the net in its best state, and return the record; see :func:`eddl_prune.fit`."""
        _free_deltas(self._net)
        steps = epochs * math.ceil(self._samples.count / self._batch_size)
        try:
            with tqdm(total=steps, unit="batch", disable=None if progress is None else not progress) as bar:
                for epoch in range(1, epochs + 1):
                    logs = self._epoch(epoch, rng, bar)
                    self._history.record(**logs)
                    # A list: every callback hears of every epoch, also after one that asks to stop.
                    answers = [callback(epoch, dict(logs)) for callback in callbacks]
                    if any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers):
                        self._history.ended_by = "callback"
                        break
                    if logs["event"] == "exhausted":
                        self._history.ended_by = "schedule"
                        break
        except KeyboardInterrupt:
            self._history.ended_by = "interrupt"
        finally:
            self._best.restore()
        return self._history

    def _epoch(self, epoch: int, rng: np.random.Generator | None, bar: tqdm[Any]) -> dict[str, Any]:
        started = time.perf_counter()
        self._validations = 0
        bar.set_description(f"epoch {epoch}", refresh=False)
        loss, metric = self._train_batches(epoch, rng, bar)
        layer = layer_that_is_not_finite(self._net)
        if layer is not None:  # which a loss need not show
            raise FloatingPointError(
                f'fit: parameters of layer "{layer}" became NaN or infinite in epoch {epoch}; {ADVICE}'
            )
        val_loss, val_metric = self._validate()
        _require_finite(val_loss, "validation", epoch)

        threshold, zeroed, pruned_loss = None, 0, None
        if self._plateau.observe(val_loss):
            event = "improved"
            self._best = _core.Snapshot(self._net)
        elif self._schedule is None or self._plateau.waited < self._schedule.pwe:
            event = "waiting"
        else:
            bar.set_postfix_str("pruning")
            threshold, zeroed, pruned_loss = self._prune(self._schedule)
            event = "pruned" if zeroed else "exhausted"

        logs: dict[str, Any] = {"epoch": epoch, "loss": loss, "val_loss": val_loss}
        if metric is not None:
            logs.update(metric=metric, val_metric=val_metric)
        logs.update(sparsity=sparsity(self._net), threshold=threshold, zeroed=zeroed, pruned_loss=pruned_loss)
        logs.update(validations=self._validations, event=event, seconds=time.perf_counter() - started)
        lmbda = getattr(self._net.optimizer, "lmbda", None)
        if lmbda is not None:
            logs["lambda"] = lmbda
        bar.set_postfix(loss=f"{loss:.4f}", val_loss=f"{val_loss:.4f}", zero=f"{100 * logs['sparsity']:.1f}%")
        return logs

    def _train_batches(self, epoch: int, rng: np.random.Generator | None, bar: tqdm[Any]) -> LossAndMetric:
        loss = math.nan
        eddl.reset_loss(self._net)
        for indices in training_batches(self._samples.count, self._batch_size, rng):
            eddl.train_batch(self._net, self._samples.inputs, self._samples.targets, indices)
            if self._mask is not None:
                self._mask.apply()
            loss = sum(eddl.get_losses(self._net))  # the mean since reset_loss: once not finite, it stays so
            _require_finite(loss, "training", epoch)
            bar.update()
        return loss, self._metric()

    def _validate(self) -> LossAndMetric:
        self._validations += 1
        loss, metric = 0.0, 0.0 if self._measured else None
        for indices in validation_batches(self._validation.count, self._batch_size):
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

    def _prune(self, schedule: Schedule) -> tuple[float | None, int, float | None]:
        """Zero as much of the best state as the schedule allows; return the threshold, how many, and the new loss.

        Whatever comes of it, the net is left in its best state.
        """
        target = schedule.target_sparsity
        self._best.restore()
        if target is not None and sparsity(self._net) >= target:
            return None, 0, None
        parts = granularity(schedule.granularity)

        def loss_at(threshold: float) -> float:
            self._best.restore()
            parts.zero(self._net, threshold)
            return self._validate()[0]

        limit = schedule.loss_limit(self._plateau.best)
        found = largest_admissible(parts.candidates(self._net), loss_at, limit, schedule.tolerance)
        self._best.restore()
        if found.threshold is None or found.loss is None:
            return None, 0, None
        zeroed = parts.zero(self._net, found.threshold)
        self._mask = _core.Mask(self._net)
        self._mask.apply()  # the momentum that the zeroed entries had
        self._best = _core.Snapshot(self._net)
        self._plateau.restart(found.loss)
        return found.threshold, zeroed, found.loss


def _free_deltas(net: Any) -> None:
    """Free what an earlier training left behind: of another batch size, EDDL would take it for new gradients."""
    for layer in reversed(net.layers):  # children first: a view's delta lies in its parent's
        if layer.delta is not None and layer.parent and not layer.isrecurrent:  # EDDL's inputs need theirs
            layer.free_delta()


def _require_finite(loss: float, kind: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(f"fit: the {kind} loss became {loss} in epoch {epoch}; {ADVICE}")
