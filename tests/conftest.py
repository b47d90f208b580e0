"""Fixtures of all tests. Shared builders and comparisons are in helpers.py."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# Before OpenMP starts: threads that spin long while they wait make tests of tiny nets ten times slower on a busy one.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
sys.path.insert(0, str(Path(__file__).parent))

import helpers

# Deadlines measure the machine's load, not the code. "ci" repeats the same examples each run; "nightly" searches.
settings.register_profile("default", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


def pytest_configure(config):
    config.addinivalue_line("markers", "embedded_engine: for what EDDL gets wrong or lacks; not run on EDDL itself")


def pytest_report_header():
    return f"engine under PyEDDL: {helpers.engine_name()}"


def pytest_collection_modifyitems(items):
    if helpers.engine_name() == "EDDL":
        skip = pytest.mark.skip(reason="a promise of the embedded engine, which this PyEDDL does not run on")
        for item in items:
            if item.get_closest_marker("embedded_engine"):
                item.add_marker(skip)


@pytest.fixture
def engine() -> str:
    """ "EDDL" or "embedded"."""
    return helpers.engine_name()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)


@pytest.fixture(autouse=True)
def in_temporary_directory(tmp_path, monkeypatch):
    """EDDL writes files (plots, logs) into the working directory: give each test its own."""
    monkeypatch.chdir(tmp_path)
