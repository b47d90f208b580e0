"""
Files of tensors, images and weights that are damaged at random: each is read, or refused by a Python exception that
leaves the net as it was; none ends the process or makes it take memory that the file's length does not explain.
`python tests/damaged_files.py KIND SEED CASE CASE+1` repeats a case.
"""

import os
import subprocess
import sys

import damaged_files
import pytest
from helpers import python_environment
from test_engine_image_files import with_images

pytestmark = pytest.mark.embedded_engine  # EDDL crashes

CASES = 600


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["tensors", "weights", pytest.param("images", marks=with_images)])
def test_damaged_files(kind, seed, tmp_path):
    limit = f"max_allocation_size_mb={damaged_files.MARGIN >> 20}"
    done = subprocess.run(
        [sys.executable, damaged_files.__file__, kind, str(seed), "0", str(CASES)],
        cwd=tmp_path,
        env=python_environment(ASAN_OPTIONS=f"{os.environ.get('ASAN_OPTIONS', '')}:{limit}"),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
    )
    notes = (tmp_path / "notes.txt").read_text()
    assert notes.startswith("done: "), f"exit status {done.returncode} in case {notes}\n{done.stderr[-3000:]}"
    read = int(notes.split()[1])
    assert 0 < read < CASES, "neither all nor none"
    assert done.returncode == 0, done.stderr[-3000:]
