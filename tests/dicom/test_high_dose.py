from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cem_monai.dicom import (
    GeneratingModel,
    MammogramError,
    PresentationIntent,
    read_raw_mammogram,
    save_dataset,
    virtual_high_dose_dataset,
)
from dicom.iod_check import iod_findings

MODEL = GeneratingModel("test_bundle", "1.2.3", "ab" * 32, "ef" * 32)
SIZE = (160, 120)


def foreground() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[40:120, :60] = True
    return mask


@pytest.fixture
def source(write_exposure: Callable[..., Dataset]) -> Dataset:
    dataset = write_exposure(
        np.where(foreground(), 900, 16383).astype(np.uint16),
        bits_stored=14,
        image_content=None,
        window=None,
        photometric_interpretation="MONOCHROME1",
        presentation_intent=PresentationIntent.FOR_PROCESSING,
    )
    dataset.EntranceDoseInmGy = "3.359"
    dataset.QualityControlSubject = dataset.QualityControlImage = "YES"
    return dataset


def generate(source: Dataset, **changes: Any) -> Dataset:
    pixels = np.where(foreground(), 190, 255).astype(np.uint16)
    options: dict[str, Any] = {"model": MODEL, "bits_stored": 8, "linear": True}
    return virtual_high_dose_dataset(source, pixels, foreground(), **(options | changes))


@pytest.mark.parametrize("linear", [True, False])
def test_validators_find_nothing(
    source: Dataset, dciodvfy: Callable[[Dataset], list[str]], linear: bool
) -> None:
    generated = generate(source, linear=linear)
    assert dciodvfy(generated) == []
    assert iod_findings(generated) == []


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageType", ["DERIVED", "SECONDARY", "", "GENERATED_2D", "", "VIRTUAL_DOSE"]),
        ("SyntheticData", "YES"),
        ("PresentationIntentType", "FOR PROCESSING"),
        ("PixelIntensityRelationship", "LIN"),
        ("PixelIntensityRelationshipSign", 1),
        ("BitsStored", 8),
        ("QualityControlSubject", "YES"),
        ("QualityControlImage", "YES"),
    ],
)
def test_what_is_said_of_it(source: Dataset, keyword: str, value: Any) -> None:
    assert generate(source)[keyword].value == value


def test_no_dose_no_window_and_nothing_of_iodine(source: Dataset) -> None:
    generated = generate(source)
    assert "EntranceDoseInmGy" not in generated
    assert "WindowCenter" not in generated
    texts = f"{generated.ImageComments} {generated.DerivationDescription}".lower()
    assert "iodine" not in texts
    assert "low-dose image" in texts


def test_logarithmic_values_say_so(source: Dataset) -> None:
    generated = generate(source, linear=False)
    assert generated.PixelIntensityRelationship == "LOG"
    assert generated.PixelIntensityRelationshipSign == -1
    assert generated.PhotometricInterpretation == "MONOCHROME2"


def test_banner_stands_out_from_white_air(source: Dataset) -> None:
    pixels = generate(source).pixel_array
    assert (pixels[foreground()] == 190).all()
    assert (pixels[~foreground()] == 0).sum() > 50


def test_banner_is_legible_where_no_air_is_left(source: Dataset) -> None:
    everywhere = np.ones(SIZE, bool)
    generated = virtual_high_dose_dataset(
        source, np.full(SIZE, 9, np.uint16), everywhere, model=MODEL, bits_stored=8, linear=True
    )
    strip = generated.pixel_array[:, -1]
    assert set(np.unique(generated.pixel_array)) == {0, 9, 255}
    assert (strip == 255).any()


def test_it_is_no_input_again(source: Dataset, tmp_path: Path) -> None:
    save_dataset(source, tmp_path / "low.dcm")
    assert read_raw_mammogram(tmp_path / "low.dcm").entrance_dose == 3.359
    generated = generate(source)
    for lost in (None, "SyntheticData", "ImageType"):
        if lost == "SyntheticData":
            del generated.SyntheticData
        elif lost == "ImageType":
            generated = generate(source)
            generated.ImageType = ["DERIVED", "SECONDARY", ""]
        save_dataset(generated, tmp_path / "high.dcm")
        with pytest.raises(MammogramError, match="a generated image is no input"):
            read_raw_mammogram(tmp_path / "high.dcm")
