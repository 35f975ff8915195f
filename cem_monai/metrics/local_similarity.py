"""Structural similarity around every pixel, fast, for one real and many generated images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.distances import grey_per_unit
from cem_monai.metrics.regions import finite_plane

Array = npt.NDArray[np.floating[Any]]
"""Pixels and maps; all are float32."""

RADIUS = 5
"""Pixels from the middle of a window to its border: 3.5 sigma, rounded."""
WINDOW = 2 * RADIUS + 1
SIGMA = 1.5
# Stabilizers of Wang 2004, K1 = 0.01 and K2 = 0.03, for values whose range is 1.
C1, C2 = 0.01**2, 0.03**2
TILE = 32
"""Pixels, side of the tiles that an image is cut into."""


class LocalSimilarity:
    """Local means and variances of a real image, ready to be compared with generated ones.

    Args:
        real: (H, W) pixels from `relative_to_range`.
    """

    def __init__(self, real: Array) -> None:
        self._rows = [(tiles, _Moments.of(tiles)) for tiles in _rows_of_tiles(real)]

    def maps(self, generated: Array) -> tuple[Array, Array]:
        """Return contrast-and-structure, and SSIM, around every pixel.

        Args:
            generated: (H, W) pixels from `relative_to_range`.

        Returns:
            Two (H, W) maps, at most 1.
        """
        structures, ssims = [], []
        # One row of tiles at a time stays in the processor's cache.
        for (real_tiles, real), tiles in zip(self._rows, _rows_of_tiles(generated), strict=True):
            structure, ssim = np.ones((2, len(tiles), TILE, TILE), np.float32)
            # Identical tiles, most often air, have 1 everywhere.
            differs = (tiles != real_tiles).any(axis=(1, 2))
            if differs.any():
                structure[differs], luminance = real[differs].compare(_Moments.of(tiles[differs]))
                ssim[differs] = structure[differs] * luminance
            structures.append(structure)
            ssims.append(ssim)
        return _image_of_tiles(structures, generated.shape), _image_of_tiles(ssims, generated.shape)


def ssim_map(
    generated: npt.ArrayLike, real: npt.ArrayLike, *, data_range: tuple[float, float]
) -> Array:
    """Compute the structural similarity around every pixel.

    Gaussian window of 11 pixels, sigma 1.5, population covariance, reflection at the border.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        (H, W), at most 1. Computed in float32: pixels within 3e-4, means of regions within 1e-4 of
        float64.

    Raises:
        ValueError: shapes differ or are not (H, W), the range is empty, or a pixel is NaN or
            infinite.

    References:
        Wang et al., IEEE TIP 13 (2004) 600.
    """
    pixels, real_pixels = finite_plane(generated, "generated"), finite_plane(real, "real")
    if pixels.shape != real_pixels.shape:
        raise ValueError(f"generated {pixels.shape} and real {real_pixels.shape} differ in shape")
    similarity = LocalSimilarity(relative_to_range(real_pixels, data_range))
    return similarity.maps(relative_to_range(pixels, data_range))[1]


def relative_to_range(pixels: npt.NDArray[Any], data_range: tuple[float, float]) -> Array:
    """Return float32 pixels in which the range reaches from 0 to 1.

    Raises:
        ValueError: the range is empty.
    """
    grey_per_unit(data_range)  # refuses an empty range
    low, high = data_range
    relative = np.subtract(pixels, low, dtype=np.float64)
    relative /= high - low
    return relative.astype(np.float32)


@dataclass(frozen=True)
class _Moments:
    """Tiles with their borders as deviations from a middle, and the moments inside the borders.

    Variances are differences of squares, which lose the fewest digits around 0.
    """

    deviations: Array
    mean: Array
    variance: Array
    level: Array

    @classmethod
    def of(cls, tiles: Array) -> _Moments:
        highest, lowest = tiles.max(axis=1).max(axis=1), tiles.min(axis=1).min(axis=1)
        middle = ((highest + lowest) / 2)[:, np.newaxis, np.newaxis]
        deviations = tiles - middle
        mean = _local_mean(deviations)
        return cls(deviations, mean, _local_mean(deviations**2) - mean**2, mean + middle)

    def __getitem__(self, chosen: npt.NDArray[np.bool_]) -> _Moments:
        return _Moments(
            self.deviations[chosen], self.mean[chosen], self.variance[chosen], self.level[chosen]
        )

    def compare(self, other: _Moments) -> tuple[Array, Array]:
        """Return contrast-and-structure, and luminance."""
        covariance = _local_mean(self.deviations * other.deviations) - self.mean * other.mean
        structure = (2 * covariance + C2) / (self.variance + other.variance + C2)
        product, squares = self.level * other.level, self.level**2 + other.level**2
        return structure, (2 * product + C1) / (squares + C1)


def _local_mean(tiles: Array) -> Array:
    """Average with the Gaussian window where it fits, (N, 42, 42) to (N, 32, 32)."""
    means: Array = BAND @ tiles @ BAND.T
    return means


def _gaussian_band() -> Array:
    """Return the matrix (32, 42) that averages the columns of a tile."""
    weights = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    band = np.zeros((TILE, TILE + 2 * RADIUS), np.float32)
    for row in range(TILE):
        band[row, row : row + WINDOW] = weights
    return band


BAND = _gaussian_band()


def _rows_of_tiles(image: Array) -> Array:
    """Cut an image into tiles with borders, which overlap, (rows, columns, 42, 42)."""
    # continued by reflection to whole tiles
    pads = [(RADIUS, RADIUS + -length % TILE) for length in image.shape]
    side = TILE + 2 * RADIUS
    continued = np.pad(image, pads, mode="symmetric")
    tiles = np.lib.stride_tricks.sliding_window_view(continued, (side, side))
    return tiles[::TILE, ::TILE]


def _image_of_tiles(rows: Sequence[Array], shape: tuple[int, ...]) -> Array:
    """Put tiles without borders together, rows of (columns, 32, 32) to (H, W)."""
    strips = [row.swapaxes(0, 1).reshape(TILE, -1) for row in rows]
    return np.concatenate(strips)[: shape[0], : shape[1]]
