# Two commands for newcomers: make demo, make test. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help setup demo test test-all check fuzz bundles tables simulator-report clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /: /' | column -t -s ':'

setup: $(INSTALLED)  ## make .venv with the tested versions of everything

# torch first: on Linux pip would otherwise take the newest build with CUDA for another version
$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

demo: $(INSTALLED)  ## simulate, train, generate, evaluate, report: about 5 minutes on two cores
	$(BIN)/python -m cem_monai demo $(DEMO)

test: check  ## all checks and tests but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 $(PYTEST)

test-all: check  ## the slow tests too: the demo, full-size networks, real data if present
	$(BIN)/python -m pytest $(PYTEST)

check: $(INSTALLED)  ## lint, format, types, import contracts, rendered bundles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy cem_monai bundles/render.py docs/explanation/simulator_report
	$(BIN)/lint-imports
	$(BIN)/python bundles/render.py --check

fuzz: $(INSTALLED)  ## 6000 broken files through the gate and the decoder: about 5 minutes
	PYTHONPATH=tests $(BIN)/python -m fuzzing $(FUZZ)

bundles: $(INSTALLED)  ## render bundles/*/configs from bundles/_base and overrides.yaml
	$(BIN)/python bundles/render.py

tables: $(INSTALLED)  ## compute the simulator's spectral nodes anew (installs 220 MB of tools)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[tables]'
	$(BIN)/python -m cem_monai.simulator.tables.make_nodes --reference tests/simulator/full_spectrum.json

simulator-report: $(INSTALLED)  ## measure the simulator, write its page and figures
	PYTHONPATH=docs/explanation $(BIN)/python -m simulator_report $(REPORT)

clean:  ## remove the environment, the demo's output and caches
	rm -rf $(VENV) demo_output build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
