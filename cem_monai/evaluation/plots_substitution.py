"""How a lesion classifier fares when real images are replaced by generated ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cem_monai.evaluation.report_tables import read_interval
from cem_monai.evaluation.svg import COLORS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = {"auc": "AUC", "sensitivity": "sensitivity", "f1": "F1"}


def substitution_figure(substitution: Mapping[str, Any]) -> Figure:
    """Return one plot for each of `CURVES` over the share of generated images.

    Args:
        substitution: of `summary.json`.
    """
    figure = new_figure(13, 3.6)
    curves = [name for name in CURVES if name in substitution]
    for axes, name in zip(figure.subplots(1, len(curves), squeeze=False)[0], curves, strict=True):
        intervals = [read_interval(value) for value in substitution[name]]
        low, mean, high = (
            np.array([getattr(interval, end) for interval in intervals])
            for end in ("low", "mean", "high")
        )
        axes.fill_between(substitution["shares"], low, high, color=COLORS[0], alpha=0.2)
        axes.plot(substitution["shares"], mean, "o-", color=COLORS[0])
        axes.set(
            title=CURVES[name],
            xlabel="share of virtual images (%)",
            ylabel=CURVES[name],
            ylim=(0, 1.02),
        )
        axes.set_xticks(substitution["shares"])
        axes.grid(alpha=0.25)
    return figure
