"""Weights of a network that is a thousandth of the compact bundle's own."""

from __future__ import annotations

from pathlib import Path

import torch

from cem_monai.networks import UNetGenerator, save_weights

NAME = "breast_cem_compact"
SETTINGS = {"num_downs": 3, "ngf": 4, "norm": "batch", "image_size": 64}


def save_tiny_weights(path: Path) -> Path:
    """Write a state dict, and beside it what it needs."""
    torch.manual_seed(0)
    network = UNetGenerator(in_channels=1, out_channels=1, num_downs=3, ngf=4)
    save_weights(network, path, {**SETTINGS, "recombined_window": [1900, 2200]})
    return path
