"""Aligned tables for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tabulate import tabulate


def number(value: int | None) -> str:
    """Write a count with thousands separators; "-" for None."""
    return "-" if value is None else f"{value:,}"


def percent(part: float, whole: float) -> str:
    """Write `part` of `whole` in percent; "-" where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: Collection[int] = (0,)) -> str:
    """Align rows of text under a header: the columns named in `text_columns` to the left, the others to the right."""
    align = ["left" if column in text_columns else "right" for column in range(len(header))]
    return tabulate(list(rows), headers=list(header), colalign=align, disable_numparse=True)
