"""Images as tensors to arrays: the measures work on arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch


def tensor_plane(image: torch.Tensor) -> npt.NDArray[np.float64]:
    """Return a (1, H, W) tensor on any device as an array (H, W).

    Raises:
        ValueError: the shape is not (1, H, W).
    """
    if image.ndim != 3 or image.shape[0] != 1:
        raise ValueError(f"an image must have the shape (1, H, W), got {tuple(image.shape)}")
    # float64 holds every stored value exactly; NumPy knows no bfloat16.
    return np.asarray(image[0].detach().cpu().to(torch.float64))
