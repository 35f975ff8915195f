"""Raw mammograms are read as they are stored, or refused in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cem_monai.dicom import MammogramError, read_mammogram, read_raw_mammogram

RAW = {
    "PresentationIntentType": "FOR PROCESSING",
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2.1",
    "PixelIntensityRelationship": "LIN",
    "PixelIntensityRelationshipSign": 1,
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "logarithmic": (
        {"PixelIntensityRelationship": "LOG"},
        "PixelIntensityRelationship (0028,1040) is LOG, must be LIN",
    ),
    "no relationship": (
        {"PixelIntensityRelationship": None},
        "PixelIntensityRelationship (0028,1040) is missing, must be LIN",
    ),
    "inverse": (
        {"PixelIntensityRelationshipSign": -1},
        "PixelIntensityRelationshipSign (0028,1041) is -1, must be 1 (more X-rays are higher)",
    ),
    "rescaled": ({"RescaleSlope": "2"}, "RescaleSlope (0028,1053) is 2, must be 1"),
    "shifted": ({"RescaleIntercept": "-5"}, "RescaleIntercept (0028,1052) is -5, must be 0"),
    "no dose": (
        {"EntranceDoseInmGy": "0"},
        "EntranceDoseInmGy (0040,8302) is 0, must be positive",
    ),
    "two frames": ({"NumberOfFrames": 2}, "NumberOfFrames (0028,0008) is 2, must be 1"),
}

SaveMammogram = Callable[..., Path]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_stored_values_and_dose(
    save_mammogram: SaveMammogram, photometric: str, laterality: str
) -> None:
    pixels = np.arange(48).reshape(6, 8) * 340
    path = save_mammogram(
        pixels=pixels,
        bits=14,
        laterality=laterality,
        PhotometricInterpretation=photometric,
        EntranceDoseInmGy="3.359",
        **RAW,
    )
    raw = read_raw_mammogram(path)
    np.testing.assert_array_equal(raw.pixels, pixels)
    assert raw.pixels.dtype == np.uint16
    assert (raw.bits_stored, raw.entrance_dose, raw.path) == (14, 3.359, path)


def test_dose_may_be_missing(save_mammogram: SaveMammogram) -> None:
    assert read_raw_mammogram(save_mammogram(**RAW)).entrance_dose is None


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_file_attribute_and_value(case: str, save_mammogram: SaveMammogram) -> None:
    changes, sentence = REFUSED[case]
    attributes = {key: value for key, value in (RAW | changes).items() if value is not None}
    path = save_mammogram(**attributes)
    with pytest.raises(MammogramError, match=re.escape(f"{path}: {sentence}")):
        read_raw_mammogram(path)


def test_each_reader_refuses_the_other_kind(save_mammogram: SaveMammogram) -> None:
    with pytest.raises(MammogramError, match="must be FOR PROCESSING"):
        read_raw_mammogram(save_mammogram("presentation.dcm"))
    with pytest.raises(MammogramError, match="must be FOR PRESENTATION"):
        read_mammogram(save_mammogram("raw.dcm", **RAW))


def test_damaged_pixels_are_refused(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(PixelData=b"12", **RAW)
    with pytest.raises(MammogramError, match="is 2 bytes long, must be 96"):
        read_raw_mammogram(path)
