"""Figures of what is measured on single views: iodine, normal tissue, texture, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator_report.noise_study import DOSES, Noise, at_reference_size
from simulator_report.pictures import BLACK, BLUE, GRAY, ORANGE, RED, SKY, new_figure
from simulator_report.power_spectrum import BAND
from simulator_report.summaries import finite
from simulator_report.view_blocks import VIEW_POSITIONS, all_masses, mass_slope, values_of
from simulator_report.view_study import LOW_ENERGY, NOISE_FREE, NOISY, PRESENTED, ViewMeasurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = {
    LOW_ENERGY: (BLUE, "-"),
    PRESENTED: (SKY, "--"),
    NOISE_FREE: (ORANGE, "-."),
    NOISY: (RED, ":"),
}
COLORS = {"LE": BLUE, "DES": RED}
DOSE_SERIES = (("low_energy", "LE", "o", 0.95), ("recombined", "DES", "^", 1.05))
"""Attribute, label, marker and factor that keeps the markers apart."""
MARKS = {"CC": ("o", -0.15), "MLO": ("^", 0.15)}
"""Marker and shift of each view position."""
LITERATURE = {"CC": (3.17, 0.23), "MLO": (3.30, 0.24)}
"""Exponent of mammograms, mean and standard deviation (Chen 2012)."""
SENSITIVITY_RANGE = (30, 43)
LARGEST_RESIDUAL = 0.3


def iodine_figure(views: list[ViewMeasurement]) -> Figure:
    """Return contrast of masses over their iodine, and the residual of normal tissue."""
    figure = new_figure(9.0, 3.4)
    masses, residual = figure.subplots(1, 2)
    _show_masses(masses, views)
    limits = np.linspace(0, 0.6, 31)
    for position, color in zip(VIEW_POSITIONS, (BLUE, ORANGE), strict=True):
        values = values_of(views, "residual interior", position)
        residual.hist(values, limits, histtype="step", color=color, label=position, linewidth=1.8)
    residual.axvline(LARGEST_RESIDUAL, color=BLACK, linestyle="--", label="0.3, measured on a unit")
    residual.set(
        xlabel="sd of normal tissue (mg/cm² iodine)", ylabel="views", title="what does not cancel"
    )
    residual.legend(fontsize=8)
    return figure


def _show_masses(plot: Axes, views: list[ViewMeasurement]) -> None:
    masses = all_masses(views)
    iodine = np.array([mass.iodine_contrast for mass in masses])
    plot.plot(iodine, [mass.contrast for mass in masses], "o", color=BLUE, markersize=4)
    ends = np.array([0, iodine.max() if len(iodine) else 1.0])
    low, high = (ends * slope for slope in SENSITIVITY_RANGE)
    plot.fill_between(ends, low, high, color=GRAY, alpha=0.25, label="30 to 43, measured on a unit")
    plot.plot(ends, mass_slope(masses) * ends, color=BLACK, label="slope over masses")
    plot.set(
        xlabel="iodine, mass minus surround (mg/cm²)",
        ylabel="recombined, mass minus surround (PV)",
        title="masses, without noise",
    )
    plot.legend(fontsize=8)


def spectra_figure(views: list[ViewMeasurement]) -> Figure:
    """Return the mean power spectra, and the exponents of all views."""
    figure = new_figure(9.0, 3.6)
    spectra, exponents = figure.subplots(1, 2)
    _show_spectra(spectra, views)
    _show_exponents(exponents, views)
    return figure


def _show_spectra(plot: Axes, views: list[ViewMeasurement]) -> None:
    for name, (color, line) in STYLES.items():
        known = [spectrum for view in views if (spectrum := view.spectra[name]) is not None]
        if not known:
            continue
        frequency = known[0][0]
        power = np.exp(np.mean([np.log(one[1]) for one in known], 0))
        power /= power[np.argmin(np.abs(frequency - BAND[0]))]
        plot.loglog(frequency, power, color=color, linestyle=line, label=name)
    plot.axvspan(*BAND, color=GRAY, alpha=0.15, label="fitted")
    plot.set(
        xlabel="frequency (cycles/mm)",
        ylabel="power relative to 0.15 cycles/mm",
        title="power spectra, mean over views",
    )
    plot.legend(fontsize=8)


def _show_exponents(plot: Axes, views: list[ViewMeasurement]) -> None:
    for position, (marker, shift) in MARKS.items():
        for row, (name, (color, _)) in enumerate(STYLES.items()):
            values = finite(values_of(views, f"beta {name}", position))
            places = np.full(len(values), row + shift)
            plot.plot(values, places, marker, color=color, alpha=0.4, markersize=4)
        mean, spread = LITERATURE[position]
        place = len(STYLES) + shift
        plot.errorbar(mean, place, xerr=spread, fmt=marker, color=BLACK, capsize=3, label=position)
    plot.set_yticks(range(len(STYLES) + 1), [*STYLES, "mammograms\n(Chen 2012)"], fontsize=8)
    plot.invert_yaxis()
    plot.set(xlabel="exponent β", title="exponent of each view")
    plot.legend(fontsize=8, loc="lower left")


def noise_figure(noises: list[Noise]) -> Figure:
    """Return noise over dose and over pixel size, measured and in closed form."""
    figure = new_figure(9.0, 3.4)
    dose, pixel = figure.subplots(1, 2)
    _show_doses(dose, at_reference_size(noises))
    _show_pixels(pixel, [noise for noise in noises if noise.dose == 1])
    return figure


def _show_doses(plot: Axes, noises: list[Noise]) -> None:
    for name, label, marker, shift in DOSE_SERIES:
        usual = np.mean([getattr(noise, name) for noise in noises if noise.dose == 1])
        relative = [getattr(noise, name) / usual for noise in noises]
        doses = [noise.dose * shift for noise in noises]
        plot.loglog(doses, relative, marker, color=COLORS[label], markersize=5, label=label)
    plot.loglog(DOSES, np.array(DOSES) ** -0.5, color=BLACK, label="dose$^{-1/2}$")
    plot.set_xticks(DOSES, [f"{dose:g}" for dose in DOSES])
    plot.set_yticks((0.5, 1, 2), ("0.5", "1", "2"))
    plot.minorticks_off()
    plot.set(xlabel="dose relative to the protocol", ylabel="noise relative to it")
    plot.set_title("noise and dose")
    plot.legend(fontsize=8)


def _show_pixels(plot: Axes, noises: list[Noise]) -> None:
    pixels = [noise.pixel for noise in noises]
    plot.plot(pixels, [noise.recombined for noise in noises], "^", color=RED, label="measured")
    expected = [noise.recombined_expected for noise in noises]
    plot.plot(pixels, expected, "_", color=BLACK, markersize=16, label="closed form")
    plot.set(xlabel="pixel (mm)", ylabel="noise of DES (PV)", title="noise and pixel size")
    plot.set_ylim(bottom=0)
    plot.legend(fontsize=8)
