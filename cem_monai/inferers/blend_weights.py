"""How much each pixel of a window counts where windows overlap."""

from __future__ import annotations

import torch


def gaussian_weights(height: int, width: int) -> torch.Tensor:
    """Return a Gaussian with a standard deviation of an eighth of each side, (height, width).

    MONAI's own weights are never below 1e-3, which makes them constant along the borders of the
    image: neighbors would count alike there, where one of them ends. These are not limited.
    """
    return _line(height)[:, None] * _line(width)


def _line(side: int) -> torch.Tensor:
    distance = (torch.arange(side) - (side - 1) / 2) / (side / 8)
    return torch.exp(-(distance**2) / 2)
