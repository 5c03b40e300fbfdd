# Needs python3.11 or later, make and a package index. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHONS := python3 python3.11 python3.12 python3.13 python3.14
PYTHON ?= $(shell for python in $(PYTHONS); do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && { command -v $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Two stamps: a run needs 230 MB of packages, the tests and the documentation 780 MB.
RUN_READY := $(VENV)/.run-ready
READY := $(VENV)/.ready
LOCK := $(or $(shell command -v uv),$(BIN)/uv) pip compile pyproject.toml --quiet --no-config \
  --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-annotate \
  --custom-compile-command 'make lock'
# --upgrade renews every pin; without it only what pyproject.toml asks for changes.
LOCK_ARGS ?=
# Two begin with the end-to-end tests, which mostly wait; 0 runs all tests in one process.
WORKERS ?= 3
TEST_ARGS ?=

.PHONY: help run test check proof bench truth reference schema docs screenshots lock dist clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

$(RUN_READY): pyproject.toml requirements/run.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or later found: set PYTHON=/path/to/python3"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(READY): $(RUN_READY) requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

run: $(RUN_READY) ## set up, then flood the embedded collector at ten times its peak for 20 s
	$(BIN)/qosflood --rate 10x --duration 20s

check: $(READY) ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## check, then all tests but the long proofs, with branch coverage
	$(BIN)/coverage erase
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml \
	  $(BIN)/python -m pytest -n $(WORKERS) $(TEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

proof: $(READY) bench truth ## the long proofs, and both benchmarks
	$(BIN)/python -m pytest -m proof --timeout 1800 $(TEST_ARGS)

bench: $(READY) ## CPU and memory of reports and clients, beside other load generators (needs nginx)
	$(BIN)/python benchmarks/versus.py

truth: $(READY) ## latencies and books held against arithmetic and servers' logs, beside other tools
	$(BIN)/python benchmarks/truth.py

reference: $(READY) ## write docs/reference from the code
	$(BIN)/python docs/reference.py

schema: $(READY) ## write the JSON Schema of report.json from the code
	$(BIN)/python docs/schema.py

screenshots: $(READY) ## take the pictures of docs/pictures (needs Chromium)
	$(BIN)/python docs/screenshots.py

docs: reference ## build the documentation into site/
	$(BIN)/mkdocs build --quiet --strict

lock: $(RUN_READY) ## pin in requirements/ what pyproject.toml asks for
	command -v uv >/dev/null || $(PIP) install uv
	$(LOCK) $(LOCK_ARGS) --extra otel --group dev --output-file requirements/dev.txt
	$(LOCK) --constraints requirements/dev.txt --group build --output-file requirements/run.txt

dist: $(RUN_READY) ## build the source archive and the wheel into dist/, and try the wheel
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	.ci/try_wheel $(BIN)/python dist/*.whl

clean: ## remove the environment and all caches; runs are kept
	rm -rf $(VENV) build dist site htmlcov .coverage .coverage.* .mypy_cache .ruff_cache \
	  .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
