"""Noise of both images against dose and pixel size, and against its closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cem_monai.simulator import Protocol
from cem_monai.simulator.grid import Size
from simulator_report.ground_truth import ground_truth
from simulator_report.iodine import INTERIOR
from simulator_report.page import table
from simulator_report.views import Image, ViewJob, depth_below_skin, one_view_per_exam

DOSES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Relative to the default protocol."""
DOSE_SIZE = 1024
SIZES: tuple[Size, ...] = (512, 1024, "native")
MOST_EXAMS = 4
LOW_ENERGY_DOSE, HIGH_ENERGY_DOSE = Protocol().low_energy_dose, Protocol().high_energy_dose


class NoiseJob(NamedTuple):
    """One view at one dose."""

    view: ViewJob
    dose: float


class Noise(NamedTuple):
    """Standard deviations in the interior of one breast.

    Args:
        size: of the image.
        pixel: mm.
        dose: relative to the default protocol.
        low_energy: of the logarithm, that is relative to the signal.
        low_energy_expected: the same in closed form.
        recombined: pixel values.
        recombined_expected: the same in closed form.
        sensitivity: pixel values per mg/cm2.
    """

    size: Size
    pixel: float
    dose: float
    low_energy: float
    low_energy_expected: float
    recombined: float
    recombined_expected: float
    sensitivity: float


def noise_jobs(exams: int) -> list[NoiseJob]:
    """Return a few views at every dose, and at every size."""
    exams = min(exams, MOST_EXAMS)
    doses = [NoiseJob(job, dose) for job in one_view_per_exam(exams, DOSE_SIZE) for dose in DOSES]
    others = [size for size in SIZES if size != DOSE_SIZE]
    return doses + [NoiseJob(job, 1.0) for size in others for job in one_view_per_exam(exams, size)]


def measure_noise(job: NoiseJob) -> Noise:
    """Subtract the noise-free images from the noisy ones; motion is switched off."""
    protocol = Protocol(
        low_energy_dose=job.dose * LOW_ENERGY_DOSE,
        high_energy_dose=job.dose * HIGH_ENERGY_DOSE,
        motion=0.0,
    )
    seen = job.view.simulate(protocol=protocol)
    truth = ground_truth(job.view, protocol)
    interior = depth_below_skin(seen.breast, seen.spacing) > INTERIOR
    return Noise(
        size=job.view.size,
        pixel=seen.spacing[0],
        dose=job.dose,
        low_energy=float((truth.low_energy - truth.still_low_energy)[interior].std()),
        low_energy_expected=_rms(truth.low_energy_noise[interior]),
        recombined=float((seen.recombined - truth.still_recombined)[interior].std()),
        recombined_expected=_rms(truth.recombined_noise[interior]),
        sensitivity=seen.parameters["pixel_values_per_mg_per_cm2"],
    )


def _rms(values: Image) -> float:
    return float(np.sqrt((values.astype(np.float64) ** 2).mean()))


def dose_slope(noises: list[Noise], name: str) -> float:
    """Return the slope of the logarithm of `name` over that of the dose."""
    chosen = at_reference_size(noises)
    doses = [np.log(noise.dose) for noise in chosen]
    return float(np.polyfit(doses, [np.log(getattr(noise, name)) for noise in chosen], 1)[0])


def at_reference_size(noises: list[Noise]) -> list[Noise]:
    """Return the measurements of the dose series."""
    return [noise for noise in noises if noise.size == DOSE_SIZE]


def noise_blocks(noises: list[Noise]) -> dict[str, str]:
    """Return the blocks `dose_noise` and `pixel_noise`."""
    return {"dose_noise": _dose_block(noises), "pixel_noise": _pixel_block(noises)}


def _dose_block(noises: list[Noise]) -> str:
    series = at_reference_size(noises)
    rows = []
    for dose in DOSES:
        chosen = [noise for noise in series if noise.dose == dose]
        total = dose * (LOW_ENERGY_DOSE + HIGH_ENERGY_DOSE)
        rows.append([f"{dose:g}", f"{total:.2f}", *_measured_and_expected(chosen)])
    slopes = [dose_slope(noises, name) for name in ("low_energy", "recombined")]
    header = [
        "relative dose",
        "AGD of both exposures at 5.3 cm (mGy)",
        "LE, relative noise",
        "closed form",
        "DES noise (PV)",
        "closed form",
    ]
    text = (
        f"{len(series) // len(DOSES)} views, pixels of {series[0].pixel:.2f} mm. Slope of the "
        f"logarithm of the noise over that of the dose: LE {slopes[0]:.3f}, DES {slopes[1]:.3f} "
        "(quantum noise alone: −0.5)."
    )
    return f"{table(header, rows)}\n\n{text}"


def _pixel_block(noises: list[Noise]) -> str:
    rows = []
    for size in SIZES:
        chosen = [noise for noise in noises if noise.size == size and noise.dose == 1]
        ratio = np.mean([noise.sensitivity / noise.recombined for noise in chosen])
        rows.append(
            [str(size), f"{chosen[0].pixel:.3f}", *_measured_and_expected(chosen), f"{ratio:.2f}"]
        )
    header = [
        "size",
        "pixel (mm)",
        "LE, relative noise",
        "closed form",
        "DES noise (PV)",
        "closed form",
        "CNR of 1 mg/cm² in one pixel",
    ]
    return table(header, rows)


def _measured_and_expected(noises: list[Noise]) -> list[str]:
    def mean(name: str) -> float:
        return float(np.mean([getattr(noise, name) for noise in noises]))

    return [
        f"{mean('low_energy'):.4f}",
        f"{mean('low_energy_expected'):.4f}",
        f"{mean('recombined'):.2f}",
        f"{mean('recombined_expected'):.2f}",
    ]
