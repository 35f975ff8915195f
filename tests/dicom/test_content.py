from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from cem_monai.dicom import ImageContent, MammogramError, image_content
from cem_monai.dicom.content import DECLARED, DESCRIBED, ContentRule

LOW, HIGH, DES = ImageContent.LOW_ENERGY, ImageContent.HIGH_ENERGY, ImageContent.RECOMBINED
FILE = Path("image.dcm")
EXAMPLES = {
    r"LOW_ENERGY": ["LOW_ENERGY", "low_energy"],
    r"HIGH_ENERGY": ["HIGH_ENERGY"],
    r"SUBTRACTION": ["SUBTRACTION"],
    r"LOW_ENER(GY)?": ["LOW_ENERGY", "LOW_ENER"],
    r"HIGH_ENER(GY)?": ["HIGH_ENERGY", "HIGH_ENER"],
    r"RECOMBINED": ["RECOMBINED"],
    r"GEMS_FFDM_PV": ["GEMS_FFDM_PV"],
    r"GEMS_CESM_1": ["GEMS_CESM_1"],
    r".*\blow[ _-]?energy\b.*": ["L CC Low Energy", "low-energy", "LOWENERGY CC", "CC low_energy"],
    r".*\bhigh[ _-]?energy\b.*": ["High Energy L CC"],
    r".*\b(recombined|subtract(ed|ion)?)\b.*": [
        "L CC Recombined",
        "Subtracted",
        "subtraction RMLO",
    ],
}
"""For the pattern of every rule: values that must match it."""


def _dataset(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def _following(rule: ContentRule, text: str) -> Dataset:
    if rule.value == 0:
        return _dataset(**{rule.keyword: text})
    values = ["ORIGINAL", "PRIMARY", "", "", "", ""]
    values[rule.value - 1] = text
    return _dataset(**{rule.keyword: values})


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(
    "rule", DECLARED + DESCRIBED, ids=lambda rule: f"{rule.source} {rule.pattern}"
)
def test_each_rule_alone_decides(rule: ContentRule) -> None:
    for text in EXAMPLES[rule.pattern]:
        assert image_content(_following(rule, text), FILE) is rule.content
        if rule in DECLARED:
            with pytest.raises(MammogramError, match="nothing tells"):
                image_content(_following(rule, f"{text}X"), FILE)


@pytest.mark.parametrize(
    ("image_type", "content"),
    [
        ("ORIGINAL\\PRIMARY\\POST_CONTRAST\\\\LOW_ENERGY", LOW),
        ("ORIGINAL\\PRIMARY\\POST_CONTRAST\\\\HIGH_ENERGY", HIGH),
        ("DERIVED\\PRIMARY\\POST_CONTRAST\\SUBTRACTION", DES),
        ("ORIGINAL\\PRIMARY\\\\LOW_ENERGY", LOW),
        ("DERIVED\\SECONDARY\\\\LOW_ENER", LOW),
        ("ORIGINAL\\PRIMARY\\\\HIGH_ENERGY", HIGH),
        ("DERIVED\\PRIMARY\\\\RECOMBINED", DES),
    ],
)
def test_image_types_of_the_standard_and_of_vendors(image_type: str, content: ImageContent) -> None:
    dataset = _dataset(ImageType=image_type.split("\\"))
    assert image_content(dataset, FILE) is content


def test_vendor_code_and_image_type_that_agree() -> None:
    dataset = _dataset(
        ImageType=["DERIVED", "PRIMARY", "", "RECOMBINED"],
        AcquisitionDeviceProcessingCode="GEMS_CESM_1",
    )
    assert image_content(dataset, FILE) is DES


@pytest.mark.parametrize(
    ("attributes", "reasons"),
    [
        (
            {
                "ImageType": ["DERIVED", "PRIMARY", "", "RECOMBINED"],
                "AcquisitionDeviceProcessingCode": "GEMS_FFDM_PV",
            },
            ["ImageType (0008,0008) RECOMBINED", "Code (0018,1401) GEMS_FFDM_PV says low_energy"],
        ),
        (
            {"ImageType": ["DERIVED", "PRIMARY", "", "SUBTRACTION", "LOW_ENERGY"]},
            ["SUBTRACTION says recombined", "LOW_ENERGY says low_energy"],
        ),
        (
            {"KVP": 28, "SeriesDescription": "L CC subtracted"},
            ["KVP (0018,0060) 28 says low_energy", "SeriesDescription (0008,103E) says recombined"],
        ),
        (
            {"SeriesDescription": "low energy and recombined"},
            ["says low_energy", "says recombined"],
        ),
    ],
)
def test_attributes_that_disagree_are_refused(
    attributes: dict[str, Any], reasons: list[str]
) -> None:
    with pytest.raises(MammogramError, match=re.escape("image.dcm: the attributes disagree")) as e:
        image_content(_dataset(**attributes), FILE)
    for reason in reasons:
        assert reason in str(e.value)


@pytest.mark.parametrize("kilovolts", [0, 28, 34.9, 35, 38, 40.1, 49, [28, 49]])
def test_tube_voltage_alone_decides_nothing(kilovolts: Any) -> None:
    """An ordinary mammogram has the voltage of a low-energy image too."""
    with pytest.raises(MammogramError, match="nothing tells"):
        image_content(_dataset(ImageType=["ORIGINAL", "PRIMARY"], KVP=kilovolts), FILE)


@pytest.mark.parametrize(
    ("kilovolts", "description", "content"),
    [(28, "L CC low energy", LOW), (38, "low-energy", LOW), (49, "high energy", HIGH)],
)
def test_tube_voltage_may_confirm_the_description(
    kilovolts: float, description: str, content: ImageContent
) -> None:
    dataset = _dataset(KVP=kilovolts, SeriesDescription=description)
    assert image_content(dataset, FILE) is content


def test_what_is_declared_beats_tube_voltage_and_description() -> None:
    dataset = _dataset(
        ImageType=["DERIVED", "PRIMARY", "", "SUBTRACTION"],
        KVP=28,
        SeriesDescription="low energy",
    )
    assert image_content(dataset, FILE) is DES


def test_unknown_content_names_what_was_looked_at() -> None:
    dataset = _dataset(ImageType=["ORIGINAL", "PRIMARY"], SeriesDescription="L CC", KVP="38")
    with pytest.raises(MammogramError) as error:
        image_content(dataset, FILE)
    assert str(error.value) == (
        "image.dcm: nothing tells whether this is a low-energy or a recombined image: "
        "ImageType (0008,0008) is ORIGINAL\\PRIMARY, "
        "SeriesDescription (0008,103E) holds no word for either, KVP (0018,0060) is 38"
    )


def test_missing_and_empty_attributes_are_told_apart() -> None:
    with pytest.raises(MammogramError) as error:
        image_content(_dataset(SeriesDescription=""), FILE)
    assert "ImageType (0008,0008) is missing" in str(error.value)
    assert "SeriesDescription (0008,103E) is empty" in str(error.value)
    assert "KVP (0018,0060) is missing" in str(error.value)


@pytest.mark.parametrize(
    "attributes",
    [
        {"SeriesDescription": "MUELLER ANNA 19600101 biopsy"},
        {"SeriesDescription": "MUELLER ANNA 19600101 recombined", "KVP": 28},
    ],
)
def test_free_text_is_never_quoted(attributes: dict[str, Any]) -> None:
    with pytest.raises(MammogramError) as error:
        image_content(_dataset(**attributes), FILE)
    assert "MUELLER" not in str(error.value)
