"""
Arguments that make no sense: every function of PyEDDL is called with them, in processes of their own (hostile.py).
Each call gives a result that can be used, or raises a Python exception and leaves nets and layers as they were; none
crashes, hangs, or fills the memory.
"""

import json
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from helpers import python_environment
from hostile_calls import GOOD
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.embedded_engine  # EDDL crashes

FUNCTIONS = hostile.functions()
NAMES = sorted(name for name in GOOD if not hostile.NOT_CALLED.match(name))
GROUPS = 16


def run(plan, directory):
    """Runs a plan in a process of its own; what it was doing when it ended early is the message of the failure."""
    (Path(directory) / "plan.json").write_text(json.dumps(plan))
    done = subprocess.run(
        [sys.executable, hostile.__file__, "plan.json"],
        cwd=directory,
        env=python_environment(OMP_NUM_THREADS="2"),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=1500,
    )
    notes = Path(directory) / "notes.txt"
    last = notes.read_text(errors="replace") if notes.exists() else "nothing yet"
    assert last == "done", f"exit status {done.returncode} in {last}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_good_call_with_one_bad_argument(group, tmp_path):
    run({"mutations": NAMES[group::GROUPS]}, tmp_path)


CALLS = st.tuples(
    st.sampled_from(sorted(FUNCTIONS)), st.integers(0, 7), st.lists(st.integers(0, 40), min_size=10, max_size=10)
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calls=st.lists(CALLS, min_size=40, max_size=120))
def test_random_calls(calls, tmp_path):
    run({"calls": calls}, tmp_path)


def test_the_functions_are_all_there():
    """Signatures are read off documentation: should that change, nothing would be tested any more."""
    assert len(FUNCTIONS) > 550
    assert {"fit", "Conv2D", "Tensor.add", "Net.forward", "Layer.resize", "Adam.__init__"} <= set(FUNCTIONS)
    unknown = {
        kind.replace("self: ", "") for _, overloads in FUNCTIONS.values() for kinds in overloads for kind in kinds
    }
    assert {kind for kind in unknown if kind not in hostile.POOLS and kind not in hostile.MADE} <= {
        "Adagrad", "AdaDelta", "Adam", "Adamax", "Nadam", "RMSProp", "SGD", "Regularizer", "TensorDescriptor",
        "capsule",
    }  # fmt: skip
