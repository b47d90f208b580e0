"""
Every function of PyEDDL's Tensor against NumPy: each form (in place, new tensor, into a given one), small and large,
and on values where the definition is delicate. A test at the end holds the list of all of them.
"""

import numpy as np
import pytest
from helpers import array, tensor
from pyeddl._core import ExpandDescriptor, SelDescriptor
from pyeddl._core import Tensor as Core
from pyeddl.tensor import Tensor

SHAPES = [(3, 4), (1,), (70, 301), (2, 3, 4, 5)]
TESTED = set()  # the functions that the tests say they cover


def covers(*names):
    """Decorates a test of these functions."""
    TESTED.update(names)
    return lambda test: test


def in_all_forms(names):
    return [form for name in names for form in (name, f"{name}_", f"static_{name}")]


def and_static(names):
    return [form for name in names for form in (name, f"static_{name}")]


def values(shape, low=-3.0, high=3.0, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def close(actual, expected, rtol=1e-5, atol=1e-6):
    actual = array(actual) if isinstance(actual, Core) else np.asarray(actual)
    expected = np.asarray(expected, np.float32)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def into(function, *arguments, shape, behind=()):
    """What a static function writes into its last tensor."""
    out = Tensor.full(list(shape), 77.0)
    assert function(*arguments, out, *behind) is None
    return out


# --- element by element: {name: (formula, low, high)} ---

UNARY = {
    "abs": (np.abs, -3, 3),
    "acos": (np.arccos, -1, 1),
    "asin": (np.arcsin, -1, 1),
    "atan": (np.arctan, -3, 3),
    "ceil": (np.ceil, -3, 3),
    "cos": (np.cos, -3, 3),
    "cosh": (np.cosh, -3, 3),
    "exp": (np.exp, -3, 3),
    "floor": (np.floor, -3, 3),
    "log": (np.log, 0.1, 5),
    "log10": (np.log10, 0.1, 5),
    "log2": (np.log2, 0.1, 5),
    "neg": (np.negative, -3, 3),
    "reciprocal": (np.reciprocal, 0.5, 3),
    "round": (lambda a: np.trunc(a + np.copysign(0.5, a)), -3, 3),
    "rsqrt": (lambda a: 1 / np.sqrt(a), 0.5, 3),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), -9, 9),
    "sin": (np.sin, -3, 3),
    "sinh": (np.sinh, -3, 3),
    "sqr": (np.square, -3, 3),
    "sqrt": (np.sqrt, 0, 5),
    "tan": (np.tan, -1.2, 1.2),
    "tanh": (np.tanh, -3, 3),
    "trunc": (np.trunc, -3, 3),
}


def in_three_forms(name, a, expected, *arguments):
    close(getattr(tensor(a), name)(*arguments), expected)
    close(into(getattr(Core, f"static_{name}"), tensor(a), shape=a.shape, behind=arguments), expected)
    in_place = tensor(a)
    assert getattr(in_place, f"{name}_")(*arguments) is None
    close(in_place, expected)


@pytest.mark.parametrize("shape", SHAPES)
@covers(*in_all_forms(UNARY))
@pytest.mark.parametrize("name", UNARY)
def test_unary(name, shape):
    formula, low, high = UNARY[name]
    a = values(shape, low, high)
    in_three_forms(name, a, formula(a.astype(np.float64)))


# {name: (formula of a and v, low, high, values of v)}
SCALAR = {
    "add": (np.add, -3, 3, [0.5, -2]),
    "sub": (np.subtract, -3, 3, [0.5, -2]),
    "mult": (np.multiply, -3, 3, [0.5, -2]),
    "div": (np.divide, -3, 3, [0.5, -2]),
    "clampmax": (np.minimum, -3, 3, [0.5, -2]),
    "clampmin": (np.maximum, -3, 3, [0.5, -2]),
    "inv": (lambda a, v: v / a, 0.5, 3, [1, -2]),
    "logn": (lambda a, v: np.log(a) / np.log(v), 0.1, 5, [3, 0.5]),
    "mod": (np.fmod, -3, 3, [0.7, 2]),
    "pow": (np.power, 0.1, 3, [2, -0.5]),
    "powb": (lambda a, v: np.power(v, a), -3, 3, [2.0, 0.5]),
    "remainder": (np.mod, -3, 3, [0.7, 2]),
    "sign": (lambda a, v: np.where(a == 0, v, np.sign(a)), -3, 3, [0, 5]),
}


@covers(*in_all_forms(SCALAR))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SCALAR)
def test_scalar(name, shape):
    formula, low, high, arguments = SCALAR[name]
    a = values(shape, low, high)
    if name == "sign":
        a.flat[0] = 0
    for v in arguments:
        in_three_forms(name, a, formula(a.astype(np.float64), np.float64(np.float32(v))), float(v))


def test_scalars_that_have_defaults():
    a = values((3, 4), 0.5, 2)
    for x in (a, -a, np.zeros((2,), np.float32)):
        close(tensor(x).sign(), np.sign(x))
        close(into(Core.static_sign, tensor(x), shape=x.shape), np.sign(x))
    close(tensor(a).inv(), 1 / a)
    close(into(Core.static_inv, tensor(a), shape=a.shape), 1 / a)
    t = tensor(a)
    t.inv_()
    t.sign_()
    close(t, np.ones_like(a))


@covers("clamp", "clamp_", "static_clamp", "normalize", "normalize_", "static_normalize")
def test_clamp_and_normalize():
    a = values((40, 50))
    in_three_forms("clamp", a, np.clip(a, -1, 0.5), -1.0, 0.5)
    spread = (a - a.min()) / (a.max() - a.min())
    in_three_forms("normalize", a, spread * 3 - 1, -1.0, 2.0)
    in_three_forms("normalize", a, spread)
    in_three_forms("normalize", a, spread * 0.5 + 0.5, 0.5)


ARITHMETIC = {"add": np.add, "sub": np.subtract, "mult": np.multiply, "div": np.divide}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_of_tensors(name, shape):
    a, b = values(shape), values(shape, 0.5, 2, seed=1)
    expected = ARITHMETIC[name](a, b)
    close(getattr(tensor(a), name)(tensor(b)), expected)
    close(getattr(Core, f"static_{name}")(tensor(a), tensor(b)), expected)
    close(into(getattr(Core, f"static_{name}"), tensor(a), tensor(b), shape=shape), expected)
    t = tensor(a)
    getattr(t, f"{name}_")(tensor(b))
    close(t, expected)


@covers("inc", "el_mult", "el_div")
@pytest.mark.parametrize("shape", SHAPES)
def test_weighted_sums_and_accumulation(shape):
    a, b, c = values(shape), values(shape, 0.5, 2, seed=1), values(shape, seed=2)
    for increment in (0, 1):
        out = tensor(c)
        Core.static_add(2.0, tensor(a), -0.5, tensor(b), out, increment)
        close(out, 2 * a - 0.5 * b + increment * c)
        for function, term in ((Core.el_mult, a * b), (Core.el_div, a / b)):
            out = tensor(c)
            function(tensor(a), tensor(b), out, increment)
            close(out, term + increment * c)
    out = tensor(b)
    Core.inc(tensor(a), out)
    close(out, a + b)


@covers(*and_static(["maximum", "minimum"]))
@pytest.mark.parametrize("name, formula", [("maximum", np.maximum), ("minimum", np.minimum)])
def test_extrema(name, formula):
    a, b = values((20, 30)), values((20, 30), seed=1)
    static = getattr(Core, f"static_{name}")
    close(getattr(tensor(a), name)(0.5), formula(a, np.float32(0.5)))
    close(static(tensor(a), 0.5), formula(a, np.float32(0.5)))
    close(into(static, tensor(a), shape=a.shape, behind=(0.5,)), formula(a, np.float32(0.5)))
    close(static(tensor(a), tensor(b)), formula(a, b))
    close(into(static, tensor(a), tensor(b), shape=a.shape), formula(a, b))


# What EDDL gets wrong, small as it is.
@covers("interpolate", "transpose", "reallocate", "isshared")
@pytest.mark.embedded_engine
def test_mistakes_of_eddl():
    a, b, c = (values((5, 6), seed=seed) for seed in range(3))
    # EDDL adds to what the output held, a new one's memory included.
    close(Core.interpolate(2.0, tensor(a), -0.5, tensor(b)), 2 * a - 0.5 * b)
    out = tensor(c)
    Core.interpolate(2.0, tensor(a), -0.5, tensor(b), out)
    close(out, 2 * a - 0.5 * b)
    whole = np.round(a)
    close(tensor(whole).less_equal(1.0), whole <= 1)  # EDDL: equal
    t = tensor(whole)
    t.less_equal_(1.0)
    close(t, whole <= 1)
    assert tensor([3.0]).median() == 3.0  # EDDL: 1.5
    close(Core.arange(1.5, 1.5), [])  # EDDL divides by 0
    close(tensor(a).swapaxis(1, 1), a)  # EDDL refuses
    out = Tensor([6, 5])
    Core.transpose(tensor(a), out, [1, 0])  # EDDL copies
    close(out, a.T)
    owner, viewer = tensor(a), Tensor([5, 6])
    viewer.reallocate(owner)  # in EDDL both free it
    owner.fill_(3.0)
    assert (array(viewer) == 3.0).all() and viewer.isshared and not owner.isshared


@covers("d_clamp", "argmax_d")
def test_derivatives():
    d, i, before = values((4, 5), seed=1), values((4, 5)), values((4, 5), seed=2)
    out = tensor(before)
    Core.d_clamp(tensor(d), tensor(i), out, -1.0, 1.0)
    close(out, before + d * ((i >= -1) & (i <= 1)))
    rows, at = values((4,), seed=3), np.array([1, 0, 4, 1])
    out = tensor(before)
    Core.argmax_d(tensor(rows), tensor(at), out)
    before[np.arange(4), at] += rows
    close(out, before)


# --- truth ---

SPECIAL = np.array([[0, -0.0, 1, -2.5], [np.nan, np.inf, -np.inf, 3e38]], np.float32)
PREDICATES = {
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "isneginf": np.isneginf,
    "isposinf": np.isposinf,
    "logical_not": np.logical_not,
}


@covers(*and_static(PREDICATES))
@pytest.mark.parametrize("name", PREDICATES)
def test_predicates(name):
    a = SPECIAL if name != "logical_not" else SPECIAL[:1]
    expected = PREDICATES[name](a)
    close(getattr(tensor(a), name)(), expected)
    close(into(getattr(Core, f"static_{name}"), tensor(a), shape=a.shape), expected)


RELATIONS = {
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}


@covers(*in_all_forms(RELATIONS))
@pytest.mark.parametrize("name", RELATIONS)
def test_relations(name):
    a = np.round(values((50, 60), -2, 2))
    b = np.round(values((50, 60), -2, 2, seed=1))
    expected = RELATIONS[name](a, b)
    close(getattr(tensor(a), name)(tensor(b)), expected)
    close(into(getattr(Core, f"static_{name}"), tensor(a), tensor(b), shape=a.shape), expected)
    close(into(getattr(Core, f"static_{name}"), tensor(a), shape=a.shape, behind=(1.0,)), RELATIONS[name](a, 1.0))
    if name != "less_equal":
        in_three_forms(name, a, RELATIONS[name](a, 1.0), 1.0)


LOGIC = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor}


@covers(*and_static(LOGIC))
@pytest.mark.parametrize("name", LOGIC)
def test_logic(name):
    a, b = (np.round(values((30, 40), 0, 1, seed)) for seed in (0, 1))
    close(getattr(tensor(a), name)(tensor(b)), LOGIC[name](a, b))
    close(into(getattr(Core, f"static_{name}"), tensor(a), tensor(b), shape=a.shape), LOGIC[name](a, b))


@covers("all", "any", "static_all", "static_any", "anynan")
def test_all_and_any():
    for a in ([0, 0, 0], [0, 1, 0], [1, 1, 1]):
        a = np.array(a, np.float32)
        assert tensor(a).all() == Core.static_all(tensor(a)) == a.all()
        assert tensor(a).any() == Core.static_any(tensor(a)) == a.any()
    assert tensor(SPECIAL).anynan() and not tensor(SPECIAL[:1]).anynan()


@covers("allclose", "static_allclose", "isclose", "static_isclose", "equivalent")
def test_closeness():
    a = values((40, 50))
    b = a * (1 + values((40, 50), -2e-5, 2e-5, seed=1))
    b[3, 4] = a[3, 4] + 1
    ta, tb = tensor(a), tensor(b)
    close(ta.isclose(tb), np.isclose(a, b))
    close(ta.isclose(tb, 1e-3), np.isclose(a, b, 1e-3))
    close(ta.isclose(tb, 1e-3, 2.0), np.isclose(a, b, 1e-3, 2.0))
    close(into(Core.static_isclose, ta, tb, shape=a.shape), np.isclose(a, b))
    close(into(Core.static_isclose, ta, tb, shape=a.shape, behind=(1e-4, 1e-6, False)), np.isclose(a, b, 1e-4, 1e-6))
    for expected, arguments in ((False, ()), (False, (1e-3,)), (True, (1e-3, 2.0)), (True, (1e-3, 2.0, True))):
        assert ta.allclose(tb, *arguments) == Core.static_allclose(ta, tb, *arguments) == expected
    assert ta.allclose(ta.clone())
    assert Core.equivalent(ta, ta.clone()) and not Core.equivalent(ta, tb, 1e-3, 1e-5, False, False)
    assert not Core.equivalent(ta, tensor(a.reshape(50, 40)))


@pytest.mark.embedded_engine  # EDDL takes NaN for a number
def test_closeness_of_nan():
    t = tensor(SPECIAL)
    close(t.isclose(t.clone(), 1e-5, 1e-8, True), np.ones_like(SPECIAL))
    close(t.isclose(t.clone()), ~np.isnan(SPECIAL))
    assert t.allclose(t.clone(), 1e-5, 1e-8, True) and not t.allclose(t.clone())


# --- of the whole tensor ---


def mode(a):
    found, counts = np.unique(a, return_counts=True)
    return found[np.argmax(counts)]


WHOLE = {
    "max": np.max,
    "min": np.min,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "sum": np.sum,
    "sum_abs": lambda a: np.abs(a).sum(),
    "prod": np.prod,
    "mean": np.mean,
    "median": np.median,
    "mode": mode,
}


@pytest.mark.parametrize("shape", SHAPES)
@covers(*and_static(WHOLE))
@pytest.mark.parametrize("name", WHOLE)
def test_reductions_of_whole_tensors(name, shape):
    a = values(shape, 0.98, 1.02) if name == "prod" else values(shape)
    if name == "mode":
        a = np.round(a)
    if name == "median" and a.size == 1:
        a = a.repeat(2)
    expected = WHOLE[name](a.astype(np.float64))
    assert getattr(tensor(a), name)() == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert getattr(Core, f"static_{name}")(tensor(a)) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@covers(*and_static(["var", "std"]))
@pytest.mark.parametrize("shape", [(3, 4), (70, 301)])
@pytest.mark.parametrize("name, formula", [("var", np.var), ("std", np.std)])
def test_spreads(name, formula, shape):
    a = values(shape) + 100
    exact = a.astype(np.float64)
    for method in (getattr(tensor(a), name), lambda *unbiased: getattr(Core, f"static_{name}")(tensor(a), *unbiased)):
        assert method() == pytest.approx(formula(exact, ddof=1), rel=1e-4)
        assert method(True) == pytest.approx(formula(exact, ddof=1), rel=1e-4)
        assert method(False) == pytest.approx(formula(exact), rel=1e-4)


@pytest.mark.embedded_engine  # EDDL adds up in float
def test_sums_of_many_values_are_exact_to_the_float():
    a = values((1000, 1001), 0, 1) + 1000
    assert tensor(a).sum() == pytest.approx(a.astype(np.float64).sum(), rel=1e-7)
    assert tensor(a).var() == pytest.approx(a.astype(np.float64).var(ddof=1), rel=1e-5)


@covers("sort", "sort_", "static_sort", "argsort", "static_argsort")
@pytest.mark.parametrize("stable", [False, True])
@pytest.mark.parametrize("descending", [False, True])
def test_sorting(descending, stable):
    a = np.round(values((301,), -20, 20))
    sign = -1 if descending else 1
    ordered = sign * np.sort(sign * a)
    close(tensor(a).sort(descending, stable), ordered)
    close(into(Core.static_sort, tensor(a), shape=a.shape, behind=(descending, stable)), ordered)
    t = tensor(a)
    t.sort_(descending, stable)
    close(t, ordered)
    for order in (
        array(tensor(a).argsort(descending, stable)),
        array(into(Core.static_argsort, tensor(a), shape=a.shape, behind=(descending, stable))),
    ):
        close(a[order.astype(int)], ordered)
        if stable:
            close(order, np.argsort(sign * a, kind="stable"))


def test_sorting_by_default_goes_up():
    a = values((20,))
    t = tensor(a)
    t.sort_()
    for sorted in (t, tensor(a).sort(), into(Core.static_sort, tensor(a), shape=(20,)), tensor(a).sort(False)):
        close(sorted, np.sort(a))
    for order in (tensor(a).argsort(), into(Core.static_argsort, tensor(a), shape=(20,)), tensor(a).argsort(False)):
        close(order, np.argsort(a))


@pytest.mark.embedded_engine  # EDDL's sort crashes on NaN
def test_nan_is_the_largest_of_all():
    a = values((500,))
    a[::3] = np.nan
    for stable in (False, True):
        close(tensor(a).sort(False, stable), np.sort(a))
        close(tensor(a).sort(True, stable), np.sort(a)[::-1])
    close(tensor(a).argsort(), np.argsort(a, kind="stable"))
    assert np.isnan(tensor(a).max()) and tensor(a).argmax() == 0


# --- creation ---


@covers("zeros_like", "ones_like", "full_like", "empty_like", "fill", "fill_", "static_fill", "clone", "fromarray")
@covers("zeros", "ones", "full", "eye", "identity", "arange", "range", "linspace", "logspace", "geomspace")
def test_creation():
    close(Tensor.zeros([2, 3]), np.zeros((2, 3)))
    close(Tensor.ones([2, 3]), np.ones((2, 3)))
    close(Tensor.full([2, 3], 1.5), np.full((2, 3), 1.5))
    a = tensor(values((2, 3)))
    close(Core.zeros_like(a), np.zeros((2, 3)))
    close(Core.ones_like(a), np.ones((2, 3)))
    close(Core.full_like(a, 1.5), np.full((2, 3), 1.5))
    assert Core.empty_like(a).shape == [2, 3]
    close(a.fill(2.5), np.full((2, 3), 2.5))
    copy = a.clone()
    Core.static_fill(a, 3.0)
    close(a, np.full((2, 3), 3.0))
    a.fill_(4.0)
    close(a, np.full((2, 3), 4.0))
    close(copy, values((2, 3)))
    for offset in (-2, 0, 1, 9):
        close(Core.eye(4, offset), np.eye(4, k=offset))
    close(Core.eye(3), np.eye(3))
    close(Core.identity(3), np.eye(3))
    for start, end, step in ((0.0, 1.0, 0.1), (2.0, 9.0, 3.0), (5.0, 1.0, -1.0)):
        close(Core.arange(start, end, step), np.arange(start, end, step))
    close(Core.arange(2.0, 5.0), [2, 3, 4])
    close(Core.range(0.0, 1.0, 0.25), [0, 0.25, 0.5, 0.75, 1])
    close(Core.range(2.0, 5.0), [2, 3, 4, 5])
    close(Core.linspace(-1.0, 2.0, 7), np.linspace(-1, 2, 7))
    close(Core.linspace(-1.0, 2.0), np.linspace(-1, 2, 100))
    close(Core.logspace(0.1, 1.0, 5), np.logspace(0.1, 1, 5))
    close(Core.logspace(0.1, 1.0, 5, 3.0), np.logspace(0.1, 1, 5, base=3))
    close(Core.geomspace(1.0, 1000.0, 4), np.geomspace(1, 1000, 4), rtol=1e-4)


@covers("randu", "randn", *(f"fill_rand_{d}{u}" for d in ("uniform", "signed_uniform", "binary") for u in ("", "_")))
def test_random_values_are_distributed_as_asked():
    n = 200_000
    standard = 5 / np.sqrt(n)  # five standard errors of a mean of values with deviation 1

    def drawn(t, low, high, mean, deviation):
        a = array(t).astype(np.float64)
        assert a.size == n and low <= a.min() and a.max() <= high
        assert abs(a.mean() - mean) < standard * deviation
        assert a.std() == pytest.approx(deviation, rel=0.02)
        assert abs(np.corrcoef(a[:-1], a[1:])[0, 1]) < standard

    empty = Tensor.zeros([n])
    drawn(Tensor.randu([n]), 0, 1, 0.5, np.sqrt(1 / 12))
    for distribution, v, *expected in (
        ("uniform", 3.0, 0, 3, 1.5, 3 * np.sqrt(1 / 12)),
        ("signed_uniform", 2.0, -2, 2, 0, 4 * np.sqrt(1 / 12)),
        ("binary", 0.2, 0, 1, 0.2, 0.4),
    ):
        drawn(getattr(empty, f"fill_rand_{distribution}")(v), *expected)
        t = empty.clone()
        getattr(t, f"fill_rand_{distribution}_")(v)
        drawn(t, *expected)
    assert (array(empty) == 0).all()


@covers("fill_rand_normal", "fill_rand_normal_")
@pytest.mark.embedded_engine  # EDDL's normal numbers have 1/√2 of the deviation
def test_normal_values_are_distributed_as_asked():
    n = 200_000
    t = Tensor.zeros([n])
    for sample, mean, deviation in (
        (Tensor.randn([n]), 0, 1),
        (t.fill_rand_normal(3.0, 2.0), 3, 2),
        (t.fill_rand_normal(3.0, 2.0, False), 3, 2),
    ):
        z = (array(sample) - mean) / deviation
        assert abs(z.mean()) < 5 / np.sqrt(n) and z.std() == pytest.approx(1, rel=0.02)
        assert (np.abs(z) < 1).mean() == pytest.approx(0.6827, abs=0.01)
        assert abs((z**3).mean()) < 0.05 and (z**4).mean() == pytest.approx(3, abs=0.1)
    t.fill_rand_normal_(-1.0, 0.5)
    assert array(t).mean() == pytest.approx(-1, abs=0.01)
    t.fill_rand_normal_(1.0, 0.5, True)
    assert array(t).mean() == pytest.approx(1, abs=0.01)


# --- shape ---


@covers("unsqueeze_", "static_unsqueeze", "getShape", "shape", "ndim", "size", "numel", "getdata", "stride")
@covers("reshape_", "flatten", "flatten_", "static_flatten", "squeeze", "squeeze_", "static_squeeze", "unsqueeze")
def test_shapes():
    a = values((2, 3, 4))
    t = tensor(a)
    assert t.shape == t.getShape() == [2, 3, 4] and (t.ndim, t.size, t.numel()) == (3, 24, 24)
    assert list(t.stride) == [12, 4, 1]
    t.reshape_([6, -1])
    close(t, a.reshape(6, 4))
    close(t.flatten(), a.reshape(-1))
    close(Core.static_flatten(t), a.reshape(-1))
    t.flatten_()
    close(t, a.reshape(-1))
    b = values((2, 1, 3, 1))
    for axis in (-1, 1, 3):
        expected = b.squeeze() if axis == -1 else b.squeeze(axis)
        close(tensor(b).squeeze(axis), expected)
        close(Core.static_squeeze(tensor(b), axis), expected)
        t = tensor(b)
        t.squeeze_(axis)
        close(t, expected)
    close(tensor(b).squeeze(), b.squeeze())
    close(tensor(b).squeeze(0), b)
    for axis in (0, 1, 3):
        expected = np.expand_dims(a, axis)
        close(tensor(a).unsqueeze(axis), expected)
        close(Core.static_unsqueeze(tensor(a), axis), expected)
        t = tensor(a)
        t.unsqueeze_(axis)
        close(t, expected)
    close(tensor(a).unsqueeze(), a[None])


@covers("static_swapaxis")
@covers("permute", "permute_static", "moveaxis", "moveaxis_", "static_moveaxis", "swapaxis", "swapaxis_")
def test_axes():
    a = values((2, 3, 4, 5))
    close(tensor(a).permute([2, 0, 3, 1]), a.transpose(2, 0, 3, 1))
    close(Core.permute_static(tensor(a), [2, 0, 3, 1]), a.transpose(2, 0, 3, 1))
    for source, destination in ((0, 3), (3, 0), (1, 2), (-1, 0), (0, -1)):
        close(tensor(a).moveaxis(source, destination), np.moveaxis(a, source, destination))
        close(Core.static_moveaxis(tensor(a), source, destination), np.moveaxis(a, source, destination))
    t = tensor(a)
    t.moveaxis_(0, 2)
    close(t, np.moveaxis(a, 0, 2))
    for one, other in ((0, 3), (1, 2)):
        close(tensor(a).swapaxis(one, other), a.swapaxes(one, other))
        close(Core.static_swapaxis(tensor(a), one, other), a.swapaxes(one, other))
    t = tensor(a)
    t.swapaxis_(1, 3)
    close(t, a.swapaxes(1, 3))


@covers("concat", "concat_back", "stack")
def test_joining_and_splitting():
    parts = [values((2, n, 3), seed=n) for n in (1, 4, 2)]
    joined = np.concatenate(parts, axis=1)
    close(Tensor.concat([tensor(p) for p in parts], 1), joined)
    out = Tensor([2, 7, 3])
    Tensor.concat([tensor(p) for p in parts], 1, out)
    close(out, joined)
    close(Tensor.concat([tensor(parts[0]), tensor(parts[0])]), np.concatenate([parts[0]] * 2))
    back = [tensor(np.ones_like(p)) for p in parts]
    Tensor.concat_back(tensor(joined), back, 1)
    for t, p in zip(back, parts):
        close(t, p + 1)
    same = [values((2, 3), seed=n) for n in range(3)]
    for axis in (0, 1, 2):
        close(Tensor.stack([tensor(p) for p in same], axis), np.stack(same, axis))
    out = Tensor([3, 2, 3])
    Tensor.stack([tensor(p) for p in same], 0, out)
    close(out, np.stack(same))


@covers("repeat", "repeat_desc", "tile", "tile_deprecated", "expand", "static_expand", "broadcast")
def test_repeating():
    a = values((2, 3, 4))
    for axis in (0, 1, 2):
        for repeat in (Core.repeat, Core.repeat_desc):
            close(repeat(tensor(a), 3, axis), a.repeat(3, axis))
            out = Tensor(list(a.repeat(3, axis).shape))
            repeat(tensor(a), 3, axis, out)
            close(out, a.repeat(3, axis))
    close(Core.repeat(tensor(a), 2), a.repeat(2, 0))
    close(Tensor.tile(tensor(a), [2, 1, 3]), np.tile(a, (2, 1, 3)))
    matrix = values((2, 3))
    out = Tensor([6, 3])
    Core.tile_deprecated(tensor(matrix), out)
    close(out, np.tile(matrix, (3, 1)))
    single = values((1, 3, 1))
    close(tensor(single).expand(5), np.broadcast_to(single, (5, 3, 5)))
    close(Core.static_expand(tensor(single), 5), np.broadcast_to(single, (5, 3, 5)))


@pytest.mark.embedded_engine  # EDDL leaves these to its layers' descriptors
def test_repeats_go_back_and_broadcasts_go_on():
    a = values((2, 3, 4))
    gradient = values((2, 6, 4), seed=1)
    parent = tensor(a)
    Core.repeat(parent, 2, 1, tensor(gradient), True)
    close(parent, a + gradient.reshape(2, 3, 2, 4).sum(axis=2))
    close(Core.broadcast(tensor(a), tensor(a[1])), np.broadcast_to(a[1], a.shape))


# --- indices ---


@covers("select", "set_select", "select_back", "set_select_back")
def test_selecting():
    a = values((4, 5, 6))
    for indices, key in (
        ([":", ":", ":"], np.s_[:, :, :]),
        (["1", ":", "2:4"], np.s_[1:2, :, 2:4]),
        (["-1", "1:", ":3"], np.s_[-1:, 1:, :3]),
        (["0:2"], np.s_[0:2]),
    ):
        close(tensor(a).select(indices), a[key])
        t, expected = tensor(a), a.copy()
        replacement = values(a[key].shape, seed=1)
        t.set_select(indices, tensor(replacement))
        expected[key] = replacement
        close(t, expected)


def descriptor(ishape, ranges):
    d = SelDescriptor(0)
    d.ishape, d.oshape, d.idxs_range = ishape, [last - first + 1 for first, last in ranges], ranges
    d.build_indices()
    return d


def test_selections_go_back():
    a, b = values((2, 3)), values((4, 3), seed=1)
    d = descriptor([4, 3], [[1, 2], [0, 2]])
    out = tensor(b)
    Core.select_back(tensor(a), out, d)
    expected = b.copy()
    expected[1:3] += a
    close(out, expected)
    out = tensor(a)
    Core.set_select_back(tensor(b), out, d)
    close(out, a + b[1:3])


def test_expansions_by_descriptor():
    d = ExpandDescriptor(4, 0)
    a = values((3, 1))
    d.ishape, d.oshape = [3, 1], [3, 4]
    d.build_indices()
    close(into(Core.static_expand, tensor(a), shape=(3, 4), behind=(d,)), np.broadcast_to(a, (3, 4)))


@covers("nonzero", "where", "where_back")
def test_nonzero_and_where():
    a = np.round(values((6, 7), -1, 1))
    expected = np.flatnonzero(a)
    close(tensor(a).nonzero(True), expected)
    close(np.sort(array(tensor(a).nonzero())), expected)
    b, c = values((6, 7), seed=1), values((6, 7), seed=2)
    condition = (a > 0).astype(np.float32)
    close(Core.where(tensor(condition), tensor(b), tensor(c)), np.where(a > 0, b, c))
    close(into(Core.where, tensor(condition), tensor(b), tensor(c), shape=a.shape), np.where(a > 0, b, c))
    pb, pc = tensor(b), tensor(c)
    Core.where_back(tensor(condition), pb, pc, tensor(a))
    close(pb, b + a * condition)
    close(pc, c + a * (1 - condition))


# --- matrices ---


@covers("static_trace", "isSquared")
@covers("mult2D", "sum2D_rowwise", "sum2D_colwise", "reduce_sum2D", "diag", "diag_", "static_diag", "trace")
def test_matrices():
    a, b = values((30, 40)), values((40, 20), seed=1)
    close(Core.mult2D(tensor(a), tensor(b)), a @ b, rtol=1e-4, atol=1e-4)
    row, column = values((40,), seed=2), values((30,), seed=3)
    close(into(Core.sum2D_rowwise, tensor(a), tensor(row), shape=a.shape), a + row)
    close(into(Core.sum2D_colwise, tensor(a), tensor(column), shape=a.shape), a + column[:, None])
    for axis, n in ((0, 40), (1, 30)):
        for increment in (0, 1):
            out = Tensor.ones([n])
            Core.reduce_sum2D(tensor(a), out, axis, increment)
            close(out, a.sum(axis=axis) + increment, rtol=1e-4, atol=1e-4)
    square = values((5, 5))
    for k in (-2, 0, 3):
        expected = np.diag(np.diag(square, k), k)
        close(tensor(square).diag(k), expected)
        close(into(Core.static_diag, tensor(square), shape=(5, 5), behind=(k,)), expected)
        t = tensor(square)
        t.diag_(k)
        close(t, expected)
        assert tensor(square).trace(k) == pytest.approx(np.trace(square, k), abs=1e-5)
        assert Core.static_trace(tensor(square), k) == pytest.approx(np.trace(square, k), abs=1e-5)
    close(tensor(square).diag(), np.diag(np.diag(square)))
    assert tensor(square).trace() == pytest.approx(np.trace(square), abs=1e-5)
    assert Core.isSquared(tensor(square)) and not Core.isSquared(tensor(a))


# --- copies, comparisons of what they are, devices ---


@covers("copy", "resize", "deleteData", "updateSize", "updateStrides", "onehot", "sameShape", "sameSize")
@covers("sameDevice", "eqsize")
def test_copies():
    a = values((4, 6))
    out = Tensor([4, 6])
    Core.copy(tensor(a), out)
    close(out, a)
    t = tensor(a)
    t.resize(9)
    assert t.shape == [9, 6] and array(t).shape == (9, 6)
    t.updateSize()
    t.updateStrides()
    assert t.size == 54 and list(t.stride) == [6, 1]
    t.deleteData()
    Core.static_fill(tensor(a), 1, 3, out, 0, 2, 0)
    expected = a.copy()
    expected[:, 0:2] = a[:, 1:3]
    close(out, expected)
    Core.static_fill(tensor(a), 1, 3, out, 0, 2, 1)
    expected[:, 0:2] += a[:, 1:3]
    close(out, expected)
    close(Core.onehot(tensor([[0, 2], [1, 1]]), 3), np.eye(3)[[[0, 2], [1, 1]]])
    b = tensor(a.T.copy())
    assert Core.sameSize(out, b) and not Core.sameShape(out, b) and not Core.eqsize(out, b)
    assert Core.sameShape(out, tensor(a)) and Core.eqsize(out, tensor(a)) and Core.sameDevice(out, b)


@covers("print", "info")
def test_printing(capfd):
    t = tensor([[1.25, -2.0], [3.0, 4.5]])
    t.print()
    t.print(2)
    t.print(2, True)
    t.info()
    said = capfd.readouterr().out
    assert "1.25" in said and "-2.0" in said and "2" in said and "CPU" in said.upper()


@covers("isFPGA", "toCPU", "toGPU", "toFPGA", "toDevice", "updateDevice")
@covers("device", "gpu_device", "getDeviceID", "hardware_supported", "is_hardware_supported", "isCPU", "isGPU")
@pytest.mark.embedded_engine
def test_devices():
    t = Tensor.ones([2])
    assert t.isCPU() and not t.isGPU() and not t.isFPGA() and t.device == 0
    t.toCPU()
    t.toDevice(0)
    t.updateDevice(0)
    assert Core.hardware_supported() == ["cpu"] and Core.is_hardware_supported("cpu")
    assert not Core.is_hardware_supported("cuda")
    assert (Core.getDeviceID("cpu"), Core.getDeviceID("gpu"), Core.getDeviceID("gpu:1")) == (0, 1000, 1001)
    for call in (t.toGPU, t.toFPGA, lambda: t.toDevice(1000), lambda: Tensor.zeros([2], 1000)):
        with pytest.raises(RuntimeError, match="not available"):
            call()


# --- nothing is left out ---

# Tested in other files: images, tensor files; and what takes memory or a descriptor that Python cannot make.
ELSEWHERE = set(
    "flip static_flip flip_random static_flip_random crop_random static_crop_random scale save load "
    "gather updateData load_from_ptr".split()
)


def test_every_function_of_tensor_is_tested():
    names = {name for name in dir(Core) if not name.startswith("_")}
    assert names - TESTED - ELSEWHERE == set()
