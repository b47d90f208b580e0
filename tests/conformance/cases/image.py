"""Layers that move the pixels of images, with fixed settings; what is drawn at random is in test_engine_images.py."""

import pyeddl.eddl as eddl
from conformance.cases.base import family

case = family(__name__)


def between_convolutions(layer, shape=(2, 6, 5)):
    """1x1 convolution → the layer → 2x2 convolution."""

    def make():
        x = eddl.Input(list(shape), "x")
        h = eddl.Conv2D(x, shape[0], [1, 1], [1, 1], "valid", True, 1, [1, 1], "before")
        return eddl.Model([x], [eddl.Conv2D(layer(h), 2, [2, 2], [1, 1], "valid", True, 1, [1, 1], "y")])

    return make


RESIZES = {
    # id: new shape, reshape, outside, constant, coordinates
    "up": ([12, 15], True, "constant", 0.0, "asymmetric"),
    "up-uneven": ([9, 8], True, "nearest", 0.0, "asymmetric"),
    "up-half-pixel": ([9, 11], True, "constant", 0.0, "half_pixel"),
    "up-align-corners": ([9, 11], True, "constant", 0.0, "align_corners"),
    "down": ([3, 4], True, "constant", 0.0, "asymmetric"),
    "down-half-pixel": ([3, 2], True, "constant", 0.0, "half_pixel"),
    "down-align-corners": ([4, 3], True, "constant", 0.0, "align_corners"),
    "zoom-in": ([9, 11], False, "constant", 0.0, "asymmetric"),
    "zoom-out": ([4, 3], False, "constant", 0.5, "asymmetric"),
    "zoom-out-original": ([3, 3], False, "original", 0.0, "half_pixel"),
    "one-axis-each": ([9, 3], False, "constant", -1.0, "align_corners"),
}
for _id, _settings in RESIZES.items():
    case(f"resize-{_id}", between_convolutions(lambda h, a=_settings: eddl.Resize(h, *a, "t")))
case("resize-batch-1", between_convolutions(lambda h: eddl.Resize(h, [9, 8], name="t")), batch=1)

# EDDL hands the gradient of what augments data to the parent as it is, whatever the layer did.
PASSED_ON = {
    "eddl_defect": "the gradient goes back as if the layer had left the image as it is",
    "spoils": "input-delta|gradient/before|params-1/before|params-3|predict-after",
}
AUGMENTATIONS = {
    "shift": lambda h: eddl.Shift(h, [1, -2], "constant", 0.3, "t"),
    "shift-original": lambda h: eddl.Shift(h, [-3, 1], "original", 0.0, "t"),
    "rotate": lambda h: eddl.Rotate(h, 30.0, [0, 0], "constant", -0.5, "t"),
    "rotate-original": lambda h: eddl.Rotate(h, -77.0, [1, -1], "original", 0.0, "t"),
    "rotate-far": lambda h: eddl.Rotate(h, 200.0, [0, 0], "constant", 0.0, "t"),
    "scale-zoom-in": lambda h: eddl.Scale(h, [9, 11], False, "constant", 0.0, "asymmetric", "t"),
    "scale-zoom-out": lambda h: eddl.Scale(h, [4, 3], False, "constant", 0.5, "half_pixel", "t"),
    "flip-rows": lambda h: eddl.Flip(h, 0, "t"),
    "flip-columns": lambda h: eddl.Flip(h, 1, "t"),
    "flip-horizontal": lambda h: eddl.HorizontalFlip(h, "t"),
    "flip-vertical": lambda h: eddl.VerticalFlip(h, "t"),
    "crop-in-place": lambda h: eddl.Crop(h, [1, 1], [4, 3], False, 0.5, "t"),
    "crop-centered-in-place": lambda h: eddl.CenteredCrop(h, [3, 3], False, 0.5, "t"),
    "crop-scale": lambda h: eddl.CropScale(h, [1, 0], [4, 2], "constant", 0.0, "t"),
    "cutout": lambda h: eddl.Cutout(h, [1, 1], [3, 4], 0.5, "t"),
}
for _id, _layer in AUGMENTATIONS.items():
    case(_id, between_convolutions(_layer), **PASSED_ON)


def _shares_delta(case):
    net = case.built()
    layer = eddl.getLayer(net, "t")
    layer.mem_delta()
    return layer.delta.shape == layer.parent[0].output.shape != layer.output.shape


# In training, EDDL writes the gradients of an output of another shape over those of the input, and beyond their end.
NO_ROOM = {"eddl_defect": "trains with its parent's delta for its own, which has another shape", "shown": _shares_delta}
RESHAPING = {
    "scale": lambda h: eddl.Scale(h, [12, 10], True, "constant", 0.0, "asymmetric", "t"),
    "scale-down": lambda h: eddl.Scale(h, [4, 3], True, "nearest", 0.0, "align_corners", "t"),
    "crop": lambda h: eddl.Crop(h, [1, 0], [4, 3], True, 0.0, "t"),
    "crop-centered": lambda h: eddl.CenteredCrop(h, [4, 3], True, 0.0, "t"),
    "crop-centered-odd": lambda h: eddl.CenteredCrop(h, [3, 2], True, 0.0, "t"),
}
for _id, _layer in RESHAPING.items():
    case(f"{_id}-predict", between_convolutions(_layer), train=False)
    case(_id, between_convolutions(_layer), **NO_ROOM)


def volume(layer, shape=(2, 3, 4, 2)):
    """The layer on volumes, which a Dense made."""

    def make():
        x = eddl.Input([5], "x")
        size = shape[0] * shape[1] * shape[2] * shape[3]
        h = eddl.Reshape(eddl.Dense(x, size, True, "before"), list(shape), "volume")
        return eddl.Model([x], [eddl.Dense(eddl.Reshape(layer(h), [-1], "flat"), 3, True, "y")])

    return make


VOLUMES = {
    "up": ([6, 8, 4], True, "constant", 0.0, "asymmetric"),
    "up-half-pixel": ([4, 7, 5], True, "constant", 0.0, "half_pixel"),
    "down": ([2, 3, 1], True, "constant", 0.0, "asymmetric"),
    "down-align-corners": ([2, 3, 2], True, "constant", 0.0, "align_corners"),
    "zoom-in": ([5, 6, 4], False, "constant", 0.0, "asymmetric"),
    "zoom-out": ([1, 2, 2], False, "constant", 0.5, "asymmetric"),
    "zoom-out-original": ([2, 2, 2], False, "original", 0.0, "asymmetric"),
}
for _id, _settings in VOLUMES.items():
    case(f"upsampling3d-{_id}", volume(lambda h, a=_settings: eddl.UpSampling3D(h, *a, "t")))
