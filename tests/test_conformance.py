"""The installed engine against numbers recorded on EDDL (conformance/README.md says how)."""

import numpy as np
import pytest
from conformance import store
from conformance.cases import FAMILIES
from conformance.compare import THREE_STEPS, difference
from conformance.measure import measure
from conformance.record import run_apart

EXPECTED, ABOUT = {}, {}
for _family in store.families():
    EXPECTED[_family], ABOUT[_family] = store.load(store.path_of(_family))
RECORDED = {family: {id: case for id, case in cases.items() if case.is_recorded} for family, cases in FAMILIES.items()}


@pytest.mark.parametrize(
    "family, case", [pytest.param(family, c, id=c.id) for family, cases in RECORDED.items() for c in cases.values()]
)
def test_engine_agrees_with_eddl(family, case, engine, tmp_path):
    expected = EXPECTED[family][case.id]
    actual = run_apart(case.id, tmp_path) if engine == "EDDL" and case.races_on_eddl else measure(case)
    assert list(expected) == [name for name in actual if case.is_standard(name)]
    lines = [line for name in expected if (line := difference(name, expected[name], actual[name]))]
    assert not lines, f"{len(lines)} of {len(expected)} quantities differ; the first:\n{lines[0]}"


def test_recorded_is_exactly_what_can_be():
    """All cases but those that EDDL gets wrong or refuses, on EDDL itself, and nothing that has no case any more."""
    assert {family: list(cases) for family, cases in EXPECTED.items()} == {
        family: list(cases) for family, cases in sorted(RECORDED.items()) if cases
    }
    assert {about["engine"] for about in ABOUT.values()} == {"EDDL"}


@pytest.mark.parametrize("family", EXPECTED)
def test_recorded_nets_did_train(family):
    """Predictions that stand still would hold an engine's backward pass and optimizer to nothing."""
    still = {
        id
        for id, quantities in EXPECTED[family].items()
        for name in quantities
        if name.startswith("predict-after/")
        and np.allclose(quantities[name], quantities[name.replace("-after", "")], rtol=THREE_STEPS)
    }
    assert still == {id for id, case in RECORDED[family].items() if case.stands_still}
