"""The course of a training as a picture."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = (
    ("generator: L1 to the real image", {"g_l1": "g_l1"}),
    (
        "adversarial losses",
        {
            "g_gan": "generator",
            "d_real": "discriminator, real",
            "d_fake": "discriminator, generated",
        },
    ),
    ("learning rate", {"learning_rate": "learning rate"}),
)
"""Title of each plot, and its columns of `losses.csv` with their legend."""

Losses = dict[str, list[float]]


def read_losses(path: str | os.PathLike[str]) -> Losses:
    """Return the columns of `losses.csv`: epoch, and those of `CURVES`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has no epoch, or lacks a column.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no losses; the training writes this file")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{path}: holds no epoch")
    wanted = ["epoch", *(column for _, columns in CURVES for column in columns)]
    if missing := [column for column in wanted if column not in rows[0]]:
        raise ValueError(f"{path}: lacks the columns {', '.join(missing)}")
    return {column: [float(row[column]) for row in rows] for column in wanted}


def training_figure(losses: Losses) -> Figure:
    """Return one plot for each of `CURVES`, over epochs."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(13, 3.4), dpi=120, layout="constrained", facecolor="white")
    axes = figure.subplots(1, len(CURVES))
    for plot, (title, columns) in zip(axes, CURVES, strict=True):
        for (column, legend), style in zip(columns.items(), ("o-", "s--", "^:"), strict=False):
            plot.plot(losses["epoch"], losses[column], style, label=legend, markersize=4)
        plot.set(title=title, xlabel="epoch")
        plot.set_ylim(bottom=0)
        plot.xaxis.set_major_locator(MaxNLocator(integer=True))
        plot.ticklabel_format(axis="y", scilimits=(-3, 4))
        plot.grid(alpha=0.3)
        if len(columns) > 1:
            plot.legend()
    return figure
