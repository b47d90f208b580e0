"""Of the engine's C++ API what PyEDDL does not bind: the programs of tests/cpp, compiled on it and run."""

import os
import subprocess
from pathlib import Path

import pyeddl._core  # noqa: F401  loads the engine
import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted((ROOT / "tests" / "cpp").glob("*.cpp"))


def loaded_library():
    """The path of the engine that this process runs on."""
    with open("/proc/self/maps") as maps:
        return next(Path(line.split()[-1]) for line in maps if "libeddl." in line)


@pytest.mark.embedded_engine
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program(program, tmp_path):
    library = loaded_library()
    binary = tmp_path / program.stem
    command = [
        os.environ.get("CXX", "c++"),
        "-std=c++17",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        binary,
        program,
        library,
    ]
    # A sanitized engine takes its run time from LD_PRELOAD.
    flags = [f"-I{ROOT / 'cpp/engine/include'}", f"-Wl,-rpath,{library.parent}", "-Wl,--allow-shlib-undefined"]
    compiled = subprocess.run([*command, *flags], capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    run = subprocess.run([binary], capture_output=True, text=True, cwd=tmp_path, timeout=100)
    assert run.returncode == 0, f"exit status {run.returncode}\n{run.stderr}"


@pytest.mark.embedded_engine
@pytest.mark.parametrize("header", ["eddl/apis/eddl.h", "eddl/serialization/onnx/eddl_onnx.h"])
def test_public_headers_are_cpp11(header):
    """Which is what PyEDDL's own build compiles them as."""
    command = [
        os.environ.get("CXX", "c++"),
        "-std=c++11",
        "-fsyntax-only",
        f"-I{ROOT / 'cpp/engine/include'}",
        "-xc++",
        "-",
    ]
    compiled = subprocess.run(command, input=f'#include "{header}"\n', capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
