"""Blocks of the page about single views: iodine, normal tissue, texture, leak, masses."""

from __future__ import annotations

import numpy as np

from simulator_report.iodine import Mass
from simulator_report.page import table
from simulator_report.summaries import mean_and_spread, percentiles
from simulator_report.view_study import (
    LOW_ENERGY,
    NOISE_FREE,
    NOISY,
    PRESENTED,
    ViewMeasurement,
)

VIEW_POSITIONS = ("CC", "MLO")


def view_blocks(views: list[ViewMeasurement]) -> dict[str, str]:
    """Return the blocks `sensitivity`, `cancellation`, `spectra`, `leak` and `masses`."""
    return {
        "sensitivity": _sensitivity(views),
        "cancellation": _cancellation(views),
        "spectra": _spectra(views),
        "leak": _leak(views),
        "masses": _masses(views),
    }


def values_of(
    views: list[ViewMeasurement], name: str, view_position: str | None = None
) -> list[float]:
    """Return one value of each view, or of each view of one position."""
    return [view.values[name] for view in views if view_position in (None, view.view_position)]


def all_masses(views: list[ViewMeasurement]) -> list[Mass]:
    """Return the masses of all views."""
    return [mass for view in views for mass in view.masses]


def residual_rms(
    views: list[ViewMeasurement], name: str, view_position: str | None = None
) -> float:
    """Return the root mean square over views of a residual, in mg/cm2."""
    values = np.array(values_of(views, name, view_position))
    return float(np.sqrt((values**2).mean())) if values.size else float("nan")


def mass_slope(masses: list[Mass]) -> float:
    """Return pixel values per mg/cm2 from the contrasts of the masses; NaN below three."""
    if len(masses) < 3:
        return float("nan")
    iodine, contrast = ([getattr(mass, name) for mass in masses] for name in _CONTRASTS)
    return float(np.polyfit(iodine, contrast, 1)[0])


_CONTRASTS = ("iodine_contrast", "contrast")


def _sensitivity(views: list[ViewMeasurement]) -> str:
    masses = all_masses(views)
    rows = [
        ["gain per pixel", f"{len(views)} views", *_summary(values_of(views, "sensitivity"))],
        [
            "calibration of the device",
            f"{len(views)} views",
            *_summary(values_of(views, "calibrated sensitivity")),
        ],
        [
            "contrast of masses against their surround",
            f"{len(masses)} enhancing masses",
            f"{mass_slope(masses):.1f} (slope over masses)",
            "–",
        ],
    ]
    return table(["PV per mg/cm²", "of", "mean ± sd", "5 to 95 %"], rows)


def _summary(values: list[float]) -> list[str]:
    return [mean_and_spread(values, 1), percentiles(values, 1)]


def _cancellation(views: list[ViewMeasurement]) -> str:
    names = {
        "more than 20 mm below the skin": "residual interior",
        "the same, around the nominal level 2000": "residual around 2000",
        "more than 6 mm below the skin": "residual whole",
    }
    rows = [
        [label, *(f"{residual_rms(views, name, position):.2f}" for position in VIEW_POSITIONS)]
        for label, name in names.items()
    ]
    slopes = [
        mean_and_spread(values_of(views, "residual per cm gland", position))
        for position in VIEW_POSITIONS
    ]
    header = ["residual of normal tissue (mg/cm²)", *VIEW_POSITIONS]
    return table(header, [*rows, ["per cm of gland", *slopes]])


def _spectra(views: list[ViewMeasurement]) -> str:
    literature = {LOW_ENERGY: ("3.17 ± 0.23", "3.30 ± 0.24")}
    rows = []
    for name in (LOW_ENERGY, PRESENTED, NOISE_FREE, NOISY):
        measured = [
            mean_and_spread(values_of(views, f"beta {name}", position))
            for position in VIEW_POSITIONS
        ]
        rows.append([name, *measured, *literature.get(name, ("–", "–"))])
    header = ["exponent β", "CC", "MLO", "literature CC", "literature MLO"]
    return table(header, rows)


def _leak(views: list[ViewMeasurement]) -> str:
    masses = all_masses(views)
    measured = {
        "PV of the LE image per mg/cm²": (values_of(views, "leak slope"), 0),
        "rms change inside the breast, share of the LE image's sd": (
            [view.values["leak rms"] / view.values["low-energy sd"] for view in views],
            3,
        ),
        "LE contrast of enhancing masses (PV)": ([mass.low_energy_contrast for mass in masses], 0),
        "the same in the twin": ([mass.twin_contrast for mass in masses], 0),
    }
    rows = [
        [label, f"{np.median(values):.{digits}f}", percentiles(values, digits)]
        for label, (values, digits) in measured.items()
        if values
    ]
    return table(["LE image and its twin", "median", "5 to 95 %"], rows)


def _masses(views: list[ViewMeasurement]) -> str:
    iodine = [mass.iodine for mass in all_masses(views)]
    return (
        f"Enhancing masses in {len(views)} views: {len(iodine)}. Iodine, mean over the mask: "
        f"{mean_and_spread(iodine)} mg/cm², 5 to 95 %: {percentiles(iodine)} mg/cm²."
    )
