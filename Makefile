# Edgekeeper: `make run` shows what it does, `make test` proves it. Both set up first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EDGEKEEPER := $(BIN)/edgekeeper
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

.PHONY: setup setup-dev deep run test check lint bench lock clean

setup: $(READY)            ## a virtual environment with pinned libraries
setup-dev: $(READY_DEV)    ## the same, and what tests and linters need

deep: $(READY_DEV)         ## PyTorch, to train nets; on Linux without a GPU give pip the CPU build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch==2.13.*"

run: $(READY)              ## the whole loop in fast motion on three markets, then a dashboard
	@$(EDGEKEEPER) demo
	@if [ -t 0 ] && [ -t 1 ]; then $(EDGEKEEPER) serve --source demo --data edgekeeper-demo-live; fi

test: $(READY_DEV) lint    ## everything that must hold
	$(BIN)/pytest --doctest-modules src tests -n 2 --dist loadscope

check: $(READY_DEV) lint   ## lint, types and the fast tests
	$(BIN)/pytest --doctest-modules src tests -n 2 --dist loadscope -m "not slow"

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY_DEV)        ## speeds beside peers where they are installed; see benchmarks/README.md
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/ledger.py

lock: $(READY_DEV)         ## pin newer versions of everything
	$(BIN)/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --upgrade --group dev --constraint requirements.lock \
	  --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url -q -o requirements-dev.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml scripts/setup.py
	@$(PYTHON) scripts/setup.py $(VENV) requirements.lock
	@touch $(READY)

$(READY_DEV): requirements-dev.lock $(READY)
	@$(PYTHON) scripts/setup.py $(VENV) requirements-dev.lock
	@touch $(READY_DEV)
