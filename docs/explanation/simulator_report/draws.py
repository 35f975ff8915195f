"""What the population draws, without images: breasts, lesions, techniques and doses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from cem_monai.simulator import LesionKind, Population, Protocol
from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.breast import Breast, draw_breast
from cem_monai.simulator.dose import Beam, expose
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.recombination import GAIN, SKIN, calibrate
from simulator_report.page import table
from simulator_report.summaries import mean_and_spread, percent, percentiles
from simulator_report.views import FIRST_SEED

PATIENTS = 4000
THICKNESSES = (2.5, 4.0, 5.3, 7.0, 8.5)
"""In cm."""
PIXEL = 0.1
LEVELS = ("minimal", "mild", "moderate", "marked")
PUBLISHED_LEVELS = (0.475, 0.32, 0.125, 0.08)
"""Radiol Med 2024 129:1303."""


def draw_breasts() -> list[Breast]:
    """Return both breasts of `PATIENTS` patients of the default population."""
    keys = (
        ViewKey(FIRST_SEED + number, right=right, oblique=False)
        for number in range(PATIENTS)
        for right in (False, True)
    )
    return [draw_breast(key, Population()) for key in keys]


def draw_blocks(breasts: Sequence[Breast]) -> dict[str, str]:
    """Return the blocks `population`, `enhancement`, `lesions` and `technique`."""
    return {
        "population": _population(breasts),
        "enhancement": _enhancement(breasts),
        "lesions": _lesions(breasts),
        "technique": _technique(),
    }


def beams(thickness: float) -> tuple[Beam, Beam]:
    """Return both exposures of a breast of `thickness` cm."""
    low, high = (expose(Protocol(), energy, thickness, PIXEL) for energy in ("low", "high"))
    return low, high


def enhancement_shares(breasts: Sequence[Breast]) -> list[float]:
    """Return the share of breasts at each level of background enhancement."""
    counts = Counter(breast.enhancement_level for breast in breasts)
    return [counts[level] / len(breasts) for level in range(len(LEVELS))]


def _population(breasts: Sequence[Breast]) -> str:
    thickness = np.array([breast.thickness for breast in breasts])
    density = np.array([100 * breast.density for breast in breasts])
    exposures = [beams(float(one)) for one in thickness[::2]]
    dose = np.array([low.dose + high.dose for low, high in exposures])
    share = np.array([100 * low.dose / (low.dose + high.dose) for low, high in exposures])
    quartiles = np.percentile(dose, (50, 25, 75))
    below = [f"{percent(float((density < limit).mean()))} < {limit} %" for limit in (27, 45)]
    rows = [
        ["compressed thickness (cm)", mean_and_spread(thickness, 1), "5.9 ± 1.6 (Yaffe 2009)"],
        [
            "volumetric density (%)",
            f"{mean_and_spread(density, 1)}; {', '.join(below)}",
            "19.3 with skin; 80 % < 27 %, 95 % < 45 % (Yaffe 2009)",
        ],
        [
            "AGD per view (mGy)",
            "median {:.2f} (quartiles {:.2f} to {:.2f})".format(*quartiles),
            "median 2.33 (2.19 to 2.51) (Gennaro 2022)",
        ],
        ["share of the LE exposure (%)", percentiles(share, 0), "64 to 77 (Gennaro 2022)"],
    ]
    return table([f"{len(breasts)} breasts of {PATIENTS} patients", "simulated", "published"], rows)


def _enhancement(breasts: Sequence[Breast]) -> str:
    concentration = Population().enhancement_concentrations
    rows = [
        [name, percent(simulated, 1), percent(published, 1), f"{median:g}"]
        for name, simulated, published, median in zip(
            LEVELS, enhancement_shares(breasts), PUBLISHED_LEVELS, concentration, strict=True
        )
    ]
    header = ["level", "simulated", "Radiol Med 2024", "median in gland (mg/ml, assumed)"]
    return table(header, rows)


def _lesions(breasts: Sequence[Breast]) -> str:
    lesions = [lesion for breast in breasts for lesion in breast.lesions]
    rows = []
    for kind in LesionKind:
        chosen = [lesion for lesion in lesions if lesion.kind is kind]
        if not chosen:
            continue
        enhancing = [lesion.concentration for lesion in chosen if lesion.enhancing]
        rows.append(
            [
                kind.value.replace("_", "-"),
                percent(len(chosen) / len(lesions)),
                percent(len(enhancing) / len(chosen)),
                mean_and_spread([lesion.diameter for lesion in chosen], 0),
                mean_and_spread(enhancing),
            ]
        )
    header = ["kind", "share", "enhancing", "diameter (mm)", "iodine in enhancing ones (mg/ml)"]
    affected = sum(bool(breast.lesions) for breast in breasts) / len(breasts)
    return f"{table(header, rows)}\n\n{percent(affected)} of the breasts hold a lesion."


def _technique() -> str:
    header = (
        *("thickness (cm)", "LE", "HE", "AGD LE (mGy)", "AGD HE (mGy)", "LE share"),
        *("entrance kerma LE (mGy)", "w", "PV per mg/cm²"),
        *("LE signal per mg/cm²", "as much as gland of"),
    )
    return table(header, [_technique_row(thickness) for thickness in THICKNESSES])


def _technique_row(thickness: float) -> list[str]:
    low, high = beams(thickness)
    calibration = calibrate(low.technique, high.technique, thickness)
    iodine, gland = low_energy_changes(low, thickness)
    return [
        f"{thickness:g}",
        low.technique.name,
        high.technique.name,
        f"{low.dose:.2f}",
        f"{high.dose:.2f}",
        percent(low.dose / (low.dose + high.dose)),
        f"{low.kerma:.1f}",
        f"{calibration.linear:.3f}",
        f"{GAIN * calibration.sensitivity:.1f}",
        f"{percent(iodine, 1)}".replace("-", "−"),
        f"{10 * iodine / gland:.1f} mm",
    ]


def low_energy_changes(low: Beam, thickness: float) -> tuple[float, float]:
    """Return the change of the logarithm per mg/cm2 iodine and per cm of gland in place of fat.

    Behind skin and 20 % gland; small amounts, so that the beam does not harden.
    """
    signal: Callable[[float, float], float] = lambda gland, iodine: float(  # noqa: E731
        np.log(np.float64(transmit(low.technique, _slab(thickness, gland), iodine)))
    )
    usual = 0.2 * (thickness - SKIN)
    step = 0.1
    none = signal(usual, 0.0)
    return (signal(usual, step) - none) / step, (signal(usual + step, 0.0) - none) / step


def _slab(thickness: float, gland: float) -> dict[str, float]:
    return {"skin": SKIN, "adipose": thickness - SKIN - gland, "gland": gland}
