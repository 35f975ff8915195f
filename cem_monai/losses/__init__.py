"""Losses that MONAI lacks."""

from __future__ import annotations

from cem_monai.losses.adversarial import AdversarialLoss, GANMode
from cem_monai.losses.exponential_dampening import ExponentialDampeningL1Loss

__all__ = ["AdversarialLoss", "ExponentialDampeningL1Loss", "GANMode"]
