"""Every layer function has a conformance case, is another name of one that has, or is tested elsewhere for a reason."""

import json
import re
from pathlib import Path

import pytest
from conformance import cases
from conformance.names import RECORDED
from layer_functions import LAYERS

NAMES = json.loads(RECORDED.read_text())
SOURCE = "".join(path.read_text() for path in Path(cases.__file__).parent.glob("*.py"))
# Called by name, or listed by it.
WITH_CASES = {called or listed for called, listed in re.findall(r'eddl\.(\w+)|"([A-Z]\w+)"', SOURCE)}

OTHER_NAMES = {
    "AveragePool": "AveragePool2D",
    "AvgPool": "AveragePool2D",
    "AvgPool1D": "AveragePool1D",
    "AvgPool2D": "AveragePool2D",
    "AvgPool3D": "AveragePool3D",
    "GlobalAveragePool": "GlobalAveragePool2D",
    "GlobalAvgPool": "GlobalAveragePool2D",
    "GlobalAvgPool2D": "GlobalAveragePool2D",
    "GlobalMaxPool": "GlobalMaxPool2D",
    "PointwiseConv": "PointwiseConv2D",
    "UpSampling": "UpSampling2D",
}
REASONS = {
    "draws random numbers, which differ between engines": "GaussGenerator UniformGenerator GaussianNoise RandomCrop "
    "RandomCropScale RandomCutout RandomFlip RandomHorizontalFlip RandomRotation RandomScale RandomShift "
    "RandomVerticalFlip GlorotNormal GlorotUniform HeNormal HeUniform RandomNormal RandomUniform",
    "the old name of Add of two layers, which has cases": "Sum",
    "sets initial values, which cases seed anew": "Constant",
    "EDDL gives a batch of 1 whatever the batch": "Shape",
}
EXCUSED = {name for names in REASONS.values() for name in names.split()}


@pytest.mark.parametrize("function", LAYERS)
def test_layer_function_has_a_case_or_a_reason(function):
    assert (function in WITH_CASES) + (function in OTHER_NAMES) + (function in EXCUSED) == 1


@pytest.mark.parametrize("name, other", OTHER_NAMES.items())
def test_other_names_make_the_same_layer(name, other):
    assert other in WITH_CASES
    assert NAMES[name][0] == NAMES[other][0]


def test_no_reason_is_left_over():
    assert set(OTHER_NAMES) | EXCUSED <= set(LAYERS)
