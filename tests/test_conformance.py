"""The installed engine against numbers recorded on EDDL (conformance/README.md says how)."""

import numpy as np
import pytest
from conformance import store
from conformance.cases import FAMILIES
from conformance.measure import measure

EXPECTED, ABOUT = {}, {}
for _family in store.families():
    EXPECTED[_family], ABOUT[_family] = store.load(store.path_of(_family))
RECORDED = {family: {id: case for id, case in cases.items() if case.is_recorded} for family, cases in FAMILIES.items()}

# Relative to the largest value of a quantity: float32 sums in another order differ near 1e-6 of their largest terms,
# and three steps of an optimizer that divides by small gradients (Adam, RMSProp) multiply that.
ONE_STEP = 1e-4
THREE_STEPS = 1e-3
LATE = ("params-3", "predict-after")
# Nothing below this counts: it is the rounding of sums of terms near 1 that cancel, such as the delta behind a batch
# norm.
FLOOR = 1e-5


def difference(name, expected, actual):
    """A line that says where and by how much a quantity differs, or None."""
    if actual is None:
        return f"{name}: not measured"
    if expected.shape != actual.shape:
        return f"{name}: shape {actual.shape} instead of {expected.shape}"
    if not np.isfinite(actual).all():
        return f"{name}: {np.count_nonzero(~np.isfinite(actual))} of {actual.size} values are not finite"
    relative = THREE_STEPS if name.startswith(LATE) else ONE_STEP
    allowed = FLOOR + relative * (0.5 * np.abs(expected) + 0.5 * np.abs(expected).max(initial=0.0))
    error = np.abs(actual - expected)
    if (error <= allowed).all():
        return None
    at = np.unravel_index(np.argmax(error - allowed), error.shape)
    wrong = np.count_nonzero(error > allowed)
    values = f"{actual[at]:.7g} instead of {expected[at]:.7g}"
    return f"{name}: {wrong} of {error.size} values differ, most at {[int(i) for i in at]}: {values}"


@pytest.mark.parametrize(
    "family, case", [pytest.param(family, c, id=c.id) for family, cases in RECORDED.items() for c in cases.values()]
)
def test_engine_agrees_with_eddl(family, case):
    expected, actual = EXPECTED[family][case.id], measure(case)
    assert list(expected) == [name for name in actual if case.is_standard(name)]
    lines = [line for name in expected if (line := difference(name, expected[name], actual[name]))]
    assert not lines, f"{len(lines)} of {len(expected)} quantities differ; the first:\n{lines[0]}"


def test_recorded_is_exactly_what_can_be():
    """All cases but those that EDDL gets wrong or refuses, on EDDL itself, and nothing that has no case any more."""
    assert {family: list(cases) for family, cases in EXPECTED.items()} == {
        family: list(cases) for family, cases in sorted(RECORDED.items()) if cases
    }
    assert {about["engine"] for about in ABOUT.values()} == {"EDDL"}


@pytest.mark.parametrize("family", EXPECTED)
def test_recorded_nets_did_train(family):
    """Predictions that stand still would hold an engine's backward pass and optimizer to nothing."""
    still = {
        id
        for id, quantities in EXPECTED[family].items()
        for name in quantities
        if name.startswith("predict-after/")
        and np.allclose(quantities[name], quantities[name.replace("-after", "")], rtol=THREE_STEPS)
    }
    assert still == {id for id, case in RECORDED[family].items() if case.stands_still}
