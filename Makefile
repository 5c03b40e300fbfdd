# Needs python3.11 or later, make and a package index. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHONS := python3 python3.11 python3.12 python3.13 python3.14
PYTHON ?= $(shell for python in $(PYTHONS); do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && { command -v $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Two begin with the end-to-end tests, which mostly wait; 0 runs all tests in one process.
WORKERS ?= 3
TEST_ARGS ?=

.PHONY: help run test check proof bench truth reference schema docs screenshots clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or later found: set PYTHON=/path/to/python3"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

run: $(READY) ## set up, then flood the embedded collector at ten times its peak for 20 s
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

clean: ## remove the environment and all caches; runs are kept
	rm -rf $(VENV) build dist site htmlcov .coverage .coverage.* .mypy_cache .ruff_cache \
	  .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
