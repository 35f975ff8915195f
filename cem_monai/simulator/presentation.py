"""Low-energy image as a reader sees it: equalized thickness, contrast per scale, soft window."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.resampling import wide_gaussian
from cem_monai.simulator.spectra import Technique

EQUALIZATION = 0.95
"""Share of the thickness trend that is removed."""
LARGEST_THICKNESS = 12.0
"""In cm."""
FAT_LEVEL = 0.22
"""Of the range of values: subcutaneous fat is dark gray, dense tissue nearly white."""
SMALLEST_CONTRAST = 0.42
"""Of the logarithm; keeps fatty breasts from being stretched to white."""
DARKEST, OFFSET, RANGE = 0.015, 60.0, 3950.0


def present(
    low: FloatImage, phantom: Phantom, thickness: float, technique: Technique
) -> FloatImage:
    """Return the low-energy image in pixel values, (H, W) from 0 to 4010, air 0.

    A stand-in for vendor processing, which is not published.

    Args:
        low: (H, W), logarithm of the low-energy exposure.
        phantom: outline and thickness.
        thickness: cm, nominal.
        technique: of the exposure.
    """
    trend = _fat_logarithm(technique, phantom.thickness) - _fat_logarithm(technique, thickness)
    equalized = np.float32(EQUALIZATION) * trend - low
    fat = _fat_level(equalized, phantom)
    enhanced = _enhance(np.where(phantom.breast, equalized, fat), fat, phantom.grid.pixel)
    values = OFFSET + RANGE * np.clip(_soft_window(enhanced, fat, phantom), DARKEST, 1)
    return np.where(phantom.breast, values, np.float32(0)).astype(np.float32)


def _fat_logarithm(technique: Technique, thickness: npt.ArrayLike) -> FloatImage:
    """Return the logarithm of the signal behind so many cm of fat, as a device's model has it.

    A trend learned from the image would take dense tissue for thickness.
    """
    nodes = np.linspace(0, LARGEST_THICKNESS, 121, dtype=np.float32)
    table = np.log(transmit(technique, {"adipose": nodes}, 0.0))
    return np.asarray(np.interp(np.asarray(thickness), nodes, table), np.float32)


def _fat_level(equalized: FloatImage, phantom: Phantom) -> np.float32:
    subcutaneous = (phantom.distance > 5) & (phantom.distance < 18)
    return np.float32(np.percentile(equalized[subcutaneous], 20))


def _enhance(equalized: FloatImage, fat: np.float32, pixel: float) -> FloatImage:
    """Flatten centimeters a little and sharpen what is finer."""
    fine, coarse = wide_gaussian(equalized, 1.2, pixel), wide_gaussian(equalized, 10.0, pixel)
    return 0.90 * coarse + 1.12 * (fine - coarse) + 1.12 * (equalized - fine) + 0.10 * fat


def _soft_window(enhanced: FloatImage, fat: np.float32, phantom: Phantom) -> FloatImage:
    """Map to 0 .. 1: a soft toe below the level of fat, a soft shoulder above."""
    bright = np.percentile(enhanced[phantom.distance > 3], 99.3)
    contrast = (enhanced - fat) / np.float32(max(bright - fat, SMALLEST_CONTRAST))
    shoulder = FAT_LEVEL + 0.74 * (1 - np.exp(-np.maximum(contrast, 0))) / (1 - np.exp(-1))
    toe = FAT_LEVEL * np.exp(2.6 * np.minimum(contrast, 0))
    return np.where(contrast > 0, shoulder, toe).astype(np.float32)
