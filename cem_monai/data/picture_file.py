"""Read one gray PNG or JPEG file and refuse whatever a decoder would silently change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from cem_monai.dicom import MAX_PIXELS, MAX_SIDE

PICTURE_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
"""How names end, and what is in such a file."""
COLOR_TYPES = {0: "gray", 2: "color", 3: "a palette", 4: "transparency", 6: "transparency"}
"""PNG specification, 11.2.1."""
GRAY, COLOR = 0, 2
ORIENTATION, UPRIGHT = 0x0112, 1
"""EXIF tag, and its value for pixels that are stored as they are to be seen."""
LEAST_FILLED = 2**14
"""A 16-bit image that stays below has probably fewer bits, stored without scaling."""

Pixels = npt.NDArray[np.unsignedinteger]


class PictureError(ValueError):
    """A PNG or JPEG file cannot be used."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One gray image as its file stores it.

    Attributes:
        pixels: (H, W) uint8 or uint16, exactly as stored.
        bits: how many of each value are used: the range is 0 to 2**bits - 1.
        text: text chunks of a PNG.
    """

    pixels: Pixels
    bits: int
    text: dict[str, str]


def read_picture(path: Path, source_bits: int | None = None) -> Picture:
    """Read one gray PNG (8 or 16 bits) or JPEG (8 bits).

    Three channels are one where all agree. Nothing is rounded, turned or mirrored.

    Args:
        path: file whose name ends in .png, .jpg or .jpeg.
        source_bits: 9 to 16, used bits of 16-bit images; None for all 16. Other images have 8.

    Raises:
        PictureError: the file is missing, empty, damaged, of another format than its name says, too
            large, animated, turned by EXIF, has a palette, transparency, color or under 8 bits; or
            its values do not fill their range as `source_bits` says. One sentence says what.
    """
    try:
        return _read(path, source_bits)
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None


def _read(path: Path, source_bits: int | None) -> Picture:
    _check_file(path)
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as image:
            image.verify()  # the checksums of a PNG, which a decoder passes over
        with Image.open(path, formats=["PNG", "JPEG"]) as image:
            _check_header(image, path)
            text = {key: str(value) for key, value in getattr(image, "text", {}).items()}
            stored = np.asarray(image)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError("is neither PNG nor JPEG") from None
    except Exception as error:  # Pillow lets many types through
        raise PictureError(f"is damaged or cut short ({type(error).__name__})") from None
    pixels = _one_channel(stored)
    return Picture(pixels, _used_bits(pixels, source_bits), text)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise PictureError("no such file")
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise PictureError(f"its name must end in one of {', '.join(PICTURE_SUFFIXES)}")
    if path.stat().st_size == 0:
        raise PictureError("is empty")


def _check_header(image: Image.Image, path: Path) -> None:
    wanted = PICTURE_SUFFIXES[path.suffix.lower()]
    if image.format != wanted:
        raise PictureError(f"is {image.format}, but its name ends in {path.suffix}")
    if getattr(image, "n_frames", 1) != 1:
        raise PictureError(f"holds {image.n_frames} pictures, must be one")  # type: ignore[attr-defined]
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        size = f"{image.height} x {image.width}"
        raise PictureError(f"is {size} pixels, at most {MAX_SIDE} a side and {MAX_PIXELS} in all")
    if (turned := image.getexif().get(ORIENTATION, UPRIGHT)) != UPRIGHT:
        raise PictureError(f"is turned by its EXIF orientation {turned}, save it upright")
    if wanted == "PNG":
        _check_png(image, path)
    elif image.mode not in ("L", "RGB"):
        raise PictureError(f"has {image.mode} color, must be gray")


def _check_png(image: Image.Image, path: Path) -> None:
    with path.open("rb") as file:
        depth, color = file.read(26)[24:]
    if color not in (GRAY, COLOR) or "transparency" in image.info:
        kind = "transparency" if "transparency" in image.info else COLOR_TYPES.get(color, color)
        raise PictureError(f"has {kind}, must be gray")
    if depth < 8:
        raise PictureError(f"has {depth} bits, must have 8 or 16")
    if color == COLOR and depth == 16:  # Pillow would halve the bits
        raise PictureError("has 16-bit color, save it as 16-bit gray")


def _one_channel(stored: npt.NDArray[Any]) -> Pixels:
    if stored.ndim == 3:
        if (stored != stored[..., :1]).any():
            raise PictureError("has color: its channels differ, must be gray")
        stored = stored[..., 0]
    return np.ascontiguousarray(stored, dtype=np.uint8 if stored.dtype == np.uint8 else np.uint16)


def _used_bits(pixels: Pixels, source_bits: int | None) -> int:
    if pixels.dtype == np.uint8:
        return 8
    highest = int(pixels.max())
    if source_bits is None and highest < LEAST_FILLED:
        raise PictureError(
            f"has 16 bits, but its highest value is {highest}: if that is all its source had, tell "
            f"its bits with source_bits, e.g. {max(9, highest.bit_length())}"
        )
    bits = source_bits or 16
    if highest >= 2**bits:
        raise PictureError(f"its highest value is {highest}, {bits} bits hold {2**bits - 1}")
    return bits
