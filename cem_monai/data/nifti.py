"""One plane as a NIfTI file beside the image that it belongs to, in that image's orientation."""

from __future__ import annotations

import gzip
import os
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from cem_monai.atomic import atomic_write


def write_plane(
    plane: npt.NDArray[Any],
    path: str | os.PathLike[str],
    spacing: tuple[float, float] | None,
    *,
    step: float | None = None,
    level: int = 6,
) -> None:
    """Write a plane; the same values give the same bytes.

    Args:
        plane: (H, W) in the stored orientation of its image; of a type that NIfTI knows.
        path: file to write, `.nii.gz`.
        spacing: mm, (row, column); None for unknown, written as 1.
        step: what one unit of `plane` stands for (`scl_slope`); readers multiply with it.
        level: of the compression, 1 (fast) to 9 (small).
    """
    row, column = spacing or (1.0, 1.0)
    # NIfTI indexes (x, y, z): columns first
    image = nib.Nifti1Image(plane.T[..., None], np.diag([column, row, 1.0, 1.0]))
    if step is not None:
        image.header.set_slope_inter(step, 0)
    with atomic_write(path) as file:
        file.write(gzip.compress(image.to_bytes(), compresslevel=level, mtime=0))


def read_plane(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read a plane.

    Returns:
        (H, W), in the stored orientation of its image.

    Raises:
        ValueError: the file is missing, damaged, or has more than one plane.
    """
    try:
        array = np.asarray(nib.load(path).dataobj)  # type: ignore[attr-defined]
    except Exception as error:  # nibabel lets many types through
        raise ValueError(f"{path}: cannot be read as NIfTI ({type(error).__name__})") from None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2:
        raise ValueError(f"{path}: must have one plane, this has the shape {array.shape}")
    return np.asarray(array.T)
