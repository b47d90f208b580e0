"""
The recorded numbers of a family as one small file: all values end to end in one array, with an index beside it. (An
archive member for each of the thousands of quantities would be mostly headers.)
"""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("eddl")


def path_of(family) -> Path:
    return FOLDER / f"{family}.npz"


def families() -> list:
    """The names of the recorded families."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def save(path, recorded, about) -> None:
    """recorded: {case id: {quantity: array}}; about: a dict that says how the numbers were made."""
    index = {id: {name: list(np.shape(a)) for name, a in quantities.items()} for id, quantities in recorded.items()}
    arrays = [np.ravel(a) for quantities in recorded.values() for a in quantities.values()]
    text = json.dumps({"about": about, "index": index}, separators=(",", ":"))
    np.savez_compressed(
        path, values=np.concatenate(arrays).astype(np.float32), index=np.frombuffer(text.encode(), np.uint8)
    )


def load(path):
    """(recorded, about) as given to save."""
    with np.load(path) as file:
        values, text = file["values"], bytes(file["index"]).decode()
    stored = json.loads(text)
    recorded, at = {}, 0
    for id, shapes in stored["index"].items():
        recorded[id] = {}
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            recorded[id][name] = values[at : at + size].reshape(shape)
            at += size
    return recorded, stored["about"]
