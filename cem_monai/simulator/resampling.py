"""Linear interpolation, block means and wide blurs of float32 images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator.grid import FloatImage


def upsample(image: FloatImage, shape: tuple[int, int], ratio: float) -> FloatImage:
    """Enlarge bilinearly; pixel areas, not pixel centers, stay aligned.

    Args:
        image: (H, W).
        shape: rows and columns of the result, at most about `ratio` times those of `image`.
        ratio: pixels of the result per pixel of `image`, >= 1.

    Returns:
        (rows, columns) float32.
    """
    if ratio == 1:
        return image[: shape[0], : shape[1]].astype(np.float32, copy=False)
    left, weight = _positions(shape[1], image.shape[1], ratio)
    wide = image.take(left, 1) * (1 - weight) + image.take(left + 1, 1) * weight
    top, weight = _positions(shape[0], image.shape[0], ratio)
    weight = weight[:, None]
    return np.asarray(wide.take(top, 0) * (1 - weight) + wide.take(top + 1, 0) * weight, np.float32)


def _positions(count: int, available: int, ratio: float) -> tuple[npt.NDArray[np.intp], FloatImage]:
    """Return for each of `count` pixels the one before it, and the weight of the next."""
    position = (np.arange(count) + 0.5) / ratio - 0.5
    before = np.clip(np.floor(position).astype(np.intp), 0, available - 2)
    return before, np.clip(position - before, 0, 1).astype(np.float32)


def block_mean(image: FloatImage, factor: int) -> FloatImage:
    """Average blocks of `factor` by `factor` pixels; the border is repeated to fill the last."""
    if factor == 1:
        return image
    height, width = (-(-n // factor) for n in image.shape)
    padding = [(0, n * factor - m) for n, m in zip((height, width), image.shape, strict=True)]
    blocks = np.pad(image, padding, mode="edge").reshape(height, factor, width, factor)
    return blocks.mean((1, 3), dtype=np.float32)


def wide_gaussian(image: FloatImage, sigma: float, pixel: float) -> FloatImage:
    """Blur with a Gaussian that spans many pixels, at the cost of a small image.

    Args:
        image: (H, W).
        sigma: mm.
        pixel: mm.
    """
    factor = max(1, int(sigma / pixel / 2.5))
    small = block_mean(image, factor)
    blurred = ndimage.gaussian_filter(small, sigma / pixel / factor, mode="nearest")
    return upsample(blurred, (image.shape[0], image.shape[1]), factor)
