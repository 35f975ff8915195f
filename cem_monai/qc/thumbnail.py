"""Small lossy pictures, to recognize an image by and nothing else."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

LONGEST_SIDE = 320
"""Pixels: twice what the page shows, for print."""
QUALITY = 75


def thumbnail(pixels: npt.NDArray[Any], display_range: tuple[float, float]) -> bytes:
    """Return a JPEG of at most 320 pixels a side.

    Args:
        pixels: (H, W) pixel values.
        display_range: values shown as black and as white.
    """
    low, high = display_range
    small = np.asarray(_reduced(pixels))
    gray = np.clip((small - low) / (high - low), 0, 1) * 255
    file = io.BytesIO()
    Image.fromarray(np.rint(gray).astype(np.uint8)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _reduced(pixels: npt.NDArray[Any]) -> Image.Image:
    height, width = pixels.shape
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    return image.resize(size, Image.Resampling.BOX)
