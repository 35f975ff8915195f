"""Predictions as strangers and our own inference save them: DICOM, NIfTI, PNG, NPY."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from PIL import Image

from cem_monai.data import breast_mask
from cem_monai.dicom import (
    GeneratingModel,
    decode,
    open_mammogram,
    save_dataset,
    virtual_des_dataset,
)
from exams import SPACING

Item = dict[str, Any]
Save = Callable[[Path, np.ndarray, Item], None]
MODEL = GeneratingModel("test", "0", "ab" * 32, "ef" * 32)


def stored(item: Item) -> np.ndarray:
    """Return the real image as its file holds it, (H, W)."""
    return pydicom.dcmread(item["label"]).pixel_array


def png(path: Path, image: np.ndarray, _: Item) -> None:
    Image.fromarray(image).save(path)


def npy(path: Path, image: np.ndarray, _: Item) -> None:
    np.save(path, image)


def nifti(path: Path, image: np.ndarray, _: Item) -> None:
    nib.save(nib.Nifti1Image(image.T[..., None], np.diag([*SPACING[::-1], 1, 1])), path)


def foreign_dicom(path: Path, image: np.ndarray, item: Item) -> None:
    dataset = pydicom.dcmread(item["label"])
    dataset.PixelData = image.astype("<u2").tobytes()
    dataset.Manufacturer = "somebody"
    dataset.SyntheticData = "YES"
    del dataset.SOPInstanceUID
    dataset.SOPInstanceUID = "1.2.3"
    dataset.save_as(path)


def own_dicom(path: Path, image: np.ndarray, item: Item, bits_stored: int = 12) -> None:
    """Write what our inference would, whatever the name of the file."""
    source = open_mammogram(Path(item["image"]))
    mirror = (lambda a: a[:, ::-1]) if item["laterality"] == "R" else (lambda a: a)
    breast = mirror(breast_mask(mirror(decode(source, path))))
    dataset = virtual_des_dataset(
        source, image, breast, model=MODEL, bits_stored=bits_stored, window=(2048, 4096)
    )
    save_dataset(dataset, path)


FORMATS: dict[str, Save] = {
    ".nii": nifti,
    ".nii.gz": nifti,
    ".png": png,
    ".npy": npy,
    ".dcm": foreign_dicom,
}
