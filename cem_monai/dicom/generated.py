"""Read back a generated image, to show or to judge it, never as an input."""

from __future__ import annotations

import os
from pathlib import Path

from cem_monai.dicom.attributes import VIRTUAL_DES
from cem_monai.dicom.errors import refuse
from cem_monai.dicom.gate import open_gray_image
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
