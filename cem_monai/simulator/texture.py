"""Gaussian random fields: the same realization at every resolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from cem_monai.simulator.grid import FIELD_OF_VIEW, FloatImage

RandomStreams = Callable[[int], np.random.Generator]
COARSEST_SHELL = 64
REFERENCE_BOX = 512


@dataclass(frozen=True)
class PowerSpectrum:
    r"""Band-limited power law of a texture.

    .. math:: P(f) = (f^2 + f_0^2)^{-\beta / 2} \left(\frac{f^2}{f^2 + f_h^2}\right)^2,
              \quad f < f_c,\; f_0 = 1/\text{coarsest},\; f_h = 1/\text{high pass}

    Args:
        exponent: beta.
        coarsest: mm, size above which structures gain no more power.
        high_pass: mm, size above which structures are suppressed; `None` keeps them.
        cutoff: cycles/mm, nothing finer.
    """

    exponent: float
    coarsest: float
    high_pass: float | None = None
    cutoff: float = 1.8

    def amplitude(self, square: FloatImage) -> FloatImage:
        """Return sqrt(P) for squared frequencies in (cycles/mm)^2; the mean of the field is 0."""
        amplitude = (square + np.float32(self.coarsest**-2)) ** np.float32(-self.exponent / 4)
        if self.high_pass is not None:
            amplitude = amplitude * (square / (square + np.float32(self.high_pass**-2)))
        return np.where((square < self.cutoff**2) & (square > 0), amplitude, np.float32(0))

    def half_width(self, box: int) -> int:
        """Return how many frequencies per axis a box of `box` pixels holds below the cutoff."""
        return min(box, 2 * int(self.cutoff * FIELD_OF_VIEW)) // 2


def gaussian_field(streams: RandomStreams, box: int, spectrum: PowerSpectrum) -> FloatImage:
    """Draw a periodic field of 288 mm x 288 mm, sampled at the pixel centers.

    Fourier coefficients are drawn in nested shells (up to 32, 64, 128 ... cycles per box), each
    from its own stream. A finer grid adds shells and leaves the coarser ones as they are: one seed
    gives the same field at every resolution.

    Args:
        streams: random stream for a shell, given the number of the shell.
        box: pixels per side.
        spectrum: its power.

    Returns:
        (box, box) float32, mean 0; variance 1 when all frequencies fit on the grid.
    """
    half = spectrum.half_width(box)
    coefficients = _nested_coefficients(streams, half)
    coefficients *= spectrum.amplitude(_squared_frequencies(half))
    coefficients *= _half_pixel_shift(half, box)
    columns = np.zeros((box, half), np.complex64)
    columns[:half], columns[-half:] = coefficients[:half], coefficients[half:]
    field = fft.irfft(fft.ifft(columns, axis=0, overwrite_x=True), n=box, axis=1)
    # scaled by one grid's deviation, so that a finer grid does not rescale the field
    return field * np.float32(box * box / _raw_deviation(spectrum, REFERENCE_BOX))


def _nested_coefficients(streams: RandomStreams, half: int) -> npt.NDArray[np.complex64]:
    """Return (2 half, half): vertical frequencies 0 .. half-1, -half .. -1, horizontal 0 .. ."""
    coefficients = np.empty((2 * half, half), np.complex64)
    for shell in reversed(_shells(half)):  # coarse shells overwrite the center of finer ones
        shape = (shell, shell // 2, 2)
        drawn = streams(shell).standard_normal(shape, np.float32).view(np.complex64)[..., 0]
        kept = min(shell // 2, half)
        coefficients[:kept, :kept] = drawn[:kept, :kept]
        coefficients[-kept:, :kept] = drawn[-kept:, :kept]
    return coefficients


def _shells(half: int) -> list[int]:
    shells = [COARSEST_SHELL]
    while shells[-1] < 2 * half:
        shells.append(2 * shells[-1])
    return shells


def _squared_frequencies(half: int) -> FloatImage:
    vertical = np.concatenate([np.arange(half), np.arange(-half, 0)]).astype(np.float32)
    horizontal = np.arange(half, dtype=np.float32)
    return (vertical[:, None] ** 2 + horizontal[None] ** 2) / np.float32(FIELD_OF_VIEW**2)


def _half_pixel_shift(half: int, box: int) -> npt.NDArray[np.complex64]:
    """Move the samples from pixel corners to centers; else resolutions would not align."""
    vertical = np.concatenate([np.arange(half), np.arange(-half, 0)])
    phases = (np.pi / box * frequencies for frequencies in (vertical, np.arange(half)))
    down, right = (np.exp(1j * phase).astype(np.complex64) for phase in phases)
    return down[:, None] * right[None]


@lru_cache(maxsize=64)
def _raw_deviation(spectrum: PowerSpectrum, box: int) -> float:
    """Return the standard deviation before scaling."""
    amplitude = spectrum.amplitude(_squared_frequencies(spectrum.half_width(box)))
    power = amplitude.astype(np.float64) ** 2
    # a coefficient has variance 2; positive horizontal frequencies count twice (real transform)
    return float(np.sqrt(4 * power[:, 1:].sum() + power[:, 0].sum()))


def field_variance(spectrum: PowerSpectrum, box: int) -> float:
    """Return the variance of `gaussian_field` at each pixel; below 1 on too coarse a grid."""
    return (_raw_deviation(spectrum, box) / _raw_deviation(spectrum, REFERENCE_BOX)) ** 2


def smoothstep(value: FloatImage, low: float, high: float) -> FloatImage:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ridge(field: FloatImage, width: float) -> FloatImage:
    """Return 1 along the zero crossings of a field, falling to 0 over `width` of its values."""
    return np.exp(-((field / np.float32(width)) ** 2))
