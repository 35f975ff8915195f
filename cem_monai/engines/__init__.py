"""Training of two networks against each other."""

from __future__ import annotations

from cem_monai.engines.learning_rate import LinearDecayLR, linear_decay_factor
from cem_monai.engines.pix2pix_trainer import Pix2PixTrainer, pix2pix_losses
from cem_monai.engines.random_state import RandomState

__all__ = [
    "LinearDecayLR",
    "Pix2PixTrainer",
    "RandomState",
    "linear_decay_factor",
    "pix2pix_losses",
]
