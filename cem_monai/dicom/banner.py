"""A warning painted into the pixels: the one mark that survives an export to PNG."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

BANNER = "VIRTUAL CONTRAST - AI"
ROWS_PER_TEXT_HEIGHT = 32
"""The text is as high as this share of the image, so that it is legible at every matrix size."""
MIN_TEXT_HEIGHT = 8
"""Pixels. Smaller letters fall apart."""

Mask = npt.NDArray[np.bool_]


def paint_banner(
    pixels: npt.NDArray[np.unsignedinteger],
    breast: Mask,
    *,
    value: int,
    background: int = 0,
    chest_wall_at_right: bool,
    text: str = BANNER,
) -> npt.NDArray[np.unsignedinteger]:
    """Return a copy of an image with the text painted into the air beside the breast.

    The text goes into a corner opposite the chest wall, level if it fits and upright if not,
    smaller where space is short. Where no air is left it becomes a strip along the edge opposite
    the chest wall: an unmarked image would be worse than a covered edge.

    Args:
        pixels: (H, W) unsigned integers in stored orientation.
        breast: (H, W), True where the banner must not go.
        value: pixel value of the text, usually the highest of the stored range.
        background: pixel value around the text where it must cover the breast.
        chest_wall_at_right: whether the breast is at the right edge.
        text: what to paint.
    """
    painted = pixels.copy()
    height = max(MIN_TEXT_HEIGHT, pixels.shape[0] // ROWS_PER_TEXT_HEIGHT)
    smaller = [size for size in (height * 3 // 4, height // 2) if size >= MIN_TEXT_HEIGHT]
    for size in (height, *smaller):
        for stamp in (_stamp(text, size), np.rot90(_stamp(text, size))):
            for box in _corners(pixels.shape, stamp.shape, left=chest_wall_at_right):
                if not breast[box].any():
                    painted[box][stamp] = value
                    return painted
    return _paint_strip(painted, _stamp(text, height), value, background, left=chest_wall_at_right)


def erase_banner(
    pixels: npt.NDArray[np.float32],
    breast: Mask,
    *,
    value: float,
    background: float,
    chest_wall_at_right: bool,
    text: str = BANNER,
) -> npt.NDArray[np.float32]:
    """Return an image without the text that `paint_banner` painted, to measure what was generated.

    What the text covers becomes the median of the rest of the air: what was there is lost.

    Args:
        pixels: (H, W) in stored orientation.
        breast, value, background, chest_wall_at_right, text: what `paint_banner` was given.

    Returns:
        `pixels` themselves if they do not hold the text, pixel by pixel, where it would be.
    """
    layout = paint_banner(
        np.full(pixels.shape, 2, np.uint8),
        breast,
        value=1,
        background=0,
        chest_wall_at_right=chest_wall_at_right,
        text=text,
    )
    covered = layout < 2
    if (pixels[covered] != np.where(layout[covered], value, background)).any():
        return pixels
    air = pixels[~breast & ~covered]
    erased = pixels.copy()
    erased[covered] = np.median(air) if air.size else background
    return erased


def _stamp(text: str, size: int) -> Mask:
    """Return the text as a mask with a margin of a quarter of its size."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    margin = max(2, size // 4)
    picture = Image.new("L", (right - left + 2 * margin, bottom - top + 2 * margin))
    ImageDraw.Draw(picture).text((margin - left, margin - top), text, fill=255, font=font)
    return np.asarray(picture) > 127


def _corners(
    image: tuple[int, ...], stamp: tuple[int, ...], *, left: bool
) -> Iterator[tuple[slice, slice]]:
    height, width = stamp
    if height > image[0] or width > image[1]:
        return
    columns = slice(0, width) if left else slice(image[1] - width, image[1])
    yield slice(0, height), columns
    yield slice(image[0] - height, image[0]), columns


def _paint_strip(
    painted: npt.NDArray[np.unsignedinteger],
    stamp: Mask,
    value: int,
    background: int,
    *,
    left: bool,
) -> npt.NDArray[np.unsignedinteger]:
    upright = np.rot90(stamp[: painted.shape[1], : painted.shape[0]])  # keeps how the text begins
    upright = upright | (not upright.any())  # too small for a letter: the whole strip is bright
    height, width = upright.shape
    columns = slice(0, width) if left else slice(painted.shape[1] - width, painted.shape[1])
    painted[:, columns] = background
    painted[:height, columns][upright] = value
    return painted
