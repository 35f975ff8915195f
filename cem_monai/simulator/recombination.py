"""Recombined image: weighted logarithmic subtraction, calibrated so that normal tissue cancels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.acquisition import Acquisition
from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.grid import BoolImage, FloatImage
from cem_monai.simulator.peripheral import peripheral_trend
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.spectra import Technique

TISSUE_LEVEL = 2000.0
"""Pixel value of tissue without contrast agent."""
GAIN = 2200.0
"""Pixel values per unit of the logarithm: about 36 per mg/cm2 iodine (GE SenoBright: 30 to 43)."""
LARGEST_VALUE = 4095.0
SKIN = 0.3
"""In cm, both skin layers."""
MUSCLE_LIMIT = 0.05
"""In cm; pixels with more muscle do not enter the thickness trend."""


@dataclass(frozen=True)
class Calibration:
    r"""Recombination for one thickness.

    .. math:: D = c_0 + w x + w_2 x^2 - \ln H, \quad x = \ln L - \ln L_0

    Args:
        reference: logarithm of the low-energy signal behind 20 % gland, ln L0.
        offset: c0.
        linear: w.
        quadratic: w2.
        sensitivity: change of D per mg/cm2 iodine.
    """

    reference: float
    offset: float
    linear: float
    quadratic: float
    sensitivity: float

    def subtract(self, low: FloatImage, high: FloatImage) -> FloatImage:
        """Return D: 0 for normal tissue of nominal thickness, positive for iodine."""
        x = low - np.float32(self.reference)
        expected = self.offset + self.linear * x + self.quadratic * x**2
        return np.asarray(expected - high, np.float32)


def calibrate(low: Technique, high: Technique, thickness: float) -> Calibration:
    """Fit the recombination on uniform slabs of fat and gland, as a device is calibrated.

    Args:
        low: technique of the low-energy exposure.
        high: technique of the high-energy exposure.
        thickness: cm.
    """
    glandularity = np.linspace(0, 0.8, 9, dtype=np.float64)
    low_log, high_log = (_slab(item, thickness, glandularity) for item in (low, high))
    reference = float(low_log[2])  # 20 %
    # ordinary breasts hold little gland: these slabs count most
    quadratic, linear, offset = np.polyfit(
        low_log - reference, high_log, 2, w=np.exp(-3 * glandularity)
    )
    low_change, high_change = (_iodine_change(item, thickness) for item in (low, high))
    sensitivity = float(linear) * low_change - high_change
    return Calibration(reference, float(offset), float(linear), float(quadratic), sensitivity)


def _iodine_change(technique: Technique, thickness: float) -> float:
    """Return the change of the logarithm per mg/cm2, behind 20 % gland."""
    with_iodine, without = (_slab(technique, thickness, np.array([0.2]), i) for i in (1.0, 0.0))
    return float((with_iodine - without)[0])


def _slab(
    technique: Technique,
    thickness: float,
    glandularity: npt.NDArray[np.float64],
    iodine: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Return the logarithm of the signal behind slabs of skin, fat and gland."""
    inside = thickness - SKIN
    tissues = {
        "skin": np.full_like(glandularity, SKIN),
        "adipose": inside * (1 - glandularity),
        "gland": inside * glandularity,
    }
    return np.log(transmit(technique, tissues, iodine).astype(np.float64))


def recombine(
    acquisition: Acquisition, phantom: Phantom, thickness: float, protocol: Protocol
) -> tuple[FloatImage, Calibration]:
    """Return the recombined image in pixel values, (H, W) from 0 to 4095, air 0.

    The peripheral correction removes the trend along the skin but for a residual, the origin of
    the rim that recombined images show. It is estimated without iodine and high-energy noise: a
    device knows the thickness from its own model, and lesions must not change it.

    Args:
        acquisition: both exposures.
        phantom: its outline, muscle and iodine.
        thickness: cm, nominal.
        protocol: residual of the correction.
    """
    techniques = acquisition.low_beam.technique, acquisition.high_beam.technique
    calibration = calibrate(*techniques, thickness)
    subtracted = calibration.subtract(acquisition.low, acquisition.high)
    still = calibration.subtract(acquisition.low, acquisition.high_still)
    if protocol.contrast_agent:
        still = still - np.float32(calibration.sensitivity) * phantom.iodine
    trend, plateau = peripheral_trend(still, phantom.distance, learning_area(phantom), thickness)
    corrected = subtracted - np.float32(1 - protocol.peripheral_residual) * trend - plateau
    values = np.clip(TISSUE_LEVEL + GAIN * corrected, 1, LARGEST_VALUE)
    return np.where(phantom.breast, values, np.float32(0)).astype(np.float32), calibration


def learning_area(phantom: Phantom) -> BoolImage:
    """Return the breast without the pectoral muscle, (H, W)."""
    return phantom.breast & (phantom.tissues["muscle"] < MUSCLE_LIMIT)
