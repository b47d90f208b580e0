"""
Layers that move pixels, where EDDL's numbers are no standard: what lies beyond the borders, coordinates, random
transforms, inference, gradients through them; and what they refuse.
"""

import itertools

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, build, in_child, tensor, view
from pyeddl._core import Tensor as Core
from pyeddl.tensor import Tensor

pytestmark = pytest.mark.embedded_engine

HEIGHT, WIDTH = 5, 7
# What NumPy calls the ways to go on beyond a border.
NUMPY_MODES = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "mirror": "reflect", "wrap": "wrap"}
BATCH, CHANNELS = 6, 2


def numbered(height=HEIGHT, width=WIDTH, batch=BATCH, channels=CHANNELS):
    """Images all of whose pixels differ, none of them 0."""
    n = batch * channels * height * width
    return np.arange(1, n + 1, dtype=np.float32).reshape(batch, channels, height, width)


def net_of(layer, shape=(CHANNELS, HEIGHT, WIDTH), mem="full_mem"):
    x = eddl.Input(list(shape), "x")
    return build(eddl.Model([x], [layer(x)]), mem=mem)


def run(layer, images, training=False):
    net = net_of(layer, images.shape[1:])
    eddl.set_mode(net, int(training))
    eddl.forward(net, [tensor(images)])
    return array(net.lout[0].output)


def beyond(images, mode, border=20):
    """The images with a border of that many pixels on each side."""
    return np.pad(images, [(0, 0), (0, 0), (border, border), (border, border)], NUMPY_MODES[mode])


# --- beyond the borders ---


@pytest.mark.parametrize("mode", NUMPY_MODES)
@pytest.mark.parametrize("shift", [(0, 0), (2, -3), (-4, 6), (4, 5)])
def test_shift_sees_what_the_mode_puts_beyond_the_border(mode, shift):
    images = numbered()
    top, left = 20 - shift[0], 20 - shift[1]
    expected = beyond(images, mode)[:, :, top : top + HEIGHT, left : left + WIDTH]
    np.testing.assert_array_equal(run(lambda x: eddl.Shift(x, list(shift), mode), images), expected)


def test_shift_original_keeps_the_pixels_that_were_there():
    images = numbered()
    expected = images.copy()
    expected[:, :, 2:, :-1] = images[:, :, :-2, 1:]
    np.testing.assert_array_equal(run(lambda x: eddl.Shift(x, [2, -1], "original"), images), expected)


def test_the_constant_is_the_one_given():
    y = run(lambda x: eddl.Shift(x, [3, 0], "constant", -7.0), numbered())
    assert (y[:, :, :3] == -7.0).all() and (y[:, :, 3:] > 0).all()


@pytest.mark.parametrize("mode", NUMPY_MODES)
def test_rotate_sees_what_the_mode_puts_beyond_the_border(mode):
    images = numbered()
    # Where each pixel comes from, in coordinates cut off towards zero.
    angle = np.deg2rad(-33.0)
    y, x = np.meshgrid(np.arange(HEIGHT) - HEIGHT // 2, np.arange(WIDTH) - WIDTH // 2, indexing="ij")
    rows = np.trunc(np.sin(angle) * x + np.cos(angle) * y + HEIGHT // 2).astype(int)
    columns = np.trunc(np.cos(angle) * x - np.sin(angle) * y + WIDTH // 2).astype(int)
    expected = beyond(images, mode)[:, :, rows + 20, columns + 20]
    np.testing.assert_array_equal(run(lambda x: eddl.Rotate(x, 33.0, [0, 0], mode), images), expected)


@pytest.mark.parametrize("turns", range(-3, 5))
@pytest.mark.parametrize("size", [3, 5, 9, 31])
def test_quarter_turns_lose_no_pixel(turns, size):
    images = numbered(size, size, 2)
    expected = np.rot90(images, -turns, axes=(2, 3))
    np.testing.assert_array_equal(run(lambda x: eddl.Rotate(x, 90.0 * turns), images), expected)


@pytest.mark.parametrize("mode", NUMPY_MODES)
@pytest.mark.parametrize("layer", [eddl.Scale, eddl.Resize])
def test_zooming_out_sees_what_the_mode_puts_beyond_the_border(layer, mode):
    images = numbered(6, 8)
    small = images[:, :, ::2, ::2]
    # The small image begins at the offset (6 - 3) / 2; beyond, each pixel is two further on in the input.
    rows, columns = 2 * (np.arange(6) - 1), 2 * (np.arange(8) - 2)
    expected = beyond(images, mode)[:, :, 20 + rows][..., 20 + columns]
    actual = run(lambda x: layer(x, [3, 4], False, mode), images)
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(actual[:, :, 1:4, 2:6], small)


def test_zooming_volumes_out_wraps_each_axis():
    volumes = np.arange(1, 2 * 4 * 4 * 4 + 1, dtype=np.float32).reshape(1, 2, 4, 4, 4)
    axis = np.array([2, 0, 2, 0])  # of -2, 0, 2, 4, modulo 4
    actual = run(lambda x: eddl.UpSampling3D(x, [2, 2, 2], False, "wrap"), volumes)
    np.testing.assert_array_equal(actual, volumes[:, :, axis][:, :, :, axis][..., axis])


# --- coordinates ---


def source(mode, i, n, to):
    """Where pixel i of an axis scaled from n to `to` comes from, as ONNX defines the modes of its Resize."""
    if mode == "align_corners":
        return 0 if to == 1 else i * (n - 1) / (to - 1)
    if mode == "asymmetric":
        return i * n / to
    if mode == "tf_crop_and_resize":  # of the whole image
        return 0.5 * (n - 1) if to == 1 else i * (n - 1) / (to - 1)
    if mode == "pytorch_half_pixel" and to == 1:
        return 0
    return (i + 0.5) * n / to - 0.5


MODES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(9, 11), (3, 2), (1, 1), (5, 7)])
def test_scaling_follows_its_coordinates(mode, size):
    images = numbered()
    rows, columns = (
        [max(0, int(source(mode, i, n, to) + 1e-6)) for i in range(to)] for n, to in zip((HEIGHT, WIDTH), size)
    )
    expected = images[:, :, rows][..., columns]
    actual = run(lambda x: eddl.Resize(x, list(size), True, "constant", 0.0, mode), images)
    np.testing.assert_array_equal(actual, expected)


def test_upsampling_of_another_name_is_the_nearest_and_says_so(capfd):
    images = numbered()
    expected = images.repeat(2, axis=2).repeat(3, axis=3)
    np.testing.assert_array_equal(run(lambda x: eddl.UpSampling2D(x, [2, 3], "bilinear"), images), expected)
    assert "bilinear" in capfd.readouterr().err
    np.testing.assert_array_equal(run(lambda x: eddl.UpSampling2D(x, [2, 3]), images), expected)
    assert capfd.readouterr().err == ""


def test_cropping_and_cutting_out():
    images = numbered()
    np.testing.assert_array_equal(run(lambda x: eddl.Crop(x, [1, 2], [3, 6]), images), images[:, :, 1:4, 2:7])
    np.testing.assert_array_equal(run(lambda x: eddl.CenteredCrop(x, [3, 3]), images), images[:, :, 1:4, 2:5])
    inside = np.zeros_like(images)
    inside[:, :, 1:4, 2:7] = 1
    kept = run(lambda x: eddl.Crop(x, [1, 2], [3, 6], False, 9.0), images)
    np.testing.assert_array_equal(kept, np.where(inside == 1, images, 9.0))
    cut = run(lambda x: eddl.Cutout(x, [1, 2], [3, 6], 9.0), images)
    np.testing.assert_array_equal(cut, np.where(inside == 1, 9.0, images))
    # 2 x 2 pixels over 5 x 7
    stretched = run(lambda x: eddl.CropScale(x, [1, 2], [2, 3]), images)
    np.testing.assert_array_equal(stretched, images[:, :, [1, 1, 1, 2, 2]][..., [2, 2, 2, 2, 3, 3, 3]])


# --- random transforms ---

MANY = 64

RANDOM = {
    "shift": lambda x: eddl.RandomShift(x, [-0.5, 0.5], [-0.5, 0.5], "constant"),
    "rotation": lambda x: eddl.RandomRotation(x, [-90.0, 90.0], [0, 0], "wrap"),
    "scale": lambda x: eddl.RandomScale(x, [0.5, 2.0], "constant"),
    "flip-rows": lambda x: eddl.RandomFlip(x, 0),
    "flip-columns": lambda x: eddl.RandomFlip(x, 1),
    "crop": lambda x: eddl.RandomCrop(x, [3, 4]),
    "crop-scale": lambda x: eddl.RandomCropScale(x, [0.3, 0.9]),
    "cutout": lambda x: eddl.RandomCutout(x, [0.1, 0.5], [0.1, 0.5]),
}


def is_one_of(image, candidates):
    return any(np.array_equal(image, candidate) for candidate in candidates)


def test_random_flips_turn_half_of_the_images():
    images = numbered(batch=MANY)
    for layer, axis in ((eddl.RandomHorizontalFlip, 1), (eddl.RandomVerticalFlip, 2)):
        flipped = run(layer, images, training=True)
        turned = [np.array_equal(y, np.flip(x, axis)) for x, y in zip(images, flipped)]
        same = [np.array_equal(x, y) for x, y in zip(images, flipped)]
        assert all(t != s for t, s in zip(turned, same))
        assert MANY // 8 < sum(turned) < MANY - MANY // 8


def test_random_crops_are_windows_and_reach_every_place():
    images = numbered(batch=4 * MANY)
    crops = run(lambda x: eddl.RandomCrop(x, [4, 5]), images, training=True)
    places = list(itertools.product(range(HEIGHT - 3), range(WIDTH - 4)))
    seen = set()
    for image, crop in zip(images, crops):
        found = [(y, x) for y, x in places if np.array_equal(crop, image[:, y : y + 4, x : x + 5])]
        assert len(found) == 1
        seen.update(found)
    assert seen == set(places)


@pytest.mark.parametrize("mode", NUMPY_MODES)
def test_random_shifts_stay_within_their_factors_and_use_the_mode(mode):
    images = numbered(batch=MANY)
    layer = lambda x: eddl.RandomShift(x, [-0.3, 0.3], [0.2, 0.6], mode)  # noqa: E731
    shifted = run(layer, images, training=True)
    padded = beyond(images, mode)
    ups, rights = range(1, 4), range(-2, 3)  # whole pixels of 5 x 7 within the factors
    seen = set()
    for image, y in zip(padded, shifted):
        found = [
            (up, right)
            for up, right in itertools.product(ups, rights)
            if np.array_equal(y, image[:, 20 - up : 20 - up + HEIGHT, 20 - right : 20 - right + WIDTH])
        ]
        assert found
        seen.update(found)
    assert len(seen) > 3


def test_random_cutouts_are_rectangles_within_their_factors():
    images = numbered(10, 10, MANY, 1)
    layer = lambda x: eddl.RandomCutout(x, [0.2, 0.5], [0.1, 0.3], -1.0)  # noqa: E731
    sizes = set()
    for image, y in zip(images, run(layer, images, training=True)):
        rows, columns = np.nonzero(y[0] == -1.0)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height * width == len(rows)
        assert 1 <= height <= 3 and 2 <= width <= 5
        kept = y[0] != -1.0
        np.testing.assert_array_equal(y[0][kept], image[0][kept])
        sizes.add((height, width))
    assert len(sizes) > 2


def test_random_settings_of_no_width_do_what_the_fixed_layer_does():
    images = numbered()
    for random, fixed in (
        (
            lambda x: eddl.RandomRotation(x, [40.0, 40.0], [1, 0], "wrap"),
            lambda x: eddl.Rotate(x, 40.0, [1, 0], "wrap"),
        ),
        (lambda x: eddl.RandomScale(x, [2.0, 2.0], "wrap"), lambda x: eddl.Scale(x, [10, 14], False, "wrap")),
        (lambda x: eddl.RandomScale(x, [0.6, 0.6], "mirror"), lambda x: eddl.Scale(x, [3, 4], False, "mirror")),
        (
            lambda x: eddl.RandomShift(x, [0.3, 0.3], [-0.4, -0.4], "reflect"),
            lambda x: eddl.Shift(x, [-2, 2], "reflect"),
        ),
        (lambda x: eddl.RandomCropScale(x, [1.0, 1.0]), lambda x: eddl.CropScale(x, [0, 0], [4, 6])),
        (lambda x: eddl.RandomCutout(x, [1.0, 1.0], [1.0, 1.0], 3.0), lambda x: eddl.Cutout(x, [0, 0], [4, 6], 3.0)),
    ):
        np.testing.assert_array_equal(run(random, images, training=True), run(fixed, images))


@pytest.mark.parametrize("name", RANDOM)
def test_images_of_a_batch_are_drawn_one_by_one_and_channels_together(name):
    image = numbered(9, 9, 1, 1)
    images = np.repeat(np.repeat(image, MANY, axis=0), 2, axis=1)
    y = run(RANDOM[name], images, training=True)
    np.testing.assert_array_equal(y[:, 0], y[:, 1])
    assert len({image.tobytes() for image in y}) > 1


@pytest.mark.parametrize("name", RANDOM)
def test_inference_leaves_images_as_they_are(name):
    images = numbered()
    y = run(RANDOM[name], images)
    np.testing.assert_array_equal(y, images[:, :, 1:4, 1:5] if name == "crop" else images)


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
@pytest.mark.parametrize("name", RANDOM)
def test_gradients_go_back_the_way_the_images_came(name, mem):
    """Each output pixel shows by its value where it came from; its gradient must go there, and add up."""
    x = eddl.Input([CHANNELS, HEIGHT, WIDTH], "x")
    same = eddl.Conv2D(x, CHANNELS, [1, 1], [1, 1], "valid", False, 1, [1, 1], "same")
    net = build(eddl.Model([x], [RANDOM[name](same)]), mem=mem)
    view(same.params[0])[...] = np.eye(CHANNELS)[:, :, None, None]
    for batch in (BATCH, 2, 9):
        images = numbered(batch=batch)
        target = np.random.default_rng(0).normal(size=(batch, *net.lout[0].output.shape[1:])).astype(np.float32)
        eddl.set_mode(net, 1)
        eddl.zeroGrads(net)
        eddl.forward(net, [tensor(images)])
        y = array(net.lout[0].output)
        eddl.backward(net, [tensor(target)])
        delta = np.zeros(images.size + 1)  # the first stands for what came from outside
        np.add.at(delta, y.astype(int).reshape(-1), ((y - target) / batch).reshape(-1).astype(np.float64))
        delta = delta[1:].reshape(images.shape)
        if mem == "full_mem":
            np.testing.assert_allclose(array(same.delta), delta, rtol=1e-5, atol=1e-3)
        expected = np.einsum("bohw,bchw->oc", delta, images)
        np.testing.assert_allclose(array(same.gradients[0])[:, :, 0, 0], expected, rtol=1e-4)


SEEDED = """
import numpy as np, pyeddl.eddl as eddl
from helpers import array, build, tensor
x = eddl.Input([1, 9, 9])
h = eddl.RandomFlip(eddl.RandomScale(eddl.RandomShift(x, [-0.3, 0.3], [-0.3, 0.3]), [0.5, 2.0]), 1)
h = eddl.RandomRotation(eddl.RandomCrop(eddl.RandomCutout(h, [0.1, 0.5], [0.1, 0.5]), [7, 7]), [-90.0, 90.0])
net = build(eddl.Model([x], [eddl.RandomCropScale(h, [0.5, 1.0])]), threads={threads})
eddl.set_mode(net, 1)
eddl.forward(net, [tensor(np.arange(20 * 81).reshape(20, 1, 9, 9))])
result = array(net.lout[0].output).astype(int).tolist()
"""


def test_the_seed_decides_what_is_drawn(tmp_path):
    def drawn(seed, threads):
        return in_child(SEEDED.format(threads=threads), tmp_path, EDDL_SEED=seed)

    first = drawn("1", 1)
    assert drawn("1", 2) == first
    assert drawn("2", 1) != first


# --- what they refuse ---

BAD = {
    "shift-too-far": (lambda x: eddl.Shift(x, [5, 0]), r"Shift.*\[5, 0\]"),
    "shift-of-one": (lambda x: eddl.Shift(x, [1]), r"Shift.*\[1\]"),
    "shift-mode": (lambda x: eddl.Shift(x, [1, 1], "around"), "around"),
    "rotate-offset": (lambda x: eddl.Rotate(x, 3.0, [1, 2, 3]), r"Rotate.*\[1, 2, 3\]"),
    "rotate-offset-absurd": (lambda x: eddl.Rotate(x, 3.0, [2**31 - 1, 0]), "Rotate.*2147483647"),
    "flip-axis": (lambda x: eddl.Flip(x, 2), "Flip.*2"),
    "random-flip-axis": (lambda x: eddl.RandomFlip(x, -1), "Flip.*-1"),
    "crop-beyond": (lambda x: eddl.Crop(x, [0, 0], [5, 6]), r"Crop.*\[5, 6\]"),
    "crop-negative": (lambda x: eddl.Crop(x, [-1, 0], [3, 3]), r"Crop.*\[-1, 0\]"),
    "crop-backwards": (lambda x: eddl.Crop(x, [3, 3], [2, 4]), "crop|Crop"),
    "crop-of-one": (lambda x: eddl.Crop(x, [3], [2]), r"Crop.*\[3\]"),
    "centered-crop-too-large": (lambda x: eddl.CenteredCrop(x, [6, 6]), "CenteredCrop"),
    "centered-crop-of-nothing": (lambda x: eddl.CenteredCrop(x, [0, 6]), r"CenteredCrop.*\[0, 6\]"),
    "crop-scale-beyond": (lambda x: eddl.CropScale(x, [0, 0], [9, 9]), "CropScale"),
    "crop-scale-mode": (lambda x: eddl.CropScale(x, [0, 0], [2, 2], "any"), "any"),
    "cutout-beyond": (lambda x: eddl.Cutout(x, [0, 0], [9, 9]), "Cutout"),
    "scale-zero": (lambda x: eddl.Scale(x, [0, 3]), r"scale.*\[0, 3\]"),
    "resize-of-one": (lambda x: eddl.Resize(x, [3]), r"resize.*\[3\]"),
    "resize-absurd": (lambda x: eddl.Resize(x, [2**31 - 1, 2**31 - 1]), "too many"),
    "resize-coordinates": (lambda x: eddl.Resize(x, [3, 3], True, "constant", 0.0, "diagonal"), "diagonal"),
    "upsampling3d-of-two": (lambda x: eddl.UpSampling3D(x, [3, 3]), r"upsampling3d.*\[3, 3\]"),
    "random-shift-far": (lambda x: eddl.RandomShift(x, [0.0, 1.5], [0.0, 0.0]), "RandomShift.*1.5"),
    "random-shift-of-one": (lambda x: eddl.RandomShift(x, [0.0], [0.0, 0.0]), "RandomShift"),
    "random-rotation-nan": (lambda x: eddl.RandomRotation(x, [float("nan"), 1.0]), "RandomRotation.*nan"),
    "random-scale-negative": (lambda x: eddl.RandomScale(x, [-1.0, 1.0]), "RandomScale.*-1"),
    "random-crop-too-large": (lambda x: eddl.RandomCrop(x, [6, 6]), "RandomCrop"),
    "random-crop-scale-large": (lambda x: eddl.RandomCropScale(x, [0.5, 1.1]), "RandomCropScale.*1.1"),
    "random-cutout-negative": (lambda x: eddl.RandomCutout(x, [0.5, 0.6], [-0.1, 0.5]), "RandomCutout.*-0.1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_settings_are_refused_and_leave_no_trace(name):
    make, message = BAD[name]
    x = eddl.Input([CHANNELS, HEIGHT, WIDTH], "x")
    with pytest.raises(ValueError, match=message):
        make(x)
    assert x.child == []


@pytest.mark.parametrize(
    "layer",
    [
        lambda x: eddl.Shift(x, [1, 1]),
        lambda x: eddl.Crop(x, [0, 0], [3, 3]),
        lambda x: eddl.CenteredCrop(x, [3, 3]),
        lambda x: eddl.Resize(x, [4, 4]),
        lambda x: eddl.RandomFlip(x, 0),
        lambda x: eddl.RandomCrop(x, [2, 2]),
        lambda x: eddl.RandomShift(x, [1.0, 1.0], [2.0, 2.0]),
        lambda x: eddl.UpSampling3D(x, [2, 2, 2]),
    ],
)
@pytest.mark.parametrize("shape", [[16], [4, 4], [2, 3, 4, 5, 6]])
def test_what_is_no_image_is_refused_at_the_latest_when_the_layer_runs(layer, shape):
    with pytest.raises(ValueError, match=r"expected"):
        net = net_of(layer, shape)
        eddl.forward(net, [tensor(np.zeros((2, *shape)))])


def test_no_parent():
    for layer in (
        lambda: eddl.Shift(None, [1, 1]),
        lambda: eddl.CenteredCrop(None, [1, 1]),
        lambda: eddl.Resize(None, [3, 3]),
    ):
        with pytest.raises((ValueError, TypeError)):
            layer()


# --- the same, on tensors ---


def test_tensors_scale_flip_and_crop_as_the_layers_do():
    images = numbered()
    t = tensor(images)
    np.testing.assert_array_equal(array(t.scale([10, 14])), images.repeat(2, axis=2).repeat(2, axis=3))
    assert array(t.scale([10, 14], keep_size=True)).shape == images.shape
    np.testing.assert_array_equal(array(t.flip(0)), np.flip(images, 2))
    np.testing.assert_array_equal(array(t.flip(1)), np.flip(images, 3))
    out = Tensor.zeros(list(images.shape))
    Core.static_flip(t, out, 1)
    np.testing.assert_array_equal(array(out), np.flip(images, 3))
    Core.static_flip_random(t, out, 0)
    assert all(is_one_of(y, (x, np.flip(x, 1))) for x, y in zip(images, array(out)))
    assert all(is_one_of(y, (x, np.flip(x, 2))) for x, y in zip(images, array(t.flip_random(1))))
    small = Tensor.zeros([BATCH, CHANNELS, 2, WIDTH])
    Core.static_crop_random(t, small)
    for x, y in zip(images, array(small)):
        assert is_one_of(y, [x[:, i : i + 2] for i in range(HEIGHT - 1)])
    crops = array(t.crop_random(3, 4))
    assert crops.shape == (BATCH, CHANNELS, 3, 4)
    kept = array(t.crop_random(3, 4, -2.0, True))
    assert kept.shape == images.shape and (kept[:, 0] == -2.0).sum() == BATCH * (HEIGHT * WIDTH - 12)
    assert ((kept == images) | (kept == -2.0)).all()
    for bad in (lambda: t.crop_random(6, 2), lambda: t.flip(2), lambda: t.scale([0, 1]), lambda: t.scale([3])):
        with pytest.raises(ValueError, match="Tensor::"):
            bad()
    with pytest.raises(ValueError, match="must not be the input"):
        Core.static_flip(t, t, 0)
