"""
Reads files that are damaged at random, in a process of its own: `python damaged_files.py KIND SEED FIRST LAST` runs the
cases FIRST to LAST - 1, each of which depends on its number alone. Whatever happens must be a Python exception or a
tensor; the file notes.txt tells which case ended the process. test_damaged_files.py starts it.
"""

import random
import re
import resource
import sys
from pathlib import Path

import numpy as np
import pyeddl.eddl as eddl
from helpers import Notes, array, bn_convnet, build, damaged, is_sanitized, mlp, params_of, predict, tensor
from pyeddl.tensor import Tensor

MARGIN = 256 << 20  # bytes of address space that reading small files may take
EXTREMES = [0, 1, -1, 2**31 - 1, -(2**31), 2**16, 2**24, 64, 65]
TENSOR_FORMATS = ["bin", "npy", "csv", "tsv", "txt"]
IMAGE_FORMATS = ["bmp", "jpg", "png", "tga"]


def good_tensors(chance):
    """[(format, content)]"""
    values = np.random.default_rng(chance.randrange(2**32)).normal(size=(5, 7)).astype(np.float32)
    wide = values.reshape(1, 5, 7, 1).repeat(3, axis=3)
    found = []
    for format in TENSOR_FORMATS:
        for content in [values] if format in ("csv", "tsv", "txt") else [values, wide, np.zeros((0, 4))]:
            tensor(content).save(f"good.{format}", format)
            found.append((format, Path(f"good.{format}").read_bytes()))
    for type in (np.float64, np.int64, np.uint8, np.bool_, np.complex64, np.dtype(">f4")):
        np.save("good.npy", np.ones((3, 4), type))
        found.append(("npy", Path("good.npy").read_bytes()))
    return found


def good_images(chance):
    pixels = np.random.default_rng(chance.randrange(2**32)).integers(0, 256, (3, 9, 14))
    found = [("pgm", b"P5 3 2 255\n" + bytes(range(6))), ("ppm", b"P6 1 2 65535\n" + bytes(range(12)))]
    for format in IMAGE_FORMATS:
        for channels in (1, 3):
            tensor(pixels[:channels]).save(f"good.{format}")
            found.append((format, Path(f"good.{format}").read_bytes()))
    screen = b"GIF89a\x02\x00\x01\x00\x80\x00\x00" + bytes(range(6))
    found.append(("gif", screen + b",\x00\x00\x00\x00\x02\x00\x01\x00\x00\x02\x02\x44\x51\x00;"))
    found.append(("hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" + bytes(range(16))))
    found.append(
        ("psd", b"8BPS\x00\x01" + bytes(6) + b"\x00\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x08\x00\x03" + bytes(26))
    )
    found.append(
        ("pic", b"\x53\x80\xf6\x34" + bytes(84) + b"PICT\x00\x02\x00\x01" + bytes(8) + b"\x00\x08\x02\xe0" * 4)
    )
    return found


def spoilt(chance, content):
    """Damaged at random, or one number of the header made extreme, or nearly all of it noise."""
    way = chance.randrange(8)
    if way == 0 and len(content) > 8:
        at = 4 * chance.randrange(min(len(content) // 4, 16))
        number = chance.choice(EXTREMES).to_bytes(4, chance.choice(["little", "big"]), signed=True)
        return content[:at] + number + content[at + 4 :]
    if way == 1:
        kept = chance.randrange(min(len(content), 64) + 1)
        return content[:kept] + chance.randbytes(chance.randrange(300))
    return damaged(chance, content)


def read_tensor(chance, good):
    format, content = chance.choice(good)
    if chance.randrange(10) == 0:
        format = chance.choice(TENSOR_FORMATS + IMAGE_FORMATS)
    path = f"damaged.{format}"
    Path(path).write_bytes(spoilt(chance, content))
    read = Tensor.load(path)
    assert list(array(read).shape) == list(read.shape) or not read.shape


def read_weights(chance, good):
    made, content = chance.choice(good)
    net = build(made(), seed=1)
    before = params_of(net)
    Path("damaged.bin").write_bytes(spoilt(chance, content))
    x = np.ones((2, *net.lin[0].output.shape[1:]))
    try:
        eddl.load(net, "damaged.bin", chance.choice(["bin"] * 5 + TENSOR_FORMATS))
    except Exception:
        assert all(np.array_equal(a, b) for a, b in zip(before, params_of(net))), "the net has changed"
        raise
    finally:
        assert predict(net, x).shape[0] == 2
    assert [p.shape for p in before] == [p.shape for p in params_of(net)]


def good_weights(chance):
    found = []
    for made in (mlp, bn_convnet):
        eddl.save(build(made(), seed=chance.randrange(1000)), "good.bin")
        found.append((made, Path("good.bin").read_bytes()))
    return found


KINDS = {
    "tensors": (good_tensors, read_tensor),
    "images": (good_images, read_tensor),
    "weights": (good_weights, read_weights),
}


def address_space():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def main():
    kind, seed, first, last = sys.argv[1], *map(int, sys.argv[2:])
    make, read = KINDS[kind]
    good = make(random.Random(seed))
    if not is_sanitized():  # whose shadow memory is larger than any limit
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + MARGIN,) * 2)
    notes = Notes("notes.txt")
    read_well = 0
    for case in range(first, last):
        notes.write(f"{kind} {seed} {case}")
        try:
            read(random.Random(f"{kind} {seed} {case}"), good)
            read_well += 1
        except (RuntimeError, ValueError) as error:
            assert not re.search("no memory|outofmem", str(error)), error
    notes.write(f"done: {read_well} of {last - first} were read")


if __name__ == "__main__":
    main()
