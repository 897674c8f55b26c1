# One word each; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait for servers most of the time; each process starts a Kafka and a PostgreSQL of its own.
PROCESSES ?= 2

.DEFAULT_GOAL := help

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

env: $(STAMP) ## make .venv with everything pinned in requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
	  || { echo "milepost needs Python 3.11 to 3.14; $(PYTHON) is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(BIN)/python -m pip install --quiet uv
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

parquet: env ## add what `milepost export --format parquet` needs: 55 MB
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r deploy/parquet.lock

demo: env ## start everything with the demo simulator; Ctrl-C stops it
	@exec $(BIN)/milepost up --demo

# Dozens of processes are started: none compiles again what another has compiled.
test: export PYTHONDONTWRITEBYTECODE :=
test: env ## the whole test suite on real Kafka and PostgreSQL
	$(BIN)/python -m pytest -n $(PROCESSES)

soak: env ## simulate SEEDS=5000 lives of clients, Kafka and workers under a virtual clock
	SEEDS=$(or $(SEEDS),5000) $(BIN)/python -m pytest -n 2 tests/journey_state/test_simulation.py

fuzz: env ## SECONDS=250 of requests made from each OpenAPI document, EXAMPLES=5000 of each parser's bodies
	FUZZ_SECONDS=$(or $(SECONDS),250) $(BIN)/python -m pytest --timeout 0 tests/e2e/test_fuzz.py
	FUZZ_EXAMPLES=$(or $(EXAMPLES),5000) $(BIN)/python -m pytest --timeout 0 -n 2 \
	  --hypothesis-profile fuzz -m hypothesis tests/ingest

outage: env ## the broker stands still for SECONDS=60 under load of three SDKs
	OUTAGE_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest --timeout 0 -s tests/e2e/test_stopped_broker.py

mutations: env ## break sentences of the semantics on purpose: do tests notice?
	$(BIN)/python -m tests.mutations --write

lint: env ## format, lint, types, boundaries
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env ## format and fix what can be fixed
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

snippet: env ## build milepost.js as it is served from its source
	$(BIN)/python -m tests.snippet_build

page: env ## bundle the page's scripts anew, with what they use of Lit and d3
	$(BIN)/python -m tests.page_vendor

screenshots: env ## take the page's pictures in docs/images anew, of made-up customers
	$(BIN)/python -m tests.page_screenshots

lock: ## pin every dependency with its hashes
	@$(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet pyproject.toml \
	  --extra local --extra dev --output-file requirements.lock
	@$(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet pyproject.toml \
	  --constraints requirements.lock --output-file deploy/requirements.lock
	@echo "pyarrow>=20" | $(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet - \
	  --output-file deploy/parquet.lock
	@echo hatchling | $(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet - \
	  --constraints requirements.lock --output-file deploy/build.lock

vendor: ## fetch analytics.js anew, as ANALYTICS_NEXT=1.84.3 of its package has it
	@$(BIN)/python -m tests.vendored $(or $(ANALYTICS_NEXT),1.84.3)

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help env parquet demo test soak fuzz outage mutations lint format snippet page screenshots lock vendor clean
