"""
Prints how far the installed PyEDDL's engine is from the numbers recorded on EDDL, as a table in Markdown. From the
repository's root:

    python tests/conformance/table.py
"""

import contextlib
import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

COLUMNS = {
    # heading: the quantities of measure.py that it sums up
    "output": ("predict/", "output/", "loss", "metric"),
    "gradients": ("input-delta/", "gradient/"),
    "1 step": ("params-1/",),
    "3 steps": ("params-3/", "predict-after/"),
}


@contextlib.contextmanager
def standard_output_to_error():
    """Engines print while they work, from C too."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


def worst(expected, measured, prefixes):
    """The largest deviation of these quantities, as text; nothing if none is recorded."""
    from conformance.compare import deviations

    found = [
        deviations(quantity, values, measured[id][quantity]).max(initial=0.0)
        for id, quantities in expected.items()
        for quantity, values in quantities.items()
        if quantity.startswith(prefixes)
    ]
    return f"{max(found):.0e}" if found else ""


def row(family, cases):
    from conformance import store
    from conformance.measure import measure

    recorded = [case for case in cases.values() if case.is_recorded]
    expected = store.load(store.path_of(family))[0] if recorded else {}
    measured = {case.id: measure(case) for case in recorded}
    defects = dict.fromkeys(case.eddl_defect for case in cases.values() if case.eddl_defect)
    numbers = [worst(expected, measured, prefixes) for prefixes in COLUMNS.values()]
    return [family, str(len(cases)), str(len(recorded)), *numbers, "; ".join(defects)]


def main():
    with standard_output_to_error():
        from conformance.cases import FAMILIES

        rows = [row(family, cases) for family, cases in FAMILIES.items()]
    headings = ["family", "cases", "recorded", *COLUMNS, "what EDDL gets wrong (not recorded)"]
    for cells in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
