"""Lesions as points: real against generated contrast, and Bland-Altman of their CNR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.report_columns import GREY
from cem_monai.evaluation.report_tables import read_interval, read_number
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.svg import COLORS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

OCCULT = "occult"
BESIDE = 3
"""Plots beside each other."""
STYLES = {False: ("visible lesions", "o", COLORS[0]), True: ("occult lesions", "^", COLORS[1])}
"""Label, marker and color of lesions by whether they are occult."""


@dataclass(frozen=True)
class LesionPoints:
    """One quantity of the lesions of one predictor.

    Attributes:
        real: (N,) of the real image.
        generated: (N,) of the generated image.
        occult: (N,) whether the low-energy image hides the lesion.
        missing: number of lesions without both values, which are not drawn.
    """

    real: Floats
    generated: Floats
    occult: npt.NDArray[np.bool_]
    missing: int


def lesion_points(lesions: Sequence[Row], predictor: str, quantity: str) -> LesionPoints:
    """Return what to draw.

    Args:
        lesions: rows of `metrics.csv`, one per lesion and predictor.
        predictor: whose lesions.
        quantity: `contrast` or `cnr`.
    """
    chosen = [row for row in lesions if row["predictor"] == predictor]
    names = (f"lesion_{quantity}_real", f"lesion_{quantity}_generated")
    values = np.array([[float(row[name] or "nan") for name in names] for row in chosen])
    values = values.reshape(-1, 2)
    drawn = np.isfinite(values).all(axis=1)
    occult = np.array([row["lesion_kind"] == OCCULT for row in chosen], dtype=bool)
    real, generated = values[drawn].T
    return LesionPoints(real, generated, occult[drawn], int((~drawn).sum()))


def contrast_figure(points: Mapping[str, LesionPoints]) -> Figure:
    """Return generated against real contrast of each model, with the line of identity.

    Args:
        points: label of the model → its lesions.
    """
    figure, plots = _plots(len(points))
    values = np.concatenate([both for own in points.values() for both in (own.real, own.generated)])
    ends = _padded(values)
    for axes, (label, own) in zip(plots, points.items(), strict=True):
        axes.axline((0, 0), slope=1, color="black", linewidth=0.8, label="identity")
        _scatter(axes, own, own.real, own.generated)
        axes.set(
            title=_title(label, own),
            xlabel=f"real contrast ({GREY})",
            ylabel=f"generated contrast ({GREY})",
            xlim=ends,
            ylim=ends,
        )
        axes.set_aspect("equal")
    _legend(plots)
    return figure


def bland_altman_figure(
    points: Mapping[str, LesionPoints], agreements: Mapping[str, Mapping[str, Any]]
) -> Figure:
    """Return difference against mean of each model's CNR, with bias and limits of agreement.

    Args:
        points: label of the model → its lesions.
        agreements: label of the model → `bland_altman` of `summary.json`.
    """
    figure, plots = _plots(len(points))
    for axes, (label, own) in zip(plots, points.items(), strict=True):
        axes.axhline(0, color="black", linewidth=0.8)
        _agreement_lines(axes, agreements[label])
        _scatter(axes, own, (own.real + own.generated) / 2, own.generated - own.real)
        axes.set(
            title=_title(label, own),
            xlabel="mean of real and generated CNR",
            ylabel="CNR generated - real",
        )
    _share_limits(plots)
    _legend(plots)
    return figure


def _plots(number: int) -> tuple[Figure, list[Axes]]:
    columns = min(number, BESIDE)
    rows = -(-number // BESIDE)
    figure = new_figure(4.3 * columns + 0.4, 4.0 * rows + 0.4)
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in grid[number:]:
        axes.remove()
    return figure, grid[:number]


def _scatter(axes: Axes, points: LesionPoints, x: Floats, y: Floats) -> None:
    for occult, (label, marker, color) in STYLES.items():
        chosen = points.occult == occult
        if chosen.any():
            axes.scatter(
                x[chosen],
                y[chosen],
                s=18,
                marker=marker,
                color=color,
                alpha=0.6,
                linewidths=0,
                label=label,
            )
    axes.grid(alpha=0.25)


def _agreement_lines(axes: Axes, agreement: Mapping[str, Any]) -> None:
    bias = read_interval(agreement["bias"])
    _agreement_line(axes, "bias", "-", (bias.mean, bias.low, bias.high))
    for name in ("lower", "upper"):
        value, low, high = (read_number(agreement[name][key]) for key in ("value", "low", "high"))
        _agreement_line(axes, f"{name} limit", "--", (value, low, high))


def _agreement_line(axes: Axes, label: str, style: str, values: tuple[float, float, float]) -> None:
    """Value, with the interval from low to high behind it; nothing where there is no value."""
    value, low, high = values
    if not np.isfinite(value):
        return
    axes.axhline(value, color="#555555", linestyle=style, linewidth=1.2)
    if np.isfinite([low, high]).all():
        axes.axhspan(low, high, color="#999999", alpha=0.25, linewidth=0)
    axes.annotate(
        f"{label} {value:+.2f}",
        (0.99, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        fontsize=8,
    )


def _title(label: str, points: LesionPoints) -> str:
    missing = f", {points.missing} without value" if points.missing else ""
    return f"{label}\n{points.real.size} lesions{missing}"


def _padded(values: Floats) -> tuple[float, float]:
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    margin = 0.05 * max(high - low, 1)
    return float(min(low, 0) - margin), float(max(high, 0) + margin)


def _share_limits(plots: Sequence[Axes]) -> None:
    x = [end for axes in plots for end in axes.get_xlim()]
    y = [end for axes in plots for end in axes.get_ylim()]
    for axes in plots:
        axes.set(xlim=(min(x), max(x)), ylim=(min(y), max(y)))


def _legend(plots: Sequence[Axes]) -> None:
    for axes in plots:
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", fontsize=8)
