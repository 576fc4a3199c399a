# Everything a developer does, by one word each. Needs Python 3.11 or newer with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Byte code is wanted: without it every start is several times slower.
unexport PYTHONDONTWRITEBYTECODE

# The suite's core, for the lowest versions that pyproject.toml allows.
LOWEST := $(VENV)/lowest
CORE := tests/api tests/cache tests/config tests/requests/test_submitting.py tests/requests/test_checking.py \
	tests/results/test_fetch.py tests/results/test_reader.py tests/results/test_export.py \
	tests/cli/test_commands.py tests/cli/test_reading.py tests/cli/test_submitting.py \
	tests/tui/dialogs/test_help.py tests/e2e/test_suspend.py

.PHONY: demo test lowest check format quickstart screenshots docs bench clean

demo: $(READY)
	@$(BIN)/batchtui --demo

# Four at a time also on two cores: much of the time goes into waiting for a screen.
test: $(READY)
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

lowest: $(LOWEST)/.ready
	$(LOWEST)/bin/python -m pytest -n 4 --dist worksteal $(CORE) $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

quickstart: $(READY)
	$(BIN)/python -m pytest -m quickstart tests/quickstart

screenshots: $(READY)
	TZ=UTC $(BIN)/python -m screenshots

docs: $(READY)
	$(BIN)/python -m docs

bench: $(READY)
	$(BIN)/python -m benchmarks

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "batchtui needs Python 3.11 or newer with venv (Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Setting up $(VENV), once; this takes a minute." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m compileall -q batchtui
	@touch $@

# Of what has to be compiled, the lowest version that is already compiled for this Python.
$(LOWEST)/.ready: $(READY)
	@echo "Setting up $(LOWEST), once." >&2
	@$(BIN)/uv --quiet venv --clear --python $(BIN)/python $(LOWEST)
	@$(BIN)/uv --quiet pip install --python $(LOWEST)/bin/python --resolution lowest-direct \
		--only-binary :all: -r pyproject.toml --extra dev
	@$(BIN)/uv --quiet pip install --python $(LOWEST)/bin/python --no-deps -e .
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
