"""Read back a generated image, to show or to judge it, never as an input."""

from __future__ import annotations

import os
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import VIRTUAL_DES, read_attributes
from cem_monai.dicom.errors import MammogramError, refuse
from cem_monai.dicom.mammogram import Mammogram
from cem_monai.dicom.pixels import decode, to_canonical, value_range


def read_generated(path: str | os.PathLike[str]) -> Mammogram:
    """Read one image that this package generated, as `virtual_des_dataset` made it.

    `read_mammogram` refuses generated images so that no model is fed with the output of another;
    this reader refuses everything else. The text of the banner is part of the pixels.

    Args:
        path: DICOM file whose ImageType (0008,0008) holds VIRTUAL_DES.

    Returns:
        pixels in canonical polarity and orientation, like the images they are compared with.

    Raises:
        MammogramError: the file is missing, damaged, or no generated image.
    """
    path = Path(path)
    if not path.is_file():
        raise MammogramError(f"{path}: no such file")
    try:
        dataset = pydicom.dcmread(path)
        _check_generated(dataset, path)
        return _mammogram(dataset, path)
    except MammogramError:
        raise
    except Exception as error:  # pydicom lets many types through; its texts may quote the patient
        kind = type(error).__name__
        raise MammogramError(f"{path}: cannot be read as a generated image ({kind})") from None


def _check_generated(dataset: Dataset, path: Path) -> None:
    value = dataset.get("ImageType") or []
    image_type = [value] if isinstance(value, str) else list(map(str, value))
    if VIRTUAL_DES not in image_type:
        raise refuse(
            path, "ImageType", image_type or None, f"must hold {VIRTUAL_DES}: a generated image"
        )


def _mammogram(dataset: Dataset, path: Path) -> Mammogram:
    attributes = read_attributes(dataset, path)
    flipped = attributes.chest_wall_at_right
    return Mammogram(
        pixels=to_canonical(decode(dataset, path), chest_wall_at_right=flipped),
        value_range=value_range(dataset),
        flipped=flipped,
        attributes=attributes,
    )
