"""Region masks as NIfTI files beside the image that they were drawn on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cem_monai.data.nifti import read_plane, write_plane

REGIONS = ("breast", "mass", "surround", "mass_second", "surround_second", "decoy")
"""Masks that a recombined image may have: `<stem>_<region>.nii.gz` beside `<stem>.dcm`.

`mass_second` and `surround_second` are what a second reader outlines; a decoy is a lesion that the
low-energy image shows and that does not enhance.
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
    write_plane(mask.astype(np.uint8), path, spacing)


def read_mask(path: str | os.PathLike[str]) -> npt.NDArray[np.bool_]:
    """Read a mask.

    Returns:
        (H, W), in the stored orientation of its image.

    Raises:
        ValueError: the file is missing, damaged, or not one plane of zeros and ones.
    """
    array = read_plane(path)
    mask = array != 0
    if (array != mask).any():
        found = f"{array.min():g} to {array.max():g}"
        raise ValueError(f"{path}: a mask holds 0 and 1 only, this has values from {found}")
    return np.asarray(mask)
