"""Bundles as an export makes them, of small untrained networks: configs that match the weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

from bundles.kinds import kind_of
from cem_monai.export import write_checksums
from cem_monai.networks import save_weights


def write_tiny_bundle(source: Path, folder: Path, **settings: Any) -> Path:
    """Copy a bundle into `folder`, small and with weights; return the copy.

    Args:
        source: the bundle.
        folder: gets a folder of the bundle's name.
        settings: more ids of its inference.json.
    """
    bundle = folder / source.name
    shutil.copytree(source, bundle, ignore=shutil.ignore_patterns("models"))
    kind = kind_of(bundle)
    config = bundle / "configs" / "inference.json"
    ids = json.loads(config.read_text())
    ids |= {name: kind.small[name] for name in kind.for_inference} | settings
    config.write_text(json.dumps(ids, indent=4))
    parser = ConfigParser(ids)
    torch.manual_seed(0)
    (bundle / "models").mkdir()
    save_weights(
        parser.get_parsed_content("network_def"),
        bundle / "models" / "model.pt",
        parser.get_parsed_content("weights_settings"),
    )
    write_checksums(bundle)
    return bundle
