"""Breast segmentation as a transform."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from monai.utils import ImageMetaKey

from cem_monai.data import BreastMaskError, breast_mask


class BreastMask(Transform):
    """Segment the breast in a low-energy image (see `cem_monai.data.breast_mask`)."""

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """Return the mask of a (1, H, W) image of stored values: (1, H, W) float32, 0 or 1.

        Raises:
            BreastMaskError: no plausible breast was found.
        """
        mask = breast_mask(np.asarray(img.detach().cpu())[0])[None].astype(np.float32)
        tensor = torch.from_numpy(mask)
        return MetaTensor(tensor, meta=img.meta) if isinstance(img, MetaTensor) else tensor


class BreastMaskd(MapTransform):
    """Add a breast mask, unless the item brings its own.

    Args:
        image_key: low-energy image of stored values, (1, H, W).
        mask_key: where the mask goes.
    """

    def __init__(self, image_key: str = "image", mask_key: str = "breast") -> None:
        super().__init__([image_key])
        self.image_key, self.mask_key = image_key, mask_key
        self.segment = BreastMask()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Add the mask to one item.

        Raises:
            BreastMaskError: no plausible breast was found; names the file.
        """
        item = dict(data)
        if self.mask_key not in item:
            image = item[self.image_key]
            try:
                item[self.mask_key] = self.segment(image)
            except BreastMaskError as error:
                file = getattr(image, "meta", {}).get(ImageMetaKey.FILENAME_OR_OBJ, self.image_key)
                raise BreastMaskError(f"{file}: {error}") from None
        return item
