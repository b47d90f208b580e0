"""Checkpoints on disk: a JSON document and arrays, replaced together or not at all.

A checkpoint directory holds

- ``checkpoint.json``: an object with ``format`` ("eddl-prune checkpoint"), ``version`` (2), ``run`` (plain data),
  ``arrays`` (the name of the file of arrays), ``arrays_sha256`` and ``run_sha256`` (of ``run`` as compact JSON with
  sorted keys);
- ``arrays-<n>.npz``: NumPy's format of named arrays, without pickled objects.

Files are written under another name, flushed to the disk and then renamed. Renaming ``checkpoint.json`` is what
replaces a checkpoint: a process may be killed at any time, and what is found is the last one or the one before, whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

FORMAT, VERSION = "eddl-prune checkpoint", 2
DOCUMENT = "checkpoint.json"

Arrays = dict[str, npt.NDArray[Any]]


class Checkpoint:
    """A directory that holds at most one checkpoint."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)

    def exists(self) -> bool:
        """Return whether there is a checkpoint, damaged or not."""
        return (self.directory / DOCUMENT).exists()

    def save(self, number: int, run: dict[str, Any], arrays: Arrays) -> None:
        """Replace what is there. Numbers must grow from one checkpoint to the next.

        :raises OSError: it cannot be written; what was there is still there.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        name = f"arrays-{number}.npz"
        digest = _replace(self.directory / name, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
        document = {
            "format": FORMAT,
            "version": VERSION,
            "arrays": name,
            "arrays_sha256": digest,
            "run_sha256": _digest_of(run),
            "run": run,
        }
        text = json.dumps(document, allow_nan=False).encode()
        _replace(self.directory / DOCUMENT, lambda file: file.write(text))
        # What the checkpoint before had, and what a process that was killed has left.
        for old in (*self.directory.glob("arrays-*.npz"), *self.directory.glob("*.tmp")):
            if old.name != name:
                old.unlink(missing_ok=True)

    def load(self) -> tuple[dict[str, Any], Arrays]:
        """Return what the last call of :meth:`save` was given.

        :raises ValueError: it is damaged, or of another version.
        """
        try:
            document = json.loads((self.directory / DOCUMENT).read_bytes())
            if document["format"] != FORMAT:
                raise self._damaged(f"its format is {document['format']!r}, not {FORMAT!r}")
            if document["version"] != VERSION:
                raise ValueError(
                    f"checkpoint {self.directory}: version {document['version']}; this eddl_prune reads {VERSION}"
                )
            run: dict[str, Any] = document["run"]
            if _digest_of(run) != document["run_sha256"]:
                raise self._damaged(f"the checksum of {DOCUMENT} is wrong")
            path = self.directory / os.path.basename(document["arrays"])
            with open(path, "rb") as file:
                if _digest(file) != document["arrays_sha256"]:
                    raise self._damaged(f"the checksum of {path.name} is wrong")
                file.seek(0)
                with np.load(file, allow_pickle=False) as stored:
                    return run, {name: stored[name] for name in stored.files}
        except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError, zipfile.BadZipFile) as error:
            raise self._damaged(str(error)) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"{DOCUMENT} lacks parts: {error!r}") from error

    def _damaged(self, reason: str) -> ValueError:
        return ValueError(f"checkpoint {self.directory} is damaged: {reason}")


def _replace(path: Path, write: Callable[[IO[bytes]], Any]) -> str:
    """Write a file beside `path`, put it in its place at once, and return its SHA-256."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = _digest(file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the renaming itself
    finally:
        os.close(directory)
    return digest


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _digest_of(run: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(run, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
