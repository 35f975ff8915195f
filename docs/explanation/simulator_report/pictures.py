"""Colors, and small PNG files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image as Picture

from cem_monai.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito 2008: told apart with any color vision
HUES = BLUE, SKY, ORANGE, RED, GREEN, PURPLE = (
    *("#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#009E73", "#CC79A7"),
)
BLACK, GRAY = "#000000", "#777777"
GRAYS, MIXTURES = 56, 16
"""Shades of gray, and of each hue towards black and towards white."""
LARGEST_FILE = 300_000
"""In bytes."""


def new_figure(width: float, height: float, dpi: int = 100) -> Figure:
    """Return an empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=dpi, layout="constrained", facecolor="white")


def save_picture(figure: Figure, path: Path) -> None:
    """Write a PNG with the few colors of this page.

    Raises:
        ValueError: it would be larger than `LARGEST_FILE`.
    """
    plain, small = io.BytesIO(), io.BytesIO()
    figure.savefig(plain, format="png", metadata={"Software": None})
    with Picture.open(plain) as picture:
        reduced = _with_palette(np.asarray(picture.convert("RGB")))
    reduced.save(small, format="png", optimize=True)
    if small.tell() > LARGEST_FILE:
        raise ValueError(
            f"{path.name} would be {small.tell()} bytes, must be at most {LARGEST_FILE}."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "wb") as file:
        file.write(small.getvalue())


def _with_palette(pixels: npt.NDArray[np.uint8]) -> Picture.Image:
    """Replace each color of (H, W, 3) by the nearest one of the palette."""
    palette = _palette()
    packed = pixels.astype(np.int64) @ (1 << 16, 1 << 8, 1)
    present, index = np.unique(packed, return_inverse=True)
    colors = np.stack([present >> 16, present >> 8 & 255, present & 255], 1)
    nearest = ((colors[:, None] - palette) ** 2).sum(2).argmin(1).astype(np.uint8)
    picture = Picture.fromarray(nearest[index].reshape(pixels.shape[:2]))
    picture.putpalette(palette.astype(np.uint8).tobytes())
    return picture


def _palette() -> npt.NDArray[np.int_]:
    """Return grays, and hues mixed with white and black: adaptive palettes drop rare hues."""
    grays = [(level, level, level) for level in np.linspace(0, 255, GRAYS)]
    hues = [tuple(bytes.fromhex(hue[1:])) for hue in HUES]
    mixed = [
        tuple(share * one + (1 - share) * other for one in hue)
        for hue in hues
        for other in (0, 255)
        for share in np.linspace(1, 0, MIXTURES, endpoint=False)
    ]
    return np.rint([*grays, *mixed]).astype(int)
