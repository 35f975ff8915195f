"""Structural similarity around every pixel, fast, for one real and many generated images."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation

from cem_monai.metrics.distances import grey_per_unit
from cem_monai.metrics.regions import bounding_box, finite_plane

Array = npt.NDArray[np.floating[Any]]
"""Pixels and maps; all are float32."""

RADIUS = 5
"""Pixels from the middle of a window to its border: 3.5 sigma, rounded."""
WINDOW = 2 * RADIUS + 1
SIGMA = 1.5
# Stabilizers of Wang 2004, K1 = 0.01 and K2 = 0.03, for values whose range is 1.
C1, C2 = 0.01**2, 0.03**2
MAX_16_BITS = 65535
TILE = 32
"""Pixels, side of the tiles that an image is cut into."""


class LocalSimilarity:
    """Local means and variances of a real image, ready to be compared with generated ones.

    Args:
        real: (H, W) pixels from `relative_to_range`.
    """

    def __init__(self, real: Array) -> None:
        self._real = real
        self._rows = [_Moments.of(tiles, _middle(tiles)) for tiles in _rows_of_tiles(real)]

    def deficits(self, generated: Array) -> Deficits:
        """Return by how much contrast-and-structure, and SSIM, differ from 1 around every pixel.

        Args:
            generated: (H, W) pixels from `relative_to_range`.
        """
        differs = _differing_tiles(generated, self._real)
        box = bounding_box(differs)
        rows, columns = (stop.stop - stop.start for stop in box)
        structures, ssims = np.zeros((2, rows * TILE, columns * TILE), np.float32)
        # One row of tiles at a time stays in the processor's cache; identical ones, most often air,
        # have 1 everywhere.
        tiles = _rows_of_tiles(generated)
        for number, row in enumerate(range(box[0].start, box[0].stop)):
            if (chosen := differs[row]).any():
                expected = self._rows[row][chosen]
                found = _Moments.of(tiles[row][chosen], expected.middle)
                structure, luminance = expected.compare(found)
                inside = chosen[box[1]]
                _row_of_tiles(structures, number)[inside] = structure - 1
                _row_of_tiles(ssims, number)[inside] = structure * luminance - 1
        top, left = box[0].start * TILE, box[1].start * TILE
        height, width = generated.shape[0] - top, generated.shape[1] - left
        return Deficits(top, left, structures[:height, :width], ssims[:height, :width])


class Deficits(NamedTuple):
    """What is lacking to 1 in a part of an image; outside of it nothing is.

    Attributes:
        top, left: pixels, where the part begins.
        structure: (h, w) contrast-and-structure - 1.
        ssim: (h, w) SSIM - 1.
    """

    top: int
    left: int
    structure: Array
    ssim: Array


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
    found = similarity.deficits(relative_to_range(pixels, data_range))
    values = np.ones(pixels.shape, np.float32)
    height, width = found.ssim.shape
    values[found.top : found.top + height, found.left : found.left + width] += found.ssim
    return values


def relative_to_range(pixels: npt.NDArray[Any], data_range: tuple[float, float]) -> Array:
    """Return float32 pixels in which the range reaches from 0 to 1.

    Raises:
        ValueError: the range is empty.
    """
    grey_per_unit(data_range)  # refuses an empty range
    low, high = data_range
    # 16 bits are exact in float32, and twice as fast
    small = pixels.dtype.kind in "iub" and max(abs(int(low)), MAX_16_BITS) == MAX_16_BITS
    exact = np.float32 if small and float(low).is_integer() else np.float64
    relative = np.subtract(pixels, low, dtype=exact)
    relative /= high - low
    return relative.astype(np.float32, copy=False)


@dataclass(frozen=True)
class _Moments:
    """Tiles with their borders as deviations from a middle, and the moments inside the borders.

    Variances are differences of squares, which lose the fewest digits around 0.
    """

    middle: Array
    deviations: Array
    mean: Array
    variance: Array
    level: Array

    @classmethod
    def of(cls, tiles: Array, middle: Array) -> _Moments:
        deviations = tiles - middle
        mean = _local_mean(deviations)
        return cls(middle, deviations, mean, _local_mean(deviations**2) - mean**2, mean + middle)

    def __getitem__(self, chosen: npt.NDArray[np.bool_]) -> _Moments:
        return _Moments(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def compare(self, other: _Moments) -> tuple[Array, Array]:
        """Return contrast-and-structure, and luminance."""
        covariance = _local_mean(self.deviations * other.deviations) - self.mean * other.mean
        structure = (2 * covariance + C2) / (self.variance + other.variance + C2)
        product, squares = self.level * other.level, self.level**2 + other.level**2
        return structure, (2 * product + C1) / (squares + C1)


def _middle(tiles: Array) -> Array:
    highest, lowest = tiles.max(axis=1).max(axis=1), tiles.min(axis=1).min(axis=1)
    middle: Array = ((highest + lowest) / 2)[:, np.newaxis, np.newaxis]
    return middle


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


def _row_of_tiles(image: Array, row: int) -> Array:
    """Return a view of one row of tiles without borders, (columns, 32, 32)."""
    strip = image[row * TILE : (row + 1) * TILE]
    return strip.reshape(TILE, -1, TILE).swapaxes(0, 1)


def _differing_tiles(first: Array, second: Array) -> npt.NDArray[np.bool_]:
    """Tell which tiles differ somewhere, borders included, (rows, columns)."""
    pads = [(0, -length % TILE) for length in first.shape]
    pixels = np.pad(first != second, pads)
    blocks = pixels.reshape(pixels.shape[0] // TILE, TILE, -1, TILE)
    tiles = np.logical_or.reduce(np.logical_or.reduce(blocks, axis=3), axis=1)
    # the border of a tile lies in its neighbors
    return np.asarray(binary_dilation(tiles, np.ones((3, 3))))
