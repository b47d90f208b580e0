"""
PyEDDL's own tests, from its source distribution, on the engine at hand. They are unpacked at test time, not kept here:
the Makefile fetches the archive; EDDL_PRUNE_PYEDDL_SDIST names another place.
"""

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from helpers import python_environment

DEFAULT_SDIST = Path(__file__).parents[1] / "build" / "pyeddl-1.3.1.tar.gz"

# How many tests each file holds: all pass.
TOTAL = {
    "test_classes.py": 11,
    "test_eddl.py": 38,
    "test_opt_class.py": 7,
    "test_py_loss_metric.py": 2,
    "test_tensor.py": 212,
}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """The folder with PyEDDL's tests."""
    sdist = Path(os.environ.get("EDDL_PRUNE_PYEDDL_SDIST", DEFAULT_SDIST))
    if not sdist.exists():
        pytest.fail(f"{sdist} is missing; `make {DEFAULT_SDIST.relative_to(DEFAULT_SDIST.parents[1])}` fetches it")
    folder = tmp_path_factory.mktemp("pyeddl")
    with tarfile.open(sdist) as archive:
        for member in archive.getmembers():
            path = Path(member.name)
            if member.isfile() and len(path.parts) == 3 and path.parts[1] == "tests" and path.suffix == ".py":
                (folder / path.name).write_bytes(archive.extractfile(member).read())
    return folder


def outcomes(folder, file):
    """{test id: None if it passed, else its failure's text} of one file, run in a process of its own."""
    report = folder / f"{file}.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run(
        [*command, f"--junit-xml={report}", file],
        cwd=folder,
        env=python_environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert report.exists(), (
        f"the process of {file} ended with status {run.returncode}\n{run.stdout[-2000:]}{run.stderr[-1000:]}"
    )
    results = {}
    for test in ElementTree.parse(report).iter("testcase"):
        bad = test.find("failure")
        bad = bad if bad is not None else test.find("error")
        results[f"{file}::{test.get('name')}"] = None if bad is None else f"{bad.get('message')}\n{bad.text}"
    return results


def test_the_suite_is_the_one_we_know(suite):
    assert sorted(path.name for path in suite.glob("test_*.py")) == sorted(TOTAL)
    assert sum(TOTAL.values()) == 270


@pytest.mark.parametrize("file", TOTAL)
def test_pyeddl_own_tests(file, suite):
    results = outcomes(suite, file)
    wrong = [f"{id} fails:\n{failure[-1500:]}" for id, failure in results.items() if failure is not None]
    assert not wrong, "\n\n".join(wrong)
    assert len(results) == TOTAL[file]
