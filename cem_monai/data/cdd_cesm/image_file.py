"""Read one JPEG image of CDD-CESM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

MAX_SIDE = 8192
"""Pixels; larger claims are damage, or an attack on the memory."""


class ImageFileError(ValueError):
    """An image of the source cannot be used.

    Attributes:
        path: its file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def read_image(path: Path, side: int | None) -> npt.NDArray[np.uint8]:
    """Read one image as (H, W) gray values, exactly as the JPEG decodes.

    Args:
        path: JPEG file.
        side: width and height in pixels that the image must have; None for any size.

    Raises:
        ImageFileError: the file is no whole JPEG, of another size, or one gray value all over.
    """
    try:
        with Image.open(path, formats=["JPEG"]) as image:
            size = image.size
            pixels = np.array(image.convert("L")) if _wanted(size, side) else None
    except Exception as error:  # Pillow lets many types through
        raise ImageFileError(path, f"cannot be read as JPEG ({type(error).__name__})") from None
    if pixels is None:
        wanted = f"must be {side} x {side}" if side else f"at most {MAX_SIDE} a side are accepted"
        raise ImageFileError(path, f"is {size[0]} x {size[1]} pixels, {wanted}")
    if pixels.min() == pixels.max():
        raise ImageFileError(path, f"shows nothing, every pixel is {pixels.flat[0]}")
    return pixels


def _wanted(size: tuple[int, int], side: int | None) -> bool:
    return size == (side, side) if side else max(size) <= MAX_SIDE
