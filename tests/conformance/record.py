"""
Runs every case on the installed PyEDDL's engine and writes what it measured. From the repository's root:

    python tests/conformance/record.py [--out FILE] [CASE …]

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
    """The measured quantities of a case, or None if its process failed (its standard error is shown)."""
    result = Path(directory) / "measured.pickle"
    result.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--run", id, "--result", str(result)]
    # Pickled rather than saved: a quantity may be named anything.
    done = subprocess.run(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode or not result.exists():
        print(f"{id}: exit status {done.returncode}\n{done.stderr[-1000:]}", file=sys.stderr)
        return None
    with open(result, "rb") as file:
        return pickle.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("cases", nargs="*", help="only these (default: all that are recorded)")
    parser.add_argument("--out", default=str(Path(__file__).with_name("eddl.npz")))
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--result", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    if options.run:
        return run_here(options.run, options.result)

    from conformance import store
    from conformance.cases import RECORDED
    from helpers import engine_name

    recorded = {}
    with tempfile.TemporaryDirectory() as directory:
        for id in options.cases or RECORDED:
            recorded[id] = run_apart(id, directory)
    failed = [id for id, measured in recorded.items() if measured is None]
    if failed:
        sys.exit(f"nothing written; these failed: {', '.join(failed)}")
    about = {"engine": engine_name(), "date": datetime.date.today().isoformat(), "python": platform.python_version()}
    store.save(options.out, recorded, about)
    values = sum(a.size for measured in recorded.values() for a in measured.values())
    print(f"{len(recorded)} cases, {values} values, {Path(options.out).stat().st_size} bytes: {options.out}")


if __name__ == "__main__":
    main()
