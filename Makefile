# Everything runs from a fresh clone with nothing but a Python (3.8 or newer) and pip:
# uv is put into .uv/, the locked environment into .venv/. Nothing outside this folder changes,
# but for uv's own cache and, where no Python 3.13 is installed, the one that uv fetches.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# uv: the one given as UV=..., else one on PATH that meets pyproject's required-version, else ours.
UV ?= $(shell if uv python dir >/dev/null 2>&1; then command -v uv; else echo .uv/bin/uv; fi)
UV := $(UV)
OWN_UV := $(filter .uv/bin/uv,$(UV))

# Whatever environment the caller sits in, ours is .venv.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
export UV_PROJECT_ENVIRONMENT := .venv

PYTHON := .venv/bin/python
READY := .venv/.ready
# The samplers that bajas is measured against have an environment of their own.
BENCH := .venv-bench
BENCH_READY := $(BENCH)/.ready
# So has mutmut.
MUTATION := .venv-mutation
MUTATION_READY := $(MUTATION)/.ready
# Tests in as many processes as there are cores, each file in one: fixtures of a module are made
# once. A process takes up to a gigabyte.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

##@ Use
.PHONY: example example-full
example: $(READY) ## the Russia-Ukraine 2023 example, from claims to citations
	@$(PYTHON) examples/russia_ukraine_2023.py

example-full: $(READY) ## the same and what it leans on: other priors, sources, claims, dates; minutes more
	@$(PYTHON) examples/russia_ukraine_2023.py --full

##@ Check
.PHONY: test test-fast test-long lint types imports docs bench
test: $(READY) ## all tests that CI runs (all but those marked long)
	@$(PYTHON) -m pytest $(PARALLEL)

test-fast: $(READY) ## tests that don't sample
	@$(PYTHON) -m pytest $(PARALLEL) -m "not slow and not long"

test-long: $(READY) ## the long validation suite: minutes to hours
	@$(PYTHON) -m pytest $(PARALLEL) -m long

lint: $(READY) ## ruff: rules and format
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet || { .venv/bin/ruff format --check; exit 1; }

types: $(READY) ## mypy, strict, on src
	@$(PYTHON) -m mypy

imports: $(READY) ## imports go one way
	@.venv/bin/lint-imports --no-logo --no-cache

docs: $(READY) ## the documentation into docs/_build/html; warnings are errors
	@$(PYTHON) -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(READY) ## time and memory of the example fit
	@$(PYTHON) benchmarks/example.py

##@ Measure (benchmarks/README.md; ARGS="..." is handed on)
.PHONY: bench-env bench-sampler bench-density bench-scaling bench-history bench-test
bench-env: $(BENCH_READY) ## the environment with JAX, NumPyro and Stan

bench-sampler: $(BENCH_READY) ## all samplers side by side; ARGS="--posterior P1 --json FILE"
	@$(BENCH)/bin/python benchmarks/sampler.py $(ARGS)

bench-density: $(BENCH_READY) ## cost of a gradient beside other engines
	@$(BENCH)/bin/python benchmarks/density.py $(ARGS)

bench-scaling: $(READY) ## cost against days, claims and strata
	@$(PYTHON) benchmarks/scaling.py $(ARGS)

bench-history: $(BENCH_READY) ## cost of a gradient, kept in .benchmarks/ and compared
	@$(BENCH)/bin/python -m pytest benchmarks/test_density.py --benchmark-autosave \
	  $(if $(wildcard .benchmarks/*/*.json),--benchmark-compare)

bench-test: $(BENCH_READY) ## tests of the benchmarks, with JAX and Stan
	@$(BENCH)/bin/python -m pytest tests/benchmarks

.PHONY: mutation mutation-env
mutation-env: $(MUTATION_READY) ## the environment with mutmut

mutation: $(MUTATION_READY) ## mutants of claims, ledger and design: hours; ARGS="--sample 300"
	@NUMBA_DISABLE_JIT=1 PYTHONHASHSEED=0 \
	  $(MUTATION)/bin/python benchmarks/mutation.py $(ARGS)

##@ Attack (docs/evidence/reliability.md)
.PHONY: fuzz
fuzz: $(READY) ## 100,000 damaged tables through the reader; resumable; ARGS="--tables N --seed N"
	@PYTHONPATH=tests $(PYTHON) -m fuzzing --folder .fuzz $(ARGS)

##@ Tidy
.PHONY: format clean
format: $(READY) ## sort imports and format
	@.venv/bin/ruff check --quiet --select I --fix
	@.venv/bin/ruff format --quiet

clean: ## remove what was built or cached; keep the environments and .uv
	@rm -rf mutants dist docs/_build docs/api/generated .mypy_cache .ruff_cache .pytest_cache \
	  .hypothesis
	@find src tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} + \
	  2>/dev/null || true

##@ Environment
.PHONY: env
env: $(READY) ## the locked environment alone

$(READY): pyproject.toml uv.lock .python-version | $(OWN_UV)
	@wanted=$$(cat .python-version); \
	if ! $(UV) python find --system "$$wanted" >/dev/null 2>&1; then \
	  echo "Python $$wanted is not installed: fetching it"; \
	  if ! $(UV) python install --quiet "$$wanted" 2>/dev/null; then \
	    wanted=">=3.12"; \
	    found=$$($(UV) python find --system --no-python-downloads "$$wanted" 2>/dev/null) || { \
	      echo "Python $$(cat .python-version) can't be fetched, and no Python 3.12 or newer is" \
	        "installed. Install one and run this again." >&2; exit 1; }; \
	    echo "Python $$(cat .python-version) can't be fetched: using $$found"; \
	  fi; \
	fi; \
	echo "Preparing .venv"; \
	$(UV) sync --quiet --frozen --all-extras --python "$$wanted"
	@touch $@

$(BENCH_READY): $(READY)
	@echo "Preparing $(BENCH)"
	@UV_PROJECT_ENVIRONMENT=$(BENCH) $(UV) sync --quiet --frozen --all-extras --group bench \
	  --python .venv/bin/python
	@touch $@

$(MUTATION_READY): $(READY)
	@echo "Preparing $(MUTATION)"
	@UV_PROJECT_ENVIRONMENT=$(MUTATION) $(UV) sync --quiet --frozen --all-extras \
	  --no-default-groups --group mutation --python .venv/bin/python
	@touch $@

# From /, so that pyenv doesn't insist on the version in .python-version.
# The folder is filled under another name first: an interrupted install leaves no half of uv.
.uv/bin/uv:
	@for python in python3 python /usr/bin/python3; do \
	  if (cd / && $$python -m pip --version) >/dev/null 2>&1; then \
	    echo "Installing uv into .uv"; \
	    rm -rf .uv .uv.part; \
	    (cd / && PIP_ROOT_USER_ACTION=ignore $$python -m pip install --quiet --disable-pip-version-check --no-user \
	      --only-binary :all: --target "$(CURDIR)/.uv.part" "uv>=0.8") && mv .uv.part .uv; \
	    exit; \
	  fi; \
	done; \
	echo "Needs uv (https://docs.astral.sh/uv) or a Python with pip." >&2; exit 1

.PHONY: uv-path
uv-path: | $(OWN_UV)
	@echo $(UV)

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
