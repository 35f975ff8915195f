"""The image receptor: scatter that reaches it, scintillator blur, quantum and electronic noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from cem_monai.simulator.dose import Beam
from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.resampling import block_mean, upsample

SCATTER_KERNELS = ((0.55, 7.0), (0.45, 20.0))
"""Weights and standard deviations in mm."""
LOW_ENERGY_SCATTER = 0.85
"""Scatter-to-primary ratio of the low-energy exposure relative to the high-energy one."""
BLUR = 0.17
"""Signal that spreads into each neighbor of a 0.1 mm pixel; MTF about 0.59 at 2.5 per mm."""
BLUR_PIXEL = 0.1
"""In mm; larger pixels are taken as sums of these."""
ELECTRONIC_NOISE = 12.0
"""Standard deviation in quanta for a 0.1 mm pixel."""


class Readout(NamedTuple):
    """What the detector measured, in quanta per pixel, all (H, W).

    Args:
        expected: noise-free signal with scatter.
        noise: added to it.
        scatter: scattered part of the signal.
    """

    expected: FloatImage
    noise: FloatImage
    scatter: FloatImage


def detect(
    primary: FloatImage,
    scatter: FloatImage,
    beam: Beam,
    pixel: float,
    rng: np.random.Generator | None,
) -> Readout:
    """Turn radiation into a reading.

    Args:
        primary: (H, W), from `transmit`.
        scatter: (H, W), in the same unit.
        beam: quanta per unit.
        pixel: mm.
        rng: source of noise; `None` for a noise-free detector.
    """
    expected = _blur((primary + scatter) * np.float32(beam.quanta), pixel)
    noise = np.zeros_like(expected) if rng is None else _noise(expected, pixel, rng)
    return Readout(expected, noise, scatter * np.float32(beam.quanta))


def _noise(expected: FloatImage, pixel: float, rng: np.random.Generator) -> FloatImage:
    """Quantum noise (Poisson in its Gaussian limit) is blurred as the signal is."""
    quantum = np.sqrt(np.maximum(expected, 1)) * rng.standard_normal(expected.shape, np.float32)
    electronic = rng.standard_normal(expected.shape, np.float32)
    return (
        _blur(quantum, pixel)
        + np.float32(ELECTRONIC_NOISE * max(1, pixel / BLUR_PIXEL)) * electronic
    )


def noise_variance(expected: FloatImage, pixel: float) -> FloatImage:
    """Return the variance of `detect`'s noise in each pixel, (H, W), in quanta squared.

    Args:
        expected: (H, W), noise-free signal in quanta.
        pixel: mm.
    """
    blur = _blur_of(pixel)
    kept = (2 * blur**2 + (1 - 2 * blur) ** 2) ** 2
    electronic = ELECTRONIC_NOISE * max(1, pixel / BLUR_PIXEL)
    return np.float32(kept) * np.maximum(expected, 1) + np.float32(electronic**2)


def _blur_of(pixel: float) -> float:
    """Return the signal that spreads into each neighbor of a pixel of some size in mm.

    A row of n blurred small pixels keeps a share 1 - loss / n of the variance of white noise, with
    the loss of both its ends. The blur of the large pixel is the one that keeps as much.
    """
    number = pixel / BLUR_PIXEL
    if number < 1.5:
        return BLUR
    ends = BLUR**2 + (1 - BLUR) ** 2
    loss = 2 * (1 - ends)
    # of a kernel (b, 1 - 2 b, b): 1 - 4 b + 6 b^2 = 1 - loss / number
    return float((4 - np.sqrt(16 - 24 * loss / number)) / 12)


def _blur(image: FloatImage, pixel: float) -> FloatImage:
    blur = _blur_of(pixel)
    kernel = np.array([blur, 1 - 2 * blur, blur], np.float32)
    return np.asarray(
        ndimage.correlate1d(ndimage.correlate1d(image, kernel, 0), kernel, 1), np.float32
    )


def scatter_ratio(beam: Beam, thickness: float) -> float:
    """Return the scatter-to-primary ratio behind the grid (Carton 2009: .06 at 2, .31 at 8 cm)."""
    ratio = 0.055 * (thickness / 2) ** 1.15
    return ratio * (LOW_ENERGY_SCATTER if beam.energy == "low" else 1.0)


def scattered(
    primary: FloatImage, relative_thickness: FloatImage, ratio: float, pixel: float
) -> FloatImage:
    """Return the scattered radiation: the primary, weighted by thickness, spread over centimeters.

    Args:
        primary: (H, W).
        relative_thickness: (H, W), 1 where the breast has its full thickness, 0 outside.
        ratio: scatter-to-primary ratio in the middle of a wide breast.
        pixel: mm.
    """
    factor = max(1, int(3.0 / pixel))
    source = block_mean(primary * relative_thickness, factor)
    spread = sum(
        np.float32(weight) * ndimage.gaussian_filter(source, sigma / pixel / factor, mode="nearest")
        for weight, sigma in SCATTER_KERNELS
    )
    return upsample(np.float32(ratio) * spread, (primary.shape[0], primary.shape[1]), factor)
