# Set-up is done by the first target that needs it, and again only when a lock file changes.
# Needs Python 3.11 or newer and nothing else; `make lock` alone needs uv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Small matrices: more threads take 20 times the CPU time.
export OPENBLAS_NUM_THREADS ?= 1
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: setup demo test check bench lock docs site clean
.DEFAULT_GOAL := setup

setup: .venv/dev.stamp

# The environment to run closo: hashed versions, then closo itself without looking for anything else.
.venv/core.stamp: requirements/core.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what closo needs (once) ..."
	@$(INSTALL) --require-hashes -r requirements/core.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# The same with the tools for tests and checks.
.venv/dev.stamp: requirements/dev.lock .venv/core.stamp
	@echo "Installing the tools for tests and checks (once) ..."
	@$(INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@

# The main job on the example study, in a work folder of its own.
demo: .venv/core.stamp
	@rm -rf build/demo && mkdir -p build && cp -r examples/na2b12h12-sio2 build/demo
	@$(BIN)/closo analyse build/demo || test $$? -eq 1  # 1: a check failed; the report says which
	@$(BIN)/closo report build/demo

test: .venv/dev.stamp
	@$(BIN)/python -m pytest -n 2

check: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell src tests docs benchmarks examples *.md

bench: .venv/dev.stamp build/peers.stamp build/peers-transport.stamp build/peers-cycling.stamp
	@$(BIN)/python -m benchmarks

# Peers live apart: impedance.py needs numpy < 2.
build/peers.stamp:
	@mkdir -p build && $(PYTHON) -m venv build/bench-impedance && $(PYTHON) -m venv build/bench-pyimpspec
	@build/bench-impedance/bin/pip install --quiet --disable-pip-version-check 'impedance==1.7.1' 'numpy<2' 'pandas<3'
	@build/bench-pyimpspec/bin/pip install --quiet --disable-pip-version-check 'pyimpspec==5.1.3' cvxopt
	@touch $@

# PETSc comes from Debian: apt-get install python3-petsc4py python3-scipy; it is run by /usr/bin/python3.
build/peers-transport.stamp:
	@mkdir -p build && $(PYTHON) -m venv build/bench-transport
	@build/bench-transport/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	@build/bench-transport/bin/pip install --quiet --disable-pip-version-check 'pyamg==5.4.1' 'taufactor==1.2.1' \
		'porespy==3.2.0' 'openpnm==3.6.4'
	@touch $@

# Readers of cycling files; navani and yadg bring GPL code, so they stay here.
build/peers-cycling.stamp:
	@mkdir -p build && for peer in navani yadg pyprobe bdf; do $(PYTHON) -m venv build/bench-$$peer; done
	@build/bench-navani/bin/pip install --quiet --disable-pip-version-check 'navani==0.1.22'
	@build/bench-yadg/bin/pip install --quiet --disable-pip-version-check 'yadg==7.0.1' 'fastnda==1.3.1' 'NewareNDA==2026.6.11' polars
	@build/bench-pyprobe/bin/pip install --quiet --disable-pip-version-check 'PyProBE-Data==2.6.1'
	@build/bench-bdf/bin/pip install --quiet --disable-pip-version-check 'batterydf==0.1.0'
	@touch $@

docs: .venv/dev.stamp
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/architecture_picture.py

# The documentation site, in build/site: opens from the disk, loads nothing from a network; warnings are errors.
.venv/docs.stamp: requirements/docs.lock .venv/core.stamp
	@echo "Installing the tools for the documentation site (once) ..."
	@$(INSTALL) --require-hashes -r requirements/docs.lock
	@touch $@

site: .venv/docs.stamp
	@$(BIN)/python docs/generate.py
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs build/site
	@echo "build/site/index.html"

lock:
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/core.in -o requirements/core.lock
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/dev.in -o requirements/dev.lock
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-c requirements/dev.lock requirements/docs.in -o requirements/docs.lock

clean:
	rm -rf .venv build dist docs/gallery docs/jupyter_execute docs/sg_execution_times.rst .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
