"""The iterative pruning strategy, as pure logic: when to prune, and how much.

From Tartaglione et al., "LOss-Based SensiTivity rEgulaRization: towards deep sparse neural networks", Neural Networks
146 (2022): train until the validation loss has not improved for PWE epochs (plateau waiting epochs), then
remove the largest set of small weights that worsens that loss by no more than a factor 1 + TWT (threshold worsening
tolerance), and go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._checks import require_choice, require_flag, require_integer, require_real

GRANULARITIES = ("weight", "channel")
CRITERIA = ("l2", "sensitivity")


@dataclass(frozen=True)
class Schedule:
    """When and how :func:`eddl_prune.fit` prunes.

    A *round* is an epoch or, with `every`, so many batches: after each the net is validated.

    :param pwe: plateau waiting epochs, >= 0: prune once the validation loss has not improved for so many rounds. 0
        prunes after every round, improved or not; then it is not the best state that is pruned, but that of the round,
        and its own validation loss is what `twt` allows to be worsened.
    :param twt: threshold worsening tolerance, >= 0: a pruning step may raise the best validation loss to
        ``(1 + twt) * loss`` at most.
    :param granularity: "weight" zeroes every ``|w| < T`` of the convolution and dense layers, biases included;
        "channel" zeroes weights and bias of every channel or neuron whose criterion is below T, never those of the
        layers that give the net's output.
    :param criterion: of granularity "channel". "l2": the L2 norm of all weights into the channel. "sensitivity": the
        mean of ``(1/C) * sum_k |dy_k/dp|`` over samples and positions, p what the channel computes, y the C outputs
        before the softmax (SeReNe's, in full: Tartaglione et al., TNNLS 2021); once a pruning step, over at most
        1,024 training samples in their given order, in training mode, at C backward passes a batch.
    :param min_delta: >= 0; a validation loss counts as improved only if it is lower than the best by more than this.
    :param target_sparsity: in [0, 1]; once so large a part of the prunable parameters that there were at the start is
        zero or removed, nothing more is pruned: training goes on up to the next plateau and ends there. None: go on as
        long as anything can be pruned.
    :param tolerance: in [0, 1]: the bisection ends when the two thresholds that enclose the largest admissible one
        differ by no more than this part of the candidates. 0 finds it exactly, at about log2(parameters) validation
        passes a pruning step; the default takes about 10.
    :param every: None for rounds of an epoch; else >= 1: batch-wise pruning, with rounds of so many batches, counted
        from the start of each epoch, and a shorter one at its end if need be.
    :param patience: >= 1: training ends after so many plateaus (with pwe = 0: rounds that did not improve the loss) in
        a row at which nothing was to be pruned.
    :param simplify: whether to remove what has died, by :func:`eddl_prune.simplify`, after every pruning step, so that
        training gets faster as the net shrinks. Where the dead channels are constantly 0 (ReLU and the like), it goes
        on as without, to rounding; other constants are carried on into trainable biases and weights, which then learn
        at their own pace.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: an argument out of its range.
    """

    pwe: int = 5
    twt: float = 0.05
    granularity: str = "weight"
    criterion: str = "l2"
    min_delta: float = 0.0
    target_sparsity: float | None = None
    tolerance: float = 1e-3
    every: int | None = None
    patience: int = 1
    simplify: bool = False

    def __post_init__(self) -> None:
        require_integer(self.pwe, "pwe", "Schedule", 0)
        require_real(self.twt, "twt", "Schedule")
        require_choice(self.granularity, "granularity", "Schedule", GRANULARITIES)
        require_choice(self.criterion, "criterion", "Schedule", CRITERIA)
        if self.granularity == "weight" and self.criterion != "l2":
            raise ValueError(
                f"Schedule: criterion {self.criterion!r} is for channels; granularity 'weight' goes by magnitude"
            )
        require_real(self.min_delta, "min_delta", "Schedule")
        if self.target_sparsity is not None:
            require_real(self.target_sparsity, "target_sparsity", "Schedule", 0.0, 1.0)
        require_real(self.tolerance, "tolerance", "Schedule", 0.0, 1.0)
        if self.every is not None:
            require_integer(self.every, "every", "Schedule", 1)
        require_integer(self.patience, "patience", "Schedule", 1)
        require_flag(self.simplify, "simplify", "Schedule")

    def loss_limit(self, best_loss: float) -> float:
        """Return the largest loss a pruning step may leave behind."""
        # |·|: a negative loss is worsened by the same share, too.
        return best_loss + self.twt * abs(best_loss)


class Plateau:
    """Counts the epochs since the loss last improved by more than `min_delta`."""

    def __init__(self, min_delta: float = 0.0, best: float = float("inf")) -> None:
        self._min_delta = min_delta
        self.restart(best)

    def restart(self, best: float) -> None:
        """Start again from this loss."""
        self.best = best
        self.waited = 0

    def observe(self, loss: float) -> bool:
        """Take the loss of one more epoch; return whether it is the best so far."""
        improved = loss < self.best - self._min_delta
        if improved:
            self.restart(loss)
        else:
            self.waited += 1
        return improved


@dataclass(frozen=True)
class Search:
    """What :func:`largest_admissible` found: the threshold, its loss, and how many losses were computed.

    threshold and loss are None where not even the smallest candidate is admissible.
    """

    threshold: float | None
    loss: float | None
    evaluations: int


def largest_admissible(
    candidates: npt.ArrayLike, loss_at: Callable[[float], float], limit: float, tolerance: float = 0.0
) -> Search:
    """Bisect for the largest threshold whose loss is at most `limit`.

    :param candidates: thresholds in ascending order.
    :param loss_at: the loss with everything below a threshold removed. Bisection assumes that it is above the limit
        for every threshold larger than one where it is above. Where it is not, a smaller threshold than the
        largest admissible one may come out, but never one that is not admissible: what is returned has been tried.
    :param limit: NaN losses count as above it.
    :param tolerance: stop when the bracket spans at most this part of the candidates.
    """
    thresholds = np.asarray(candidates)
    admissible, too_large = -1, len(thresholds)  # what came of these indices is known; the outer two need no trial
    admissible_loss: float | None = None
    resolution = max(1, int(tolerance * len(thresholds)))
    evaluations = 0
    while too_large - admissible > resolution:
        middle = (admissible + too_large) // 2
        loss = loss_at(float(thresholds[middle]))
        evaluations += 1
        if loss <= limit:
            admissible, admissible_loss = middle, loss
        else:
            too_large = middle
    return Search(None if admissible < 0 else float(thresholds[admissible]), admissible_loss, evaluations)
