"""
Writes, with the installed PyEDDL's engine, a file of parameters for each kind of layer that has some, and tensor files
and images in each format. From the repository's root:

    python tests/conformance/record_files.py [FOLDER]
"""

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
FOLDER = Path(__file__).with_name("eddl_files")
SHAPES = {"vector": (5,), "matrix": (3, 4), "batch": (2, 3, 2, 2)}
CHANNELS = {"gray": 1, "colour": 3, "alpha": 4}
IMAGE_FORMATS = ["bmp", "jpg", "png", "tga"]
FORMATS = {"vector": ["bin"], "matrix": ["bin", "csv", "tsv", "txt"], "batch": ["bin"]}


def tensor_values(name):
    """Large and small, whole and broken, of both signs: what text must keep."""
    import numpy as np

    shape = SHAPES[name]
    values = np.random.default_rng(len(shape)).normal(size=shape)
    values *= 10.0 ** (np.arange(values.size).reshape(shape) % 9 - 4)
    values.reshape(-1)[::4] = np.round(values.reshape(-1)[::4])
    return values.astype(np.float32)


def image_values(name):
    """Smooth enough for a JPEG, [channels, 13, 18], whole numbers from 0 to 255."""
    import numpy as np

    y, x = np.mgrid[0:13, 0:18]
    planes = [127 + 127 * np.sin(0.3 * (i + 1) * x + 0.2 * y + i) for i in range(CHANNELS[name])]
    return np.floor(planes).astype(np.float32)


def chosen_cases(cases):
    """{kind of layer: the case in which it has most parameter tensors, of several the one with fewest values}."""
    chosen = {}
    for case in cases:
        net = case.built()
        size = sum(p.size for layer in net.layers for p in layer.params)
        for layer in net.layers:
            if layer.params:
                kind = type(layer).__name__
                chosen[kind] = min(chosen.get(kind, (0, 0, "")), (-len(layer.params), size, case.id))
    return {kind: id for kind, (_, _, id) in sorted(chosen.items())}


def main():
    import numpy as np
    import pyeddl.eddl as eddl
    from conformance.cases import CASES
    from helpers import tensor
    from pyeddl.tensor import Tensor

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(exist_ok=True)
    index = chosen_cases([case for case in CASES.values() if case.is_recorded])
    for kind, id in index.items():
        eddl.save(CASES[id].built(), str(folder / f"{kind}.bin"), "bin")
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    for name, formats in FORMATS.items():
        for format in formats:
            tensor(tensor_values(name)).save(str(folder / f"{name}.{format}"), format)
    read = {}  # what the engine makes of its own images
    for file in (f"{name}.{format}" for name in CHANNELS for format in IMAGE_FORMATS):
        tensor(image_values(file.split(".")[0])).save(str(folder / file))
        read[file] = Tensor.load(str(folder / file)).getdata().astype(np.uint8)
    np.savez_compressed(folder / "images.npz", **read)


if __name__ == "__main__":
    main()
