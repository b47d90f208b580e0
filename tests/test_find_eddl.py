"""Which EDDL the build takes where there are several (cmake/FindEDDL.cmake)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULES = Path(__file__).resolve().parents[1] / "cmake"
# The build's own tools: beside the interpreter where they came from packages.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
CMAKE = shutil.which("cmake", path=PATH)
PROJECT = f"""
cmake_minimum_required(VERSION 3.26)
project(which_eddl NONE)
list(APPEND CMAKE_MODULE_PATH "{MODULES}")
find_package(EDDL REQUIRED)
get_target_property(library EDDL::eddl IMPORTED_LOCATION)
get_target_property(headers EDDL::eddl INTERFACE_INCLUDE_DIRECTORIES)
message("found: ${{headers}} ${{library}}")
"""

pytestmark = pytest.mark.skipif(CMAKE is None, reason="CMake is not installed")


def prefix(path, headers=True, library=True):
    if headers:
        for header in ("net/net.h", "descriptors/descriptors.h"):
            (path / "include/eddl" / header).parent.mkdir(parents=True, exist_ok=True)
            (path / "include/eddl" / header).touch()
    if library:
        (path / "lib").mkdir(parents=True, exist_ok=True)
        (path / "lib/libeddl.so").touch()
    return path


def configure(directory, *options, **environment):
    directory.mkdir(exist_ok=True)
    (directory / "CMakeLists.txt").write_text(PROJECT)
    return subprocess.run(
        [CMAKE, "-S", str(directory), "-B", str(directory / "build"), "-G", "Ninja", *options],
        env={"PATH": PATH, **environment},
        capture_output=True,
        text=True,
    )


def assert_found(done, path):
    assert done.returncode == 0, done.stderr
    assert f"found: {path}/include {path}/lib/libeddl.so" in done.stderr


def test_eddl_dir_wins_over_the_prefix_path(tmp_path):
    wanted, other = prefix(tmp_path / "wanted"), prefix(tmp_path / "other")
    assert_found(configure(tmp_path / "a", f"-DEDDL_DIR={wanted}", f"-DCMAKE_PREFIX_PATH={other}"), wanted)
    assert_found(configure(tmp_path / "b", f"-DCMAKE_PREFIX_PATH={other}", EDDL_DIR=str(wanted)), wanted)
    assert_found(configure(tmp_path / "c", CMAKE_PREFIX_PATH=str(other), EDDL_DIR=str(wanted)), wanted)


def test_without_eddl_dir_prefixes_are_looked_through(tmp_path):
    environment, other = prefix(tmp_path / "environment"), prefix(tmp_path / "other")
    assert_found(configure(tmp_path / "a", f"-DCMAKE_PREFIX_PATH={other}"), other)
    assert_found(configure(tmp_path / "b", VIRTUAL_ENV=str(environment)), environment)


def test_a_tree_configured_again_follows(tmp_path):
    first, second = prefix(tmp_path / "first"), prefix(tmp_path / "second")
    assert_found(configure(tmp_path / "a", f"-DEDDL_DIR={first}"), first)
    assert_found(configure(tmp_path / "a", f"-DEDDL_DIR={second}"), second)


@pytest.mark.parametrize("headers, library", [(True, False), (False, True), (False, False)])
def test_headers_and_library_come_from_one_prefix(tmp_path, headers, library):
    half, whole = prefix(tmp_path / "half", headers, library), prefix(tmp_path / "whole")
    done = configure(tmp_path / "a", f"-DEDDL_DIR={half}", f"-DCMAKE_PREFIX_PATH={whole}")
    assert done.returncode != 0
    assert f"EDDL_DIR is '{half}', which must hold include/eddl and lib/libeddl.so" in " ".join(done.stderr.split())
