r"""Exponent of the power law that mammograms follow, P(f) ~ f^-beta."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator_report.views import Image, Mask

ROI = 25.6
"""In mm, side of a square region of interest (Chen 2012)."""
BAND = (0.15, 0.70)
"""In cycles/mm, fitted part."""
MOST_ROIS, FEWEST_ROIS, TRIES = 60, 5, 4000

Spectrum = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def mean_spectrum(
    image: Image, region: Mask, pixel: float, rng: np.random.Generator
) -> Spectrum | None:
    """Return frequencies in cycles/mm and the mean power of square regions of interest.

    The regions lie at random places wholly inside `region`, are freed of their mean and weighted
    with a Hann window; the power is averaged over regions and directions.

    Args:
        image: (H, W).
        region: (H, W), where to measure.
        pixel: mm.
        rng: source of the places.

    Returns:
        `None` if fewer than `FEWEST_ROIS` regions fit in.
    """
    side = round(ROI / pixel)
    corners = _corners(region, side, rng)
    if len(corners) < FEWEST_ROIS:
        return None
    rois = (image[row : row + side, column : column + side] for row, column in corners)
    power = sum((_power(roi, pixel) for roi in rois), np.zeros((side, side)))
    return _radial_mean(power / len(corners), pixel)


def _power(roi: Image, pixel: float) -> npt.NDArray[np.float64]:
    """Return the power at each frequency; white noise has its variance times the pixel's area."""
    window = np.hanning(len(roi))[:, None] * np.hanning(len(roi))
    centered = (roi - roi.mean(dtype=np.float64)) * window
    return np.asarray(np.abs(np.fft.fft2(centered)) ** 2 * pixel**2 / (window**2).sum())


def _corners(region: Mask, side: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return upper left corners of squares that lie wholly inside the region."""
    area = np.pad(region.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    rows, columns = (size - side for size in region.shape)
    if min(rows, columns) < 1:
        return []
    row, column = rng.integers(0, rows, TRIES), rng.integers(0, columns, TRIES)
    inside = (
        area[row + side, column + side]
        - area[row, column + side]
        - area[row + side, column]
        + area[row, column]
    )
    found = np.flatnonzero(inside == side * side)[:MOST_ROIS]
    return [(int(row[one]), int(column[one])) for one in found]


def _radial_mean(power: npt.NDArray[np.float64], pixel: float) -> Spectrum:
    side = len(power)
    axis = np.fft.fftfreq(side, pixel)
    step = 1 / (side * pixel)
    ring = np.rint(np.hypot(axis[:, None], axis) / step).astype(int).ravel()
    sums, counts = np.bincount(ring, power.ravel()), np.bincount(ring)
    kept = slice(1, side // 2)
    frequency = np.arange(len(sums), dtype=np.float64)[kept] * step
    return frequency, np.asarray(sums[kept] / counts[kept], np.float64)


def exponent(spectrum: Spectrum | None) -> float:
    """Return beta of a straight line through the logarithms in `BAND`; NaN without a spectrum."""
    if spectrum is None:
        return float("nan")
    frequency, power = spectrum
    band = (frequency >= BAND[0]) & (frequency <= BAND[1])
    return -float(np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0])
