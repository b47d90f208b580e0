"""
Layers that normalise, reduce, rearrange, choose, look up or draw elements, against NumPy; how they meet other batch
sizes, memory levels, files and bad arguments.
"""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from conformance.cases import FAMILIES
from helpers import array, build, gradients_of, in_child, params_of, predict, tensor, train, view
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.embedded_engine

OURS = {id: case for name in ("sample_norm", "reduction", "rearrange", "merge") for id, case in FAMILIES[name].items()}
BAD = (ValueError, RuntimeError, MemoryError)
HUGE = 2**31 - 1


def net_of(layer, *shapes, **options):
    """A built net of one layer on inputs of these shapes."""
    inputs = [eddl.Input(list(shape), f"x{i}") for i, shape in enumerate(shapes)]
    return build(eddl.Model(inputs, [layer(*inputs)]), **options)


def outputs(net, *xs):
    return array(eddl.predict(net, [tensor(x) for x in xs])[0])


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# --- normalisation ---


def standardized(x, axes, epsilon):
    x = x.astype(np.float64)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


@pytest.mark.parametrize("shape", [(1,), (3,), (37,), (5, 4), (3, 4, 5), (2, 3, 4, 5), (16, 20, 20)])
@pytest.mark.parametrize("offset", [0, 1000])
def test_layer_normalization(shape, offset):
    net = net_of(lambda x: eddl.LayerNormalization(x, True, 1e-3), shape)
    scale, shift = (array(p) for p in net.lout[0].params[:2])
    assert scale.shape == shift.shape == (np.prod(shape),)
    x = normal(4, *shape) + offset
    expected = standardized(x.reshape(4, -1), 1, 1e-3) * scale + shift
    np.testing.assert_allclose(outputs(net, x).reshape(4, -1), expected, rtol=1e-4, atol=1e-5 if offset == 0 else 5e-4)


def test_the_statistics_of_layer_normalization_are_parameters():
    net = net_of(lambda x: eddl.LayerNormalization(x, True, 0.01), (6,))
    layer = net.lout[0]
    assert [list(p.shape) for p in layer.params] == [[6], [6], [1], [1]]
    assert len(layer.gradients) == layer.get_trainable_params_count() == 2
    x = normal(5, 6)
    outputs(net, x)
    np.testing.assert_allclose(array(layer.params[2]), x.mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(array(layer.params[3]), np.sqrt(x.var(1) + 0.01), rtol=1e-5)


def test_files_of_layer_normalization_fit_any_batch(tmp_path):
    """The statistics in a file are of the batch that was seen last."""

    def make():
        return net_of(lambda x: eddl.Dense(eddl.LayerNormalization(x), 2), (6,), seed=None)

    net, other = make(), make()
    x = normal(5, 6)
    train(net, x, normal(5, 2), 2)
    for name in ("first", "again"):
        eddl.save(net, str(tmp_path / name))
        eddl.load(other, str(tmp_path / name))
        eddl.save(other, str(tmp_path / "copy"))
        assert (tmp_path / "copy").read_bytes() == (tmp_path / name).read_bytes()
        np.testing.assert_array_equal(predict(other, x[:3]), predict(net, x[:3]))
    eddl.set_parameters(other, eddl.get_parameters(net, True))
    np.testing.assert_array_equal(predict(other, x), predict(net, x))


@pytest.mark.parametrize(
    "shape, groups", [((6,), 3), ((6, 4, 5), 1), ((6, 4, 5), 2), ((6, 4, 5), 6), ((4, 2, 3, 2), 2)]
)
def test_group_normalization(shape, groups):
    net = net_of(lambda x: eddl.GroupNormalization(x, groups, 1e-3, True), shape)
    scale, shift = (array(p) for p in net.lout[0].params)
    assert scale.shape == shift.shape == (shape[0] // groups,)
    x = normal(3, *shape)
    grouped = x.reshape(3, groups, shape[0] // groups, -1)
    expected = standardized(grouped, (2, 3), 1e-3) * scale[:, None] + shift[:, None]
    np.testing.assert_allclose(outputs(net, x), expected.reshape(x.shape), rtol=1e-4, atol=1e-5)


NORMS = {
    "Norm": lambda x: standardized(x, 1, 0.01),
    "NormMax": lambda x: x / (x.max(1, keepdims=True) + 0.01),
    "NormMinMax": lambda x: (x - x.min(1, keepdims=True)) / (np.ptp(x, axis=1)[:, None] + 0.01),
}


@pytest.mark.parametrize("shape", [(7,), (3, 4, 5), (300,)])
@pytest.mark.parametrize("name", NORMS)
def test_plain_normalizations(name, shape):
    net = net_of(lambda x: getattr(eddl, name)(x, 0.01), shape)
    x = np.abs(normal(4, *shape))
    expected = NORMS[name](x.reshape(4, -1)).reshape(x.shape)
    np.testing.assert_allclose(outputs(net, x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["LayerNormalization", *NORMS])
def test_a_constant_sample_has_finite_gradients(name):
    net = net_of(lambda x: eddl.Dense(getattr(eddl, name)(eddl.Dense(x, 8)), 3), (5,))
    for p in eddl.getLayer(net, net.layers[1].name).params:
        view(p)[...] = 0.25
    train(net, np.ones((2, 5)), np.ones((2, 3)))
    assert all(np.isfinite(g).all() for g in gradients_of(net).values())


# --- reductions ---

REDUCTIONS = {
    "ReduceMean": np.mean,
    "ReduceSum": np.sum,
    "ReduceMax": np.max,
    "ReduceMin": np.min,
    "ReduceVar": np.var,
}


@st.composite
def reductions(draw):
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 5, 9, 70]), min_size=1, max_size=4)))
    axes = draw(st.sets(st.integers(0, len(shape) - 1)))
    return shape, draw(st.permutations(sorted(axes))), draw(st.integers(1, 3))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("keepdims", [False, True])
@given(reductions())
def test_reductions(name, keepdims, setting):
    shape, axes, batch = setting
    if np.prod(shape) > 50000:
        return
    net = net_of(lambda x: getattr(eddl, name)(x, axes, keepdims), shape)
    x = normal(batch, *shape)
    positions = tuple(a + 1 for a in axes)
    expected = REDUCTIONS[name](x.astype(np.float64), axis=positions, keepdims=keepdims)
    if keepdims:  # EDDL repeats the result all over the input's shape
        expected = np.broadcast_to(expected, x.shape)
    actual = outputs(net, x)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@given(reductions())
def test_argmax(setting):
    shape, axes, batch = setting
    if np.prod(shape) > 50000:
        return
    net = net_of(lambda x: eddl.ReduceArgMax(x, axes), shape)
    x = np.round(normal(batch, *shape))  # with ties: the first one counts
    kept = [d for d in range(len(shape)) if d not in axes]
    moved = x.transpose(0, *(d + 1 for d in kept), *(a + 1 for a in sorted(axes)))
    expected = moved.reshape(batch, *(shape[d] for d in kept), -1).argmax(-1)
    np.testing.assert_array_equal(outputs(net, x), expected)


def test_argmax_that_keeps_dimensions_repeats_the_place():
    x = normal(2, 3, 4)
    net = net_of(lambda h: eddl.ReduceArgMax(h, [0], True), (3, 4))
    np.testing.assert_array_equal(outputs(net, x), np.repeat(x.argmax(1, keepdims=True), 3, 1))


@pytest.mark.parametrize("name", ["ReduceMax", "ReduceMin", "ReduceSum", "ReduceMean", "ReduceVar"])
def test_reductions_pass_nan_on(name):
    x = normal(2, 4, 6)
    x[0, 1, 3] = np.nan
    y = outputs(net_of(lambda h: getattr(eddl, name)(h, [1]), (4, 6)), x)
    assert np.argwhere(np.isnan(y)).tolist() == [[0, 1]]


def test_the_first_of_equal_maxima_gets_the_delta():
    net = net_of(lambda x: eddl.ReduceMax(x, [0]), (4,), optimizer=eddl.sgd(0.1))
    x = np.array([[1, 3, 3, 2], [5, 5, 5, 5]], np.float32)
    train(net, x, np.array([2, 1]))
    np.testing.assert_allclose(array(net.lin[0].delta), [[0, 0.5, 0, 0], [2, 0, 0, 0]])


# --- rearranging ---


@pytest.mark.parametrize("repeats, axis", [(2, 0), (3, 2), (2, -1), ([1, 0, 2], 0), ([2, 1, 1, 3], 1)])
def test_repeat(repeats, axis):
    x = normal(2, 3, 4, 5)
    y = outputs(net_of(lambda h: eddl.Repeat(h, repeats, axis & 0xFFFFFFFF), (3, 4, 5)), x)
    np.testing.assert_array_equal(y, np.repeat(x, repeats, axis if axis < 0 else axis + 1))


def test_tile():
    x = normal(2, 3, 4, 5)
    y = outputs(net_of(lambda h: eddl.Tile(h, [2, 1, 3]), (3, 4, 5)), x)
    np.testing.assert_array_equal(y, np.tile(x, (1, 2, 1, 3)))


def test_expand():
    x = normal(2, 1, 4, 1)
    y = outputs(net_of(lambda h: eddl.Expand(h, 3), (1, 4, 1)), x)
    np.testing.assert_array_equal(y, np.broadcast_to(x, (2, 3, 4, 3)))


BROADCASTS = {
    # small, large: how NumPy sees the small one
    ((3,), (3, 4, 5)): (3, 1, 1),
    ((5,), (3, 4, 5)): (1, 1, 5),
    ((4,), (4, 4)): (4, 1),
    ((1,), (3, 4)): (1, 1),
    ((1, 5), (3, 4, 5)): (1, 1, 5),
    ((3, 1, 5), (3, 4, 5)): (3, 1, 5),
    ((4, 5), (4, 5)): (4, 5),
}


# Of equal shapes the first layer is the one to broadcast.
@pytest.mark.parametrize("small, large, swapped", [(a, b, s) for a, b in BROADCASTS for s in sorted({False, a != b})])
def test_broadcast(small, large, swapped):
    a, b = eddl.Input(list(small), "a"), eddl.Input(list(large), "b")
    y = eddl.Broadcast(*((b, a) if swapped else (a, b)))
    net = build(eddl.Model([a, b], [eddl.Sum(y, b)]))
    x, z = normal(2, *small), normal(2, *large, seed=1)
    np.testing.assert_allclose(outputs(net, x, z), x.reshape(2, *BROADCASTS[small, large]) + z, rtol=1e-6)


def test_split_gives_select_layers_that_go_on_by_themselves():
    x = eddl.Input([6, 2], "x")
    parts = eddl.Split(x, [1, 4], 0)
    assert [type(part).__name__ for part in parts] == ["LSelect"] * 3
    number = parts[0].name.split("_")[1]
    assert [part.name for part in parts] == [f"split_{number}_{i}" for i in (1, 2, 3)]
    assert [list(part.output.shape) for part in parts] == [[1, 1, 2], [1, 3, 2], [1, 2, 2]]
    net = build(eddl.Model([x], parts))
    values = normal(3, 6, 2)
    for y, expected in zip(eddl.predict(net, [tensor(values)]), np.split(values, [1, 4], axis=1)):
        np.testing.assert_array_equal(array(y), expected)


def test_names_of_merged_and_named_splits():
    x = eddl.Input([6], "x")
    assert [part.name for part in eddl.Split(x, [2], -1, False, "cut")] == ["cut_1", "cut_2"]
    assert [part.name for part in eddl.Split(x, [2], -1, True, "cut")] == ["cut", "cut"]


def test_bypass_is_its_parent():
    net = net_of(lambda x: eddl.Bypass(eddl.ReLu(x)), (4,))
    bypass, relu = net.lout[0], net.layers[1]
    x = normal(3, 4)
    train(net, x, np.zeros((3, 4)))
    np.testing.assert_array_equal(array(bypass.output), np.maximum(x, 0))
    assert view(bypass.output).ctypes.data == view(relu.output).ctypes.data
    np.testing.assert_allclose(array(net.lin[0].delta), np.maximum(x, 0) / 3, rtol=1e-6)


def test_shape():
    for include, expected in ((True, [3, 4, 5]), (False, [4, 5])):
        y = outputs(net_of(lambda x, i=include: eddl.Shape(x, i), (4, 5)), normal(3, 4, 5))
        np.testing.assert_array_equal(y, [expected] * 3)


def test_where():
    a, b = normal(3, 4), normal(3, 4, seed=1)
    chosen = np.array([[0, 1, -2, 0], [1, 1, 1, 1], [0, 0, 0, 0]], np.float32)
    y = outputs(net_of(eddl.Where, (4,), (4,), (4,)), a, b, chosen)
    np.testing.assert_array_equal(y, np.where(chosen != 0, a, b))


@pytest.mark.parametrize("shapes", [[(4, 5), (5, 6)], [(2, 4, 5), (2, 5, 1)], [(3, 3)] * 3, [(2, 7), (7, 3), (3, 1)]])
def test_matmul(shapes):
    net = net_of(lambda *xs: eddl.MatMul(list(xs)), *shapes)
    for batch in (2, 5):
        xs = [normal(batch, *shape, seed=i) for i, shape in enumerate(shapes)]
        expected = xs[0]
        for x in xs[1:]:
            expected = expected @ x
        np.testing.assert_allclose(outputs(net, *xs), expected, rtol=1e-5, atol=1e-5)


def test_matmul_of_vectors_is_their_dot_product():
    a, b = normal(3, 16), normal(3, 16, seed=1)
    y = outputs(net_of(lambda *xs: eddl.MatMul(list(xs)), (16,), (16,)), a, b)
    np.testing.assert_allclose(y, np.sum(a * b, axis=1, keepdims=True), rtol=1e-5, atol=1e-5)


# --- embedding ---


def embedding(mask=False, length=4):
    return net_of(lambda x: eddl.Embedding(x, 10, length, 3, mask), (length,), optimizer=eddl.sgd(1.0))


def test_embedding():
    net = embedding()
    table = array(net.lout[0].params[0])
    words = np.array([[1, 9, 0, 1], [3, 3, 3, 2.9]], np.float32)
    np.testing.assert_array_equal(outputs(net, words), table[words.astype(int)].reshape(2, 12))


def test_words_that_are_none_count_as_word_0(capfd):
    net = embedding()
    table = array(net.lout[0].params[0])
    y = outputs(net, np.array([[10, -1, np.nan, np.inf], [1e30, -1e30, 2, 3]]))
    np.testing.assert_array_equal(y, table[[[0, 0, 0, 0], [0, 0, 2, 3]]].reshape(2, 12))
    assert "6 of 8 words are not in the vocabulary of 10" in capfd.readouterr().err


def test_masked_words_give_zeros_and_learn_nothing():
    net = embedding(mask=True)
    before = array(net.lout[0].params[0])
    words = np.array([[1, 0, 2, 0]], np.float32)
    y = outputs(net, words).reshape(4, 3)
    np.testing.assert_array_equal(y[[1, 3]], 0)
    np.testing.assert_array_equal(y[[0, 2]], before[[1, 2]])
    train(net, words, np.ones((1, 12)))
    changed = (array(net.lout[0].params[0]) != before).any(axis=1)
    assert changed.tolist() == [False, True, True] + [False] * 7


def test_each_occurrence_of_a_word_counts():
    net = embedding()
    words = np.array([[7, 7, 7, 2]], np.float32)
    y = outputs(net, words)
    train(net, words, y - np.arange(12))  # a delta of 0, 1, … 11
    (gradient,) = gradients_of(net).values()
    np.testing.assert_allclose(gradient[7], [0 + 3 + 6, 1 + 4 + 7, 2 + 5 + 8], rtol=1e-4)
    np.testing.assert_allclose(gradient[2], [9, 10, 11], rtol=1e-4)


def test_an_embedding_of_one_word_takes_what_has_no_axis():
    x = eddl.Input([5, 1], "x")
    word = eddl.ReduceArgMax(x, [0, 1])
    assert list(word.output.shape) == [1]
    net = build(eddl.Model([x], [eddl.Embedding(word, 5, 1, 2)]))
    table = array(net.lout[0].params[0])
    values = normal(3, 5, 1)
    np.testing.assert_array_equal(outputs(net, values), table[values[:, :, 0].argmax(1)])


def test_a_frozen_embedding_stays():
    net = embedding()
    eddl.setTrainable(net, net.lout[0].name, False)
    before = params_of(net)
    train(net, np.ones((2, 4)), np.ones((2, 12)))
    np.testing.assert_array_equal(params_of(net)[0], before[0])


# --- sources and noise ---


def test_a_constant_goes_to_every_sample():
    values = normal(2, 3)
    x = eddl.Input([2, 3], "x")
    net = build(eddl.Model([x], [eddl.Sum(x, eddl.ConstOfTensor(tensor(values)))]))
    for batch in (1, 4, 2):
        z = normal(batch, 2, 3, seed=1)
        np.testing.assert_allclose(outputs(net, z), z + values, rtol=1e-6)


def test_a_constant_is_a_copy():
    t = tensor(normal(3))
    x = eddl.Input([3], "x")
    net = build(eddl.Model([x], [eddl.Mult(x, eddl.ConstOfTensor(t))]))
    values = array(t)
    view(t)[...] = 0
    np.testing.assert_allclose(outputs(net, np.ones((1, 3))), [values], rtol=1e-6)


GENERATORS = {
    "GaussGenerator": (lambda: eddl.GaussGenerator(2.0, 0.5, [100, 100]), 2.0, 0.5),
    "UniformGenerator": (lambda: eddl.UniformGenerator(-1.0, 3.0, [100, 100]), 1.0, 4 / np.sqrt(12)),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_generators(name):
    make, mean, deviation = GENERATORS[name]
    x = eddl.Input([100, 100], "x")
    drawn = make()
    net = build(eddl.Model([x], [eddl.Sum(x, drawn)]))
    first = outputs(net, np.zeros((5, 100, 100)))
    assert first.shape == (5, 100, 100)
    assert first.mean() == pytest.approx(mean, abs=0.02)
    assert first.std() == pytest.approx(deviation, rel=0.02)
    assert len(np.unique(first)) > 0.99 * first.size or name == "UniformGenerator"
    if name == "UniformGenerator":
        assert -1 <= first.min() < -0.99 and 2.99 < first.max() <= 3
    assert (first != outputs(net, np.zeros((5, 100, 100)))).mean() > 0.99
    train(net, np.zeros((2, 100, 100)), np.zeros((2, 100, 100)))
    np.testing.assert_allclose(array(net.lin[0].delta), array(net.lout[0].output) / 2, rtol=1e-6)


def test_a_net_may_consist_of_a_generator_alone():
    drawn = eddl.UniformGenerator(3.0, 3.0, [4])
    net = build(eddl.Model([], [drawn]))
    eddl.forward(net, [])
    np.testing.assert_array_equal(array(drawn.output), np.full((1, 4), 3.0))


DRAWN = """
import numpy as np
import pyeddl.eddl as eddl
from helpers import array, build, tensor

x = eddl.Input([300], "x")
net = build(eddl.Model([x], [eddl.GaussianNoise(eddl.Sum(x, eddl.GaussGenerator(0, 1, [300])), 0.5)]), threads=THREADS)
eddl.set_mode(net, 1)
eddl.forward(net, [tensor(np.zeros((100, 300)))])
result = array(net.lout[0].output).tolist()
"""


def test_draws_depend_on_the_seed_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("EDDL_SEED", "5")
    first, again = (in_child(DRAWN.replace("THREADS", threads), tmp_path) for threads in "12")
    monkeypatch.setenv("EDDL_SEED", "6")
    assert first == again != in_child(DRAWN.replace("THREADS", "1"), tmp_path)


def test_noise_is_there_in_training_only():
    net = net_of(lambda x: eddl.GaussianNoise(x, 0.3), (50, 40))
    x = normal(5, 50, 40)
    np.testing.assert_array_equal(outputs(net, x), x)
    target = normal(5, 50, 40, seed=1)
    train(net, x, target)
    y = array(net.lout[0].output)
    assert (y - x).mean() == pytest.approx(0, abs=0.02)
    assert (y - x).std() == pytest.approx(0.3, rel=0.05)
    np.testing.assert_allclose(array(net.lin[0].delta), (y - target) / 5, rtol=1e-5, atol=1e-6)


# --- batches and memory levels: all nets of the conformance cases ---


@pytest.mark.parametrize("id", OURS)
def test_a_sample_is_predicted_alike_in_any_batch(id):
    net = OURS[id].built()
    rng = np.random.default_rng(1)
    xs = [draw.astype(np.float32) for draw in (rng.uniform(0, 3, (6, *layer.output.shape[1:])) for layer in net.lin)]
    whole = outputs(net, *xs)
    for first, last in ((0, 1), (1, 5), (0, 6), (4, 6)):
        part = outputs(net, *(x[first:last] for x in xs))
        np.testing.assert_allclose(part, whole[first:last], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("id", OURS)
def test_memory_levels_do_not_change_numbers(id):
    def gradients(mem):
        case = OURS[id]
        net = build(case.make(), case.optimizer(), case.loss, case.metric, mem=mem, seed=3)
        found = []
        for batch in (3, 2):
            xs = [np.random.default_rng(i).uniform(0, 3, (batch, *x.output.shape[1:])) for i, x in enumerate(net.lin)]
            ys = [np.random.default_rng(9).normal(size=(batch, *layer.output.shape[1:])) for layer in net.lout]
            eddl.train_batch(net, [tensor(x) for x in xs], [tensor(y) for y in ys])
            found.append({**gradients_of(net), "loss": np.array(eddl.get_losses(net))})
        return found

    expected = gradients("full_mem")
    for mem in ("mid_mem", "low_mem"):
        for step, actual in zip(expected, gradients(mem)):
            for name in step:
                np.testing.assert_allclose(actual[name], step[name], rtol=1e-4, atol=1e-5, err_msg=f"{mem}: {name}")


# --- default names ---

PREFIXES = {
    "layernorm": lambda x: eddl.LayerNormalization(x),
    "groupnorm": lambda x: eddl.GroupNormalization(eddl.Input([4, 3, 3]), 2),
    "norm": lambda x: eddl.Norm(x),
    "normmax": lambda x: eddl.NormMax(x),
    "normminmax": lambda x: eddl.NormMinMax(x),
    "gaussiannoise": lambda x: eddl.GaussianNoise(x, 0.1),
    "embedding": lambda x: eddl.Embedding(x, 5, 6, 2),
    "repeat": lambda x: eddl.Repeat(x, 2, 0),
    "tile": lambda x: eddl.Tile(x, [2]),
    "broadcast": lambda x: eddl.Broadcast(x, eddl.Input([6, 3])),
    "bypass": lambda x: eddl.Bypass(x),
    "shape": lambda x: eddl.Shape(x),
    "const_of_tensor": lambda x: eddl.ConstOfTensor(tensor(np.ones(3))),
    "where": lambda x: eddl.Where(x, x, x),
    "expand": lambda x: eddl.Expand(eddl.Input([1, 3]), 2),
    "matmul": lambda x: eddl.MatMul([x, x]),
    "reduction_mean": lambda x: eddl.ReduceMean(x, [0]),
    "reduction_var": lambda x: eddl.ReduceVar(x, [0]),
    "reduction_sum": lambda x: eddl.ReduceSum(x, [0]),
    "reduction_max": lambda x: eddl.ReduceMax(x, [0]),
    "reduction_min": lambda x: eddl.ReduceMin(x, [0]),
    "reduction_argmax": lambda x: eddl.ReduceArgMax(x, [0]),
    "generator_gauss": lambda x: eddl.GaussGenerator(0, 1, [3]),
    "generator_uniform": lambda x: eddl.UniformGenerator(0, 1, [3]),
}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_default_names_count(prefix):
    numbers = []
    for _ in range(2):
        name = PREFIXES[prefix](eddl.Input([6])).name
        assert name.startswith(prefix)
        numbers.append(int(name[len(prefix) :]))
    assert numbers[1] == numbers[0] + 1


# --- bad arguments ---


def vector(size=6):
    return eddl.Input([size], "x")


def image(channels=4):
    return eddl.Input([channels, 3, 2], "x")


BAD_LAYERS = {
    "layernorm-epsilon": (lambda: eddl.LayerNormalization(vector(), True, 0.0), "LayerNormalization.*epsilon.*0"),
    "layernorm-nan": (lambda: eddl.LayerNormalization(vector(), True, float("nan")), "epsilon"),
    "layernorm-none": (lambda: eddl.LayerNormalization(None, True), "LayerNormalization|incompatible"),
    "groupnorm-none-fits": (lambda: eddl.GroupNormalization(image(), 3), "GroupNormalization.*4 channels.*3"),
    "groupnorm-too-many": (lambda: eddl.GroupNormalization(image(), 8), "GroupNormalization.*8"),
    "groupnorm-zero": (lambda: eddl.GroupNormalization(image(), 0), "GroupNormalization.*0"),
    "groupnorm-negative": (lambda: eddl.GroupNormalization(image(), -2), "GroupNormalization.*-2"),
    "norm-epsilon": (lambda: eddl.Norm(vector(), -1.0), "Norm.*-1"),
    "norm-of-nothing": (lambda: eddl.NormMax(eddl.ReduceSum(vector(), [0])), "NormMax.*at least one dimension"),
    "noise-negative": (lambda: eddl.GaussianNoise(vector(), -0.1), "GaussianNoise.*-0.1"),
    "noise-nan": (lambda: eddl.GaussianNoise(vector(), float("nan")), "GaussianNoise.*nan"),
    "embedding-no-words": (lambda: eddl.Embedding(vector(), 0, 6, 2), "Embedding.*0"),
    "embedding-negative": (lambda: eddl.Embedding(vector(), 5, 6, -2), "Embedding.*-2"),
    "embedding-length": (lambda: eddl.Embedding(vector(), 5, 4, 2), r"Embedding.*4 words.*\[1, 6\]"),
    "embedding-image": (lambda: eddl.Embedding(image(), 5, 4, 2), "Embedding"),
    "embedding-absurd": (lambda: eddl.Embedding(vector(), HUGE, 6, HUGE), "too many|no memory|beyond"),
    "repeat-axis": (lambda: eddl.Repeat(image(), 2, 3), "Repeat.*3"),
    "repeat-zero": (lambda: eddl.Repeat(image(), 0, 0), "Repeat.*not all 0"),
    "repeat-of-three": (lambda: eddl.Repeat(image(), [1, 2, 3], 0), r"Repeat.*4 indices.*\[1, 2, 3\]"),
    "repeat-absurd": (lambda: eddl.Repeat(image(), HUGE, 0), "repeat.*beyond"),
    "repeat-absurd-together": (lambda: eddl.Repeat(image(), [HUGE, 0, 0, 0], 0), "too many"),
    "tile-of-two": (lambda: eddl.Tile(image(), [2, 2]), r"tile.*\[1, 2, 2\]"),
    "tile-zero": (lambda: eddl.Tile(image(), [2, 0, 1]), "tile.*at least 1"),
    "tile-absurd": (lambda: eddl.Tile(image(), [HUGE, HUGE, 1]), r"tile.*2147483647, 1\].*beyond"),
    "tile-absurd-together": (lambda: eddl.Tile(image(), [2**20, 2**20, 1]), "too many"),
    "expand-nothing": (lambda: eddl.Expand(image(), 3), r"expand.*\[4, 3, 2\]"),
    "expand-zero": (lambda: eddl.Expand(image(1), 0), "expand.*0"),
    "broadcast-apart": (lambda: eddl.Broadcast(vector(5), image()), r"Broadcast.*\[5\].*\[4, 3, 2\]"),
    "broadcast-both": (lambda: eddl.Broadcast(eddl.Input([1, 3]), eddl.Input([3, 1])), r"Broadcast.*\[1, 3\]"),
    "where-shapes": (lambda: eddl.Where(vector(), vector(5), vector()), r"Where.*\[1, 6\].*\[1, 5\]"),
    "matmul-one": (lambda: eddl.MatMul([vector()]), "MatMul.*two.*1"),
    "matmul-lengths": (lambda: eddl.MatMul([vector(), vector(5)]), r"MatMul.*\[1, 6\].*\[1, 5\]"),
    "matmul-three-vectors": (lambda: eddl.MatMul([vector(), vector(), vector()]), "MatMul.*vectors.*3"),
    "matmul-matrices": (lambda: eddl.MatMul([eddl.Input([2, 3]), eddl.Input([2, 3])]), "MatMul"),
    "matmul-ranks": (lambda: eddl.MatMul([eddl.Input([2, 3]), eddl.Input([3])]), "MatMul"),
    "split-nothing": (lambda: eddl.Split(image(), [], 0), "Split"),
    "split-falling": (lambda: eddl.Split(image(), [3, 1], 0), r"Split.*\[3, 1\]"),
    "split-at-the-end": (lambda: eddl.Split(image(), [4], 0), r"Split.*below 4.*\[4\]"),
    "split-zero": (lambda: eddl.Split(image(), [0, 2], 0), r"Split.*\[0, 2\]"),
    "split-axis": (lambda: eddl.Split(image(), [1], 3), "Split.*3"),
    "split-axis-negative": (lambda: eddl.Split(image(), [1], -2), "Split.*-2"),
    "reduce-axis": (lambda: eddl.ReduceMean(image(), [3]), r"ReduceMean.*below 3.*\[3\]"),
    "reduce-axis-negative": (lambda: eddl.ReduceVar(image(), [-1]), r"ReduceVar.*\[-1\]"),
    "reduce-axis-twice": (lambda: eddl.ReduceSum(image(), [1, 1]), r"ReduceSum.*\[1, 1\]"),
    "reduce-none": (lambda: eddl.ReduceMax(None, [0]), "ReduceMax|incompatible"),
    "const-none": (lambda: eddl.ConstOfTensor(None), "ConstOfTensor|incompatible"),
    "gauss-negative": (lambda: eddl.GaussGenerator(0.0, -1.0, [3]), "GaussGenerator.*-1"),
    "gauss-empty": (lambda: eddl.GaussGenerator(0.0, 1.0, []), "GaussGenerator"),
    "uniform-upside-down": (lambda: eddl.UniformGenerator(2.0, 1.0, [3]), "UniformGenerator.*2.*1"),
    "uniform-zero": (lambda: eddl.UniformGenerator(0.0, 1.0, [3, 0]), r"UniformGenerator.*\[3, 0\]"),
    "uniform-absurd": (lambda: eddl.UniformGenerator(0.0, 1.0, [HUGE, HUGE]), "too many|no memory|beyond"),
    "shape-of-nothing": (lambda: eddl.Shape(eddl.ReduceSum(vector(), [0]), False), "Shape"),
}


@pytest.mark.parametrize("id", BAD_LAYERS)
def test_bad_arguments(id):
    call, words = BAD_LAYERS[id]
    with pytest.raises((*BAD, TypeError), match=words):
        call()


def test_a_refused_layer_leaves_no_trace():
    x = image()
    refused = [
        lambda: eddl.GroupNormalization(x, 3),
        lambda: eddl.Repeat(x, [1], 0),
        lambda: eddl.Tile(x, [2]),
        lambda: eddl.Split(x, [9], 0),
        lambda: eddl.ReduceMean(x, [7]),
        lambda: eddl.Where(x, x, vector()),
        lambda: eddl.MatMul([x, vector()]),
        lambda: eddl.Broadcast(x, vector(5)),
        lambda: eddl.Embedding(x, 3, 3, 3),
    ]
    for call in refused:
        with pytest.raises(BAD):
            call()
    assert x.child == []
    plane = eddl.Input([3, 4])
    with pytest.raises(BAD):
        eddl.BatchNormalization(plane, True, momentum=2.0)
    assert plane.child == []  # nor one between the two
    net = build(eddl.Model([x], [eddl.Dense(eddl.Flatten(x), 2)]))
    train(net, normal(2, 4, 3, 2), np.zeros((2, 2)))
