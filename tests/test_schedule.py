"""The strategy's logic on toy losses, against brute force."""

import math

import numpy as np
import pytest
from eddl_prune.schedule import Plateau, Schedule, largest_admissible
from hypothesis import given
from hypothesis import strategies as st


def brute_force(candidates, loss_at, limit):
    """The largest admissible candidate, by trying all."""
    return max((c for c in candidates if loss_at(c) <= limit), default=None)


# --- bisection ---


@given(
    candidates=st.lists(st.floats(0, 100, width=32), unique=True).map(sorted),
    steps=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10)), max_size=8),
    limit=st.floats(0, 30),
)
def test_bisection_finds_the_largest_admissible_threshold_of_any_growing_loss(candidates, steps, limit):
    def loss_at(threshold):
        return sum(height for at, height in steps if at < threshold)

    found = largest_admissible(candidates, loss_at, limit)
    assert found.threshold == brute_force(candidates, loss_at, limit)
    assert found.loss == (None if found.threshold is None else loss_at(found.threshold))
    assert found.evaluations <= math.ceil(math.log2(len(candidates) + 1))


@given(
    losses=st.lists(st.floats(0, 10) | st.just(math.nan), min_size=1, max_size=40),
    limit=st.floats(0, 10),
    tolerance=st.floats(0, 1),
)
def test_what_bisection_returns_was_tried_and_is_admissible_whatever_the_loss(losses, limit, tolerance):
    tried = []

    def loss_at(threshold):
        tried.append(threshold)
        return losses[int(threshold)]

    found = largest_admissible(np.arange(len(losses)), loss_at, limit, tolerance)
    assert found.evaluations == len(tried)
    if found.threshold is not None:
        assert found.threshold in tried
        assert found.loss == losses[int(found.threshold)] <= limit


def test_tolerance_bounds_the_rank_of_what_is_missed_and_saves_trials():
    candidates = np.arange(10_000)
    exact = largest_admissible(candidates, float, 6789.5)
    assert exact.threshold == 6789
    rough = largest_admissible(candidates, float, 6789.5, tolerance=0.01)
    assert 6789 - 100 <= rough.threshold <= 6789
    assert rough.evaluations <= 7 < exact.evaluations


def test_no_candidates_no_trials():
    found = largest_admissible([], lambda _: pytest.fail("must not be called"), 1.0)
    assert (found.threshold, found.loss, found.evaluations) == (None, None, 0)


# --- plateau ---


def test_plateau_counts_epochs_without_improvement():
    plateau = Plateau()
    assert [plateau.observe(loss) for loss in (3.0, 2.0, 2.0, 2.5, 1.9, 1.95)] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    assert (plateau.best, plateau.waited) == (1.9, 1)


def test_plateau_ignores_improvements_within_min_delta():
    plateau = Plateau(min_delta=0.1, best=1.0)
    assert not plateau.observe(0.9)
    assert plateau.best == 1.0
    assert plateau.observe(0.89)


def test_plateau_restarts_from_a_worse_loss():
    plateau = Plateau(best=1.0)
    plateau.observe(2.0)
    plateau.restart(1.5)
    assert plateau.waited == 0
    assert plateau.observe(1.4)


# --- arguments ---


@pytest.mark.parametrize(("loss", "limit"), [(2.0, 2.5), (0.0, 0.0), (-2.0, -1.5)])
def test_loss_limit_is_a_share_above_the_loss(loss, limit):
    assert Schedule(twt=0.25).loss_limit(loss) == limit


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pwe": -1}, "Schedule: pwe must be >= 0, got -1"),
        ({"twt": -0.1}, "Schedule: twt must be finite and >= 0, got -0.1"),
        ({"twt": math.nan}, "Schedule: twt must be finite and >= 0, got nan"),
        ({"twt": 10**400}, "Schedule: twt must be finite and >= 0, got 10{400}"),
        ({"tolerance": -(10**400)}, r"Schedule: tolerance must be in \[0, 1\], got -10{400}"),
        ({"granularity": "layer"}, "Schedule: granularity must be one of 'weight', 'channel', got 'layer'"),
        ({"min_delta": -1}, "Schedule: min_delta must be finite and >= 0, got -1"),
        ({"target_sparsity": 1.5}, r"Schedule: target_sparsity must be in \[0, 1\], got 1.5"),
        ({"criterion": "l1"}, "Schedule: criterion must be one of 'l2', 'sensitivity', got 'l1'"),
        (
            {"criterion": "sensitivity"},
            "Schedule: criterion 'sensitivity' is for channels; granularity 'weight' goes by m.*",
        ),
        ({"every": 0}, "Schedule: every must be >= 1, got 0"),
        ({"patience": 0}, "Schedule: patience must be >= 1, got 0"),
        ({"tolerance": 2}, r"Schedule: tolerance must be in \[0, 1\], got 2"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_values_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Schedule(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pwe": 2.0}, "Schedule: pwe must be an integer, got float"),
        ({"pwe": True}, "Schedule: pwe must be an integer, got bool"),
        ({"twt": "5 %"}, "Schedule: twt must be a number, got str"),
        ({"granularity": None}, "Schedule: granularity must be a string, got NoneType"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_values_of_the_wrong_type(arguments, message):
    with pytest.raises(TypeError, match=f"^{message}$"):
        Schedule(**arguments)
