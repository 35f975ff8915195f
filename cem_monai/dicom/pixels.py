"""Stored values of a mammogram to pixel values in one polarity and orientation, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut

from cem_monai.dicom.decoder import decode_compressed
from cem_monai.dicom.errors import MammogramError, attribute_label
from cem_monai.dicom.gate import DECODERS
from cem_monai.dicom.refusal_codes import RefusalCode

FloatImage = npt.NDArray[np.float32]
Image = npt.NDArray[Any]


def decode(dataset: Dataset, path: Path) -> FloatImage:
    """Return the pixel values of a mammogram, in stored orientation.

    Steps, in the order of `docs/reference/dicom.md`: decode with the one plugin of the transfer
    syntax; modality LUT or rescale; MONOCHROME1 inverted over the stored range, so that more tissue
    or iodine is always the higher value; pixel padding set to air, the lowest value.

    Args:
        dataset: object that passed `open_mammogram`.
        path: its file, for messages.

    Returns:
        (H, W) float32 values within `value_range(dataset)`; integers up to 16 bits stay exact.

    Raises:
        MammogramError: the pixel data cannot be decoded or do not match the header.
    """
    return to_pixel_values(stored_values(dataset, path), dataset, path)


def to_pixel_values(stored: Image, dataset: Dataset, path: Path) -> FloatImage:
    """Do all steps of `decode` that follow the decoding itself.

    Args:
        stored: (H, W) values as the object stores them, or as if it did; whole numbers where it has
            a modality LUT.
        dataset: object that passed the gate; its pixel data are not read.
        path: its file, for messages.

    Raises:
        MammogramError: the modality LUT is damaged.
    """
    values = _apply_modality_lut(stored, dataset, path)
    low, high = value_range(dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        values = np.float32(low + high) - values
    values[_padding(stored, dataset)] = low
    return values


def stored_values(dataset: Dataset, path: Path) -> Image:
    """Return the pixels as they are stored, before any look-up table, (H, W).

    Compressed ones are decoded in a process of its own (see `ChildDecoder`). Uncompressed ones are
    taken as they are: their length is known to be right, and no decoder runs that could fail.

    Args:
        dataset: object that passed the gate.
        path: its file, for messages.

    Raises:
        MammogramError: the pixel data cannot be decoded or do not match the header.
    """
    decoder = DECODERS[dataset.file_meta.TransferSyntaxUID]
    stored = decode_compressed(dataset, path, decoder) if decoder else _native(dataset)
    largest = 2**dataset.BitsStored - 1
    if (found := int(stored.max())) > largest and not _has_embedded_overlay(dataset):
        sentence = f"{path}: a stored value is {found}, BitsStored {dataset.BitsStored} allows"
        raise MammogramError(f"{sentence} {largest}", RefusalCode.PIXEL_VALUES)
    return stored & stored.dtype.type(largest)


def _native(dataset: Dataset) -> Image:
    """Uncompressed pixels need no decoder, only the length that the gate has checked."""
    count = dataset.Rows * dataset.Columns
    values = np.frombuffer(dataset.PixelData, f"<u{dataset.BitsAllocated // 8}", count)
    return values.reshape(dataset.Rows, dataset.Columns)


def _has_embedded_overlay(dataset: Dataset) -> bool:
    """Old modalities keep overlays in the bits above BitsStored (PS3.5 8.1.2, retired)."""
    return any(dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))


def value_range(dataset: Dataset) -> tuple[float, float]:
    """Return the lowest and highest pixel value that the object can hold, after the modality LUT.

    For a 12-bit mammogram without rescale this is (0, 4095): the range of the format, not of the
    pixels of this one image.
    """
    largest = float(2 ** int(dataset.BitsStored) - 1)
    if lut := dataset.get("ModalityLUTSequence"):
        return 0.0, float(2 ** int(lut[0].LUTDescriptor[2]) - 1)
    slope, intercept = _rescale(dataset)
    ends = sorted((intercept, slope * largest + intercept))
    return ends[0], ends[1]


def to_canonical(image: Image, *, chest_wall_at_right: bool) -> Image:
    """Mirror an image (..., H, W) so that the chest wall is at its left edge."""
    return np.ascontiguousarray(image[..., ::-1]) if chest_wall_at_right else image


def from_canonical(image: Image, *, chest_wall_at_right: bool) -> Image:
    """Undo `to_canonical`: the mirror image is its own inverse."""
    return to_canonical(image, chest_wall_at_right=chest_wall_at_right)


def _apply_modality_lut(stored: Image, dataset: Dataset, path: Path) -> FloatImage:
    if dataset.get("ModalityLUTSequence"):
        try:
            return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
        except Exception as error:  # missing or contradictory parts raise many types
            label, kind = attribute_label("ModalityLUTSequence"), type(error).__name__
            sentence = f"{path}: {label} is damaged ({kind})"
            raise MammogramError(sentence, RefusalCode.RESCALE) from None
    slope, intercept = _rescale(dataset)
    return np.asarray(stored * np.float64(slope) + intercept, dtype=np.float32)


def _rescale(dataset: Dataset) -> tuple[float, float]:
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    return 1.0 if slope is None else float(slope), float(intercept or 0)


def _padding(stored: Image, dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Padding is given in stored values, before the modality LUT (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    return np.asarray((stored >= low) & (stored <= high))
