"""Which patches of an image are worth learning from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data.breast import Mask, breast_mask


def foreground_corners(
    foreground: Mask, *, patch_size: int = 150, stride: int = 150, min_foreground: float = 0.5
) -> list[tuple[int, int]]:
    """Return row and column of the first pixel of each patch that is not mostly background.

    The grid starts at the first pixel of the image and has a patch every `stride` pixels as long as
    it lies wholly in the image. A patch is kept if at least `min_foreground` of its pixels are
    foreground. The mask alone decides, so that both images of a pair give the same patches.

    Args:
        foreground: (H, W) mask.
        patch_size: pixels, side of a patch.
        stride: pixels between the first pixels of neighbors; below `patch_size` they overlap.
        min_foreground: share of a patch that must be foreground, 0 to 1.

    Raises:
        ValueError: a size is below 1, or the share is no share.
    """
    if patch_size < 1 or stride < 1:
        raise ValueError(
            f"patch_size and stride must be at least 1 pixel, got {patch_size} and {stride}"
        )
    if not 0 <= min_foreground <= 1:
        raise ValueError(f"min_foreground must be 0 to 1, got {min_foreground}")
    rows, columns = (range(0, side - patch_size + 1, stride) for side in foreground.shape)
    return [
        (row, column)
        for row in rows
        for column in columns
        if patch(foreground, (row, column), patch_size).mean() >= min_foreground
    ]


def raw_foreground(raw: npt.NDArray[np.unsignedinteger]) -> Mask:
    """Return where the object lies in a raw image: what attenuates more than the open field.

    Args:
        raw: (H, W), proportional to the X-rays; the input of a network, since it is all that there
            is when the network is used.

    Returns:
        (H, W) mask, one region without holes, see `breast_mask`.

    Raises:
        BreastMaskError: there is no plausible object.
    """
    return breast_mask(-np.log(np.maximum(raw, 1).astype(np.float32)))


def patch(image: npt.NDArray[Any], corner: tuple[int, int], side: int) -> npt.NDArray[Any]:
    """Return the patch (side, side) whose first pixel is at row and column `corner`."""
    row, column = corner
    return image[row : row + side, column : column + side]
