"""Tensors in image files: EDDL's own, hand-made ones, and broken ones."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import array, tensor
from pyeddl.tensor import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from conformance.record_files import CHANNELS, FOLDER, IMAGE_FORMATS, image_values

pytestmark = pytest.mark.embedded_engine

FILES = [f"{name}.{format}" for name in CHANNELS for format in IMAGE_FORMATS]


def is_built_with_images(folder=FOLDER):
    try:
        Tensor.load(str(folder / "gray.png"))
    except RuntimeError as error:
        if "built without stb_image" in str(error):
            return False
        raise
    return True


with_images = pytest.mark.skipif(not is_built_with_images(), reason="this engine was built without stb_image")


@pytest.mark.skipif(is_built_with_images(), reason="this engine was built with stb_image")
def test_an_engine_without_images_names_the_remedy(tmp_path):
    for call in (lambda: Tensor.load(str(FOLDER / "gray.png")), lambda: tensor([[1.0]]).save(str(tmp_path / "a.png"))):
        with pytest.raises(RuntimeError, match=r"image files are not available.*Tensor\.fromarray"):
            call()
    assert list(tmp_path.iterdir()) == []


def tolerance(file):
    """Decoders of lossy files may round their last bit as they like."""
    return 2 if file.endswith("jpg") else 0


@with_images
@pytest.mark.parametrize("file", FILES)
def test_images_of_eddl_are_read_as_eddl_reads_them(file):
    with np.load(FOLDER / "images.npz") as expected:
        values = array(Tensor.load(str(FOLDER / file)))
        assert values.shape == expected[file].shape
        assert np.abs(values - expected[file]).max() <= tolerance(file)


@with_images
@pytest.mark.parametrize("file", [file for file in FILES if file != "alpha.bmp"])
def test_images_are_written_as_eddl_writes_them(file, tmp_path):
    name, format = file.split(".")
    tensor(image_values(name)).save(str(tmp_path / file))
    if format in ("bmp", "tga"):
        assert (tmp_path / file).read_bytes() == (FOLDER / file).read_bytes()
    with np.load(FOLDER / "images.npz") as expected:
        values = array(Tensor.load(str(tmp_path / file)))
        assert values.shape == expected[file].shape
        assert np.abs(values - expected[file]).max() <= tolerance(file)


@with_images
def test_bitmaps_keep_their_alpha(tmp_path):
    """EDDL lays them on a coloured ground."""
    tensor(image_values("alpha")).save(str(tmp_path / "a.bmp"))
    np.testing.assert_array_equal(array(Tensor.load(str(tmp_path / "a.bmp"))), image_values("alpha"))


@with_images
@pytest.mark.parametrize("shape", [(13, 18), (1, 13, 18), (1, 1, 13, 18)])
def test_the_shapes_of_one_gray_image(shape, tmp_path):
    tensor(image_values("gray").reshape(shape)).save(str(tmp_path / "a"), "png")
    np.testing.assert_array_equal(array(Tensor.load(str(tmp_path / "a"), "png")), image_values("gray"))


@with_images
def test_values_are_cut_off(tmp_path):
    tensor([[-3.0, 0.9, 254.9, 300.0, np.nan, np.inf]]).save(str(tmp_path / "a.png"))
    assert array(Tensor.load(str(tmp_path / "a.png"))).tolist() == [[[0, 0, 254, 255, 0, 255]]]


def gif():
    """One pixel of a palette of two colours."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes([10, 20, 30, 40, 50, 60])
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\x00;"


HAND_MADE = {
    "pgm": (b"P5 3 2 255\n" + bytes(range(6)), [[[0, 1, 2], [3, 4, 5]]]),
    "ppm": (b"P6 1 2 255\n" + bytes(range(6)), [[[0], [3]], [[1], [4]], [[2], [5]]]),
    "gif": (gif(), [[[40]], [[50]], [[60]], [[255]]]),
    # Upside down, blue first, rows of four bytes.
    "bmp": (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 62, 0, 0, 54, 40, 1, 2, 1, 24, 0, 8, 0, 0, 0, 0) + b"\1\2\3\0\4\5\6\0",
        [[[6], [3]], [[5], [2]], [[4], [1]]],
    ),
    "tga": (struct.pack("<BBBHHBHHHHBB", 0, 0, 3, 0, 0, 0, 0, 0, 2, 1, 8, 0x20) + b"\x07\x09", [[[7, 9]]]),
}


@with_images
@pytest.mark.parametrize("format", HAND_MADE)
def test_files_made_by_hand(format, tmp_path):
    data, expected = HAND_MADE[format]
    (tmp_path / f"a.{format}").write_bytes(data)
    np.testing.assert_array_equal(array(Tensor.load(str(tmp_path / f"a.{format}"))), expected)


@with_images
@pytest.mark.parametrize("file", FILES)
def test_broken_files_are_refused_or_read_but_never_crash(file, tmp_path):
    data = (FOLDER / file).read_bytes()
    rng = np.random.default_rng(len(data))
    path = tmp_path / file
    refused = 0
    broken = [data[:n] for n in range(0, len(data), 7)]
    for _ in range(300):
        bytes_ = bytearray(data)
        for at in rng.integers(len(data), size=rng.integers(1, 6)):
            bytes_[at] = rng.integers(256)
        broken.append(bytes(bytes_))
    for content in broken:
        path.write_bytes(content)
        try:
            assert array(Tensor.load(str(path))).ndim == 3
        except (RuntimeError, ValueError) as error:
            assert "Tensor" in str(error)
            refused += 1
    assert refused > 0


@with_images
@pytest.mark.parametrize(
    "format, data",
    [
        ("png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 2**20, 2**12, 8, 6, 0, 0, 0, 0)),
        ("bmp", b"BM" + struct.pack("<IHHIIiiHHIIiiII", 62, 0, 0, 54, 40, 30000, 30000, 1, 24, 0, 8, 0, 0, 0, 0)),
        ("tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 65535, 65535, 32, 8)),
        ("pgm", b"P5 60000 60000 255\n"),
    ],
)
def test_a_few_bytes_that_claim_to_be_a_huge_image(format, data, tmp_path):
    (tmp_path / f"a.{format}").write_bytes(data)
    with pytest.raises(RuntimeError, match=r"a\.\w+'.*not an image"):
        Tensor.load(str(tmp_path / f"a.{format}"))


@with_images
@pytest.mark.parametrize("shape", [(5,), (5, 3, 4), (2, 3, 4, 4), (3, 0, 4), (1, 1, 3, 4, 4)])
def test_what_is_no_image_is_not_written(shape, tmp_path):
    with pytest.raises(ValueError, match=r"Tensor::save"):
        tensor(np.zeros(shape)).save(str(tmp_path / "a.png"))
    assert list(tmp_path.iterdir()) == []


@with_images
def test_formats_and_files_that_are_not_there(tmp_path):
    for format in ("gif", "hdr", "webp"):
        with pytest.raises(ValueError, match=f"unknown format '{format}'"):
            tensor([[1.0]]).save(str(tmp_path / f"a.{format}"))
    with pytest.raises(ValueError, match="unknown format 'webp'"):
        Tensor.load(str(tmp_path / "a.webp"))
    with pytest.raises(RuntimeError, match=r"a\.png"):
        Tensor.load(str(tmp_path / "a.png"))
    with pytest.raises(RuntimeError, match="nowhere"):
        tensor([[1.0]]).save(str(tmp_path / "nowhere" / "a.png"))
