"""Where the simulator's limit of a view lies: beside its recombined image."""

from __future__ import annotations

import os
from pathlib import Path

REFERENCE_NAMES = {"mean": "ref_mean", "median": "ref_median", "sd": "ref_sd", "clean": "clean"}
"""Ends of the file names, by field of `cem_monai.simulator.Reference`."""


def reference_path(image: str | os.PathLike[str], name: str) -> Path:
    """Return where one image of the limit is expected.

    Args:
        image: recombined DICOM file.
        name: one of `REFERENCE_NAMES`.
    """
    image = Path(image)
    return image.with_name(f"{image.stem}_{REFERENCE_NAMES[name]}.nii.gz")
