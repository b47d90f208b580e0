"""Thin on purpose: the metadata is in pyproject.toml, the build in CMakeLists.txt."""

from setuptools import setup

setup(cmake_source_dir=".", cmake_args=["-DEDDL_PRUNE_BUILD_ENGINE=OFF"])
