"""What is told of a generated image where its source is odd or silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cem_monai.dicom import (
    GeneratingModel,
    code_item,
    keep_generation_time,
    save_dataset,
    virtual_des_dataset,
)
from dicom.iod_check import iod_findings

MODEL = GeneratingModel("test_bundle", "1.2.3", "ab" * 32, "ef" * 32)
SIZE = (128, 96)
EPOCH = 1_700_000_000
EPOCH_UTC = datetime(2023, 11, 14, 22, 13, 20)

Validator = Callable[[Dataset], list[str]]


@pytest.fixture
def source(write_exposure: Callable[..., Dataset]) -> Dataset:
    return write_exposure(np.zeros(SIZE, np.uint16))


def _generate(source: Dataset, **changes: Any) -> Dataset:
    breast = np.zeros(SIZE, bool)
    breast[30:100, :40] = True
    options: dict[str, Any] = {"model": MODEL, "bits_stored": 12, "window": (2050, 300)}
    pixels = np.where(breast, 2000, 5).astype(np.uint16)
    return virtual_des_dataset(source, pixels, breast, **(options | changes))


@pytest.mark.parametrize(
    "keyword",
    ["ViewCodeSequence", "AnatomicRegionSequence", "LossyImageCompression", "PatientOrientation"],
)
def test_empty_attribute_that_must_not_be_empty_is_not_copied(
    source: Dataset, dciodvfy: Validator, keyword: str
) -> None:
    source[keyword].value = [] if source[keyword].VR == "SQ" else ""
    source.ViewPosition = "CC"
    generated = _generate(source)
    assert not generated[keyword].is_empty
    assert dciodvfy(generated) == []
    assert iod_findings(generated) == []


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
@pytest.mark.parametrize(
    ("keyword", "value", "written"),
    [
        ("PatientBirthDate", "1960010X", ""),
        ("PatientName", "x" * 65, ""),
        ("AccessionNumber", "y" * 17, ""),
        ("PatientAge", "old", None),
        ("AcquisitionDate", "tomorrow", None),
        ("CompressionForce", "1" * 17, None),
    ],
)
def test_broken_value_is_not_copied(
    source: Dataset, dciodvfy: Validator, keyword: str, value: str, written: str | None
) -> None:
    setattr(source, keyword, value)
    generated = _generate(source)
    assert generated.get(keyword) == written
    assert dciodvfy(generated) == []


@pytest.mark.parametrize(("told", "number"), [("7", 7), (None, 1), ("", 1)])
def test_instances_of_a_series_keep_their_numbers(
    source: Dataset, told: str | None, number: int
) -> None:
    source.InstanceNumber = told
    assert _generate(source).InstanceNumber == number


def test_view_without_modifiers_gets_the_empty_sequence_that_it_needs(
    source: Dataset, dciodvfy: Validator
) -> None:
    del source.ViewCodeSequence[0].ViewModifierCodeSequence
    generated = _generate(source)
    assert list(generated.ViewCodeSequence[0].ViewModifierCodeSequence) == []
    assert dciodvfy(generated) == []
    assert iod_findings(generated) == []
    assert "ViewModifierCodeSequence" not in source.ViewCodeSequence[0]


def test_rolled_view_keeps_its_modifier(source: Dataset) -> None:
    rolled = code_item("399011000", "SCT", "rolled lateral")
    source.ViewCodeSequence[0].ViewModifierCodeSequence = [rolled]
    (view,) = _generate(source).ViewCodeSequence
    assert [code.CodeValue for code in view.ViewModifierCodeSequence] == ["399011000"]


@pytest.mark.parametrize("absent", ["FieldOfViewOrigin", "FieldOfViewRotation", None])
def test_field_of_view_is_told_whole_or_not_at_all(
    source: Dataset, dciodvfy: Validator, absent: str | None
) -> None:
    told = {
        "FieldOfViewOrigin": ["3", "4"],
        "FieldOfViewRotation": "180",
        "FieldOfViewHorizontalFlip": "YES",
    }
    for keyword, value in told.items():
        if keyword != absent:
            setattr(source, keyword, value)
    generated = _generate(source)
    assert [keyword in generated for keyword in told] == [absent is None] * 3
    assert dciodvfy(generated) == []


def test_modality_without_a_name_is_not_told(source: Dataset, dciodvfy: Validator) -> None:
    source.Manufacturer = ""
    generated = _generate(source)
    assert len(generated.ContributingEquipmentSequence) == 1
    assert dciodvfy(generated) == []


TIMES = ("Content", "Series", "InstanceCreation")


@pytest.mark.parametrize(("offset", "hours"), [(None, 0), ("+0100", 1), ("-0330", -3.5)])
def test_times_are_those_of_the_generation_in_the_time_zone_of_the_object(
    source: Dataset, monkeypatch: pytest.MonkeyPatch, offset: str | None, hours: float
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    if offset:
        source.TimezoneOffsetFromUTC = offset
    generated = _generate(source)
    expected = EPOCH_UTC + timedelta(hours=hours)
    for kind in TIMES:
        assert generated[f"{kind}Date"].value == f"{expected:%Y%m%d}"
        assert generated[f"{kind}Time"].value == f"{expected:%H%M%S}"
    equipment = generated.ContributingEquipmentSequence[0]
    assert equipment.ContributionDateTime == f"{expected:%Y%m%d%H%M%S}"
    assert generated.AcquisitionTime == source.AcquisitionTime


def test_time_is_the_present_one_by_default(
    source: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    source.TimezoneOffsetFromUTC = "+0000"
    generated = _generate(source)
    told = datetime.strptime(generated.ContentDate + generated.ContentTime, "%Y%m%d%H%M%S")
    age = datetime.now(timezone.utc).replace(tzinfo=None) - told
    assert timedelta(0) <= age < timedelta(minutes=5)


@pytest.mark.parametrize("epoch", ["yesterday", "1e99", str(10**20)])
def test_epoch_that_is_no_time_is_refused(
    source: Dataset, monkeypatch: pytest.MonkeyPatch, epoch: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(ValueError, match=f"seconds since 1970, is '{epoch}'"):
        _generate(source)


def test_banner_can_be_left_out_and_is_not_told_then(source: Dataset) -> None:
    generated = _generate(source, banner=False)
    assert set(np.unique(generated.pixel_array)) == {5, 2000}
    assert "painted" not in generated.DerivationDescription
    assert "painted into the pixels" in _generate(source).DerivationDescription


def test_banner_over_tissue_is_told(source: Dataset) -> None:
    everywhere = np.ones(SIZE, bool)
    generated = virtual_des_dataset(
        source,
        np.full(SIZE, 2000, np.uint16),
        everywhere,
        model=MODEL,
        bits_stored=12,
        window=(2050, 300),
    )
    assert "covers the edge opposite the chest wall" in generated.DerivationDescription
    assert "covers" not in _generate(source).DerivationDescription


def test_instance_that_is_there_already_keeps_its_times(
    source: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dcm"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    save_dataset(_generate(source), path)
    first = path.read_bytes()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    again = _generate(source)
    keep_generation_time(again, path)
    save_dataset(again, path)
    assert path.read_bytes() == first
    path.write_bytes(first[:1000])  # no object to take a time from
    anew = _generate(source)
    keep_generation_time(anew, path)
    assert anew.ContentDate != again.ContentDate
