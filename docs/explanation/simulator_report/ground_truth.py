"""What no file of an exam tells: path lengths, raw logarithms, the closed form of the noise.

With `draws`, the only module of the report that needs the inside of the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.dicom import Laterality, ViewPosition
from cem_monai.simulator import Population, Protocol
from cem_monai.simulator.acquisition import acquire, acquire_low
from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.detector import detect, noise_variance, scatter_ratio, scattered
from cem_monai.simulator.dose import Beam, expose
from cem_monai.simulator.grid import FloatImage, detector_grid
from cem_monai.simulator.phantom import Phantom, draw_phantom
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.recombination import GAIN, calibrate, recombine
from simulator_report.views import STILL, ViewJob


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Of one view, all (H, W) in stored orientation.

    Args:
        gland: cm, path length of glandular tissue and lesions.
        low_energy: logarithm of the low-energy signal with its noise, before any processing.
        still_low_energy: the same without noise.
        still_recombined: pixel values without noise and motion, not rounded.
        low_energy_noise: standard deviation of the noise of `low_energy` in closed form.
        recombined_noise: pixel values, standard deviation of the noise in closed form.
    """

    gland: FloatImage
    low_energy: FloatImage
    still_low_energy: FloatImage
    still_recombined: FloatImage
    low_energy_noise: FloatImage
    recombined_noise: FloatImage


def ground_truth(job: ViewJob, protocol: Protocol | None = None) -> GroundTruth:
    """Return the truth behind a view of the default population."""
    protocol = protocol or Protocol()
    key, detector = _key(job), detector_grid(job.size)
    breast = draw_breast(key, Population())
    phantom = draw_phantom(key, breast, Population(), detector)
    low, _ = acquire_low(key, phantom, breast.thickness, protocol)
    still = acquire(key, phantom, breast.thickness, STILL)
    recombined, _ = recombine(still, phantom, breast.thickness, STILL)
    low_noise, recombined_noise = _noise(phantom, still.low, breast.thickness, protocol)
    images = {
        "gland": phantom.tissues["gland"],
        "low_energy": low,
        "still_low_energy": still.low,
        "still_recombined": recombined,
        "low_energy_noise": low_noise,
        "recombined_noise": recombined_noise,
    }
    return GroundTruth(
        **{name: _stored(image, detector.columns, key) for name, image in images.items()}
    )


def _key(job: ViewJob) -> ViewKey:
    return ViewKey(
        job.seed,
        right=Laterality(job.laterality) is Laterality.RIGHT,
        oblique=ViewPosition(job.view_position) is ViewPosition.MLO,
    )


def _noise(
    phantom: Phantom, low: FloatImage, thickness: float, protocol: Protocol
) -> tuple[FloatImage, FloatImage]:
    """Propagate the noise of both exposures through the recombination, to first order."""
    low_beam = expose(protocol, "low", thickness, phantom.grid.pixel)
    high_beam = expose(protocol, "high", thickness, phantom.grid.pixel)
    low_noise, high_noise = (
        _relative_noise(phantom, beam, thickness, protocol) for beam in (low_beam, high_beam)
    )
    calibration = calibrate(low_beam.technique, high_beam.technique, thickness)
    slope = calibration.linear + 2 * calibration.quadratic * (low - calibration.reference)
    return low_noise, np.asarray(GAIN * np.hypot(slope * low_noise, high_noise), np.float32)


def _relative_noise(
    phantom: Phantom, beam: Beam, thickness: float, protocol: Protocol
) -> FloatImage:
    """Return the standard deviation of the scatter-corrected logarithm, (H, W)."""
    pixel = phantom.grid.pixel
    primary = transmit(beam.technique, phantom.tissues, phantom.iodine)
    relative = np.where(phantom.breast, phantom.thickness / np.float32(thickness), np.float32(0))
    scatter = scattered(primary, relative, scatter_ratio(beam, thickness), pixel)
    readout = detect(primary, scatter, beam, pixel, None)
    corrected = readout.expected - np.float32(1 - protocol.scatter_residual) * readout.scatter
    deviation = np.sqrt(noise_variance(readout.expected, pixel))
    return np.asarray(deviation / np.maximum(corrected, 1), np.float32)


def _stored(image: FloatImage, columns: int, key: ViewKey) -> FloatImage:
    padded = np.pad(image, ((0, 0), (0, columns - image.shape[1])))
    return np.ascontiguousarray(padded[:, ::-1] if key.right else padded)
