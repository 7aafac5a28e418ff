# make demo, make serve, make test: each works on a machine with nothing but Python 3.11, pip and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python
WHEEL_PLACE := $(shell mktemp -du -t payrisk-wheel-XXXXXX)

.PHONY: help install demo serve test lint types layers tests wheel lock clean

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

install: $(VENV)/.installed ## Create .venv from the lock

# uv takes seconds where pip takes minutes; where it cannot reach the package index, pip does it.
$(VENV)/.installed: requirements-dev.lock requirements-installer.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || [ "$$(uname)" != Linux ] || \
	  { echo "LightGBM needs libgomp.so.1: install the system package libgomp1"; exit 1; }
	@echo "installing into $(VENV)"
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.lock
	@$(INSTALL) --require-hashes -r requirements-dev.lock || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## Import, train, score the sample book: everything once
	@$(BIN)/payrisk demo --input data/sample

serve: install ## Open the API and the worklist on the demo's results
	@$(BIN)/payrisk serve

test: lint types layers tests wheel ## Everything that must hold
	@echo "all checks passed"

lint: install ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## Types, strictly
	$(BIN)/mypy

layers: install ## Arrows between packages point downward only
	$(BIN)/lint-imports

tests: install ## The test suite with doctests
	$(BIN)/pytest -n 2 --dist loadscope

# The wheel alone, in an environment of its own, away from the checkout.
wheel: install ## Build the wheel and run its demo in a clean environment
	@mkdir -p $(WHEEL_PLACE)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(WHEEL_PLACE) . > $(WHEEL_PLACE)/build.log || \
	  { cat $(WHEEL_PLACE)/build.log; exit 1; }
	$(PYTHON) -m venv $(WHEEL_PLACE)/env
	$(BIN)/uv pip install --quiet --python $(WHEEL_PLACE)/env/bin/python --require-hashes -r requirements.lock || \
	  $(WHEEL_PLACE)/env/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(WHEEL_PLACE)/env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(WHEEL_PLACE)/*.whl
	cd $(WHEEL_PLACE) && PAYRISK_HOME=$(WHEEL_PLACE)/home env/bin/payrisk demo
	rm -rf $(WHEEL_PLACE)

lock: install ## Resolve the dependencies again, without index addresses
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## Remove the environment and the demo's results
	rm -rf $(VENV) .payrisk dist build
