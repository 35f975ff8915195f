"""Tiny mammograms in memory, 6 rows of 8 pixels, made with pydicom alone. No patient, ever."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PATIENT_NAME = "Sentinel^Secret"
"""No message and no log line may hold it."""
TOOL_MISSING = re.compile("not installed|is absent|no browser")
"""Of reasons to skip: a program of a Debian package is not there, or was not found."""
VIEW_CODES = {"CC": "399162004", "MLO": "399368009", "ML": "399260004", "XCCL": "399192008"}

MakeMammogram = Callable[..., Dataset]
SaveMammogram = Callable[..., Path]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where REQUIRE_TOOLS is set, a test that skips for want of a tool has failed."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_TOOLS") and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if TOOL_MISSING.search(reason):
            report.outcome, report.longrepr = "failed", f"REQUIRE_TOOLS is set, but {reason}"
    return report


@pytest.fixture
def make_mammogram() -> MakeMammogram:
    """Return a factory: low-energy left CC of 12 bits unless told otherwise.

    `pixels` are stored values; any other keyword sets that attribute, None deletes it.
    """
    return _mammogram


@pytest.fixture
def save_mammogram(tmp_path: Path) -> SaveMammogram:
    """Return a function that makes a mammogram and writes it below the test's folder."""

    def save(name: str = "image.dcm", pixels: Any = None, **attributes: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _mammogram(pixels, **attributes).save_as(path, enforce_file_format=True)
        return path

    return save


def _mammogram(
    pixels: Any = None, *, laterality: str = "L", view: str = "CC", bits: int = 12, **changes: Any
) -> Dataset:
    array = np.arange(48).reshape(6, 8) if pixels is None else np.asarray(pixels)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.3.4"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.5"
    dataset.PatientName, dataset.PatientID = PATIENT_NAME, "P1"
    dataset.Modality, dataset.PresentationIntentType = "MG", "FOR PRESENTATION"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "", "LOW_ENERGY"]
    dataset.ImageLaterality = laterality
    dataset.PatientOrientation = ["A", "R"] if laterality == "L" else ["P", "L"]
    dataset.ViewCodeSequence = [code(VIEW_CODES[view], "SCT")]
    dataset.ImagerPixelSpacing = [0.1, 0.1]
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.Rows, dataset.Columns = array.shape
    dataset.BitsAllocated = 8 if bits == 8 else 16
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    data = array.astype("u1" if bits == 8 else "<u2").tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, modifiers: tuple[tuple[str, str], ...] = ()) -> Dataset:
    """Return an item of ViewCodeSequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "view"
    item.ViewModifierCodeSequence = [code(*modifier) for modifier in modifiers]
    return item


@pytest.fixture
def make_code() -> Callable[..., Dataset]:
    """Return the factory of ViewCodeSequence items."""
    return code
