"""Removal of dead channels: the net really gets smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _core
from ._checks import require_net


@dataclass(frozen=True)
class Plan:
    """What simplify would do."""

    data: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What simplify did."""

    data: dict[str, Any]


def plan(net: Any) -> Plan:
    """Work out what :func:`simplify` would do, without doing it."""
    require_net(net, "plan")
    return Plan(_core.plan(net))


def simplify(net: Any) -> Report:
    """Remove what is dead, in place, exactly."""
    require_net(net, "simplify")
    return Report(_core.simplify(net))
