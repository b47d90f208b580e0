"""The cases that an engine is held to: small nets, one subject each, one module for each family. Modules are found."""

import importlib
import pkgutil

from conformance.cases.base import CASES, FAMILIES

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["CASES", "FAMILIES"]
