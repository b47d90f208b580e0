"""The installed engine against numbers recorded on EDDL (conformance/README.md says how)."""

import numpy as np
import pytest
from conformance import store
from conformance.cases import CASES, RECORDED
from conformance.measure import measure

EXPECTED, ABOUT = store.load()

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


@pytest.mark.parametrize("case", [pytest.param(case, id=id) for id, case in RECORDED.items()])
def test_engine_agrees_with_eddl(case):
    expected, actual = EXPECTED[case.id], measure(case)
    assert list(expected) == [name for name in actual if case.is_standard(name)]
    lines = [line for name in expected if (line := difference(name, expected[name], actual[name]))]
    assert not lines, f"{len(lines)} of {len(expected)} quantities differ; the first:\n{lines[0]}"


def test_recorded_are_all_but_what_eddl_gets_wrong_or_refuses():
    assert list(EXPECTED) == list(RECORDED)
    assert ABOUT["engine"] == "EDDL"
    sums, refused = {"subtract", "average", "maximum", "minimum"}, {"conv-groups", "conv-dilated", "depthwise"}
    refused |= {"conv-same-uneven", "maxpool-same-uneven", "avgpool-same-uneven"}
    assert set(CASES) - set(RECORDED) == sums | refused


def test_recorded_nets_did_train():
    """Predictions that stand still would hold an engine's backward pass and optimizer to nothing."""
    still = [
        id
        for id, quantities in EXPECTED.items()
        for name in quantities
        if name.startswith("predict-after/")
        and np.allclose(quantities[name], quantities[name.replace("-after", "")], rtol=THREE_STEPS)
    ]
    assert still == ["loss-none"]
