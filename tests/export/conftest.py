"""A bundle with weights of a tiny network, exported once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cem_monai.export import Formats, export_bundle
from tiny_bundle import NAME, save_tiny_weights


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """Weights in a folder of their own."""
    return save_tiny_weights(tmp_path_factory.mktemp("weights") / "model.pt")


@pytest.fixture(scope="session")
def exported_once(tiny_weights, tmp_path_factory) -> tuple[Path, Path]:
    """Folder and zip file of an exported bundle; not to be changed."""
    output = tmp_path_factory.mktemp("exported")
    return export_bundle(NAME, output, weights=tiny_weights, formats=Formats(torchscript=False))


@pytest.fixture
def exported(exported_once, tmp_path) -> Path:
    """A copy of an exported bundle."""
    folder = tmp_path / NAME
    shutil.copytree(exported_once[0], folder)
    return folder
