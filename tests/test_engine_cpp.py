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


def compiler(standard, *arguments):
    return [
        os.environ.get("CXX", "c++"),
        f"-std={standard}",
        f"-I{ROOT / 'cpp/engine/include'}",
        *map(str, arguments),
    ]


def run_compiler(command, **options):
    """Not under this process's sanitizers, which would find the compiler's own leaks."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, **options)
    assert done.returncode == 0, done.stderr


def compiled(program, directory):
    """The executable of a program on the engine."""
    library = loaded_library()
    binary = directory / program.stem
    # A sanitized engine takes its run time from LD_PRELOAD.
    linking = [library, f"-Wl,-rpath,{library.parent}", "-Wl,--allow-shlib-undefined"]
    run_compiler(compiler("c++17", "-Wall", "-Wextra", "-Werror", "-o", binary, program, *linking))
    return binary


@pytest.mark.embedded_engine
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program(program, tmp_path):
    run = subprocess.run([compiled(program, tmp_path)], capture_output=True, text=True, cwd=tmp_path, timeout=100)
    assert run.returncode == 0, f"exit status {run.returncode}\n{run.stderr}"


@pytest.mark.embedded_engine
@pytest.mark.parametrize("header", ["eddl/apis/eddl.h", "eddl/serialization/onnx/eddl_onnx.h"])
def test_public_headers_are_cpp11(header):
    """Which is what PyEDDL's own build compiles them as."""
    run_compiler(compiler("c++11", "-fsyntax-only", "-xc++", "-"), input=f'#include "{header}"\n')
