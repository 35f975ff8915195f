"""One good mammogram in each accepted transfer syntax."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import itk
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cem_monai.dicom import (
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    mammogram_dataset,
)

SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg_ls": JPEGLSLossless,
    "jpeg_lossless": JPEGLosslessSV1,
    "jpeg_2000": JPEG2000Lossless,
}
ITK_COMPRESSION = {"jpeg_lossless": "Compression_JPEG", "jpeg_2000": "Compression_JPEG2000"}


def breast_pixels(rows: int = 96, columns: int = 80) -> npt.NDArray[np.uint16]:
    """Return a left breast of 12 bits with texture, in air."""
    y, x = np.mgrid[:rows, :columns]
    breast = ((y - rows / 2) / (0.4 * rows)) ** 2 + (x / (0.6 * columns)) ** 2 < 1
    texture = np.random.default_rng(0).normal(1800, 100, breast.shape)
    return np.where(breast, texture, 0).astype(np.uint16)


def original(name: str, folder: Path, pixels: npt.NDArray[np.uint16] | None = None) -> bytes:
    """Return the bytes of a good low-energy mammogram.

    Args:
        name: key of `SYNTAXES`.
        folder: for files that are written and read on the way.
        pixels: (H, W) of 12 bits.
    """
    dataset = _mammogram(breast_pixels() if pixels is None else pixels)
    recode(dataset, name, folder)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def recode(dataset: Dataset, name: str, folder: Path) -> None:
    """Change the transfer syntax of an uncompressed data set to one of `SYNTAXES`."""
    if name in ITK_COMPRESSION:
        stream = _itk_stream(dataset.pixel_array, name, folder / "itk.dcm")
        dataset.PixelData = encapsulate([stream])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    elif name in ("rle", "jpeg_ls"):
        dataset.compress(SYNTAXES[name], generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = SYNTAXES[name]


def _mammogram(pixels: npt.NDArray[np.uint16]) -> Dataset:
    from datetime import datetime

    exposure = Exposure(
        patient_id="FUZZ-1",
        patient_name="Fuzz^Phantom",
        study_instance_uid="1.2.3",
        frame_of_reference_uid="1.2.4",
        laterality=Laterality.LEFT,
        view_position=ViewPosition.CC,
        acquired=datetime(2025, 1, 2, 3, 4, 5),
    )
    return mammogram_dataset(
        pixels,
        exposure,
        image_content=ImageContent.LOW_ENERGY,
        bits_stored=12,
        spacing=(0.1, 0.1),
        window=(2048, 4096),
        sop_instance_uid="1.2.5",
        series_instance_uid="1.2.6",
        series_number=3,
        series_description="test",
        manufacturer="cem_monai test",
        model_name="phantom",
        software_versions="1",
    )


def _itk_stream(pixels: npt.NDArray[Any], name: str, path: Path) -> bytes:
    """Let ITK write the file: pydicom has no encoder of its own for these."""
    io = itk.GDCMImageIO.New()
    io.SetCompressionType(getattr(itk.GDCMImageIOEnums, ITK_COMPRESSION[name]))
    io.SetUseCompression(True)
    image = itk.image_from_array(np.ascontiguousarray(pixels))
    writer = itk.ImageFileWriter.New(
        Input=image, FileName=str(path), ImageIO=io, UseCompression=True
    )
    writer.Update()
    written = pydicom.dcmread(path)
    return pydicom.encaps.get_frame(written.PixelData, 0, number_of_frames=1)
