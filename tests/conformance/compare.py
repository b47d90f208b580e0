"""How far an engine may be from the recorded numbers."""

import numpy as np

# Relative to the largest value of a quantity: float32 sums in another order differ near 1e-6 of their largest terms,
# and three steps of an optimizer that divides by small gradients (Adam, RMSProp) multiply that.
ONE_STEP = 1e-4
THREE_STEPS = 1e-3
LATE = ("params-3", "predict-after")
# Nothing below this counts: it is the rounding of sums of terms near 1 that cancel, such as the delta behind a batch
# norm.
FLOOR = 1e-5


def allowed(quantity) -> float:
    return THREE_STEPS if quantity.startswith(LATE) else ONE_STEP


def deviations(quantity, expected, actual) -> np.ndarray:
    """
    Errors relative to the mean of a value's own size and that of the largest one, plus what makes an error of FLOOR as
    large as is allowed. NaN and infinities are infinitely far.
    """
    scale = 0.5 * np.abs(expected) + 0.5 * np.abs(expected).max(initial=0.0) + FLOOR / allowed(quantity)
    return np.where(np.isfinite(actual), np.abs(actual.astype(np.float64) - expected) / scale, np.inf)


def difference(quantity, expected, actual):
    """A line that says where and by how much a quantity differs, or None."""
    if actual is None:
        return f"{quantity}: not measured"
    if expected.shape != actual.shape:
        return f"{quantity}: shape {actual.shape} instead of {expected.shape}"
    errors = deviations(quantity, expected, actual)
    wrong = np.count_nonzero(errors > allowed(quantity))
    if wrong == 0:
        return None
    at = np.unravel_index(np.argmax(errors), errors.shape)
    values = f"{actual[at]:.7g} instead of {expected[at]:.7g}"
    return f"{quantity}: {wrong} of {errors.size} values differ, most at {[int(i) for i in at]}: {values}"
