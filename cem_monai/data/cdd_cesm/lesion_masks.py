"""Masks of the lesions of one recombined image, and of the tissue around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.data.via import Frame, Outline, outlines_mask

Mask = npt.NDArray[np.bool_]

SURROUND = 10 / 512
"""Width of the ring around the lesions as a share of the image's height."""


def lesion_masks(
    outlines: Sequence[Outline], frame: Frame | None, breast: Mask
) -> dict[str, Mask | None]:
    """Return the masks `mass` and `surround`, each (H, W), or None where there is none.

    Args:
        outlines: drawn on the recombined image; an outline that reaches past the image is cut off.
        frame: where they lie on the grid of the low-energy image; None if unknown.
        breast: (H, W), of the low-energy image. The surround stays inside, the mass need not.
    """
    mass = outlines_mask(outlines, frame) if frame else np.zeros(breast.shape, bool)
    if not mass.any():
        return {"mass": None, "surround": None}
    width = max(1, round(SURROUND * breast.shape[0]))
    near = ndimage.distance_transform_edt(~mass) <= width
    ring = np.asarray(near & breast & ~mass)
    return {"mass": mass, "surround": ring if ring.any() else None}
