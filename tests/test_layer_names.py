"""Unnamed layers get the names that EDDL gives them: scripts look layers up by them, and logs show them."""

import json

import pyeddl.eddl as eddl
import pytest
from conformance.names import RECORDED, names_of
from layer_functions import LAYERS, image

NAMES = json.loads(RECORDED.read_text())


def test_all_layer_functions_are_recorded():
    assert set(NAMES) == set(LAYERS)


@pytest.mark.parametrize("function", LAYERS)
def test_unnamed_layers_are_named_as_in_eddl(function):
    assert names_of(LAYERS[function]) == NAMES[function]


def test_up_sampling_and_resizing_count_together():
    """As in EDDL, where the one makes the other."""
    numbers = [
        int(layer.name.removeprefix("resize"))
        for layer in (
            eddl.UpSampling2D(image(), [2, 2]),
            eddl.Resize(image(), [8, 8]),
            eddl.UpSampling(image(), [2, 2]),
        )
    ]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
