"""The limit of a view as NIfTI files beside its recombined image."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from cem_monai.data import REFERENCE_NAMES, read_plane, reference_path, write_plane
from cem_monai.simulator.reference import Reference

STEPS = 8
"""Per pixel value of a 12-bit image. Rounding adds a variance of 0.001, far below that of noise."""


def write_reference(
    reference: Reference, image: Path, spacing: tuple[float, float], values_per_12_bits: int
) -> None:
    """Write the four images of the limit, in eighths of a pixel value of a 12-bit image.

    Args:
        reference: in pixel values of the recombined image.
        image: recombined DICOM file that the names come from.
        spacing: mm, (row, column).
        values_per_12_bits: pixel values per step of a 12-bit image.
    """
    step = values_per_12_bits / STEPS
    for name in REFERENCE_NAMES:
        plane = np.rint(getattr(reference, name) / np.float32(step)).astype(np.int16)
        write_plane(plane, reference_path(image, name), spacing, step=step, level=1)


def read_reference(image: str | os.PathLike[str]) -> Reference:
    """Read the limit of a view.

    Args:
        image: recombined DICOM file.

    Returns:
        its limit, (H, W) in pixel values and in the stored orientation of the image.

    Raises:
        ValueError: a file is missing or damaged.
    """
    images = {name: read_plane(reference_path(image, name)) for name in REFERENCE_NAMES}
    return Reference(**{name: plane.astype(np.float32) for name, plane in images.items()})
