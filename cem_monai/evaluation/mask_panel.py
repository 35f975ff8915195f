"""The masks of one case as outlines on the low-energy image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from cem_monai.evaluation.case_panel import CasePanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

FADED = 0.45
"""Share of the brightness of the image below the outlines."""


LineStyle = Literal["solid", "dashed", "dashdot", "dotted"]


class Outline(NamedTuple):
    """How one mask is drawn.

    Attributes:
        mask: attribute of `CasePanel`.
        label: in the legend.
        color: safe for color-blind readers.
        style: of the line, since color alone tells little in print.
    """

    mask: str
    label: str
    color: str
    style: LineStyle


# Okabe and Ito, Color Universal Design, 2008
OUTLINES = (
    Outline("breast", "breast", "#56b4e9", "solid"),
    Outline("surround", "surround", "#009e73", "dotted"),
    Outline("mass", "mass", "#e69f00", "solid"),
    Outline("mass_second", "mass, second reader", "#d55e00", "dashed"),
    Outline("decoy", "decoy", "#cc79a7", "dashdot"),
    Outline("mirrored", "mirrored lesion", "#f0e442", "dotted"),
)


def draw_masks(axes: Axes, panel: CasePanel) -> None:
    """Draw the masks that the case has, and their legend below."""
    from matplotlib.lines import Line2D

    low, high = panel.low_energy_range
    axes.imshow(panel.low_energy, cmap="gray", vmin=low, vmax=low + (high - low) / FADED)
    handles = []
    for outline in OUTLINES:
        mask = getattr(panel, outline.mask)
        if mask is None or not mask.any():
            continue
        color, style = outline.color, outline.style
        # with a frame of air: a line is drawn along the edge of the image too
        framed = np.pad(mask, 1).astype(np.float32)
        rows, columns = (np.arange(-1, size + 1) for size in mask.shape)
        axes.contour(
            columns, rows, framed, levels=[0.5], colors=color, linestyles=style, linewidths=1.2
        )
        handles.append(Line2D([], [], label=outline.label, color=color, linestyle=style))
    if handles:
        _draw_legend(axes, handles)


def _draw_legend(axes: Axes, handles: list[Line2D]) -> None:
    """Below the image and as dark as it: light colors are drawn for it, not for paper."""
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.015),
        ncols=2,
        fontsize=7,
        facecolor="#333333",
        labelcolor="white",
        framealpha=1,
        borderaxespad=0,
        columnspacing=1,
        handlelength=2.2,
    )
