"""Low-energy mammograms as PNG and JPEG files: drawn breasts, no patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def breast_picture(
    height: int = 75, width: int = 52, *, laterality: str = "L", bits: int = 8, seed: int = 0
) -> np.ndarray:
    """A breast (height, width) in air, chest wall at the left of a left one; the nipple is high."""
    y, x = np.mgrid[:height, :width]
    inside = ((y / height - 0.4) / 0.38) ** 2 + (x / width / 0.7) ** 2 < 1
    texture = np.random.default_rng(seed).uniform(0.45, 0.95, inside.shape)
    picture = np.rint(np.where(inside, texture, 0) * (2**bits - 1))
    if laterality == "R":
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture, dtype=np.uint8 if bits == 8 else np.uint16)


def write_picture(path: Path, picture: np.ndarray | None = None, **options: Any) -> Path:
    """Save a picture, a left breast of 8 bits by default; options are Pillow's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(breast_picture() if picture is None else picture).save(path, **options)
    return path


def write_pictures(folder: Path) -> Path:
    """Write two breasts of different odd sizes, with their subtracted images; return the folder."""
    for name, laterality, size in (("P1_L_{}_CC", "L", (75, 52)), ("P2_R_{}_MLO", "R", (91, 64))):
        for kind in ("DM", "CM"):
            picture = breast_picture(*size, laterality=laterality)
            write_picture(folder / f"{name.format(kind)}.jpg", picture, quality=95)
    return folder
