"""Figures of what occurs and what it means: draws, gray values, the limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import stats

from cem_monai.simulator import Predictability
from cem_monai.simulator.breast import Breast
from simulator_report.draws import LEVELS, PUBLISHED_LEVELS, enhancement_shares
from simulator_report.gray_values import BINS, PairValues
from simulator_report.limits import (
    CLEAN,
    CONSTANT,
    MEAN,
    MEDIAN,
    SAMPLE,
    Limits,
    average,
)
from simulator_report.pictures import BLACK, BLUE, GRAY, GREEN, ORANGE, PURPLE, RED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED_THICKNESS = (5.9, 1.6)
"""In cm, mean and standard deviation (Yaffe 2009)."""
PUBLISHED_DENSITY = ((27, 45), (80, 95))
"""Percentages of dense tissue, and of women below them (Yaffe 2009)."""
PRESETS = tuple(
    item.value
    for item in (Predictability.CLINICAL, Predictability.COUPLED, Predictability.UNINFORMATIVE)
)
"""Shown; the others turn one knob of the first."""
MARKS = {
    CONSTANT: (GRAY, "s"),
    SAMPLE: (PURPLE, "D"),
    MEAN: (BLUE, "o"),
    MEDIAN: (ORANGE, "^"),
    CLEAN: (GREEN, "v"),
}


def population_figure(breasts: Sequence[Breast]) -> Figure:
    """Return thickness, density and background enhancement beside published values."""
    figure = new_figure(11.0, 3.2)
    thickness, density, enhancement = figure.subplots(1, 3)
    edges = np.linspace(1.5, 10, 35)
    thickness.hist(
        [breast.thickness for breast in breasts], edges, density=True, color=BLUE, label="simulated"
    )
    published = stats.norm.pdf(edges, *PUBLISHED_THICKNESS)
    thickness.plot(edges, published, color=BLACK, linestyle="--", label="normal, Yaffe 2009")
    thickness.set(xlabel="compressed thickness (cm)", ylabel="probability density (1/cm)")
    thickness.set_ylim(0, 0.45)
    thickness.legend(fontsize=8)
    _show_density(density, breasts)
    _show_enhancement(enhancement, breasts)
    return figure


def _show_density(plot: Axes, breasts: Sequence[Breast]) -> None:
    density = np.sort([100 * breast.density for breast in breasts])
    plot.plot(
        density, 100 * np.arange(1, len(density) + 1) / len(density), color=BLUE, label="simulated"
    )
    plot.plot(*PUBLISHED_DENSITY, "D", color=BLACK, label="Yaffe 2009")
    plot.set(xlabel="volumetric density (%)", ylabel="breasts below (%)", xlim=(0, 70))
    plot.legend(fontsize=8)


def _show_enhancement(plot: Axes, breasts: Sequence[Breast]) -> None:
    places = np.arange(len(LEVELS))
    shares = {
        "simulated": (enhancement_shares(breasts), BLUE, -0.2),
        "Radiol Med 2024": (PUBLISHED_LEVELS, ORANGE, 0.2),
    }
    for label, (values, color, shift) in shares.items():
        plot.bar(places + shift, 100 * np.array(values), 0.38, color=color, label=label)
    plot.set_xticks(places, LEVELS)
    plot.set(xlabel="background enhancement", ylabel="share (%)")
    plot.legend(fontsize=8)


def limits_figure(measured: Mapping[str, list[Limits]]) -> Figure:
    """Return L1 inside the breast and in masses, by preset and prediction."""
    figure = new_figure(9.0, 3.4)
    axes = figure.subplots(1, 2)
    for plot, region, title in zip(
        axes, ("breast", "mass"), ("inside the breast", "in enhancing masses"), strict=True
    ):
        for shift, (name, (color, marker)) in enumerate(MARKS.items()):
            values = [average(measured[preset], f"{region} l1 {name}") for preset in PRESETS]
            places = np.arange(len(PRESETS)) + 0.13 * (shift - 2)
            plot.plot(places, values, marker, color=color, label=name, markersize=7)
        plot.set_xticks(range(len(PRESETS)), PRESETS)
        plot.set(ylabel="L1 error (PV)", title=title)
        plot.set_ylim(bottom=0)
        plot.grid(axis="y", alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def gray_value_figure(simulated: list[PairValues], real: list[PairValues]) -> Figure:
    """Return the mean histograms of both images; bands hold 90 % of the images."""
    figure = new_figure(9.0, 3.4)
    axes = figure.subplots(1, 2)
    for plot, image, title in zip(
        axes, ("low_energy", "recombined"), ("low energy", "recombined (DES)"), strict=True
    ):
        _show_densities(plot, "CDD-CESM", _densities(real, image), (RED, "--"))
        _show_densities(plot, "simulated", _densities(simulated, image), (BLUE, "-"))
        plot.set_xlabel("value inside the breast (1st percentile 0, 99th 1)")
        plot.set(ylabel="probability density", title=title)
    axes[0].legend(fontsize=8)
    return figure


def _densities(pairs: list[PairValues], image: str) -> npt.NDArray[np.float64]:
    return np.array(
        [values.density for pair in pairs if (values := getattr(pair, image)) is not None]
    )


def _show_densities(
    plot: Axes, name: str, densities: npt.NDArray[np.float64], style: tuple[str, str]
) -> None:
    color, line = style
    centers = (BINS[:-1] + BINS[1:]) / 2
    low, high = np.percentile(densities, (5, 95), axis=0)
    plot.plot(centers, densities.mean(0), color=color, linestyle=line, label=f"{name}, mean")
    plot.fill_between(centers, low, high, color=color, alpha=0.2, label=f"{name}, 5 to 95 %")
