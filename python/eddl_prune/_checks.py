"""Checks of arguments that more than one module needs. Messages name the argument, what came and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import pyeddl._core as pyeddl_core


def type_name(value: object) -> str:
    """Return the name of the value's class, for messages."""
    return type(value).__name__


def require_net(net: Any, function: str, built: bool = False) -> None:
    """Raise TypeError unless `net` is a PyEDDL Net, ValueError if it must be built and is not."""
    if not isinstance(net, pyeddl_core.Net):
        raise TypeError(f"{function}: net must be a PyEDDL net (pyeddl.eddl.Model), got {type_name(net)}")
    if built and not net.isbuild:
        raise ValueError(f'{function}: net "{net.name}" is not built; call eddl.build first')


def layer_that_is_not_finite(net: Any) -> str | None:
    """Return the name of the first layer with a NaN or an infinity among its parameters, None if there is none."""
    for layer in net.layers:
        if not all(np.isfinite(parameter.getdata()).all() for parameter in layer.params):
            return str(layer.name)
    return None


def require_real(value: Any, name: str, function: str, minimum: float = 0.0, maximum: float = math.inf) -> float:
    """Return `value` as a float; TypeError unless it is a real number, ValueError unless finite and in the range."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{function}: {name} must be a number, got {type_name(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer or a fraction: too large for a float
        number = math.inf
    if not math.isfinite(number) or not minimum <= number <= maximum:
        allowed = f"finite and >= {minimum:g}" if math.isinf(maximum) else f"in [{minimum:g}, {maximum:g}]"
        raise ValueError(f"{function}: {name} must be {allowed}, got {value}")
    return number


def require_integer(value: Any, name: str, function: str, minimum: int) -> int:
    """Return `value` as an int; TypeError unless it is an integer, ValueError if it is below `minimum`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{function}: {name} must be an integer, got {type_name(value)}")
    if value < minimum:
        raise ValueError(f"{function}: {name} must be >= {minimum}, got {value}")
    return int(value)


def require_flag(value: Any, name: str, function: str) -> bool:
    """Return `value`; TypeError unless it is a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{function}: {name} must be True or False, got {type_name(value)}")
    return value


def require_choice(value: Any, name: str, function: str, choices: Sequence[str]) -> str:
    """Return `value`; TypeError unless it is a string, ValueError unless it is one of `choices`."""
    if not isinstance(value, str):
        raise TypeError(f"{function}: {name} must be a string, got {type_name(value)}")
    if value not in choices:
        raise ValueError(f"{function}: {name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def require_optimizer(value: Any, function: str) -> Any:
    """Return `value`; TypeError unless it is one of PyEDDL's optimizers or ours."""
    if not isinstance(value, pyeddl_core.Optimizer):
        raise TypeError(f"{function}: optimizer must be an EDDL optimizer, got {type_name(value)}")
    return value


def require_names(value: Any, name: str, function: str) -> list[str] | None:
    """Return `value` as a list of layer names, None for None; TypeError otherwise."""
    if value is None:
        return None
    is_list = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    if not is_list or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{function}: {name} must be a list of layer names or None, got {value!r}")
    return list(value)
