"""Processes that measure one library each and take turns: what a benchmark beside other libraries is made of."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Key = TypeVar("Key")

LEAST_TURNS, TURN_SECONDS = 3, 0.15


@dataclass(frozen=True)
class Contender:
    """A library, its variant and the Python that has it."""

    name: str
    library: str
    variant: str
    python: str

    def start(self) -> Worker:
        environment = dict(os.environ)
        # Paths of ours must not lead another Python to our libraries, nor our settings slow it down.
        if self.python != sys.executable:
            for variable in ("LD_LIBRARY_PATH", "PYTHONPATH", "GOMP_SPINCOUNT"):
                environment.pop(variable, None)
        command = [self.python, str(Path(__file__).resolve().with_name("contender.py")), self.library, self.variant]
        return Worker(command, environment)


class Worker:
    """A contender's process."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.log = tempfile.TemporaryFile("w+")
        self.directory = tempfile.TemporaryDirectory()  # EDDL draws some nets into files where it runs
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
            cwd=self.directory.name,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.directory.cleanup()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        try:
            print(json.dumps({"do": do, **arguments}), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.log.seek(0)
            sys.exit(f"{' '.join(self.process.args)} gave up:\n{self.log.read()[-2000:]}")
        return json.loads(line)


def python_of(variable: str) -> str | None:
    """Return the Python that the environment variable names, itself or by its virtual environment."""
    given = os.environ.get(variable)
    if not given:
        return None
    path = Path(given)
    # Not resolved further: a virtual environment is told from where its link lies.
    return str((path / "bin" / "python" if path.is_dir() else path).absolute())


def torch_python() -> str | None:
    """Return the Python that has PyTorch: the one that TORCH_PYTHON names, or this one."""
    here = sys.executable if importlib.util.find_spec("torch") is not None else None
    return python_of("TORCH_PYTHON") or here


def take_turns(workers: Mapping[Key, Worker], budget: float) -> dict[Key, list[float]]:
    """Let the workers run their steps in turns, for about `budget` seconds each and at least three turns."""
    steps = {
        name: 1 + int(TURN_SECONDS / worker.ask("run", steps=3)["seconds"][-1]) for name, worker in workers.items()
    }
    results: dict[Key, list[float]] = {name: [] for name in workers}
    spent, turns = 0.0, 0
    while turns < LEAST_TURNS or spent < budget * len(workers):
        for name, worker in workers.items():
            time.sleep(0.01)  # for the last one's threads to stop spinning
            # The first step after the others' turn finds nothing in the caches: not counted where there are more.
            seconds = worker.ask("run", steps=steps[name])["seconds"]
            results[name] += seconds[1:] or seconds
            spent += sum(seconds)
        turns += 1
    return results
