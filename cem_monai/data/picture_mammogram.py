"""A low-energy mammogram from a PNG or JPEG file: the gate of the 8-bit research mode."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data.breast import BreastMaskError, breast_mask, chest_wall_side
from cem_monai.data.picture_file import PictureError, read_picture
from cem_monai.data.picture_name import is_named_virtual, named_laterality
from cem_monai.dicom import Laterality, to_canonical

SYNTHETIC_DATA = "SyntheticData"
"""Text chunk that is YES in every image that this package generates."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PictureMammogram:
    """One low-energy image in canonical orientation.

    Attributes:
        path: its file.
        pixels: (H, W) float32, stored values, the chest wall at the left.
        value_range: lowest and highest value that the file can hold; (0, 255) for 8 bits.
        breast: (H, W) mask.
        laterality: which breast: that of the name, or the side where the chest wall lies.
        laterality_from: `name` or `pixels`.
        flipped: whether the stored image was mirrored to get there.
    """

    path: Path
    pixels: npt.NDArray[np.float32]
    value_range: tuple[float, float]
    breast: Mask
    laterality: Laterality
    laterality_from: str
    flipped: bool


def read_picture_mammogram(path: Path, source_bits: int | None = None) -> PictureMammogram:
    """Read one low-energy mammogram that is stored as PNG or JPEG.

    Higher values must be more tissue (MONOCHROME2); air must surround the breast. As in DICOM, the
    chest wall of a left breast lies at the left of the stored image, of a right one at the right.

    Args:
        path: PNG or JPEG file.
        source_bits: see `read_picture`.

    Raises:
        PictureError: the file is unusable (see `read_picture`) or generated; it shows no breast,
            inverted values, or another breast than its name tells; nothing tells which it is.
    """
    picture = read_picture(path, source_bits)
    if is_named_virtual(path) or picture.text.get(SYNTHETIC_DATA) == "YES":
        raise PictureError(f"{path}: a generated image is no input")
    stored = picture.pixels.astype(np.float32)
    try:
        laterality, told_by = _laterality(path, breast_mask(stored))
        flipped = laterality is Laterality.RIGHT
        pixels = to_canonical(stored, chest_wall_at_right=flipped)
        breast = breast_mask(pixels)
    except BreastMaskError as error:
        raise PictureError(f"{path}: {error}") from None
    value_range = (0.0, float(2**picture.bits - 1))
    return PictureMammogram(path, pixels, value_range, breast, laterality, told_by, flipped)


def pixels_sha256(pixels: npt.NDArray[Any]) -> str:
    """Return a hash of pixel values (H, W), whatever file and type of number they are stored in.

    A picture and the DICOM object that was made of it without changing a pixel have the same.
    """
    values = np.ascontiguousarray(pixels, dtype="<f4")
    return hashlib.sha256(f"{values.shape}".encode() + values.tobytes()).hexdigest()


def _laterality(path: Path, breast: Mask) -> tuple[Laterality, str]:
    named, (seen, _) = named_laterality(path), chest_wall_side(breast)
    if named and seen and named is not seen:
        raise PictureError(
            f"{path}: its name tells breast {named.value}, but the chest wall lies on the side of "
            f"breast {seen.value}: mirrored, or named wrongly"
        )
    if named:
        return named, "name"
    if seen:
        return seen, "pixels"
    raise PictureError(
        f"{path}: neither its name (a word like L, R, LCC, right) nor its pixels tell which breast"
    )
