"""Random numbers that follow from an image, not from those before it."""

from __future__ import annotations

import hashlib

import torch
from ignite.engine import Engine, Events


def image_seed(image: torch.Tensor, *settings: object) -> int:
    """Return a seed that depends on all pixels of a batch and on settings.

    Args:
        image: (B, C, H, W).
        settings: whose text counts.
    """
    digest = hashlib.sha256(" ".join(map(str, settings)).encode())
    digest.update(torch.as_tensor(image).cpu().numpy().tobytes())
    return int.from_bytes(digest.digest()[:7], "big")


class ImageSeed:
    """Seed PyTorch before each batch, so that a network with dropout gives one image one result.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def attach(self, engine: Engine) -> None:
        """Register at an evaluator of MONAI."""
        engine.add_event_handler(Events.ITERATION_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Seed for the present batch."""
        torch.manual_seed(image_seed(engine.state.batch["image"], self.seed))
