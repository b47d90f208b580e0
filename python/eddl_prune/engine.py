"""Which EDDL this package works on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from . import _core

try:
    __version__ = version("eddl-prune")
except PackageNotFoundError:  # run from a build tree
    __version__ = "0+uninstalled"


def engine_info() -> dict[str, Any]:
    """Return which engine is under PyEDDL, as a new dict.

    Keys: ``engine`` ("EDDL", or "embedded" for the one that comes with this package), ``version`` of that engine,
    ``pybind11`` the extension was built with, and ``threads`` that our own kernels use.
    """
    return dict(_core.engine_info())
