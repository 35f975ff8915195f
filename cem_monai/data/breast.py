"""Find the breast in a low-energy image, without deep learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import block_reduce

from cem_monai.dicom import Laterality

MAX_WORKING_SIDE = 512
MIN_AREA, MAX_AREA = 0.02, 0.95
"""Plausible shares of the frame; beyond them the image has no air or shows no breast."""
AIR_WIDTH, MIN_AIR = 0.05, 0.05
"""Air is one narrow mode at the dark end: at least `MIN_AIR` of the pixels lie within `AIR_WIDTH`
of the gray range. Of 193 CDD-CESM images the poorest in air has 0.11."""
CLEAR_DIFFERENCE = 0.05
"""Of the width of the breast. Of 193 CDD-CESM images none points to the wrong side, and 2 differ
by less."""

Mask = npt.NDArray[np.bool_]


class BreastMaskError(ValueError):
    """No plausible breast was found."""


def breast_mask(low_energy: npt.NDArray[Any]) -> Mask:
    """Segment the breast, pectoral muscle included, in a low-energy mammogram.

    Otsu's threshold on log values (air is one narrow mode, tissue a wide one), opened, the largest
    component, holes filled. Works on a copy reduced to about 512 pixels a side, since the outline
    is smooth, and enlarges the result.

    Args:
        low_energy: (H, W) pixel values in canonical polarity (air is low).

    Returns:
        (H, W) mask.

    Raises:
        BreastMaskError: the image is constant, has no air or inverted polarity, or the region found
            covers an implausible share of the frame.
    """
    if low_energy.ndim != 2:
        raise ValueError(f"low_energy must be (H, W), got {low_energy.shape}")
    factor = max(1, -(-max(low_energy.shape) // MAX_WORKING_SIDE))
    reduced = _reduce(low_energy, factor)
    _check_air(reduced)
    mask = _largest_component(_foreground(reduced))
    mask = ndimage.binary_fill_holes(mask)
    share = float(mask.mean())
    if not MIN_AREA <= share <= MAX_AREA:
        raise BreastMaskError(
            f"the region found as breast covers {share:.1%} of the image, "
            f"plausible are {MIN_AREA:.0%} to {MAX_AREA:.0%}: no air around it, or wrong polarity"
        )
    enlarged = mask.repeat(factor, axis=0).repeat(factor, axis=1)
    return enlarged[: low_energy.shape[0], : low_energy.shape[1]]


def chest_wall_side(breast: Mask) -> tuple[Laterality | None, float]:
    """Return on which side of its image a breast is cut off straight, and how clearly.

    The border on the side of the chest wall is that of the image or of its crop; the other border
    is the skin, which curves away from the bounding box.

    Args:
        breast: (H, W) mask in stored orientation.

    Returns:
        the breast whose chest wall lies there, None if it is not clear; the difference of both
        borders' mean distances from the bounding box, in its widths, positive for left.
    """
    columns = np.flatnonzero(breast.any(axis=0))
    box = breast[breast.any(axis=1), columns[0] : columns[-1] + 1]
    width = box.shape[1]
    left, right = box.argmax(axis=1).mean(), box[:, ::-1].argmax(axis=1).mean()
    difference = float(right - left) / width
    if abs(difference) < CLEAR_DIFFERENCE:
        return None, difference
    return (Laterality.LEFT if difference > 0 else Laterality.RIGHT), difference


def _reduce(image: npt.NDArray[Any], factor: int) -> npt.NDArray[np.float64]:
    # block_reduce alone would fill the last blocks with zeros, which need not be air
    margins = [(0, -side % factor) for side in image.shape]
    padded = np.pad(np.asarray(image, dtype=np.float64), margins, mode="edge")
    return np.asarray(block_reduce(padded, factor, np.mean))


def _check_air(image: npt.NDArray[np.float64]) -> None:
    if image.min() == image.max():
        raise BreastMaskError(f"the image is constant ({image.flat[0]:g})")
    low, high = np.percentile(image, (0.5, 99.5))
    width = AIR_WIDTH * (high - low)
    dark, bright = float((image <= low + width).mean()), float((image >= high - width).mean())
    if dark < MIN_AIR or dark <= bright:
        raise BreastMaskError(
            f"{dark:.1%} of the image is as dark as air and {bright:.1%} as bright as the densest "
            f"tissue: no air around the breast, or wrong polarity"
        )


def _foreground(image: npt.NDArray[np.float64]) -> Mask:
    logarithm = np.log1p(image - image.min())
    return np.asarray(logarithm > threshold_otsu(logarithm, nbins=512))


def _largest_component(mask: Mask) -> Mask:
    opened = ndimage.binary_opening(mask, iterations=2)
    labels, count = ndimage.label(opened)
    if count == 0:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())[1:]
    return np.asarray(labels == 1 + int(np.argmax(sizes)))
