# Two commands for newcomers: make demo, make test. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LABEL_VENV ?= .venv-label
LABEL_INSTALLED := $(LABEL_VENV)/.installed

.PHONY: help setup demo demo-train test test-all test-pacs test-export viewer ohif test-viewer label test-label check fuzz bundles tables simulator-report clean

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

demo: $(INSTALLED)  ## simulate, generate, evaluate, report: about two minutes on two cores
	$(BIN)/python -m cem_monai demo $(DEMO)

demo-train: $(INSTALLED)  ## the same with a network trained anew: about 5 minutes on two cores
	$(BIN)/python -m cem_monai demo --train $(DEMO)

test: check  ## all checks and tests but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 $(PYTEST)

test-all: check  ## the slow tests too: the demo, full-size networks, real data if present
	$(BIN)/python -m pytest $(PYTEST)

test-pacs: $(INSTALLED)  ## send to a real archive that is killed meanwhile; needs orthanc, orthanc-dicomweb
	$(BIN)/python -m pytest tests/transport/test_orthanc.py tests/infer/test_node_process.py tests/infer/test_full_disk.py $(PYTEST)

test-export: $(INSTALLED)  ## every bundle exported, verified and run where this package is not installed
	$(BIN)/python -m pytest tests/export -m slow -n 2 $(PYTEST)

viewer: $(INSTALLED)  ## Orthanc and OHIF on this machine: LE | DES | virtual DES of the demo
	PYTHONPATH=docs/how-to $(BIN)/python -m viewer $(VIEWER)

ohif: $(INSTALLED)  ## fetch the viewer OHIF from the npm registry, 50 MB, into ~/.cache
	PYTHONPATH=docs/how-to $(BIN)/python -m viewer.ohif

test-viewer: $(INSTALLED)  ## open the viewer in headless Chromium; screenshots in build/viewer
	SCREENSHOTS=build/viewer $(BIN)/python -m pytest tests/docs/test_viewer_in_browser.py $(PYTEST)

# It uses the packages of $(VENV), so that torch is there once
$(LABEL_INSTALLED): $(INSTALLED) docs/how-to/labeling/requirements.txt docs/how-to/labeling/requirements-alone.txt
	$(BIN)/python -m venv $(LABEL_VENV)
	PYTHONPATH=docs/how-to $(BIN)/python -m labeling.environment $(LABEL_VENV)
	$(LABEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r docs/how-to/labeling/requirements-alone.txt
	$(LABEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r docs/how-to/labeling/requirements.txt
	touch $@

label: $(LABEL_INSTALLED)  ## Orthanc and MONAI Label on this machine, with the demo's exams
	LABEL_PYTHON=$(LABEL_VENV)/bin/python PYTHONPATH=docs/how-to $(BIN)/python -m labeling $(LABEL)

test-label: $(LABEL_INSTALLED)  ## a real MONAI Label server beside a real Orthanc; its OHIF in headless Chromium
	LABEL_PYTHON=$(LABEL_VENV)/bin/python SCREENSHOTS=build/label $(BIN)/python -m pytest tests/label_app $(PYTEST)

check: $(INSTALLED)  ## lint, format, types, import contracts, rendered bundles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy cem_monai bundles/render.py docs/explanation/simulator_report docs/how-to/viewer docs/how-to/labeling
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
	rm -rf $(VENV) $(LABEL_VENV) demo_output build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
