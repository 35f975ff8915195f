"""Smooth images before they are made smaller, without darkening their border."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from scipy.ndimage import gaussian_filter


class AntiAlias(Transform):
    """Gaussian filter for an image whose longest side will be reduced to `longest_side`.

    The standard deviation is (factor − 1) / 2 pixels, as in scikit-image and MONAI. MONAI's own
    anti-aliasing pads with zeros: black in stored values, mid-grey in [-1, 1], and the chest wall
    lies at that border. Here the border is continued by its own values.

    Args:
        longest_side: pixels of the longest side after the resizing that follows.
    """

    def __init__(self, longest_side: int) -> None:
        if longest_side < 1:
            raise ValueError(f"longest_side must be at least 1 pixel, got {longest_side}")
        self.longest_side = longest_side

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """Filter a (C, H, W) image; one that will be enlarged is returned as it is."""
        sigma = (max(img.shape[1:]) / self.longest_side - 1) / 2
        if sigma <= 0:
            return img
        pixels = np.asarray(img.detach().cpu())
        smooth = torch.from_numpy(gaussian_filter(pixels, (0, sigma, sigma), mode="nearest"))
        return MetaTensor(smooth, meta=img.meta) if isinstance(img, MetaTensor) else smooth


class AntiAliasd(MapTransform):
    """Dictionary version of `AntiAlias`."""

    def __init__(
        self, keys: KeysCollection, longest_side: int, allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.smooth = AntiAlias(longest_side)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Filter all keys."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self.smooth(item[key])
        return item
