"""Aligned tables for reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tabulate import tabulate


def number(value: int | None) -> str:
    """Write a count with thousands separators; "-" for None."""
    return "-" if value is None else f"{value:,}"


def percent(part: float, whole: float) -> str:
    """Write `part` of `whole` in percent; "-" where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Align rows of text under a header: the first `text_columns` aligned left, the others right."""
    align = ["left" if column < text_columns else "right" for column in range(len(header))]
    return tabulate(list(rows), headers=list(header), colalign=align, disable_numparse=True)
