"""
Runs the cases of families on the installed PyEDDL's engine and writes what it measured, one file for each family. From
the repository's root:

    python tests/conformance/record.py [--out FOLDER] [FAMILY …]

Each case runs in a process of its own, so that one that crashes an engine costs only itself.
"""

import argparse
import datetime
import os
import pickle
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))


def run_here(id, result):
    from conformance.cases import CASES
    from conformance.measure import measure

    measured = {name: value for name, value in measure(CASES[id]).items() if CASES[id].is_standard(name)}
    with open(result, "wb") as file:
        pickle.dump(measured, file)


def run_apart(id, directory):
    """The measured quantities of a case, on one thread, or None if its process failed (its standard error is shown)."""
    result = Path(directory) / "measured.pickle"
    result.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--run", id, "--result", str(result)]
    # Pickled rather than saved: a quantity may be named anything.
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode or not result.exists():
        print(f"{id}: exit status {done.returncode}\n{done.stderr[-1000:]}", file=sys.stderr)
        return None
    with open(result, "rb") as file:
        return pickle.load(file)


def record(family, folder):
    """Writes a family's file, or nothing if a case fails; returns the ids of those that did."""
    from conformance import store
    from conformance.cases import FAMILIES
    from helpers import engine_name

    with tempfile.TemporaryDirectory() as directory:
        recorded = {id: run_apart(id, directory) for id, case in FAMILIES[family].items() if case.is_recorded}
    failed = [id for id, measured in recorded.items() if measured is None]
    if failed or not recorded:
        return failed
    path = Path(folder) / store.path_of(family).name
    about = {"engine": engine_name(), "date": datetime.date.today().isoformat(), "python": platform.python_version()}
    store.save(path, recorded, about)
    values = sum(a.size for measured in recorded.values() for a in measured.values())
    print(f"{family}: {len(recorded)} cases, {values} values, {path.stat().st_size} bytes")
    return []


def main():
    from conformance import store
    from conformance.cases import FAMILIES

    parser = argparse.ArgumentParser(description="Records the cases of families on the installed PyEDDL's engine.")
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)} (default: all)")
    parser.add_argument("--out", default=str(store.FOLDER), metavar="FOLDER")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--result", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.families) - set(FAMILIES):
        parser.error(f"no such family: {', '.join(sorted(unknown))}")
    if options.run:
        return run_here(options.run, options.result)
    failed = {name: ids for name in options.families or FAMILIES if (ids := record(name, options.out))}
    if failed:
        sys.exit("not written: " + "; ".join(f"{name} ({', '.join(ids)} failed)" for name, ids in failed.items()))


if __name__ == "__main__":
    main()
