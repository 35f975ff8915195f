"""Grey levels of the real and of the generated images in each setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.report_settings import SETTINGS
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.svg import COLORS, DASHES, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

BINS = 256
EDGES = np.linspace(0, 255, BINS + 1)
CENTERS = (EDGES[1:] + EDGES[:-1]) / 2
REAL = "real"
LEGEND_SHARE = 0.08
"""Share of the height that one line of the legend takes above the curves."""
SHOWN_SHARE = 0.0002
"""Share of the pixels from which on a bin is in view."""


def read_shares(histograms: Sequence[Row]) -> dict[str, dict[str, Floats]]:
    """Return setting → predictor → (256,) shares of the pixels.

    Args:
        histograms: rows of `histograms.csv`.
    """
    shares: dict[str, dict[str, Floats]] = {}
    for row in histograms:
        bins = [float(row[f"bin_{number}"] or "nan") for number in range(BINS)]
        shares.setdefault(row["setting"], {})[row["predictor"]] = np.array(bins)
    return shares


def histogram_distance(first: Floats, second: Floats) -> float:
    """Return the Wasserstein-1 distance of two histograms in grey levels."""
    return float(np.abs(np.cumsum(first - second)).sum() * (EDGES[1] - EDGES[0]))


def histogram_figure(
    shares: Mapping[str, Mapping[str, Floats]], labels: Mapping[str, str]
) -> Figure:
    """Return one plot for each setting.

    Args:
        shares: see `read_shares`; every setting has `real`.
        labels: predictor → its label, of those to be drawn.
    """
    settings = [name for name in SETTINGS if name in shares]
    figure = new_figure(13, 3.8)
    plots = figure.subplots(1, len(settings), squeeze=False)[0]
    for axes, setting in zip(plots, settings, strict=True):
        own = shares[setting]
        drawn = [name for name in labels if name in own]
        axes.fill_between(CENTERS, 100 * own[REAL], step="mid", color="#bbbbbb", label="real")
        for number, name in enumerate(drawn):
            _line(axes, own[name], number, f"{labels[name]}: {_distance(own, name)}")
        axes.set(
            title=SETTINGS[setting],
            xlabel="grey level (0 to 255)",
            ylabel="share of the pixels (%)",
            xlim=_view([own[name] for name in (REAL, *drawn)]),
        )
        highest = 100 * max(np.nanmax(own[name]) for name in (REAL, *drawn))
        axes.set_ylim(0, highest * (1.2 + LEGEND_SHARE * len(drawn)))
        axes.grid(alpha=0.25)
        axes.legend(fontsize=8)
    return figure


def _line(axes: Axes, shares: Floats, number: int, label: str) -> None:
    axes.step(
        CENTERS,
        100 * shares,
        where="mid",
        color=COLORS[number % len(COLORS)],
        linestyle=DASHES[number % len(DASHES)],
        linewidth=1.4,
        label=label,
    )


def _distance(shares: Mapping[str, Floats], name: str) -> str:
    return f"W = {histogram_distance(shares[name], shares[REAL]):.2f}"


def _view(drawn: Sequence[Floats]) -> tuple[float, float]:
    """Bins that hold anything worth seeing: simulated images fill a tenth of the scale."""
    filled = np.flatnonzero(np.nanmax(drawn, axis=0) > SHOWN_SHARE)
    if not filled.size:
        return 0.0, 255.0
    return max(0.0, float(EDGES[filled[0]]) - 2), min(255.0, float(EDGES[filled[-1] + 1]) + 2)
