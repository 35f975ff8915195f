"""Distances between a generated and a real image over a region, in grey levels of 0..255.

All functions take stored pixel values and the range (low, high) of stored values that 0..255 stands
for: grey = (value - low) / (high - low) * 255. A 12-bit error of 4095 / 255 is one grey level. Both
kinds of PSNR are computed per image; they differ by 10 * log10(region's fraction of the frame) and
must never be compared with each other.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.regions import finite_region_values, image_and_mask, region_values

GREY_LEVELS = 255.0


class RegionDistances:
    """All distances of one region, for any number of generated images of the same real one.

    Args:
        real: (H, W) stored pixel values.
        mask: (H, W) region, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.
        frame_pixels: of the whole frame, where the arrays are a part of it.

    Raises:
        ValueError: see `l1`.
    """

    def __init__(
        self,
        real: npt.ArrayLike,
        mask: npt.ArrayLike,
        *,
        data_range: tuple[float, float],
        frame_pixels: int | None = None,
    ) -> None:
        self._scale, self._mask = grey_per_unit(data_range), mask
        self._real = region_values(real, mask)
        self._share = self._real.size / max(1, frame_pixels or np.size(mask))

    @property
    def pixels(self) -> int:
        """Of the region."""
        return self._real.size

    def of(self, generated: npt.ArrayLike) -> dict[str, float]:
        """Return `l1`, `l2`, `psnr_roi` and `psnr_frame`, see the functions of these names.

        Args:
            generated: (H, W) stored pixel values.
        """
        errors = region_values(generated, self._mask)
        errors -= self._real
        if not errors.size:
            return dict.fromkeys(("l1", "l2", "psnr_roi", "psnr_frame"), math.nan)
        squared = float(errors @ errors) / errors.size * self._scale**2
        return {
            "l1": float(np.abs(errors, out=errors).mean()) * self._scale,
            "l2": squared,
            "psnr_roi": _psnr(squared),
            "psnr_frame": _psnr(squared * self._share),
        }


def l1(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Average the absolute error over the region.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        mask: (H, W) region, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        Grey levels; NaN for an empty region.

    Raises:
        ValueError: the shapes differ or are not (H, W), or the range is empty.
    """
    return _mean(np.abs(_errors(generated, real, mask))) * grey_per_unit(data_range)


def l2(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Average the squared error over the region (the mean square, not its root).

    Arguments and errors are those of `l1`.

    Returns:
        Squared grey levels; NaN for an empty region.
    """
    return _mean(_errors(generated, real, mask) ** 2) * grey_per_unit(data_range) ** 2


def psnr_roi(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute 10 * log10(255^2 / mean squared error over the region's pixels).

    Arguments and errors are those of `l1`.

    Returns:
        Decibels; infinity for identical regions, NaN for an empty region.
    """
    return _psnr(l2(generated, real, mask, data_range=data_range))


def psnr_frame(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute the PSNR of the whole frame with the error set to 0 outside the region.

    This kind flatters small regions: a mass of 0.6 % of the frame gains 22 dB over `psnr_roi`.
    Arguments and errors are those of `l1`.

    Returns:
        Decibels; infinity for identical regions, NaN for an empty region.
    """
    _, inside = image_and_mask(real, mask)
    if not inside.any():
        return math.nan
    return _psnr(l2(generated, real, mask, data_range=data_range) * float(inside.mean()))


def _errors(
    generated: npt.ArrayLike, real: npt.ArrayLike, mask: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    errors = region_values(generated, mask)
    errors -= region_values(real, mask)
    return errors


def _mean(errors: npt.NDArray[np.float64]) -> float:
    return float(errors.mean()) if errors.size else math.nan


def grey_per_unit(data_range: tuple[float, float]) -> float:
    """Return the grey levels of 0..255 per unit of stored values in the range (low, high).

    Raises:
        ValueError: an end is not finite, or low is not below high.
    """
    low, high = data_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"data_range must be (low, high) with low < high, got {data_range}")
    return GREY_LEVELS / (high - low)


def grey_values(
    image: npt.ArrayLike, region: npt.ArrayLike, *, data_range: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Return the grey levels of the pixels inside the region.

    Args:
        image: (H, W) stored pixel values.
        region: (H, W) mask, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        (N,) grey levels in reading order; below 0 or above 255 where the image leaves the range.

    Raises:
        ValueError: the shapes differ or are not (H, W), the range is empty, or a pixel inside the
            region is NaN or infinite.
    """
    values = finite_region_values(image, region, "region")
    return (values - data_range[0]) * grey_per_unit(data_range)


def _psnr(mean_squared_error: float) -> float:
    if mean_squared_error == 0:
        return math.inf
    return 10 * math.log10(GREY_LEVELS**2 / mean_squared_error)
