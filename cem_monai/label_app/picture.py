"""A plane as NIfTI that viewers show as it is stored."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from cem_monai.atomic import atomic_write

FASTEST = 1


def write_picture(
    pixels: npt.NDArray[Any], path: Path, spacing: tuple[float, float] | None
) -> None:
    """Write a plane whose columns run to the patient's left and rows to the back.

    That is what the screen shows: left of the patient at its right, back at its bottom. NIfTI
    counts the other way round, hence the signs.

    Args:
        pixels: (H, W) in the stored orientation of its image.
        path: file, `.nii` or `.nii.gz`.
        spacing: mm, (row, column); None for unknown, written as 1.
    """
    row, column = spacing or (1.0, 1.0)
    image = nib.Nifti1Image(pixels.T[..., None], np.diag([-column, -row, 1.0, 1.0]))
    content = image.to_bytes()
    with atomic_write(path) as file:
        packed = gzip.compress(content, FASTEST, mtime=0) if path.suffix == ".gz" else content
        file.write(packed)
