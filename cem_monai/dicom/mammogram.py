"""The one reader of mammograms, for training, evaluation and deployment alike."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import MammogramAttributes, read_attributes
from cem_monai.dicom.errors import damaged_otherwise
from cem_monai.dicom.gate import open_mammogram
from cem_monai.dicom.pixels import FloatImage, decode, to_canonical, value_range


@dataclass(frozen=True)
class Mammogram:
    """One mammogram in canonical polarity and orientation.

    Attributes:
        pixels: (H, W) float32, higher is more tissue (low-energy) or more iodine (recombined), the
            chest wall at the left edge.
        value_range: lowest and highest value that the object can hold; (0, 4095) for 12 bits.
        flipped: whether the stored image was mirrored to get there.
        attributes: the header.
    """

    pixels: FloatImage
    value_range: tuple[float, float]
    flipped: bool
    attributes: MammogramAttributes


def read_mammogram(path: str | os.PathLike[str]) -> Mammogram:
    """Read one DICOM mammogram.

    Args:
        path: DICOM file, Digital Mammography X-Ray Image - For Presentation.

    Raises:
        MammogramError: the file is unusable; one sentence says why.
    """
    path = Path(path)
    with damaged_otherwise(path):
        return to_mammogram(open_mammogram(path), path)


def to_mammogram(dataset: Dataset, path: Path) -> Mammogram:
    """Decode an object that passed the gate, and bring it to canonical polarity and orientation."""
    attributes = read_attributes(dataset, path)
    flipped = attributes.chest_wall_at_right
    return Mammogram(
        pixels=to_canonical(decode(dataset, path), chest_wall_at_right=flipped),
        value_range=value_range(dataset),
        flipped=flipped,
        attributes=attributes,
    )
