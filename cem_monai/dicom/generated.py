"""Read back a generated image, to show or to judge it, never as an input."""

from __future__ import annotations

import os
from pathlib import Path

from cem_monai.dicom.attributes import VIRTUAL_DES, read_attributes
from cem_monai.dicom.errors import refuse
from cem_monai.dicom.gate import REQUIRED, _check_bits, _check_pixel_data, _holds, _load
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
        MammogramError: the file is unusable, or no generated image.
    """
    path = Path(path)
    dataset = _load(path)
    for keyword, accepts, wanted in REQUIRED:
        if not _holds(accepts, value := dataset.get(keyword)):
            raise refuse(path, keyword, value, wanted)
    image_type = [str(value) for value in dataset.get("ImageType") or []]
    if VIRTUAL_DES not in image_type:
        found = "\\".join(image_type) or None
        raise refuse(path, "ImageType", found, f"must hold {VIRTUAL_DES}: no generated image")
    _check_bits(dataset, path)
    _check_pixel_data(dataset, path)
    attributes = read_attributes(dataset, path)
    flipped = attributes.chest_wall_at_right
    return Mammogram(
        pixels=to_canonical(decode(dataset, path), chest_wall_at_right=flipped),
        value_range=value_range(dataset),
        flipped=flipped,
        attributes=attributes,
    )
