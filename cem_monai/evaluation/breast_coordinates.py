"""Where a pixel lies in its breast and how bright it is there, comparable between breasts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

Values = npt.NDArray[np.float64]


def depth_from_skin(breast: npt.NDArray[np.bool_]) -> Values:
    r"""Return how deep each pixel of the breast lies.

    :math:`d / \max d`, with d the Euclidean distance to the nearest pixel of air. Skin is where the
    breast ends in air: where the image cuts it, at the chest wall or at the top or bottom, is none.
    The last mask's depths are kept, so that several predictors share one distance transform.

    Args:
        breast: (H, W) mask.

    Returns:
        (N,) values in (0, 1] of the N pixels of the mask, row by row; read-only.

    Raises:
        ValueError: the mask has no pixel, or nothing but the breast.
    """
    return _depth(np.packbits(breast).tobytes(), breast.shape)


def relative_intensity(image: npt.NDArray[Any], breast: npt.NDArray[np.bool_]) -> Values:
    """Return how bright each pixel is among those of its breast: percentile 1 is 0, 99 is 1.

    Args:
        image: (H, W) pixel values of any scale.
        breast: (H, W) mask with at least one pixel.

    Returns:
        (N,) values in [0, 1] of the N pixels of the mask, row by row; 0 in a uniform breast.

    Raises:
        ValueError: pixels in the breast are not finite.
    """
    values = image[breast].astype(np.float64)
    if bad := int(values.size - np.isfinite(values).sum()):
        raise ValueError(f"{bad} of {values.size} low-energy pixels in the breast are not finite")
    low, high = np.percentile(values, (1, 99))
    if low == high:
        return np.zeros_like(values)
    scaled: Values = ((values - low) / (high - low)).clip(0, 1)
    return scaled


@lru_cache(maxsize=1)
def _depth(bits: bytes, shape: tuple[int, int]) -> Values:
    rows, columns = shape
    pixels = np.frombuffer(bits, np.uint8)
    breast = np.unpackbits(pixels, count=rows * columns).reshape(shape).astype(bool)
    if not breast.any():
        raise ValueError("the breast mask has no pixel")
    if breast.all():
        raise ValueError(f"the breast fills all of the {rows} x {columns} pixels: no skin to see")
    breast = _cut_out(breast)
    distance = np.asarray(distance_transform_edt(breast))[breast]
    depth: Values = distance / distance.max()
    depth.setflags(write=False)
    return depth


def _cut_out(breast: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep the mask's bounding box and one pixel of air: no pixel farther away is the nearest."""
    box = tuple(
        slice(max(int(line[0]) - 1, 0), int(line[-1]) + 2)
        for line in (np.flatnonzero(breast.any(axis=axis)) for axis in (1, 0))
    )
    return breast[box]
