"""One case as a picture: low-energy, recombined, virtual, where these two differ, and masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cem_monai.atomic import atomic_write
from cem_monai.evaluation.case_panel import CasePanel, Mask, Path
from cem_monai.evaluation.mask_panel import draw_masks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VIRTUAL_LABEL = "VIRTUAL - AI generated"
FOOTER = "research only - not for diagnosis"
WARNING_COLOR, AIR_COLOR = "#b00020", "#d0d0d0"
OUTLINE_COLORS = ("#ffd400", "#ffd400", "#ffd400", "black")
IMAGES = 5
WIDTH_INCHES, MAX_IMAGE_INCHES, DPI = 13.0, 6.4, 100
HEAD_INCHES, FOOT_INCHES = 0.7, 1.15
BAR_INCHES, BAR_GAP_INCHES = 0.1, 0.06
"""Height of the color bar below the difference, and its distance from it."""


def write_panel(panel: CasePanel, output_png: Path, *, title: str, caption: str) -> None:
    """Draw one case as a PNG file, written completely or not at all.

    Args:
        panel: of `case_panel`.
        output_png: file to write.
        title: heading, e.g. the name of the case.
        caption: line below the images, e.g. of `case_caption`.
    """
    figure = panel_figure(panel, title=title, caption=caption)
    with atomic_write(output_png) as file:
        # without the version of matplotlib: the same case gives the same bytes
        figure.savefig(file, format="png", metadata={"Software": None})


def panel_figure(panel: CasePanel, *, title: str, caption: str) -> Figure:
    """Return the drawing: axes low-energy, recombined, virtual, difference, masks, color bar."""
    rows, columns = _view(panel.breast)
    pixel_aspect = panel.spacing[0] / panel.spacing[1] if panel.spacing else 1.0
    shape = pixel_aspect * (rows.stop - rows.start) / (columns.stop - columns.start)
    figure, axes = _axes(shape)
    _draw_images(axes, panel)
    for image_axes, color in zip(axes, OUTLINE_COLORS, strict=False):
        _outline(image_axes, panel.mass, color)
    draw_masks(axes[4], panel)
    for image_axes in axes[:IMAGES]:
        image_axes.set_aspect(pixel_aspect)
        image_axes.set_xlim(columns.start - 0.5, columns.stop - 0.5)
        image_axes.set_ylim(rows.stop - 0.5, rows.start - 0.5)
        image_axes.set(xticks=[], yticks=[])
    if panel.spacing:
        _draw_scale_bar(axes[0], panel.spacing[1], rows, columns)
    _label(axes, panel)
    _write(figure, title, caption)
    return figure


def _view(breast: Mask) -> tuple[slice, slice]:
    """The breast with a margin: air beside it would make everything else smaller."""
    if not breast.any():
        return slice(0, breast.shape[0]), slice(0, breast.shape[1])
    margin = max(breast.shape) // 25
    ends = []
    for axis, size in enumerate(breast.shape):
        inside = np.flatnonzero(breast.any(axis=1 - axis))
        first, last = int(inside[0]), int(inside[-1]) + 1
        ends.append(slice(max(0, first - margin), min(size, last + margin)))
    return ends[0], ends[1]


def _axes(shape: float) -> tuple[Figure, list[Axes]]:
    """Images of the given height-to-width ratio beside each other, and the color bar."""
    from matplotlib.figure import Figure

    image_height = min(MAX_IMAGE_INCHES, 0.98 * WIDTH_INCHES / (IMAGES + 0.12) * shape)
    height = image_height + HEAD_INCHES + FOOT_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    grid = figure.add_gridspec(
        nrows=1,
        ncols=IMAGES,
        wspace=0.03,
        left=0.01,
        right=0.99,
        bottom=FOOT_INCHES / height,
        top=1 - HEAD_INCHES / height,
    )
    images = [figure.add_subplot(grid[0, column]) for column in range(IMAGES)]
    place = images[3].get_position()
    bottom = (FOOT_INCHES - BAR_GAP_INCHES - BAR_INCHES) / height
    margin = 0.06 * place.width
    bar = (place.x0 + margin, bottom, place.width - 2 * margin, BAR_INCHES / height)
    return figure, [*images, figure.add_axes(bar)]


def _draw_images(axes: list[Axes], panel: CasePanel) -> None:
    grays = (
        (panel.low_energy, panel.low_energy_range),
        (panel.recombined, panel.recombined_range),
        (panel.virtual, panel.recombined_range),
    )
    for image_axes, (image, (low, high)) in zip(axes, grays, strict=False):
        image_axes.imshow(image, cmap="gray", vmin=low, vmax=high)
    limit = panel.difference_limit
    drawn = axes[3].imshow(panel.difference, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes[3].set_facecolor(AIR_COLOR)
    bar = axes[3].figure.colorbar(drawn, cax=axes[IMAGES], orientation="horizontal", extend="both")
    bar.ax.tick_params(labelsize=8)
    bar.set_label("virtual - DES (stored values)", fontsize=9)


def _outline(axes: Axes, mass: Mask | None, color: str) -> None:
    if mass is not None and mass.any():
        axes.contour(mass, levels=[0.5], colors=color, linewidths=0.9)


def _draw_scale_bar(axes: Axes, column_spacing: float, rows: slice, columns: slice) -> None:
    """Lower right, 10 mm or a rounder number of about a quarter of the width."""
    from matplotlib.patheffects import withStroke

    width = columns.stop - columns.start
    wanted = width * column_spacing / 4
    length = max((size for size in (1, 2, 5, 10, 20, 50) if size <= wanted), default=1)
    end = columns.stop - 0.05 * width
    row = rows.stop - 0.04 * (rows.stop - rows.start)
    start = end - length / column_spacing
    edge = [withStroke(linewidth=4, foreground="black")]
    axes.plot([start, end], [row, row], color="white", linewidth=2, path_effects=edge)
    axes.annotate(
        f"{length} mm",
        ((start + end) / 2, row),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        color="white",
        fontsize=10,
        path_effects=edge,
    )


def _label(axes: list[Axes], panel: CasePanel) -> None:
    low, high = panel.recombined_range
    axes[0].set_title("LE (low-energy, input)", fontsize=11)
    axes[1].set_title("DES (real)", fontsize=11)
    axes[2].set_title(VIRTUAL_LABEL, fontsize=11, color=WARNING_COLOR, fontweight="bold")
    axes[3].set_title("difference virtual - DES", fontsize=11)
    axes[4].set_title("masks", fontsize=11)
    for image_axes in axes[1:3]:
        image_axes.set_xlabel(f"window: black {low:g}, white {high:g}", fontsize=9)
    # Once more inside, for whoever cuts out this one image: the view may hide the painted banner
    axes[2].text(
        0.98,
        0.02,
        VIRTUAL_LABEL,
        transform=axes[2].transAxes,
        ha="right",
        color="white",
        fontsize=10,
        bbox={"facecolor": WARNING_COLOR, "edgecolor": "none", "pad": 3},
    )


def _write(figure: Figure, title: str, caption: str) -> None:
    # parse_math: a $ in a name is a $
    height = figure.get_figheight()
    figure.text(
        0.01, 1 - 0.12 / height, title, fontsize=14, fontweight="bold", va="top", parse_math=False
    )
    figure.text(0.01, 0.12 / height, caption, fontsize=12, va="bottom", parse_math=False)
    figure.text(
        0.99, 0.12 / height, FOOTER, fontsize=12, color=WARNING_COLOR, ha="right", va="bottom"
    )
