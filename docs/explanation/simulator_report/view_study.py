"""All that is measured on one view of the default population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator_report.ground_truth import GroundTruth, ground_truth
from simulator_report.iodine import Mass, leak, masses, residual, sensitivity
from simulator_report.power_spectrum import Spectrum, exponent, mean_spectrum
from simulator_report.views import BLANK, STILL, Image, ViewJob, depth_below_skin

SIZE = 1024
"""Pixels a side; 0.28 mm."""
SPECTRUM_DEPTH = 8.0
"""In mm below the skin."""
LOW_ENERGY, PRESENTED = "LE, raw logarithm", "LE, for presentation"
NOISY, NOISE_FREE = "DES", "DES without noise and motion"


@dataclass(frozen=True)
class ViewMeasurement:
    """Of one view.

    Args:
        view_position: CC or MLO.
        values: by name.
        spectra: power spectrum of each kind of image; `None` where the breast is too small.
        masses: enhancing ones.
    """

    view_position: str
    values: dict[str, float]
    spectra: dict[str, Spectrum | None]
    masses: list[Mass]


def measure_view(job: ViewJob) -> ViewMeasurement:
    """Simulate a view as it is, without noise, and without contrast agent; measure."""
    seen = job.simulate(twin=True)
    still, blank = job.simulate(protocol=STILL), job.simulate(protocol=BLANK)
    truth = ground_truth(job)
    depth = depth_below_skin(seen.breast, seen.spacing)
    values = {
        "sensitivity": sensitivity(still, blank),
        "calibrated sensitivity": seen.parameters["pixel_values_per_mg_per_cm2"],
        **residual(blank, truth.gland),
        **leak(seen),
    }
    spectra = _spectra(job.seed, seen.low_energy, seen.recombined, truth, depth, seen.spacing[0])
    values |= {f"beta {name}": exponent(spectrum) for name, spectrum in spectra.items()}
    return ViewMeasurement(job.view_position, values, spectra, masses(seen, still))


def _spectra(
    seed: int, presented: Image, recombined: Image, truth: GroundTruth, depth: Image, pixel: float
) -> dict[str, Spectrum | None]:
    images = {
        LOW_ENERGY: truth.low_energy,
        PRESENTED: presented,
        NOISY: recombined,
        NOISE_FREE: truth.still_recombined,
    }
    region = depth > SPECTRUM_DEPTH
    return {
        name: mean_spectrum(image, region, pixel, np.random.default_rng(seed))
        for name, image in images.items()
    }
