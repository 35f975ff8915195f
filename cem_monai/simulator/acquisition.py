"""The two exposures of a view, as the scatter-corrected logarithms that a device works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.detector import Readout, detect, noise_variance, scatter_ratio, scattered
from cem_monai.simulator.dose import Beam, expose
from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.spectra import Technique

LARGEST_NOISE = 0.5
"""Relative to the signal; keeps the logarithm finite."""


@dataclass(frozen=True, eq=False)
class Acquisition:
    """Both exposures; logarithms of the primary signal per unit exposure, (H, W).

    Args:
        low: low-energy exposure with noise.
        high: high-energy exposure with noise and motion.
        high_still: the same without noise and motion.
        high_expected: quanta per pixel, noise-free high-energy signal with scatter.
        low_beam: dose, kerma and quanta of the low-energy exposure.
        high_beam: of the high-energy exposure.
    """

    low: FloatImage
    high: FloatImage
    high_still: FloatImage
    high_expected: FloatImage
    low_beam: Beam
    high_beam: Beam


def acquire(key: ViewKey, phantom: Phantom, thickness: float, protocol: Protocol) -> Acquisition:
    """Take both exposures of a phantom with a nominal thickness in cm."""
    pixel = phantom.grid.pixel
    low, low_beam = acquire_low(key, phantom, thickness, protocol)
    high_beam = expose(protocol, "high", thickness, pixel)
    high_noise = key.view_stream(Stream.HIGH_ENERGY_NOISE) if protocol.noise else None
    high = _read_out(phantom, thickness, high_beam, protocol, high_noise)
    still = Readout(high.expected, np.zeros_like(high.noise), high.scatter)
    shift = key.view_stream(Stream.MOTION).normal(0, protocol.motion, 2) / pixel
    moved = high._replace(expected=_move(high.expected, phantom, shift[0], shift[1]))
    return Acquisition(
        low=low,
        high=_primary_logarithm(moved, high_beam, protocol),
        high_still=_primary_logarithm(still, high_beam, protocol),
        high_expected=high.expected,
        low_beam=low_beam,
        high_beam=high_beam,
    )


def acquire_low(
    key: ViewKey, phantom: Phantom, thickness: float, protocol: Protocol
) -> tuple[FloatImage, Beam]:
    """Take the low-energy exposure only: its logarithm, (H, W), and its beam."""
    beam = expose(protocol, "low", thickness, phantom.grid.pixel)
    noise = key.view_stream(Stream.LOW_ENERGY_NOISE) if protocol.noise else None
    readout = _read_out(phantom, thickness, beam, protocol, noise)
    return _primary_logarithm(readout, beam, protocol), beam


def high_energy_spread(
    acquisition: Acquisition, phantom: Phantom, protocol: Protocol
) -> FloatImage:
    """Return the standard deviation of `high` around `high_still`, (H, W): noise and motion.

    To first order in both; no random number enters.
    """
    pixel, expected = phantom.grid.pixel, acquisition.high_expected
    primary = np.exp(acquisition.high_still) * np.float32(acquisition.high_beam.quanta)
    slope_y, slope_x = np.gradient(np.log(expected))
    square = np.float32((protocol.motion / pixel) ** 2) * (slope_y**2 + slope_x**2)
    variance = np.where(phantom.distance > 1, square, np.float32(0)) * expected**2
    if protocol.noise:
        variance = variance + noise_variance(expected, pixel)
    return np.asarray(np.sqrt(variance) / primary, np.float32)


def _read_out(
    phantom: Phantom,
    thickness: float,
    beam: Beam,
    protocol: Protocol,
    rng: np.random.Generator | None,
) -> Readout:
    iodine = phantom.iodine if protocol.contrast_agent else np.zeros_like(phantom.iodine)
    primary = _primary(phantom, beam.technique, iodine)
    relative = np.where(phantom.breast, phantom.thickness / np.float32(thickness), np.float32(0))
    ratio = scatter_ratio(beam, thickness)
    scatter = scattered(primary, relative, ratio, phantom.grid.pixel)
    return detect(primary, scatter, beam, phantom.grid.pixel, rng)


def _primary(phantom: Phantom, technique: Technique, iodine: FloatImage) -> FloatImage:
    """Return the transmitted signal; the few pixels that hold calcifications are computed anew."""
    primary = transmit(technique, phantom.tissues, iodine)
    rows, columns, path = phantom.calcifications
    tissues = {name: one[rows, columns] for name, one in phantom.tissues.items()}
    tissues["adipose"] = np.maximum(tissues["adipose"] - path, 0)
    primary[rows, columns] = transmit(technique, tissues | {"calc": path}, iodine[rows, columns])
    return primary


def _move(expected: FloatImage, phantom: Phantom, down: float, right: float) -> FloatImage:
    """Shift the breast by a fraction of a pixel, to first order in the logarithm of the signal."""
    slope_y, slope_x = np.gradient(np.log(expected))
    change = np.float32(down) * slope_y + np.float32(right) * slope_x
    return expected * np.exp(np.where(phantom.distance > 1, change, np.float32(0)))


def _primary_logarithm(readout: Readout, beam: Beam, protocol: Protocol) -> FloatImage:
    """Correct for scatter, but for a residual that is a constant of the device."""
    noise = np.clip(readout.noise / readout.expected, -LARGEST_NOISE, LARGEST_NOISE)
    corrected = readout.expected * (1 + noise)
    corrected = corrected - np.float32(1 - protocol.scatter_residual) * readout.scatter
    return np.log(np.maximum(corrected, 1)) - np.float32(np.log(beam.quanta))
