"""The code of an exported bundle."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

from cem_monai.export.source_modules import own_import_nodes
from cem_monai.export.vendoring import vendor, vendored_target

LOSS = "cem_monai.losses.ExponentialDampeningL1Loss"
NETWORK = "cem_monai.networks.UNetGenerator"


@pytest.fixture
def clean_path(monkeypatch):
    """Forget all that is called scripts, before and after."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = {name: module for name, module in sys.modules.items() if name.startswith("scripts")}
    for name in known:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "scripts"]:
        del sys.modules[name]
    sys.modules.update(known)


def load(target: str):
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_copies_import_nothing_of_the_package(tmp_path):
    imported = vendor(["cem_monai.evaluation.write_bundle_evaluation"], tmp_path, "breast_cem_a")
    files = list(tmp_path.rglob("*.py"))
    assert len(files) > 50
    for path in files:
        assert not list(own_import_nodes(ast.parse(path.read_text()))), path
    assert {"numpy", "jinja2", "pydicom"} <= imported
    assert "cem_monai" not in imported
    root = tmp_path / "scripts" / "breast_cem_a"
    assert (root / "evaluation" / "templates" / "report.html").is_file()


def test_what_no_target_needs_is_left_out(tmp_path):
    vendor([NETWORK], tmp_path, "breast_cem_a")
    root = tmp_path / "scripts" / "breast_cem_a"
    assert {path.name for path in root.iterdir()} == {"__init__.py", "networks"}
    assert not (root / "networks" / "iamnet_generator.py").exists()


def test_two_bundles_in_one_process(tmp_path, clean_path):
    """The second one comes when `scripts` of the first is loaded, and each has its own."""
    classes = []
    for name, target in (("breast_cem_a", NETWORK), ("breast_cem_b", LOSS)):
        vendor([target], tmp_path / name, name)
        sys.path.insert(0, str(tmp_path / name))
        classes.append(load(vendored_target(target, name)))
        assert Path(sys.modules[classes[-1].__module__].__file__).is_relative_to(tmp_path / name)
    again = load(vendored_target(NETWORK, "breast_cem_a"))
    assert again is classes[0]
    assert classes[0] is not load(NETWORK)


def test_unknown_target_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"cem_monai.networks has no 'Nothing'"):
        vendor(["cem_monai.networks.Nothing"], tmp_path, "breast_cem_a")
