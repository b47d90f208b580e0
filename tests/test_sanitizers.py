"""Under `make sanitize`: the sanitizers look, and what tests/leaks.supp hides is not ours."""

import subprocess
import sys

import pytest
from helpers import is_sanitized, python_environment
from test_engine_cpp import compiled

pytestmark = pytest.mark.skipif(not is_sanitized(), reason="runs under `make sanitize`")

# A net that is trained, pruned and dropped; then an object whose handle forgets that it owns it: pybind11 keeps the
# owner behind the head of a Python object (16 bytes) and the pointer to what it stands for.
PROGRAM = """
import ctypes
import eddl_prune as ep
import pyeddl.eddl as eddl
from helpers import batch_for, build, mlp, train
from pyeddl.tensor import Tensor

net = build(mlp(), ep.LOBSTER(eddl.sgd(0.1), 1e-4), "mse")
train(net, *batch_for(net, 2), 2)
ep.simplify(net)
forgotten = FORGOTTEN
if forgotten is not None:
    ctypes.memset(id(forgotten) + 24, 0, 16)
"""

CPP_LEAK = """
#include "eddl/tensor/tensor.h"
int main() { return (new Tensor(std::vector<int>{1000}))->ndim == 1 ? 0 : 1; }
"""

OVERFLOW = """
import ctypes
import numpy as np
from pyeddl.tensor import Tensor
t = Tensor.zeros([100])
address = np.array(t, copy=False).ctypes.data
ctypes.memset(address, 1, BYTES)
"""


def run(*command, directory):
    return subprocess.run(command, cwd=directory, env=python_environment(), capture_output=True, text=True, timeout=300)


def test_a_program_that_forgets_nothing_ends_well(tmp_path):
    done = run(sys.executable, "-c", PROGRAM.replace("FORGOTTEN", "None"), directory=tmp_path)
    assert done.returncode == 0, done.stderr[-5000:]


@pytest.mark.parametrize(
    "forgotten, room",
    [("Tensor.zeros([1000])", "engine"), ("ep._core.Snapshot(net, True)", "adapter")],
)
def test_an_object_that_is_forgotten_is_found(forgotten, room, tmp_path):
    done = run(sys.executable, "-c", PROGRAM.replace("FORGOTTEN", forgotten), directory=tmp_path)
    assert done.returncode != 0
    assert "LeakSanitizer: detected memory leaks" in done.stderr
    assert f"cpp/{room}/src" in done.stderr


def test_a_leak_of_cpp_is_found(tmp_path):
    (tmp_path / "leak.cpp").write_text(CPP_LEAK)
    done = run(compiled(tmp_path / "leak.cpp", tmp_path), directory=tmp_path)
    assert done.returncode != 0
    assert "LeakSanitizer: detected memory leaks" in done.stderr


@pytest.mark.parametrize("values", [100, 101])
def test_an_overflow_is_found(values, tmp_path):
    done = run(sys.executable, "-c", OVERFLOW.replace("BYTES", str(4 * values)), directory=tmp_path)
    assert ("heap-buffer-overflow" in done.stderr) == (values > 100)
    assert (done.returncode != 0) == (values > 100), done.stderr[-3000:]
