"""
The names that engines give to unnamed layers: as what EDDL does, recorded in eddl/names.json. To record them again, as
when a layer function has come, with a PyEDDL built on EDDL, from the repository's root:

    python tests/conformance/names.py
"""

import json
import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
RECORDED = Path(__file__).with_name("eddl") / "names.json"


def layers_above(made):
    """The layers that a function returned, and those that it made on the way to them."""
    found, waiting = [], [made] if hasattr(made, "parent") else list(made)
    while waiting:
        layer = waiting.pop(0)
        if layer not in found:
            found.append(layer)
            waiting.extend(layer.parent)
    return found


def pattern_of(first, second):
    """Two names given one after the other: what they share, with # for a number that has grown, and by how much."""
    runs = [re.split(r"(\d+)", name) for name in (first, second)]
    assert len(runs[0]) == len(runs[1])
    steps = [int(b) - int(a) for a, b in zip(*runs) if a != b]
    return ["".join(a if a == b else "#" for a, b in zip(*runs)), *steps]


def names_of(call):
    """
    For each layer that the function makes, ["conv2d#", 1] where one is conv2d4 and the next conv2d5. Numbers count all
    layers of a class in the process, so that only the steps between them are the function's own.
    """
    first, second = ([layer.name for layer in layers_above(call())] for _ in range(2))
    assert len(first) == len(second)
    return [pattern_of(a, b) for a, b in zip(first, second)]


def main():
    sys.path.insert(0, str(TESTS))
    from layer_functions import LAYERS

    lines = [f"{json.dumps(name)}: {json.dumps(names_of(call))}" for name, call in sorted(LAYERS.items())]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
