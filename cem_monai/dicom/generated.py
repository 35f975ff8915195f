"""Read back generated images, to show or to judge them, never as an input."""

from __future__ import annotations

import os
from pathlib import Path

from cem_monai.dicom.attributes import UNCERTAINTY_MAP, VIRTUAL_DES, source_uids
from cem_monai.dicom.errors import refuse
from cem_monai.dicom.gate import open_gray_image, open_header
from cem_monai.dicom.mammogram import Mammogram, to_mammogram


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
    dataset = open_gray_image(path)
    image_type = [str(value) for value in dataset.get("ImageType") or []]
    if VIRTUAL_DES not in image_type:
        wanted = f"must hold {VIRTUAL_DES}: a generated image"
        raise refuse(path, "ImageType", image_type or None, wanted)
    return to_mammogram(dataset, path)


def read_for_comparison(path: str | os.PathLike[str]) -> Mammogram:
    """Read one mammogram of any origin, real or generated, to judge it, never as an input.

    The view is not checked, nor who made the image.

    Args:
        path: DICOM file, Digital Mammography X-Ray Image - For Presentation.

    Returns:
        pixels in canonical polarity and orientation; a banner is part of them.

    Raises:
        MammogramError: the file is missing, damaged, or no mammography image.
    """
    path = Path(path)
    return to_mammogram(open_gray_image(path), path)


def sources_of_generated(path: str | os.PathLike[str]) -> frozenset[str] | None:
    """Return the SOP instances that an image of this package was generated from.

    Args:
        path: DICOM file; its pixels are not read.

    Returns:
        their UIDs; None if ImageType (0008,0008) does not hold VIRTUAL_DES.

    Raises:
        MammogramError: the file cannot be read.
    """
    header = open_header(Path(path))
    if VIRTUAL_DES not in [str(value) for value in header.get("ImageType") or []]:
        return None
    return source_uids(header)


def is_uncertainty_map(path: str | os.PathLike[str]) -> bool:
    """Return whether a DICOM file holds a map of `uncertainty_map_dataset`, which is no image.

    Raises:
        MammogramError: the file cannot be read.
    """
    return UNCERTAINTY_MAP in [
        str(value) for value in open_header(Path(path)).get("ImageType") or []
    ]
