# Every target makes what it needs: a fresh clone, Python 3.11 and make are enough.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
INSTALLED := $(VENV)/installed
READY := $(VENV)/ready
PEERS := $(VENV)/peers

.DEFAULT_GOAL := help
.PHONY: help demo test soak check bench simulate sdk lint types format clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "$(PYTHON) is not Python 3.11 or newer with its module venv. Name one that is: make PYTHON=python3.12" \
	    "(Debian and Ubuntu keep the module in a package of its own: python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $(INSTALLED)

$(READY): $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group test --group check
	@touch $(READY)

$(PEERS): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $(PEERS)

# Thousands of small state files are made safe on the disk: memory, where there is a folder of it with room, saves half
# the time. Three workers on two processors: some tests wait for real processes. The processes that tests start find the
# modules compiled, whatever the shell says of bytecode.
ROOM := df -Pk /dev/shm 2>/dev/null | awk 'END { exit !($$4 > 1000000) }'
test: $(READY) ## Run the test suite
	@TMPDIR=$$($(ROOM) && test -w /dev/shm && echo /dev/shm || echo "$${TMPDIR:-/tmp}") PYTHONDONTWRITEBYTECODE= \
	  $(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder -m "not soak"

check: lint types ## Everything but the tests: format, lint, types, import contract

ROUNDS ?= 300
soak: $(READY) ## Kill, freeze and cut off real processes (make soak ROUNDS=300: 15 minutes on a quiet machine)
	@$(BIN)/python -m pytest -m soak
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m tests.soak $(ROUNDS)

SEEDS ?= 1000
simulate: $(READY) ## Live through simulated faulty nights (make simulate SEEDS=10000)
	@$(BIN)/python -m tests.simulation $(SEEDS)

demo: $(INSTALLED) ## Import the samples into a Webflow of their own
	@sample_data/demo.sh

bench: $(PEERS) ## Measure check, import, pace, isolation and start against others (35 minutes)
	@$(BIN)/python -m bench

sdk: $(READY) ## Try the official Node client against the served sandbox (needs Node)
	@npm install --silent --no-audit --no-fund --no-package-lock --prefix tests/contract/node
	@$(BIN)/python -m pytest tests/contract -rs

lint: $(READY) ## Format check, lint and the import contract
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo

types: $(READY) ## Type check (mypy strict)
	@$(BIN)/mypy

format: $(READY) ## Format the code and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove the environment, caches and demo state
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .importer mappings/.importer tests/contract/node/node_modules
