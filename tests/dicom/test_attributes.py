from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes

from cem_monai.dicom import ViewPosition, read_attributes
from cem_monai.dicom.attributes import REFUSED_VIEW_MODIFIERS, RETIRED_VIEW_CODES, VIEW_CODES

MakeMammogram = Callable[..., Dataset]
MakeCode = Callable[..., Dataset]
FILE = Path("image.dcm")


def _item(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid
    return item


@pytest.mark.parametrize(("code", "view"), RETIRED_VIEW_CODES.items())
def test_retired_view_codes_agree_with_pydicom(code: str, view: ViewPosition) -> None:
    assert mapping["SRT"][code] == view.code[0]


def test_every_view_has_one_code_of_the_context_group() -> None:
    standard = {getattr(codes.CID4014, name).value for name in codes.CID4014.dir()}
    assert {code for code, _ in VIEW_CODES.values()} <= standard
    assert set(VIEW_CODES) == set(ViewPosition) == set(RETIRED_VIEW_CODES.values())


def test_refused_modifiers_stand_there_in_both_spellings() -> None:
    current = {code for code in REFUSED_VIEW_MODIFIERS if code.isdigit()}
    retired = {code for code in REFUSED_VIEW_MODIFIERS if not code.isdigit()}
    assert {mapping["SCT"][code] for code in current} == retired
    for code in retired:
        current_code = mapping["SRT"][code]
        assert REFUSED_VIEW_MODIFIERS[code] == REFUSED_VIEW_MODIFIERS[current_code]


@pytest.mark.parametrize("view", list(ViewPosition))
def test_view_is_read_from_either_code_or_from_view_position(
    make_mammogram: MakeMammogram, make_code: MakeCode, view: ViewPosition
) -> None:
    retired = next(code for code, meant in RETIRED_VIEW_CODES.items() if meant is view)
    for changes in (
        {"ViewCodeSequence": [make_code(view.code[0], "SCT")]},
        {"ViewCodeSequence": [make_code(retired, "SRT")]},
        {"ViewCodeSequence": None, "ViewPosition": view.value},
    ):
        assert read_attributes(make_mammogram(**changes), FILE).view_position is view


def test_view_code_beats_view_position(make_mammogram: MakeMammogram) -> None:
    dataset = make_mammogram(view="MLO", ViewPosition="CC")
    assert read_attributes(dataset, FILE).view_position is ViewPosition.MLO


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({"AcquisitionDate": "20250102"}, None),
        (
            {"AcquisitionDate": "20250102", "AcquisitionTime": "030405"},
            datetime(2025, 1, 2, 3, 4, 5),
        ),
        (
            {"AcquisitionDate": "20250102", "AcquisitionTime": "030405.25"},
            datetime(2025, 1, 2, 3, 4, 5, 250000),
        ),
        (
            {"ContentDate": "20250102", "ContentTime": "030405"},
            datetime(2025, 1, 2, 3, 4, 5),
        ),
        (
            {
                "AcquisitionDateTime": "20250102030405.5+0100",
                "AcquisitionDate": "20240101",
                "AcquisitionTime": "000000",
            },
            datetime(2025, 1, 2, 3, 4, 5, 500000),
        ),
        (
            {
                "AcquisitionDateTime": "2025",
                "ContentDate": "20250102",
                "ContentTime": "030405",
            },
            datetime(2025, 1, 2, 3, 4, 5),
        ),
        # An hour or a minute is too coarse to tell two compressions apart
        ({"AcquisitionDate": "20250102", "AcquisitionTime": "0304"}, None),
        ({"AcquisitionDate": "20250102", "AcquisitionTime": "03:04:05"}, None),
        ({"AcquisitionDate": "20251301", "AcquisitionTime": "030405"}, None),
        ({"AcquisitionDate": "20250102", "AcquisitionTime": "250000"}, None),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_acquisition_time(
    make_mammogram: MakeMammogram,
    monkeypatch: pytest.MonkeyPatch,
    attributes: dict[str, Any],
    expected: datetime | None,
) -> None:
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)
    assert read_attributes(make_mammogram(**attributes), FILE).acquired == expected


def test_links_to_other_images(make_mammogram: MakeMammogram) -> None:
    attributes = read_attributes(
        make_mammogram(
            FrameOfReferenceUID="1.2.9",
            SourceImageSequence=[_item("1.2.7"), _item("1.2.8"), Dataset()],
            IrradiationEventUID=["1.2.10", "1.2.11"],
            AcquisitionUID="1.2.12",
            AcquisitionNumber=3,
        ),
        FILE,
    )
    assert attributes.frame_of_reference_uid == "1.2.9"
    assert attributes.source_uids == {"1.2.7", "1.2.8"}
    assert attributes.event_uids == {"1.2.10", "1.2.11", "1.2.12"}
    assert attributes.acquisition_number == 3


def test_missing_links_are_empty(make_mammogram: MakeMammogram) -> None:
    attributes = read_attributes(make_mammogram(), FILE)
    assert attributes.frame_of_reference_uid is None
    assert attributes.source_uids == attributes.event_uids == frozenset()
    assert attributes.acquisition_number is None


def test_geometry_holds_what_the_object_tells_with_numbers_written_alike(
    make_mammogram: MakeMammogram,
) -> None:
    dataset = make_mammogram(
        ImagerPixelSpacing=["0.100", "1.0E-1"], BodyPartThickness="55.0", CompressionForce=""
    )
    assert read_attributes(dataset, FILE).geometry == {
        "Rows": "6",
        "Columns": "8",
        "ImagerPixelSpacing": "0.1\\0.1",
        "PatientOrientation": "A\\R",
        "BodyPartThickness": "55",
    }
