"""Which modules a name needs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from cem_monai.export.source_modules import definition, needed_modules, source_path

TARGETS = [
    "cem_monai.networks.UNetGenerator",
    "cem_monai.handlers.DeltaCNR",
    "cem_monai.evaluation.TrivialBaselinesd",
    "cem_monai.command_line.prepare_bundle_run",
]


@pytest.mark.parametrize("target", TARGETS)
def test_definition_is_where_python_says(target):
    room, _, name = target.rpartition(".")
    assert definition(room, name) == getattr(import_module(room), name).__module__


def test_needed_are_all_that_python_loads_but_the_rooms():
    """Importing the module loads no module of this package that is not in the set."""
    module = definition("cem_monai.transforms", "CEMSaveImaged")
    needed = needed_modules([module])
    code = (
        "import sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        print(name) if name.startswith('cem_monai.') else None\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"import {module}\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {line for line in found.stdout.split() if source_path(line).name != "__init__.py"}
    assert module in needed
    assert needed - {"cem_monai"} <= loaded  # rooms load their other modules as well
    assert len(needed) < len(loaded)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"cem_monai\.networks has no 'Nothing'"):
        definition("cem_monai.networks", "Nothing")
    with pytest.raises(ValueError, match=r"no module cem_monai\.nothing"):
        definition("cem_monai.nothing", "Nothing")
