"""Grey-level histograms of a generated and a real image, and how far they lie apart."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.distances import grey_per_unit
from cem_monai.metrics.regions import finite_region_values

BINS = 256


def wasserstein_distance(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    region: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute the Wasserstein-1 distance between the grey levels of a region.

    It is the mean shift that turns one histogram into the other, exact and without bins. Where the
    grey levels lie in the image does not matter.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        region: (H, W) mask, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        Grey levels, at most the `l1` of the region; NaN for an empty region.

    Raises:
        ValueError: the shapes differ or are not (H, W), the range is empty, or a pixel inside the
            region is NaN or infinite.
    """
    return WassersteinDistance(real, region, data_range=data_range).of(generated)


class WassersteinDistance:
    """`wasserstein_distance` of any number of generated images to one real image."""

    def __init__(
        self, real: npt.ArrayLike, region: npt.ArrayLike, *, data_range: tuple[float, float]
    ) -> None:
        self._region, self._scale = region, grey_per_unit(data_range)
        self._sorted = self._ranked(real)

    def of(self, generated: npt.ArrayLike) -> float:
        """Compare one generated image, see `wasserstein_distance`."""
        if not self._sorted.size:
            return math.nan
        # Of two samples of the same size the optimal transport joins the ranks.
        return float(np.abs(self._ranked(generated) - self._sorted).mean()) * self._scale

    def _ranked(self, image: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.sort(finite_region_values(image, self._region, "region"))


def grey_histogram(
    image: npt.ArrayLike, region: npt.ArrayLike, *, data_range: tuple[float, float]
) -> npt.NDArray[np.integer]:
    """Count the grey levels of a region.

    The bins cut 0..255 into 256 parts of the same width, so that each value of an 8-bit image has
    its own. Pixels outside the range count in the first or last bin.

    Args:
        image: (H, W) stored pixel values.
        region: (H, W) mask, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        Pixels in each bin, (256,).

    Raises:
        ValueError: see `wasserstein_distance`.
    """
    grey_per_unit(data_range)  # refuses an empty range
    low, high = data_range
    values = finite_region_values(image, region, "region")
    # multiplied before it is divided, so that a value on the edge of a bin stays there
    bins = np.clip((values - low) * BINS / (high - low), 0, BINS - 1).astype(np.int64)
    return np.bincount(bins, minlength=BINS)
