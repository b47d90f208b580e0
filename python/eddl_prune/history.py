"""The record of a training run."""

from __future__ import annotations

from typing import Any


class History(dict[str, list[Any]]):
    """One list per quantity, one entry per epoch; an ordinary dict, ready for plotting or JSON.

    epoch: from 1.
    loss, metric: means over the training samples while they were trained on, summed (loss) or averaged (metric) over
        the net's outputs. Outputs with the metric "none" do not count; there is no
        ``metric`` and ``val_metric`` if all have that.
    val_loss, val_metric: exact means over the validation samples at the end of the epoch, before any pruning.
    sparsity: part of the prunable parameters that is exactly zero at the end of the epoch, after any pruning.
    threshold, zeroed, pruned_loss: the threshold of a pruning step, how many entries it newly zeroed, and the
        validation loss right after it; None, 0, None in other epochs.
    validations: how many passes over the validation set the epoch took.
    event: "improved" (the best validation loss since the last pruning), "waiting", "pruned", or "exhausted" (a plateau
        at which nothing more was to be pruned).
    seconds: wall time of the epoch, pruning included.
    lambda: the strength of the regularisation, where the net's optimizer has one.

    The attribute ``ended_by`` says why training ended: "epochs" (all done), "schedule" (a plateau with nothing more to
    prune), "callback" (one returned True) or "interrupt" (Ctrl-C; the epoch it fell into is not recorded).
    """

    ended_by: str = "epochs"

    def record(self, **quantities: Any) -> None:
        """Append one epoch; every epoch must give the same quantities."""
        if self and self.keys() != quantities.keys():
            raise KeyError(f"expected {sorted(self)}, got {sorted(quantities)}")
        for name, value in quantities.items():
            self.setdefault(name, []).append(value)
