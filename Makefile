# Every target makes the environment that it needs; the second time costs nothing.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest --benchmark-disable
MKDOCS := NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types layers docs reference vectors vectors-check bench bench-smoke \
	simulate integration test-s3 environment clean

help: ## Show the targets.
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@.ci/venv "$(PYTHON)" "$(VENV)"

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[cli,media]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

environment: $(VENV)/.dev ## Make the development environment.

demo: $(VENV)/.demo ## Keep, check, attack and read a small store, step by step.
	$(BIN)/bwcstore demo

test: $(VENV)/.dev ## Run every test that needs no server, and the benchmarks once, small.
	$(PYTEST) -n $(JOBS) --dist worksteal -m 'not integration and not s3' tests
	$(MAKE) --no-print-directory bench-smoke

check: lint types layers docs vectors-check ## Run every check that is not a test.

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/python -m mypy --cache-dir=/dev/null

layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo --cache-dir build/import-linter

docs: $(VENV)/.dev ## Build the documentation into build/site.
	$(MKDOCS) build --strict

reference: $(VENV)/.dev ## Write the reference of the command line and of the packs anew.
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_packs.py

vectors: $(VENV)/.dev ## Write the test vectors anew.
	@for script in $(wildcard tests/vectors/make_*.py); do \
		echo "$$script"; $(BIN)/python "$$script" || exit 1; done

# Vectors that were released never change: writing them again must give the same bytes.
vectors-check: vectors
	@if git rev-parse --git-dir >/dev/null 2>&1; then \
		git diff --exit-code --stat -- tests/vectors ':!*.py'; fi

bench: $(VENV)/.dev ## Measure; each number is printed beside its ceiling.
	@mkdir -p build
	$(BIN)/python -m pytest benchmarks -p no:xdist --benchmark-only -s --benchmark-json=build/bench.json

bench-smoke: $(VENV)/.dev
	@if ls benchmarks/test_*.py >/dev/null 2>&1; then \
		$(PYTEST) -q benchmarks; fi

simulate: $(VENV)/.dev ## Run simulated worlds from fresh seeds, or from BWC_SEED=n.
	BWC_SEED=$${BWC_SEED:-fresh} $(PYTEST) -n $(JOBS) tests/simulation

integration: $(VENV)/.dev ## Run the tests that need a server.
	$(PYTEST) -m integration tests/integration

test-s3: $(VENV)/.dev ## Run the tests that need a real S3 server, which is started and stopped.
	BWC_S3_REQUIRED=1 $(PYTEST) -n $(JOBS) --dist worksteal --durations=25 tests/s3

clean: ## Remove everything that was made here.
	rm -rf $(VENV) build dist .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
