"""The record of a training run."""

from __future__ import annotations

import csv
import json
import math
from os import PathLike
from pathlib import Path
from typing import Any

# JSON has no numbers for these.
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class History(dict[str, list[Any]]):
    """One list per quantity, one entry per round; an ordinary dict, ready for plotting.

    A round is an epoch or, with ``Schedule(every=n)``, n batches.

    epoch: from 1.
    batches: how many batches have been trained on at the end of the round, all epochs together.
    loss, metric: means over the training samples while they were trained on, summed (loss) or averaged (metric) over
        the net's outputs. Outputs with the metric "none" do not count; there is no
        ``metric`` and ``val_metric`` if all have that.
    val_loss, val_metric: exact means over the validation samples at the end of the round, before any pruning.
    learning_rate: that of the round's last batch; None for an optimizer without one.
    lambda: the strength of the regularisation, where the net's optimizer has one.
    sparsity: part of the prunable parameters that there were at the start which is exactly zero, or removed, at the end
        of the round, after any pruning.
    parameters, nonzero: trained values that the net then has, and how many of them are not exactly zero.
    channels: channels and neurons of the convolutions and dense layers that then are not dead.
    threshold, zeroed, pruned_loss: the threshold of a pruning step, how many entries it newly zeroed, and the
        validation loss right after it; None, 0, None in other rounds.
    validations: how many passes over the validation set the round took.
    event: "improved" (the best validation loss since the last pruning), "waiting", "pruned", "fruitless" (a plateau at
        which nothing more was to be pruned) or "exhausted" (the one of these that ends the training).
    seconds: wall time of the round, pruning included.

    The attribute ``ended_by`` says why training ended: "epochs" (all done), "schedule" (nothing more to prune),
    "callback" (one returned True) or "interrupt" (Ctrl-C; the round it fell into is not recorded).
    """

    ended_by: str = "epochs"

    def record(self, **quantities: Any) -> None:
        """Append one round; every round must give the same quantities."""
        if self and self.keys() != quantities.keys():
            raise KeyError(f"expected {sorted(self)}, got {sorted(quantities)}")
        for name, value in quantities.items():
            self.setdefault(name, []).append(value)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with one row per round.

        :raises ImportError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("History.to_frame needs pandas; install it, or use to_csv") from error
        return pandas.DataFrame(dict(self))

    def to_json(self, path: str | PathLike[str]) -> None:
        """Write a JSON object with ``ended_by`` and ``rounds``, the lists; NaN and infinities as strings."""
        Path(path).write_text(json.dumps(to_plain(self), indent=1, allow_nan=False), encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | PathLike[str]) -> History:
        """Read what :meth:`to_json` wrote, exactly.

        :raises ValueError: the file is not one of these.
        """
        try:
            return from_plain(json.loads(Path(path).read_text(encoding="utf-8")))
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"History.from_json: {path} is not a history: {error}") from error

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write a table with a header and one row per round; None is an empty field. ``ended_by`` is not in it."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self)
            writer.writerows(zip(*self.values()))

    @classmethod
    def from_csv(cls, path: str | PathLike[str]) -> History:
        """Read what :meth:`to_csv` wrote, numbers exactly.

        :raises ValueError: rows of different lengths, or no header.
        """
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        if not rows or any(len(row) != len(rows[0]) for row in rows):
            raise ValueError(f"History.from_csv: {path} is not a table with a header and rows of its length")
        return cls({name: [_parsed(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])})


def to_plain(history: History) -> dict[str, Any]:
    """Return what JSON can hold."""
    rounds = {name: [_json_value(value) for value in values] for name, values in history.items()}
    return {"ended_by": history.ended_by, "rounds": rounds}


def from_plain(plain: dict[str, Any]) -> History:
    """Return the history that `plain` was made from."""
    history = History({name: [_python_value(value) for value in values] for name, values in plain["rounds"].items()})
    history.ended_by = str(plain["ended_by"])
    return history


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _python_value(value: Any) -> Any:
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


def _parsed(field: str) -> Any:
    if not field:
        return None
    for kind in (int, float):
        try:
            return kind(field)
        except ValueError:
            pass
    return field
