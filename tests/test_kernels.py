"""The numeric kernels against NumPy formulas, on the sizes and values that break vectorised and parallel loops."""

import helpers
import numpy as np
import pytest
from eddl_prune import _core
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

kernels = _core._kernels

# Round the vector width, and on both sides of the size (2^15) from which the kernels run in parallel.
SIZES = [0, 1, 3, 4, 15, 17, 1000, 32767, 32768, 100003]
EPSILON = np.finfo(np.float32).eps

any_float = st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True)
weight = st.one_of(st.sampled_from([0.0, -0.0, 1.0]), st.floats(-1000, 1000, width=32))


def arrays(elements, max_dims=1, max_side=40):
    shapes = hnp.array_shapes(min_dims=1, max_dims=max_dims, min_side=0, max_side=max_side)
    return hnp.arrays(np.float32, shapes, elements=elements)


def normal(n, seed=0):
    return np.random.default_rng(seed).normal(size=n).astype(np.float32)


def same_bits(a, b):
    return np.array_equal(a.view(np.int32), b.view(np.int32))


# --- LOBSTER ---


def lobster_in_double(w, g, lmbda):
    w, g = w.astype(np.float64), g.astype(np.float64)
    return w - lmbda * w * np.maximum(0, 1 - np.abs(g))


def assert_lobster(step, w, g, lmbda, gradient):
    expected = lobster_in_double(w, g, np.float32(lmbda))
    out = w.copy()
    step(out, gradient, lmbda)
    # Four roundings, each relative to a term of at most |w| * (1 + lambda).
    np.testing.assert_array_less(np.abs(out - expected), 4 * EPSILON * np.abs(w) * (1 + lmbda) + 1e-37)


STEPS = [
    pytest.param(kernels.lobster_step, lambda g: g, id="fused"),
    pytest.param(kernels.reference_lobster_step, lambda g: g, id="reference"),
    pytest.param(kernels.lobster_step_squared, np.square, id="from-squared"),
]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("step, given_gradient", STEPS)
def test_lobster_step_is_the_papers_formula(step, given_gradient, n):
    w, g = normal(n), normal(n, seed=1)
    assert_lobster(step, w, g, 0.25, given_gradient(g))


@given(st.data(), st.floats(0, 2, width=32))
def test_lobster_step_on_any_values(data, lmbda):
    w = data.draw(arrays(weight))
    g = data.draw(hnp.arrays(np.float32, w.shape, elements=st.floats(width=32, allow_nan=False)))
    assert_lobster(kernels.lobster_step, w, g, lmbda, g)


def test_lobster_step_leaves_the_weight_where_the_gradient_is_large_or_nan():
    w = np.array([1, -2, 3, np.nan, np.inf], np.float32)
    out = w.copy()
    kernels.lobster_step(out, np.array([1, -7, np.nan, 0, np.inf], np.float32), 0.5)
    assert same_bits(out[:3], w[:3])
    assert np.isnan(out[3])


@pytest.mark.parametrize("step, given_gradient", STEPS)
def test_lobster_step_with_lambda_zero_touches_nothing(step, given_gradient):
    w = np.array([0.0, -0.0, 1.5, np.inf, -np.inf, np.nan, 1e-45], np.float32)
    out = w.copy()
    step(out, given_gradient(np.zeros_like(w)), 0.0)
    assert same_bits(out, w)


# --- SeReNe and output sensitivity ---

# Shape and axis: a convolution's output channels, a dense layer's, a batch of activations; small and parallel sizes.
NEURON_SHAPES = [((5, 3, 3, 3), 0), ((7, 5), 1), ((3, 5, 7), 1), ((64, 33, 17), 1), ((300, 401), 1), ((37, 1201), 0)]
neuron_shapes = pytest.mark.parametrize("shape, axis", [*NEURON_SHAPES, ((0, 4), 1), ((4, 0), 1)])


def along(values, shape, axis):
    return values.reshape([-1 if i == axis else 1 for i in range(len(shape))])


@neuron_shapes
@pytest.mark.parametrize("step", [kernels.neuron_step, kernels.reference_neuron_step], ids=["fused", "reference"])
def test_neuron_step_is_the_papers_formula(step, shape, axis):
    w, s = normal(shape), np.abs(normal(shape[axis], seed=1))
    expected = lobster_in_double(w, np.broadcast_to(along(s, shape, axis), shape), np.float32(0.25))
    out = w.copy()
    step(out, axis, s, 0.25)
    np.testing.assert_array_less(np.abs(out - expected), 4 * EPSILON * np.abs(w) * 1.25 + 1e-37)


def test_neuron_step_leaves_what_is_sensitive_or_nan_and_lambda_zero_touches_nothing():
    w = normal((4, 3))
    out = w.copy()
    kernels.neuron_step(out, 1, np.array([1, np.nan, 0], np.float32), 0.5)
    assert same_bits(np.ascontiguousarray(out[:, :2]), np.ascontiguousarray(w[:, :2]))
    np.testing.assert_array_equal(out[:, 2], w[:, 2] / 2)
    out = np.array([[np.inf, -0.0]], np.float32)
    kernels.neuron_step(out, 1, np.zeros(2, np.float32), 0.0)
    assert np.isposinf(out[0, 0])


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("add", [kernels.add_absolute, kernels.reference_add_absolute], ids=["fused", "reference"])
def test_absolute_values_are_added(add, n):
    total, src = normal(n), normal(n, seed=1)
    expected = total + np.abs(src)
    add(total, src)
    np.testing.assert_array_equal(total, expected)


@neuron_shapes
@pytest.mark.parametrize("kind", ["", "reference_"], ids=["fused", "reference"])
def test_channel_sums_are_added(kind, shape, axis):
    src = normal(shape)
    src[np.abs(src) < 0.3] = -0.0
    others = tuple(i for i in range(len(shape)) if i != axis)
    for name, values in (
        ("add_channel_absolute_sums", np.abs(src.astype(np.float64))),
        ("add_channel_nonzero_counts", src != 0),
    ):
        sums = np.full(shape[axis], 0.5)
        getattr(kernels, kind + name)(src, axis, sums)
        np.testing.assert_allclose(sums, 0.5 + values.sum(others), rtol=1e-12)


def test_sums_do_not_depend_on_the_number_of_threads(tmp_path):
    code = """
        import numpy as np
        from eddl_prune import _core
        src = np.random.default_rng(0).normal(size=(64, 33, 17)).astype(np.float32)
        sums = np.zeros(33)
        _core._kernels.add_channel_absolute_sums(src, 1, sums)
        result = sums.tobytes().hex()
        """
    assert len({helpers.in_child(code, tmp_path, OMP_NUM_THREADS=threads) for threads in ("1", "2", "3")}) == 1


# --- thresholds, counts, masks ---


@given(arrays(any_float), st.floats(0, width=32, allow_nan=False, allow_infinity=False))
def test_threshold_kernels_are_numpy_comparisons(x, threshold):
    below = np.abs(x) < np.float32(threshold)
    newly = int(np.count_nonzero(below & (x != 0)))
    out = x.copy()
    assert kernels.count_below(x, threshold) == newly
    assert kernels.zero_below(out, threshold) == newly
    assert same_bits(out, np.where(below, np.float32(0), x))


@given(arrays(any_float))
def test_counts_and_masks_are_numpy_comparisons(x):
    assert kernels.count_nonzero(x) == np.count_nonzero(x)
    assert kernels.count_nonfinite(x) == np.count_nonzero(~np.isfinite(x))
    is_zero, count = kernels.build_zero_mask(x)
    np.testing.assert_array_equal(is_zero, x == 0)
    assert count == np.count_nonzero(x == 0)
    out = np.full_like(x, 7)
    kernels.apply_zero_mask(out, is_zero)
    np.testing.assert_array_equal(out, np.where(x == 0, 0, 7))


@pytest.mark.parametrize("n", SIZES)
def test_counts_on_sizes_round_the_parallel_grain(n):
    x = np.where(normal(n, seed=2) > 0.5, 0, normal(n)).astype(np.float32)
    assert kernels.count_nonzero(x) == np.count_nonzero(x)
    assert kernels.count_nonfinite(x) == 0
    assert kernels.count_below(x, 0.3) == np.count_nonzero((np.abs(x) < np.float32(0.3)) & (x != 0))
    is_zero, count = kernels.build_zero_mask(x)
    assert count == np.count_nonzero(is_zero) == n - np.count_nonzero(x)


def test_a_nan_is_neither_zero_nor_below_any_threshold():
    x = np.array([np.nan, 0.0], np.float32)
    assert kernels.count_nonzero(x) == 1
    assert kernels.zero_below(x, 3e38) == 0
    assert np.isnan(x[0])


# --- channels ---

CHANNEL_SHAPES = [
    (1,),
    (7,),
    (5, 3),
    (3, 1, 5, 5),
    (20, 16, 3, 3),
    (33, 2000),
    (2000, 33),
    (600, 8, 3, 3),
    (0, 4),
    (4, 0),
]
axes = [
    pytest.param(shape, axis, id=f"{shape}-axis{axis}")
    for shape in CHANNEL_SHAPES
    for axis in range(min(2, len(shape)))
]


def other_axes(x, axis):
    return tuple(a for a in range(x.ndim) if a != axis)


def some_dead(shape, axis):
    """Random values with every third channel of the axis zero, one of those but for a single element."""
    x = normal(int(np.prod(shape))).reshape(shape)
    channels = np.moveaxis(x, axis, 0)
    channels[::3] = 0
    if channels.size and len(channels) > 3:
        channels[(3,) + (-1,) * (channels.ndim - 1)] = 1e-30
    return x


@pytest.mark.parametrize("shape, axis", axes)
def test_channel_sums_and_flags(shape, axis):
    x = some_dead(shape, axis)
    sums = kernels.channel_square_sums(x, axis)
    np.testing.assert_allclose(sums, np.square(x.astype(np.float64)).sum(axis=other_axes(x, axis)), rtol=1e-12)
    np.testing.assert_array_equal(kernels.channel_all_zero(x, axis), (x == 0).all(axis=other_axes(x, axis)))


@pytest.mark.parametrize("shape, axis", axes)
def test_zero_channels(shape, axis):
    x = some_dead(shape, axis)
    channels = list(range(0, shape[axis], 2))
    expected = np.moveaxis(x.copy(), axis, 0)
    newly = np.count_nonzero(expected[channels])
    expected[channels] = 0
    assert kernels.zero_channels(x, axis, channels) == newly
    np.testing.assert_array_equal(x, np.moveaxis(expected, 0, axis))


def kept_blocks(x, groups, rows, columns):
    """What stays of [rows, columns / groups, ...]; a group of which no row stays is gone."""
    group_rows, group_columns = len(x) // groups, x.shape[1]
    kept = [x[r][[c % group_columns for c in columns if c // group_columns == r // group_rows]] for r in rows]
    return np.array(kept, np.float32)


@given(st.data())
def test_compact_on_any_values(data):
    groups, group_rows, group_columns = (data.draw(st.integers(1, 4)) for _ in range(3))
    inner = data.draw(st.sampled_from([(), (1,), (3,), (3, 3)]))
    x = data.draw(hnp.arrays(np.float32, (groups * group_rows, group_columns, *inner), elements=any_float))
    kept_groups = data.draw(st.lists(st.integers(0, groups - 1), min_size=1, unique=True).map(sorted))

    def entries(extent):
        """As many of each group that stays."""
        count = data.draw(st.integers(1, extent))
        each = st.lists(st.integers(0, extent - 1), min_size=count, max_size=count, unique=True).map(sorted)
        return [g * extent + entry for g in kept_groups for entry in data.draw(each)]

    rows, columns = entries(group_rows), entries(group_columns)
    expected = kept_blocks(x, groups, rows, columns)
    kernels.compact(x, groups, rows, columns, len(kept_groups))
    # Bits, so that NaN payloads count: the kernels move floats without touching them.
    assert same_bits(x.ravel()[: expected.size], expected.ravel())


@given(arrays(any_float, max_dims=4, max_side=6), st.data())
def test_channel_kernels_on_any_values(x, data):
    axis = data.draw(st.integers(0, x.ndim - 1))
    np.testing.assert_array_equal(kernels.channel_all_zero(x, axis), (x == 0).all(axis=other_axes(x, axis)))


@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 5000])
@pytest.mark.parametrize("value", [-0.0, 1e-45, np.nan])
def test_all_zero_bits(n, value):
    x = np.zeros(n, np.float32)
    assert kernels.is_all_zero_bits(x)
    for i in {0, n // 2, n - 1} if n else ():
        x[i] = value
        assert not kernels.is_all_zero_bits(x)
        x[i] = 0


def test_results_do_not_depend_on_the_order_of_threads():
    x = normal(600 * 800).reshape(600, 800)
    first = kernels.channel_square_sums(x, 1)
    for _ in range(20):
        np.testing.assert_array_equal(kernels.channel_square_sums(x, 1), first)


# --- arguments ---


@pytest.mark.parametrize(
    "error, call",
    [
        pytest.param(TypeError, lambda: kernels.zero_below(np.zeros(3), 1.0), id="float64-in-place"),
        pytest.param(
            TypeError, lambda: kernels.zero_below(np.zeros((4, 4), np.float32).T[::2], 1.0), id="not-contiguous"
        ),
        pytest.param(ValueError, lambda: kernels.lobster_step(np.zeros(3, "f"), np.zeros(4, "f"), 0.1), id="sizes"),
        pytest.param(IndexError, lambda: kernels.channel_all_zero(np.zeros((2, 2), "f"), 2), id="axis"),
        pytest.param(IndexError, lambda: kernels.zero_channels(np.zeros((2, 2), "f"), 0, [2]), id="channel"),
    ],
)
def test_bad_arguments_are_refused(error, call):
    with pytest.raises(error):
        call()
