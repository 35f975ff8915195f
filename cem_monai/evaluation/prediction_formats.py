"""Predictions that are no DICOM: one plane of numbers from NIfTI, PNG or NPY."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from PIL import Image

from cem_monai.data import read_plane

GRAY = 0
"""Color type of gray PNG without transparency (PNG specification, 11.2.1)."""


@dataclass(frozen=True)
class StoredPlane:
    """What a file holds.

    Attributes:
        values: (H, W) as they are stored, if it is a gray image.
        bits: what each value has room for; None for floating-point numbers.
        spacing: mm, (row, column), or None if the file does not tell.
        gray: whether there is one channel.
    """

    values: npt.NDArray[Any]
    bits: int | None
    spacing: tuple[float, float] | None = None
    gray: bool = True


def plane_suffix(path: Path) -> str | None:
    """Return the end of a file's name that `read_stored_plane` knows it by, or None."""
    name = path.name.lower()
    return next((suffix for suffix in READERS if name.endswith(suffix)), None)


def read_stored_plane(path: Path) -> StoredPlane:
    """Read one plane.

    NIfTI as `cem_monai.data.write_plane` writes it: indexed (column, row) or (column, row, 0); of
    its affine only the spacing is used, and 1 x 1 mm stands for unknown. PNG has 8 or 16 bits. NPY
    is indexed (row, column) and holds no Python objects.

    Raises:
        ValueError: the file is damaged, or holds something else; one sentence says what.
    """
    suffix = plane_suffix(path)
    if suffix is None:
        raise ValueError(f"{path}: must end in one of {', '.join(READERS)}")
    plane = READERS[suffix](path)
    if plane.values.dtype.kind not in "uif":
        raise ValueError(f"{path}: holds {plane.values.dtype}, no real numbers")
    return plane


def _read_nifti(path: Path) -> StoredPlane:
    values = read_plane(path)
    column, row = nib.load(path).header.get_zooms()[:2]  # type: ignore[attr-defined]
    known = (column, row) != (1, 1)
    spacing = (float(row), float(column)) if known else None
    return StoredPlane(values, _bits(values), spacing)


def _read_png(path: Path) -> StoredPlane:
    try:
        with path.open("rb") as file:
            depth, color = file.read(26)[24:]
        with Image.open(path, formats=["PNG"]) as image:
            values = np.asarray(image)
    except Exception as error:  # Pillow lets many types through
        raise ValueError(f"{path}: cannot be read as PNG ({type(error).__name__})") from None
    return StoredPlane(values, depth, gray=color == GRAY)


def _read_npy(path: Path) -> StoredPlane:
    try:
        with path.open("rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # NumPy lets many types through
        raise ValueError(f"{path}: cannot be read as NPY ({type(error).__name__})") from None
    return StoredPlane(values, _bits(values))


def _bits(values: npt.NDArray[Any]) -> int | None:
    return 8 * values.dtype.itemsize if values.dtype.kind in "ui" else None


READERS: dict[str, Callable[[Path], StoredPlane]] = {
    ".nii": _read_nifti,
    ".nii.gz": _read_nifti,
    ".png": _read_png,
    ".npy": _read_npy,
}
