"""Losses that MONAI lacks."""

from __future__ import annotations

from cem_monai.losses.adversarial import AdversarialLoss, GANMode

__all__ = ["AdversarialLoss", "GANMode"]
