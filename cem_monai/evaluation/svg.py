"""Plots as SVG that is the same every time and asks for nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of models, safe for color-blind readers.

References:
    Okabe and Ito, Color Universal Design, 2008.
"""
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")


def svg(figure: Figure) -> bytes:
    """Return a drawing as SVG: text as outlines, no date, no name of a program."""
    import matplotlib
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a $ in a name is a $

    # ids of clip paths are random without a salt
    with matplotlib.rc_context({"svg.hashsalt": "cem_monai", "svg.fonttype": "path"}):
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """Return an empty white drawing; inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")
