"""Which pixel values an image asks to be shown as black and as white."""

from __future__ import annotations

import os
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from cem_monai.dicom.mammogram import Mammogram

Range = tuple[float, float]


def linear_range(center: float, width: float) -> Range:
    """Return the values that a window shows as black and as white.

    Args:
        center: WindowCenter (0028,1050).
        width: WindowWidth (0028,1051), above 1.

    Raises:
        ValueError: the width leaves no grays between black and white.

    References:
        DICOM PS3.3 C.11.2.1.2.1, function LINEAR.
    """
    if not width > 1:
        raise ValueError(f"WindowWidth (0028,1051) must be above 1, got {width:g}")
    half = (width - 1) / 2
    return center - 0.5 - half, center - 0.5 + half


def display_range(mammogram: Mammogram, path: str | os.PathLike[str]) -> Range:
    """Return the values of `mammogram.pixels` to show as black and as white.

    The first window of the file, or the range of its format where it has none. Other functions
    than LINEAR are shown as if they were.

    Args:
        mammogram: what `read_mammogram` returned for `path`.
        path: its DICOM file.

    Raises:
        ValueError: the window has no width.
    """
    return shown_range(pydicom.dcmread(path, stop_before_pixels=True), mammogram.value_range)


def shown_range(header: Dataset, value_range: Range) -> Range:
    """Return what `display_range` does, of a header that is read already.

    Args:
        header: of the image.
        value_range: lowest and highest pixel value that the object can hold.

    Raises:
        ValueError: the window has no width.
    """
    window = first_window(header)
    if window is None:
        return value_range
    low, high = linear_range(*window)
    if header.PhotometricInterpretation == "MONOCHROME1":
        # the pixels were inverted over the range of the format, so the window is as well
        total = sum(value_range)
        return total - high, total - low
    return low, high


def first_window(header: Dataset) -> tuple[float, float] | None:
    """Return the first WindowCenter (0028,1050) and WindowWidth (0028,1051); None if absent."""
    center, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    return None if center is None or width is None else (center, width)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value) if isinstance(value, (int, float)) else float(value[0])
