"""Region masks as NIfTI files beside the image that they were drawn on."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from cem_monai.atomic import atomic_write

REGIONS = ("breast", "mass", "surround", "mass_second", "decoy")
"""Masks that a recombined image may have: `<stem>_<region>.nii.gz` beside `<stem>.dcm`.

`mass_second` is a second reader's outline of `mass`; a decoy is a lesion that the low-energy image
shows and that does not enhance.
"""


def mask_path(image: str | os.PathLike[str], region: str) -> Path:
    """Return where the mask of one region of an image is expected."""
    if region not in REGIONS:
        raise ValueError(f"region must be one of {', '.join(REGIONS)}, got {region!r}")
    image = Path(image)
    return image.with_name(f"{image.stem}_{region}.nii.gz")


def write_mask(
    mask: npt.NDArray[np.bool_], path: str | os.PathLike[str], spacing: tuple[float, float] | None
) -> None:
    """Write a mask as NIfTI.

    Args:
        mask: (H, W) in the stored orientation of its image.
        path: file to write, `.nii.gz`.
        spacing: mm, (row, column); None for unknown, written as 1.
    """
    row, column = spacing or (1.0, 1.0)
    # NIfTI indexes (x, y, z): columns first
    image = nib.Nifti1Image(mask.T[..., None].astype(np.uint8), np.diag([column, row, 1.0, 1.0]))
    with atomic_write(path) as file:
        file.write(_compress(image.to_bytes()))


def read_mask(path: str | os.PathLike[str]) -> npt.NDArray[np.bool_]:
    """Read a mask.

    Returns:
        (H, W), in the stored orientation of its image.

    Raises:
        ValueError: the file is missing, damaged, or not one plane of zeros and ones.
    """
    try:
        array = np.asarray(nib.load(path).dataobj)  # type: ignore[attr-defined]
    except Exception as error:  # nibabel lets many types through
        raise ValueError(f"{path}: cannot be read as NIfTI ({type(error).__name__})") from None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2:
        raise ValueError(f"{path}: a mask has one plane, this has the shape {array.shape}")
    if not np.isin(array, (0, 1)).all():
        found = f"{array.min():g} to {array.max():g}"
        raise ValueError(f"{path}: a mask holds 0 and 1 only, this has values from {found}")
    return array.T.astype(bool)


def _compress(data: bytes) -> bytes:
    # mtime 0: the same mask gives the same bytes
    return gzip.compress(data, compresslevel=6, mtime=0)
