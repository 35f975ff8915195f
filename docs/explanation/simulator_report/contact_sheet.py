"""Contact sheet: both images of some breasts, with masses outlined, and the limit beside them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from cem_monai.simulator import SimulatedView
from simulator_report.pictures import ORANGE, SKY, new_figure
from simulator_report.views import Image, ViewJob, depth_below_skin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BREASTS = ((30017, "R"), (30008, "R"), (30014, "L"), (30007, "R"))
"""Seed and side, chosen by hand: different lesions, dense and fatty tissue."""
SHOWN = {
    f"simulator_sheet_{position.lower()}": [
        ViewJob(seed, side, position, 1024) for seed, side in BREASTS
    ]
    for position in ("CC", "MLO")
}
"""Views by the name of the figure."""
RECOMBINED_RANGE, LARGEST_DEVIATION = (1920, 2120), 60
COLUMNS = {
    "low energy\n0 to 4095 PV": (0, 4095),
    "recombined\n1920 to 2120 PV": RECOMBINED_RANGE,
    "limit: mean\n1920 to 2120 PV": RECOMBINED_RANGE,
    "limit: sd\n0 to 60 PV": (0, LARGEST_DEVIATION),
}
"""Title and range of each column."""
OUTLINE_DISTANCE = 2.0
"""In mm between a mass and its outline."""
MARGIN = 12
"""In pixels around the breast."""
REDUCTION = 3
"""Pixels of the view per pixel of the sheet."""
CAPTION_WIDTH = 90
"""In characters."""
LEVELS = ("minimal", "mild", "moderate", "marked")


def simulate_shown(job: ViewJob) -> SimulatedView:
    """Simulate one row of a sheet."""
    return job.simulate(reference=True)


def contact_sheet(views: list[SimulatedView]) -> Figure:
    """Return one row per view: low energy, recombined, mean and sd of the limit."""
    figure = new_figure(6.6, 3.6 * len(views), dpi=110)
    rows = figure.subfigures(len(views), 1, squeeze=False)[:, 0]
    for row, view in zip(rows, views, strict=True):
        row.suptitle(_caption(view), fontsize=8)
        _show_view(row.subplots(1, len(COLUMNS)), view)
    return figure


def _show_view(row: list[Axes], view: SimulatedView) -> None:
    if view.reference is None:
        raise ValueError("the sheet needs views with their reference.")
    limit = view.reference
    images: list[Image] = [view.low_energy, view.recombined, limit.mean, limit.sd]
    for plot, image, (title, (low, high)) in zip(row, images, COLUMNS.items(), strict=True):
        plot.imshow(_reduced(_cropped(image, view)), cmap="gray", vmin=low, vmax=high)
        plot.set(xticks=[], yticks=[])
        plot.set_title(title, fontsize=8)
    if view.mass.any():
        outside = depth_below_skin(~_cropped(view.mass, view), view.spacing)
        row[1].contour(_reduced(outside), [OUTLINE_DISTANCE], colors=ORANGE, linewidths=1)
    for lesion in view.parameters["lesions"]:
        if not lesion["enhancing"]:
            _encircle(row[1], lesion, view)


def _encircle(plot: Axes, lesion: dict[str, Any], view: SimulatedView) -> None:
    from matplotlib.patches import Circle

    top, left = _corner(view)
    center = ((lesion["column"] - left) / REDUCTION, (lesion["row"] - top) / REDUCTION)
    radius = (lesion["diameter_mm"] / 2 + OUTLINE_DISTANCE) / view.spacing[0] / REDUCTION
    plot.add_patch(Circle(center, radius, fill=False, color=SKY, linestyle=":", linewidth=1.2))


def _corner(view: SimulatedView) -> tuple[int, int]:
    """Return the first row and column of the breast, a margin before it."""
    first = (int(np.flatnonzero(view.breast.any(axis))[0]) for axis in (1, 0))
    top, left = (max(one - MARGIN, 0) for one in first)
    return top, left


def _cropped(image: Image, view: SimulatedView) -> Image:
    top, left = _corner(view)
    bottom, right = (int(np.flatnonzero(view.breast.any(axis))[-1]) for axis in (1, 0))
    return image[top : bottom + MARGIN, left : right + MARGIN]


def _reduced(image: Image) -> Image:
    height, width = (side // REDUCTION * REDUCTION for side in image.shape)
    blocks = image[:height, :width].reshape(
        height // REDUCTION, REDUCTION, width // REDUCTION, REDUCTION
    )
    return np.asarray(blocks.mean((1, 3), dtype=np.float64))


def _caption(view: SimulatedView) -> str:
    build = view.parameters
    lesions = [_lesion(lesion) for lesion in build["lesions"]]
    return (
        f"{build['thickness_mm']:.0f} mm, density {100 * build['density']:.0f} %, background "
        f"enhancement {LEVELS[build['enhancement_level']]}\n"
        + textwrap.fill("; ".join(lesions) or "no lesion", CAPTION_WIDTH)
    )


def _lesion(lesion: dict[str, Any]) -> str:
    shape = f"{lesion['kind'].replace('_', '-')} {lesion['diameter_mm']:.0f} mm"
    if not lesion["enhancing"]:
        return f"{shape}, not enhancing"
    return f"{shape}, {lesion['pattern']}, {lesion['concentration_mg_per_ml']:.1f} mg/ml"
