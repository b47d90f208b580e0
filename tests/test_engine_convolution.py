"""
Convolution, transposed convolution and pools over one to three axes against NumPy: outputs and gradients for any
mixture of strides, dilations, paddings and groups; batches, memory levels and bad arguments.
"""

import itertools

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, build, gradients_of, params_of, predict, train, view
from hypothesis import given
from hypothesis import strategies as st

BAD = (ValueError, RuntimeError, TypeError)
LEVELS = ["full_mem", "mid_mem", "low_mem"]

# --- the operations in NumPy, in float64, one tap of the kernel at a time ---


def taps(kernel, stride, dilation, positions):
    """(index of the tap, where in the larger of the two tensors it meets the smaller one's positions)"""
    for tap in itertools.product(*map(range, kernel)):
        yield (
            tap,
            (
                ...,
                *(slice(t * d, t * d + s * (n - 1) + 1, s) for t, s, d, n in zip(tap, stride, dilation, positions)),
            ),
        )


def grouped(equation, a, b, groups, axes):
    """einsum of each group's part of a and b."""
    return [np.einsum(equation, *pair) for pair in zip(*(np.split(t, groups, axis) for t, axis in zip((a, b), axes)))]


def convolve(x, weights, stride, dilation, groups):
    """x is padded; weights [out, in / groups, …]."""
    kernel = weights.shape[2:]
    positions = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    y = np.zeros((x.shape[0], weights.shape[0], *positions))
    for tap, where in taps(kernel, stride, dilation, positions):
        y += np.concatenate(grouped("nc...,oc->no...", x[where], weights[(..., *tap)], groups, (1, 0)), 1)
    return y


def spread(x, weights, stride, dilation, groups, shape):
    """The adjoint of convolve: what y = x contributes to an input of the given shape."""
    y = np.zeros((x.shape[0], weights.shape[1] * groups, *shape))
    for tap, where in taps(weights.shape[2:], stride, dilation, x.shape[2:]):
        y[where] += np.concatenate(grouped("no...,oc->nc...", x, weights[(..., *tap)], groups, (1, 0)), 1)
    return y


def weight_gradient(x, dy, weights, stride, dilation, groups):
    """Of convolve's weights, for the padded input x and the gradient dy of its output."""
    gradient = np.zeros_like(weights)
    for tap, where in taps(weights.shape[2:], stride, dilation, dy.shape[2:]):
        flat = (t.reshape(*t.shape[:2], -1) for t in (dy, x[where]))
        gradient[(..., *tap)] = np.concatenate(grouped("nop,ncp->oc", *flat, groups, (1, 1)), 0)
    return gradient


def halves(total):
    return (max(total, 0) // 2, max(total, 0) - max(total, 0) // 2)


def extents(kernel, dilation):
    return [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]


def pads_of_convolution(padding, sizes, kernel, stride, dilation):
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    return [halves((-(-n // s) - 1) * s + e - n) for n, s, e in zip(sizes, stride, extents(kernel, dilation))]


def pad(x, pads):
    return np.pad(x, [(0, 0), (0, 0), *pads])


def crop(x, pads):
    return x[(..., *(slice(before, n - after) for (before, after), n in zip(pads, x.shape[2:])))]


# --- the engine's ---

LAYERS = {
    ("plain", 1): eddl.Conv1D,
    ("plain", 2): eddl.Conv2D,
    ("plain", 3): eddl.Conv3D,
    ("transposed", 2): eddl.ConvT2D,
    ("transposed", 3): eddl.ConvT3D,
}


def net_of(layer, shape):
    x = eddl.Input(list(shape), "x")
    return build(eddl.Model([x], [layer(x)]), eddl.sgd(0.0))


def step(net, x, seed=0):
    """One training step's output, the gradient by it, and those by the input and the parameters."""
    y = net.lout[0]
    target = np.random.default_rng(seed).normal(size=(len(x), *y.output.shape[1:])).astype(np.float32)
    train(net, x, target)
    output = array(y.output).astype(float)
    return output, (output - target) / len(x), array(net.lin[0].delta), [array(g) for g in y.gradients]


def close(actual, expected, what):
    scale = max(np.abs(expected).max(initial=0.0), 1.0)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=2e-6 * scale, err_msg=what)


@st.composite
def settings_of_layers(draw, ranks):
    rank = draw(st.sampled_from(ranks))
    many = lambda low, high: draw(st.lists(st.integers(low, high), min_size=rank, max_size=rank))  # noqa: E731
    groups = draw(st.integers(1, 3))
    channels, filters = (groups * draw(st.integers(1, 3)) for _ in range(2))
    kernel, dilation = many(1, 3), many(1, 2)
    sizes = [draw(st.integers(e, e + 4)) for e in extents(kernel, dilation)]
    padding, bias = draw(st.sampled_from(["same", "valid"])), draw(st.booleans())
    return draw(st.integers(1, 3)), channels, sizes, (filters, kernel, many(1, 3), padding, bias, groups, dilation)


# Wide ones meet other layouts and kernels of oneDNN than the small ones that are drawn.
WIDE = {
    "1d": (4, 32, [50], (48, [5], [2], "same", True, 1, [1])),
    "1d-depthwise": (2, 40, [33], (40, [3], [1], "same", True, 40, [2])),
    "2d-groups": (2, 32, [17, 19], (64, [3, 3], [2, 2], "same", True, 4, [1, 1])),
    "2d-depthwise": (3, 32, [14, 15], (32, [3, 3], [1, 1], "same", True, 32, [1, 1])),
    "2d-depth-multiplier": (2, 16, [9, 9], (32, [3, 3], [2, 2], "valid", False, 16, [1, 1])),
    "2d-dilated": (2, 24, [20, 18], (32, [3, 3], [1, 1], "same", True, 1, [3, 2])),
    "2d-few": (3, 17, [40, 33], (9, [3, 3], [1, 1], "same", True, 1, [1, 1])),
    "2d-one": (2, 9, [30, 47], (1, [5, 3], [1, 1], "valid", True, 1, [1, 1])),
    "2d-few-strided": (2, 11, [41, 38], (14, [3, 5], [2, 3], "same", False, 1, [1, 1])),
    "2d-few-dilated": (2, 5, [50, 45], (7, [3, 3], [2, 1], "same", True, 1, [3, 4])),
    "2d-in-bands": (1, 70, [34, 70], (19, [3, 3], [1, 1], "same", True, 1, [1, 1])),
    "2d-odd-groups": (2, 12, [21, 30], (20, [3, 3], [2, 1], "same", True, 4, [1, 2])),
    "3d-few": (2, 5, [6, 17, 20], (9, [3, 3, 3], [1, 1, 1], "same", True, 1, [1, 1, 1])),
    "3d-in-bands": (1, 33, [9, 20, 25], (3, [3, 3, 2], [2, 1, 1], "same", True, 1, [1, 2, 1])),
    "3d": (2, 16, [6, 9, 8], (32, [3, 3, 3], [1, 2, 1], "same", True, 1, [1, 1, 1])),
    "3d-groups": (2, 32, [5, 6, 7], (32, [2, 3, 3], [1, 1, 1], "valid", True, 2, [1, 2, 1])),
    "3d-depthwise": (2, 24, [6, 7, 8], (24, [3, 3, 3], [2, 1, 2], "same", True, 24, [1, 1, 1])),
}
# On both sides of where the layout of the forward pass changes: by channels in and out, by the part of the last block
# of filters that is filled, by the width of the image, and by the use that is made of each weight.
WIDE |= {
    f"2d-{channels}-{filters}-{size}-{batch}": (batch, channels, [size, size + odd], (filters, *rest))
    for channels, filters, size, odd, batch, rest in [
        (32, 32, 9, 0, 2, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (32, 33, 9, 0, 2, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (33, 32, 9, 1, 2, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (33, 33, 8, 1, 2, ([3, 3], [2, 2], "same", False, 1, [1, 1])),
        (33, 29, 9, 0, 2, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (33, 40, 9, 0, 2, ([5, 3], [1, 2], "valid", True, 1, [1, 1])),
        (22, 44, 16, 0, 1, ([3, 3], [1, 1], "same", True, 1, [1, 2])),
        (22, 45, 16, 0, 1, ([3, 3], [1, 1], "same", True, 1, [1, 2])),
        (65, 65, 2, 0, 5, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (65, 65, 2, 0, 12, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (4, 100, 11, 3, 2, ([7, 7], [2, 2], "same", True, 1, [1, 1])),
        (3, 33, 12, 0, 2, ([3, 3], [1, 1], "same", True, 1, [1, 1])),
        (41, 9, 8, 0, 2, ([1, 3], [1, 1], "same", True, 1, [1, 1])),
    ]
} | {
    "1d-33": (3, 33, [50], (41, [5], [2], "same", True, 1, [1])),
    "3d-33": (2, 19, [5, 6, 7], (33, [3, 3, 3], [1, 1, 2], "same", True, 1, [1, 2, 1])),
}
WIDE_TRANSPOSED = {
    "2d": (2, 32, [9, 11], (48, [3, 3], [2, 2], "same", True, 1, [1, 1])),
    "2d-unet": (3, 64, [8, 8], (32, [2, 2], [2, 2], "same", True, 1, [1, 1])),
    "2d-groups": (2, 32, [7, 6], (64, [4, 3], [2, 3], "valid", True, 4, [1, 2])),
    "2d-depthwise": (2, 32, [9, 9], (32, [3, 3], [2, 2], "same", False, 32, [1, 1])),
    "3d": (2, 16, [4, 5, 6], (24, [3, 3, 3], [2, 2, 2], "same", True, 1, [1, 1, 1])),
    "3d-depthwise": (2, 16, [3, 4, 5], (16, [2, 2, 2], [2, 2, 2], "valid", True, 16, [1, 1, 1])),
}


def check_convolution(batch, channels, sizes, arguments, kind="plain", dead=False):
    """`dead`: some filters and inputs have no weights, as those that were pruned."""
    filters, kernel, stride, padding, bias, groups, dilation = arguments
    layer = LAYERS[kind, len(sizes)]
    net = net_of(lambda x: layer(x, *arguments, "y"), [channels, *sizes])
    if dead:
        weights = view(net.lout[0].params[0])
        weights[1::3] = 0.0
        weights[:, ::2] = 0.0
    x = np.random.default_rng(1).normal(size=(batch, channels, *sizes)).astype(np.float32)
    output, dy, dx, gradients = step(net, x)
    weights, biases = (array(p).astype(float) for p in net.lout[0].params)
    if len(sizes) == 1:  # a kernel has one column more, as EDDL's have
        assert weights.shape[3:] == (1,)
        weights, gradients[0] = weights[..., 0], gradients[0][..., 0]
    ways = stride, dilation, groups
    if kind == "plain":
        assert weights.shape == (filters, channels // groups, *kernel)
        pads = pads_of_convolution(padding, sizes, kernel, stride, dilation)
        padded = pad(x, pads)
        expected = convolve(padded, weights, *ways)
        expected_dx = crop(spread(dy, weights, *ways, padded.shape[2:]), pads)
        expected_dw = weight_gradient(padded, dy, weights, *ways)
    else:
        assert weights.shape == (channels, filters // groups, *kernel)
        more = [e - s if padding == "same" else 0 for e, s in zip(extents(kernel, dilation), stride)]
        pads = [halves(m) for m in more]
        reach = zip(sizes, stride, extents(kernel, dilation))
        shape = [n * s + (e - 1 if padding == "valid" else max(e - s, 0)) for n, s, e in reach]
        expected = crop(spread(x, weights, *ways, shape), pads)
        padded = pad(dy, pads)
        expected_dx = convolve(padded, weights, *ways)
        expected_dw = weight_gradient(padded, x.astype(float), weights, *ways)
    if bias:
        expected = expected + biases.reshape(1, -1, *[1] * len(sizes))
    assert output.shape == expected.shape == (batch, filters, *expected.shape[2:])
    close(output, expected, "output")
    close(dx, expected_dx, "gradient by the input")
    close(gradients[0], expected_dw, "gradient by the weights")
    close(gradients[1], dy.sum((0, *range(2, dy.ndim))) if bias else np.zeros(filters), "gradient by the bias")


@pytest.mark.embedded_engine
@given(settings_of_layers(ranks=(1, 2, 3)), st.booleans())
def test_convolution(settings, dead):
    check_convolution(*settings, dead=dead)


@pytest.mark.embedded_engine
@given(settings_of_layers(ranks=(2, 3)))
def test_transposed_convolution(settings):
    check_convolution(*settings, kind="transposed")


@pytest.mark.embedded_engine
@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("id", WIDE)
def test_wide_convolution(id, dead):
    check_convolution(*WIDE[id], dead=dead)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("id", WIDE_TRANSPOSED)
def test_wide_transposed_convolution(id):
    check_convolution(*WIDE_TRANSPOSED[id], kind="transposed")


POOLS = {
    1: (eddl.MaxPool1D, eddl.AveragePool1D),
    2: (eddl.MaxPool2D, eddl.AveragePool2D),
    3: (eddl.MaxPool3D, eddl.AveragePool3D),
}


@st.composite
def settings_of_pools(draw):
    rank = draw(st.integers(1, 3))
    many = lambda low, high: draw(st.lists(st.integers(low, high), min_size=rank, max_size=rank))  # noqa: E731
    window = many(1, 3)
    sizes = [draw(st.integers(k, k + 4)) for k in window]
    channels = draw(st.sampled_from([1, 3, 8, 16]))
    return draw(st.integers(1, 3)), channels, sizes, (window, many(1, 3), draw(st.sampled_from(["same", "valid"])))


@pytest.mark.embedded_engine
@given(settings_of_pools(), st.sampled_from([0, 1]))
def test_pools(settings, average):
    batch, channels, sizes, (window, stride, padding) = settings
    net = net_of(lambda x: POOLS[len(sizes)][average](x, window, stride, padding, "y"), [channels, *sizes])
    x = np.random.default_rng(1).permutation(batch * channels * int(np.prod(sizes)))  # no two alike
    x = (x.reshape(batch, channels, *sizes) / x.size).astype(np.float32)
    output, dy, dx, _ = step(net, x)

    ones = [1] * len(sizes)
    pads = pads_of_convolution(padding, sizes, window, stride, ones)
    padded = np.pad(x.astype(float), [(0, 0), (0, 0), *pads], constant_values=0 if average else -np.inf)
    where = [w for _, w in taps(window, stride, ones, output.shape[2:])]
    values = np.stack([padded[w] for w in where])
    share = np.full(values.shape, 1 / len(values)) if average else values == values.max(0)
    expected_dx = np.zeros(padded.shape)
    for w, s in zip(where, share):
        expected_dx[w] += s * dy
    close(output, values.mean(0) if average else values.max(0), "output")
    close(dx, crop(expected_dx, pads), "gradient by the input")


@pytest.mark.embedded_engine
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_global_pools(rank):
    shape = [3, 7, 4, 5][: 1 + rank]
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    axes = tuple(range(2, 2 + rank))
    for name, function in {"Max": np.max, "Average": np.mean, "Avg": np.mean}.items():
        net = net_of(getattr(eddl, f"Global{name}Pool{rank}D"), shape)
        expected = function(x, axis=axes, keepdims=True)
        np.testing.assert_allclose(predict(net, x), expected, rtol=1e-5, atol=1e-7)


# --- batches and memory ---


def signal_net():
    x = eddl.Input([2, 12], "x")
    h = eddl.ReLu(eddl.Conv1D(x, 4, [3], [1], "same", True, 2, [1], "conv1"))
    h = eddl.AveragePool1D(eddl.MaxPool1D(h, [2], [2]), [2], [1], "same")
    return eddl.Model([x], [eddl.Flatten(eddl.Conv1D(h, 3, [2], [2], "valid", True, 1, [1], "conv2"))])


def volume_net():
    x = eddl.Input([2, 4, 6, 6], "x")
    h = eddl.ReLu(eddl.Conv3D(x, 4, [3, 3, 3], [1, 1, 1], "same", True, 1, [1, 1, 1], "conv1"))
    h = eddl.AveragePool3D(eddl.MaxPool3D(h, [2, 2, 2], [2, 2, 2]), [1, 2, 2], [1, 1, 1], "same")
    h = eddl.ConvT3D(h, 2, [2, 2, 2], [2, 2, 2], "same", True, 1, [1, 1, 1], "conv2")
    return eddl.Model([x], [eddl.Flatten(h)])


def unet():
    x = eddl.Input([1, 8, 8], "x")
    wide = eddl.ReLu(eddl.Conv2D(x, 4, [3, 3], [1, 1], "same", True, 1, [1, 1], "conv1"))
    h = eddl.ReLu(eddl.Conv2D(eddl.MaxPool2D(wide), 6, [3, 3], [1, 1], "same", True, 1, [1, 1], "conv2"))
    h = eddl.ConvT2D(h, 4, [2, 2], [2, 2], "same", True, 1, [1, 1], "up")
    return eddl.Model([x], [eddl.Conv2D(eddl.Concat([wide, h]), 1, [1, 1], [1, 1], "same", True, 1, [1, 1], "y")])


NETS = {"signal": signal_net, "volume": volume_net, "unet": unet}


def data_of(net, n=6):
    rng = np.random.default_rng(3)
    shapes = (net.lin[0].output.shape[1:], net.lout[0].output.shape[1:])
    return [rng.normal(size=(n, *shape)).astype(np.float32) for shape in shapes]


def built(name, mem="full_mem"):
    return build(NETS[name](), eddl.sgd(0.05, 0.9), mem=mem)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("name", NETS)
def test_prediction_of_a_sample_does_not_depend_on_its_batch(name):
    net = built(name)
    x, _ = data_of(net)
    together = predict(net, x)
    for size in (1, 4, 6):
        parts = [predict(net, x[i : i + size]) for i in range(0, len(x), size)]
        np.testing.assert_allclose(np.concatenate(parts), together, rtol=1e-5, atol=1e-6)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("mem", LEVELS)
@pytest.mark.parametrize("name", NETS)
def test_batch_sizes_and_memory_levels_change_nothing(name, mem):
    expected, net = built(name), built(name, mem)
    x, y = data_of(net)
    for size in (6, 2, 5):
        train(expected, x[:size], y[:size])
        predict(net, x[:3])
        train(net, x[:size], y[:size])
    for a, b in zip(params_of(expected), params_of(net)):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("name", NETS)
def test_it_learns(name):
    net = build(NETS[name](), eddl.adam(0.01))
    x, y = data_of(net)
    train(net, x, y)
    first = eddl.get_losses(net)[0]
    train(net, x, y, steps=60)
    train(net, x, y)
    assert eddl.get_losses(net)[0] < 0.8 * first


@pytest.mark.embedded_engine
def test_saved_parameters_come_back(tmp_path):
    net, other = built("signal"), build(signal_net(), seed=9)
    eddl.save(net, str(tmp_path / "net.bin"))
    eddl.load(other, str(tmp_path / "net.bin"))
    x, _ = data_of(net)
    np.testing.assert_array_equal(predict(net, x), predict(other, x))


@pytest.mark.embedded_engine
def test_frozen_layers_get_no_gradients():
    net = built("volume")
    eddl.setTrainable(net, "conv2", False)
    x, y = data_of(net)
    before = params_of(net)
    train(net, x, y)
    gradients = gradients_of(net)
    assert not gradients["conv2/0"].any() and gradients["conv1/0"].any()
    changed = [(a != b).any() for a, b in zip(before, params_of(net))]
    assert changed == [True, True, False, False]


@pytest.mark.embedded_engine
def test_filters_of_transposed_convolution_are_those_asked_for():
    """EDDL gives as many as there are input channels."""
    x = eddl.Input([4, 5, 6])
    assert eddl.ConvT2D(x, 7, [3, 3], [2, 2]).output.shape == [1, 7, 10, 12]
    assert eddl.ConvT2D(x, 7, [3, 3], [2, 2], "valid").output.shape == [1, 7, 12, 14]
    assert eddl.ConvT3D(eddl.Input([4, 2, 5, 6]), 7, [2, 3, 3], [1, 2, 2]).output.shape == [1, 7, 2, 10, 12]


def test_default_names_count_each_kind():
    def numbers():
        x = eddl.Input([2, 8])
        layers = [eddl.Conv1D(x, 2, [3]), eddl.MaxPool1D(x), eddl.AveragePool1D(x)]
        return [layer.name.rpartition("1d") for layer in layers]

    first, second = numbers(), numbers()
    assert [kind for kind, _, _ in first] == ["conv", "maxpool", "avgpool"]
    assert [int(b) - int(a) for (_, _, a), (_, _, b) in zip(first, second)] == [1, 4, 4]


# --- bad arguments ---


def signal(channels=2, length=8):
    return eddl.Input([channels, length])


def image(channels=2):
    return eddl.Input([channels, 6, 6])


def volume(channels=2):
    return eddl.Input([channels, 3, 6, 6])


HUGE = 2**31 - 1
BAD_LAYERS = {
    "conv1d-on-an-image": (lambda: eddl.Conv1D(image(), 2, [3]), r"Conv1D.*3 dimensions.*\[1, 2, 6, 6\]"),
    "conv1d-kernel-of-two": (lambda: eddl.Conv1D(signal(), 2, [3, 3]), r"Conv1D.*kernel of one.*\[3, 3\]"),
    "conv1d-no-kernel": (lambda: eddl.Conv1D(signal(), 2, []), r"Conv1D.*kernel of one.*\[\]"),
    "conv1d-kernel-zero": (lambda: eddl.Conv1D(signal(), 2, [0]), r"Conv1D.*\[0\]"),
    "conv1d-stride-negative": (lambda: eddl.Conv1D(signal(), 2, [3], [-1]), r"Conv1D.*strides.*\[-1\]"),
    "conv1d-dilation-of-two": (
        lambda: eddl.Conv1D(signal(), 2, [3], [1], "same", True, 1, [1, 1]),
        r"Conv1D.*dilation.*\[1, 1\]",
    ),
    "conv1d-too-long": (lambda: eddl.Conv1D(signal(), 2, [9], [1], "valid"), r"Conv1D.*does not fit.*\[1, 2, 8, 1\]"),
    "conv1d-groups": (lambda: eddl.Conv1D(signal(), 4, [3], [1], "same", True, 4), "Conv1D.*groups.*2"),
    "conv1d-padding": (lambda: eddl.Conv1D(signal(), 4, [3], [1], "full"), "Conv1D.*full"),
    "conv1d-no-filters": (lambda: eddl.Conv1D(signal(), 0, [3]), "filter.*0"),
    "conv3d-on-an-image": (lambda: eddl.Conv3D(image(), 2, [3, 3, 3]), "Conv3D.*5 dimensions"),
    "conv3d-kernel-of-two": (lambda: eddl.Conv3D(volume(), 2, [3, 3]), r"Conv3D.*kernel of three.*\[3, 3\]"),
    "conv3d-strides": (lambda: eddl.Conv3D(volume(), 2, [3, 3, 3], [1, 0, 1]), r"Conv3D.*strides.*\[1, 0, 1\]"),
    "conv3d-too-deep": (lambda: eddl.Conv3D(volume(), 2, [4, 3, 3], [1, 1, 1], "valid"), "Conv3D.*does not fit"),
    "conv3d-groups": (lambda: eddl.Conv3D(volume(), 3, [3, 3, 3], [1, 1, 1], "same", True, 2), "Conv3D.*groups.*3"),
    "conv3d-on-none": (lambda: eddl.Conv3D(None, 2, [3, 3, 3]), "None|missing|incompatible"),
    "convt2d-on-a-signal": (lambda: eddl.ConvT2D(signal(), 2, [3, 3]), "ConvT2D.*4 dimensions"),
    "convt2d-kernel": (lambda: eddl.ConvT2D(image(), 2, [3]), r"ConvT2D.*kernel of two.*\[3\]"),
    "convt2d-no-filters": (lambda: eddl.ConvT2D(image(), -1, [3, 3]), "ConvT2D.*filter.*-1"),
    "convt2d-groups": (lambda: eddl.ConvT2D(image(), 4, [3, 3], [1, 1], "same", True, 4), "ConvT2D.*channels.*2"),
    "convt2d-padding": (lambda: eddl.ConvT2D(image(), 4, [3, 3], [1, 1], "?"), r"ConvT2D.*\?"),
    "convt2d-huge-stride": (lambda: eddl.ConvT2D(image(), 2, [3, 3], [HUGE, 1]), "large"),
    "convt2d-huge-output": (lambda: eddl.ConvT2D(image(), 2, [1, 1], [2**27, 2**27]), "many elements|memory|allocate"),
    "convt3d-on-an-image": (lambda: eddl.ConvT3D(image(), 2, [3, 3, 3]), "ConvT3D.*5 dimensions"),
    "conv2d-huge-kernel": (
        lambda: eddl.Conv2D(image(), 2, [HUGE, HUGE], [1, 1], "valid"),
        "does not fit|many elements",
    ),
    "conv2d-huge-same": (
        lambda: eddl.Conv2D(image(), 2, [HUGE, 1], [1, 1], "same", True, 1, [HUGE, 1]),
        "large|many elements|memory|allocate",
    ),
    "maxpool1d-on-a-vector": (lambda: eddl.MaxPool1D(eddl.Input([4])), "Pool1D.*3 dimensions"),
    "maxpool1d-window": (lambda: eddl.MaxPool1D(signal(), [2, 2]), r"MaxPool1D.*window of one.*\[2, 2\]"),
    "avgpool1d-stride": (lambda: eddl.AvgPool1D(signal(), [2], [0]), r"AvgPool1D.*strides.*\[0\]"),
    "maxpool1d-too-long": (lambda: eddl.MaxPool1D(signal(), [9]), "Pool1D.*does not fit"),
    "maxpool3d-on-an-image": (lambda: eddl.MaxPool3D(image()), "Pool3D.*5 dimensions"),
    "maxpool3d-window": (lambda: eddl.MaxPool3D(volume(), [2, 2]), r"Pool3D.*kernel of three.*\[2, 2\]"),
    "avgpool3d-too-deep": (lambda: eddl.AveragePool3D(volume(), [4, 2, 2]), "Pool3D.*does not fit"),
    "global-1d-on-an-image": (lambda: eddl.GlobalMaxPool1D(image()), "GlobalMaxPool1D.*3 dimensions"),
    "global-3d-on-an-image": (lambda: eddl.GlobalAvgPool3D(image()), "Global.*Pool3D.*5 dimensions"),
    "global-on-none": (lambda: eddl.GlobalAveragePool1D(None), "None|missing|incompatible"),
}


@pytest.mark.embedded_engine
@pytest.mark.parametrize("id", BAD_LAYERS)
def test_bad_arguments(id):
    call, words = BAD_LAYERS[id]
    with pytest.raises(BAD, match=words):
        call()


@pytest.mark.embedded_engine
def test_a_refused_layer_leaves_no_trace():
    x = signal()
    refused = [
        lambda: eddl.Conv1D(x, 2, [9], [1], "valid"),
        lambda: eddl.MaxPool1D(x, [9]),
        lambda: eddl.ConvT2D(x, 2, [3, 3]),
    ]
    for call in refused:
        with pytest.raises(BAD):
            call()
    assert not x.child
    net = build(eddl.Model([x], [eddl.Conv1D(x, 2, [3], [1], "same", True, 1, [1], "y")]))
    assert len(net.layers) == 2


def test_nan_passes_through():
    net = net_of(lambda x: eddl.Conv1D(x, 2, [3], [1], "same", True, 1, [1], "y"), [1, 6])
    x = np.zeros((1, 1, 6), np.float32)
    x[0, 0, 0] = np.nan
    y = predict(net, x)
    assert np.isnan(y[0, :, :2]).all() and np.isfinite(y[0, :, 2:]).all()
