"""The position of a lesion in the other breast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.regions import image_and_mask, plane


def mirrored_region(
    mask: npt.ArrayLike, breast: npt.ArrayLike, other_breast: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Return the position of a lesion in the other breast of the same view.

    Both images have the chest wall at the left, so that nothing is flipped. The bounding boxes of
    the two breasts are laid upon each other with their left edges and their middle rows; size and
    shape of the lesion stay, whatever the size of the other breast.

    Args:
        mask: (H, W) mask of the lesion, nonzero inside.
        breast: (H, W) mask of the breast with the lesion, nonzero inside.
        other_breast: (H', W') mask of the other breast, nonzero inside.

    Returns:
        (H', W') mask, without what lies outside the other breast; empty where all of it does, or
        where a mask is empty. Lesions of the other breast are not taken off.

    Raises:
        ValueError: a mask is not (H, W), or `mask` and `breast` differ in shape.
    """
    here, lesion = image_and_mask(breast, mask)
    there = plane(other_breast, "other_breast").astype(bool)
    mirrored = np.zeros_like(there)
    if not (here.any() and there.any()):
        return mirrored
    positions = np.argwhere(lesion) + np.subtract(_anchor(there), _anchor(here))
    inside = ((positions >= 0) & (positions < there.shape)).all(axis=1)
    mirrored[tuple(positions[inside].T)] = True
    return mirrored & there


def _anchor(breast: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the middle row and the left column of the bounding box."""
    rows, columns = (np.flatnonzero(breast.any(axis=axis)) for axis in (1, 0))
    return int(rows[0] + rows[-1]) // 2, int(columns[0])
