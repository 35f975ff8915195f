"""Generators that MONAI lacks, and the loading of their weights."""

from __future__ import annotations

from cem_monai.networks.initialization import initialize_weights
from cem_monai.networks.unet_generator import UNetGenerator
from cem_monai.networks.weights import load_weights, save_weights

__all__ = ["UNetGenerator", "initialize_weights", "load_weights", "save_weights"]
