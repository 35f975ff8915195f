"""Blocks of the page about the limit: two tables, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simulator_report.limits import (
    CLEAN,
    CONSTANT,
    MEAN,
    MEDIAN,
    PREDICTIONS,
    SAMPLE,
    SETTINGS,
    Limits,
    average,
    explained_share,
)
from simulator_report.page import table
from simulator_report.summaries import percent

Measured = Mapping[str, list[Limits]]
CLINICAL = "clinical"


def limits_blocks(measured: Measured) -> dict[str, str]:
    """Return the blocks `floors`, `mass_floors` and `lessons`."""
    return {
        "floors": _breast_table(measured),
        "mass_floors": _mass_table(measured),
        "lessons": _lessons(measured[CLINICAL]),
    }


def _breast_table(measured: Measured) -> str:
    header = ["setting", "explained", *(f"L1 {name}" for name in PREDICTIONS)]
    header += [f"L2 {name}" for name in (CONSTANT, MEAN)]
    header += ["L2 mean, closed form", *(f"L2 {name}" for name in (CLEAN, SAMPLE))]
    rows = []
    for setting in SETTINGS:
        limits = measured[setting]
        squared = (CONSTANT, MEAN, "expected", CLEAN, SAMPLE)
        rows.append(
            [
                setting,
                f"{explained_share(limits):.2f}",
                *(f"{average(limits, f'breast l1 {name}'):.2f}" for name in PREDICTIONS),
                *(f"{average(limits, f'breast l2 {name}'):.0f}" for name in squared),
            ]
        )
    return f"{table(header, rows)}\n\n{_agreement(measured)}"


def _agreement(measured: Measured) -> str:
    """Compare the measured error of the mean with its closed form over all views."""
    views = [one for limits in measured.values() for one in limits]
    change = np.array([one["breast l2 mean"] - one["breast l2 expected"] for one in views])
    # views of one exam and of one seed in other settings share their noise: exams are independent
    exams = change.reshape(len(measured), -1, 2).mean((0, 2))
    error = exams.std(ddof=1) / np.sqrt(len(exams)) if len(exams) > 1 else float("nan")
    return (
        f"{len(exams)} exams, two views each, per setting. Measured minus closed form, over all "
        f"settings: {change.mean():+.1f} ± {error:.1f} PV² (standard error over exams) of "
        f"{average(views, 'breast l2 expected'):.0f} PV²."
    )


def _mass_table(measured: Measured) -> str:
    shown = (MEDIAN, MEAN, CLEAN, SAMPLE)
    header = ["setting", "views", *(f"L1 {name}" for name in PREDICTIONS), "CNR real"]
    header += [f"ΔCNR {name}" for name in shown]
    header += ["contrast real (PV)", *(f"contrast error {name}" for name in (MEAN, SAMPLE))]
    header += [f"its magnitude {name}" for name in (MEAN, SAMPLE)]
    return table(header, [_mass_row(setting, measured[setting], shown) for setting in SETTINGS])


def _mass_row(setting: str, limits: list[Limits], shown: Sequence[str]) -> list[str]:
    masses = [one for one in limits if "mass cnr" in one]
    errors = {
        name: np.array([one[f"mass contrast error {name}"] for one in masses])
        for name in (MEAN, SAMPLE)
    }
    return [
        setting,
        str(len(masses)),
        *(f"{average(masses, f'mass l1 {name}'):.1f}" for name in PREDICTIONS),
        f"{average(masses, 'mass cnr'):.2f}",
        *(f"{average(masses, f'mass delta cnr {name}'):+.2f}" for name in shown),
        f"{average(masses, 'mass contrast'):.1f}",
        *(f"{_mean(error):+.1f}" for error in errors.values()),
        *(f"{_mean(np.abs(error)):.1f}" for error in errors.values()),
    ]


def _mean(values: np.typing.NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")


def _lessons(limits: list[Limits]) -> str:
    """Return the three lessons with the numbers of the clinical preset."""

    def of(name: str) -> float:
        return average(limits, name)

    noise = of(f"breast l1 {CLEAN}") / of(f"breast l1 {MEAN}")
    kept = 1 + of(f"mass contrast error {MEAN}") / of("mass contrast")
    price = of(f"breast l1 {SAMPLE}") / of(f"breast l1 {MEAN}")
    return (
        f"1. **Most of the error inside the breast is noise.** {percent(noise)} of the L1 error "
        "of the best possible image is noise and motion of the high-energy exposure, which no "
        "translator can know. L1 over the breast hardly ranks models.\n"
        "2. **ΔCNR is not zero at the optimum.** The image with the true iodine but without noise "
        f"has ΔCNR {of(f'mass delta cnr {CLEAN}'):+.2f}, because the spread of its surround "
        "shrinks; blur raises ΔCNR too. Read it beside the contrast error.\n"
        f"3. **The best possible image loses contrast in masses.** It keeps {percent(kept)} of "
        "the contrast of masses that turned out to enhance, since it must allow for those that do "
        "not, and it cannot place occult ones. A sample from the posterior has honest noise and "
        f"pays for it: {price:.2f} times the L1 error of the mean."
    )
