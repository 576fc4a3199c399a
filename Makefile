# Everything a developer does, by one word each. Needs Python 3.11 or newer with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Byte code is wanted: without it every start is several times slower.
unexport PYTHONDONTWRITEBYTECODE

# The suite's core, for the lowest versions that pyproject.toml allows.
LOWEST := $(VENV)/lowest
CORE := tests/api tests/cache tests/config tests/submissions/test_sender.py tests/submissions/test_validation.py \
	tests/results/test_fetch.py tests/results/test_reader.py tests/results/test_export.py \
	tests/cli/test_commands.py tests/cli/test_search.py tests/cli/test_submit.py \
	tests/tui/dialogs/test_help.py tests/e2e/test_suspend.py

# The newest Textual release, also one that pyproject.toml does not allow yet.
NEWEST := $(VENV)/newest
# What pipx installs goes here, not into the home of the person who tries it.
PIPX := $(abspath $(VENV))/pipx
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: demo test lowest newest check format coverage package quickstart screenshots recording docs \
	bench bench-quick peers fonts clean

demo: $(READY)
	@$(BIN)/batchtui --demo

# More at a time than there are cores: much of the time goes into waiting for a screen.
WORKERS := 4

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lowest: $(LOWEST)/.ready
	$(LOWEST)/bin/python -m pytest -n $(WORKERS) --dist worksteal $(CORE) $(ARGS)

newest: $(READY)
	@$(BIN)/uv --quiet venv --clear --python $(BIN)/python $(NEWEST)
	@$(BIN)/uv --quiet pip install --python $(NEWEST)/bin/python -c constraints.txt -e '.[dev]'
	@$(BIN)/uv --quiet pip install --python $(NEWEST)/bin/python --upgrade textual
	@$(BIN)/uv pip show --python $(NEWEST)/bin/python textual
	$(NEWEST)/bin/python -m pytest -n $(WORKERS) --dist worksteal tests/tui tests/e2e $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: $(READY)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal $(ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Build the distributions, try the wheel as a user installs it, and unpack the source for its tests.
package: $(READY)
	rm -rf dist
	$(BIN)/uv --quiet build
	$(BIN)/uv --quiet tool run twine check --strict dist/*.whl dist/*.tar.gz
	PIPX_HOME=$(PIPX) PIPX_BIN_DIR=$(PIPX)/bin $(BIN)/uv --quiet tool run pipx install --force --quiet \
		--python $(abspath $(BIN)/python) dist/*.whl
	$(PIPX)/bin/batchtui --version
	$(PIPX)/bin/batchtui --demo list --limit 3
	mkdir dist/source
	tar xzf dist/*.tar.gz -C dist/source --strip-components 1

quickstart: $(READY)
	$(BIN)/python -m pytest -m quickstart tests/quickstart

screenshots: $(READY)
	TZ=UTC $(BIN)/python -m screenshots

recording: $(READY)
	TZ=UTC $(BIN)/python -m screenshots.recording

docs: $(READY)
	$(BIN)/python -m docs

bench: $(READY)
	$(BIN)/python -m benchmarks

bench-quick: $(READY)
	$(BIN)/python -m pytest -m benchmarks tests/benchmarks $(ARGS)

# Programs that the benchmarks compare with, and fonts that the pictures need; names of Debian and Ubuntu.
peers:
	$(SUDO) apt-get install --yes --no-install-recommends curl jq less lnav ripgrep

fonts:
	$(SUDO) apt-get install --yes --no-install-recommends \
		fonts-dejavu-core fonts-wqy-zenhei fonts-noto-color-emoji

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
	rm -rf $(VENV) dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
