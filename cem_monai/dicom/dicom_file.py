"""Save an object as a file that is complete or absent."""

from __future__ import annotations

import os
from copy import deepcopy
from enum import Enum

from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

from cem_monai.atomic import atomic_write


class Compression(str, Enum):
    """How the pixels of a saved object are stored; both keep every value."""

    NONE = "none"
    """Explicit VR Little Endian."""
    JPEG_LS = "jpeg_ls"
    """JPEG-LS lossless, about a fifth of the size."""

    @classmethod
    def _missing_(cls, value: object) -> Compression:
        raise ValueError(f"compression must be none or jpeg_ls, is {value!r}")


def save_dataset(
    dataset: Dataset,
    path: str | os.PathLike[str],
    compression: Compression | str = Compression.NONE,
) -> None:
    """Write a DICOM file completely or not at all, with an empty preamble.

    Args:
        dataset: object with uncompressed pixels, which stays as it is.
        path: file to write.
        compression: of the file; the SOP instance is the same.

    Raises:
        ValueError: `compression` is unknown.
    """
    dataset.preamble = bytes(128)  # one taken over from elsewhere may hide a program
    if Compression(compression) is Compression.JPEG_LS:
        dataset = deepcopy(dataset)
        dataset.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
    with atomic_write(path) as file:
        dataset.save_as(file, enforce_file_format=True)
