from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from cem_monai.data import pair_images
from cem_monai.data.pairing import Content
from cem_monai.dicom import image_content, read_attributes

MakeImage = Callable[..., Content]

LOW = ["ORIGINAL", "PRIMARY", "", "", "LOW_ENERGY"]
HIGH = ["ORIGINAL", "PRIMARY", "", "", "HIGH_ENERGY"]
DES = ["DERIVED", "PRIMARY", "", "SUBTRACTION"]
EARLY = {"AcquisitionDate": "20250102", "AcquisitionTime": "100200"}
LATE = {"AcquisitionDate": "20250102", "AcquisitionTime": "100600"}


@pytest.fixture
def make_image(make_mammogram: Callable[..., Dataset]) -> MakeImage:
    """Return a factory of images as `scan_folder` gives them; `name` becomes file name and UID."""

    def make(name: str, image_type: list[str], **attributes: Any) -> Content:
        dataset = make_mammogram(ImageType=image_type, SOPInstanceUID=_uid(name), **attributes)
        path = Path(f"{name}.dcm")
        return image_content(dataset, path), read_attributes(dataset, path)

    return make


def _uid(name: str) -> str:
    return "1.2." + ".".join(str(ord(letter)) for letter in name)


def _source(*names: str) -> list[Dataset]:
    items = []
    for name in names:
        item = Dataset()
        item.ReferencedSOPInstanceUID = _uid(name)
        items.append(item)
    return items


def _paired(images: list[Content]) -> set[tuple[str, str]]:
    """Return the names of the pairs, after checking that each image has one fate."""
    pairs, refused = pair_images(images)
    fates = [one.path for one in refused]
    fates += [image.path for pair in pairs for image in (pair.low_energy, pair.recombined)]
    expected = [image.path for content, image in images if content.value != "high_energy"]
    assert sorted(fates) == sorted(expected)
    return {(pair.low_energy.path.stem, pair.recombined.path.stem) for pair in pairs}


def _reason(images: list[Content], name: str) -> str:
    refused = {one.path.stem: one.reason for one in pair_images(images)[1]}
    assert refused[name].startswith(f"{name}.dcm: ")
    assert "\n" not in refused[name]
    assert "Sentinel" not in refused[name]
    return refused[name]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["low-energy first", "recombined first"])
def test_one_of_each_is_a_pair_without_any_link(
    make_image: MakeImage, order: tuple[int, int]
) -> None:
    images = [make_image("le", LOW), make_image("des", DES)]
    assert _paired([images[index] for index in order]) == {("le", "des")}


def test_both_breasts_and_all_views_are_kept_apart(make_image: MakeImage) -> None:
    images = [
        make_image(f"{kind}{side}{view}", image_type, laterality=side, view=view)
        for side in "LR"
        for view in ("CC", "MLO", "ML", "XCCL")
        for kind, image_type in (("le", LOW), ("des", DES))
    ]
    expected = {(f"le{s}{v}", f"des{s}{v}") for s in "LR" for v in ("CC", "MLO", "ML", "XCCL")}
    assert _paired(images) == expected


def test_exaggerated_view_is_no_partner(make_image: MakeImage) -> None:
    frame = {"FrameOfReferenceUID": "1.2.9"}
    images = [make_image("le", LOW, **frame), make_image("des", DES, view="XCCL", **frame)]
    assert _paired(images) == set()
    assert "no low-energy partner (L XCCL" in _reason(images, "des")
    assert "left without a recombined partner (L CC" in _reason(images, "le")


def test_view_modifiers_are_part_of_the_view(
    make_image: MakeImage, make_code: Callable[..., Dataset]
) -> None:
    def rolled(code: str) -> dict[str, Any]:
        return {"ViewCodeSequence": [make_code("399162004", "SCT", ((code, "SCT"),))]}

    medial, lateral = rolled("399226006"), rolled("399197002")
    images = [
        make_image("le", LOW),
        make_image("les", LOW, **medial),
        make_image("des", DES, **medial),
        make_image("desl", DES, **lateral),
    ]
    assert _paired(images) == {("les", "des")}


def test_old_and_new_view_codes_are_the_same_view(
    make_image: MakeImage, make_code: Callable[..., Dataset]
) -> None:
    images = [
        make_image("le", LOW, ViewCodeSequence=[make_code("R-10242", "SRT")]),
        make_image("des", DES, ViewCodeSequence=[make_code("399162004", "SCT")]),
    ]
    assert _paired(images) == {("le", "des")}


EARLY_AND_LATE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "frame of reference": ({"FrameOfReferenceUID": "1.2.8"}, {"FrameOfReferenceUID": "1.2.9"}),
    "irradiation event": ({"IrradiationEventUID": "1.2.8"}, {"IrradiationEventUID": "1.2.9"}),
    "acquisition": ({"AcquisitionUID": "1.2.8"}, {"AcquisitionUID": "1.2.9"}),
    "time": (EARLY, LATE),
}


@pytest.mark.parametrize("link", EARLY_AND_LATE)
def test_early_and_late_phase_give_two_pairs(make_image: MakeImage, link: str) -> None:
    early, late = EARLY_AND_LATE[link]
    images = [
        make_image("lelate", LOW, **late),
        make_image("deslate", DES, **late),
        make_image("leearly", LOW, **early),
        make_image("desearly", DES, **early),
    ]
    assert _paired(images) == {("leearly", "desearly"), ("lelate", "deslate")}


def test_several_irradiation_events_need_one_in_common(make_image: MakeImage) -> None:
    images = [
        make_image("lea", LOW, IrradiationEventUID="1.2.8"),
        make_image("leb", LOW, IrradiationEventUID="1.2.10"),
        make_image("des", DES, IrradiationEventUID=["1.2.8", "1.2.9"]),
    ]
    assert _paired(images) == {("lea", "des")}


def test_time_decides_where_the_frame_of_reference_is_missing(make_image: MakeImage) -> None:
    images = [
        make_image("lea", LOW, FrameOfReferenceUID="1.2.8", **EARLY),
        make_image("leb", LOW, FrameOfReferenceUID="1.2.9", **LATE),
        make_image("des", DES, AcquisitionDate="20250102", AcquisitionTime="100215.5"),
    ]
    assert _paired(images) == {("lea", "des")}


@pytest.mark.parametrize(
    ("date", "time", "paired"),
    [
        ("20250103", "000014", True),
        ("20250103", "000015", True),
        ("20250103", "000016", False),
        ("20250102", "000001", False),
    ],
)
def test_times_across_midnight(make_image: MakeImage, date: str, time: str, paired: bool) -> None:
    images = [
        make_image("le", LOW, AcquisitionDate="20250102", AcquisitionTime="235945"),
        make_image("des", DES, AcquisitionDate=date, AcquisitionTime=time),
    ]
    assert _paired(images) == ({("le", "des")} if paired else set())
    if not paired:
        assert f"there are: {_uid('le')}" in _reason(images, "des")


def test_named_source_beats_the_frame_of_reference(make_image: MakeImage) -> None:
    images = [
        make_image("lea", LOW, FrameOfReferenceUID="1.2.8"),
        make_image("leb", LOW, FrameOfReferenceUID="1.2.9"),
        make_image("des", DES, FrameOfReferenceUID="1.2.9", SourceImageSequence=_source("lea")),
    ]
    assert _paired(images) == {("lea", "des")}


def test_common_parent_links_as_well(make_image: MakeImage) -> None:
    images = [
        make_image("lea", LOW, SourceImageSequence=_source("rawa")),
        make_image("leb", LOW, SourceImageSequence=_source("rawb")),
        make_image("des", DES, SourceImageSequence=_source("rawb", "rawhigh")),
    ]
    assert _paired(images) == {("leb", "des")}


def test_source_that_is_not_there_leaves_the_other_links(make_image: MakeImage) -> None:
    images = [
        make_image("lea", LOW, FrameOfReferenceUID="1.2.8"),
        make_image("leb", LOW, FrameOfReferenceUID="1.2.9"),
        make_image("des", DES, FrameOfReferenceUID="1.2.9", SourceImageSequence=_source("raw")),
    ]
    assert _paired(images) == {("leb", "des")}


def test_high_energy_images_are_passed_over(make_image: MakeImage) -> None:
    frame = {"FrameOfReferenceUID": "1.2.8"}
    images = [
        make_image("hea", HIGH, **frame),
        make_image("le", LOW, **frame),
        make_image("heb", HIGH, **frame),
        make_image("des", DES, **frame),
    ]
    assert _paired(images) == {("le", "des")}
    assert pair_images(images)[1] == []


def test_two_candidates_are_refused_with_both_uids(make_image: MakeImage) -> None:
    images = [make_image("lea", LOW), make_image("leb", LOW), make_image("des", DES)]
    assert _paired(images) == set()
    reason = _reason(images, "des")
    assert "2 low-energy images are candidates" in reason
    assert _uid("lea") in reason
    assert _uid("leb") in reason


def test_two_recombined_images_of_one_low_energy_image_are_refused(make_image: MakeImage) -> None:
    images = [make_image("le", LOW), make_image("desa", DES), make_image("desb", DES)]
    assert _paired(images) == set()
    for name in ("desa", "desb"):
        assert f"claims the same low-energy image {_uid('le')}" in _reason(images, name)
    assert _uid("le") in _reason(images, "le")


@pytest.mark.parametrize(
    ("low", "recombined", "sentence"),
    [
        (
            {"pixels": [[0] * 8] * 5},
            {},
            "Rows (0028,0010) is 6, but 5 in its low-energy partner le.dcm",
        ),
        (
            {"pixels": [[0] * 9] * 6},
            {},
            "Columns (0028,0011) is 8, but 9 in its low-energy partner le.dcm",
        ),
        (
            {"ImagerPixelSpacing": [0.1, 0.1]},
            {"ImagerPixelSpacing": [0.1, 0.07]},
            "ImagerPixelSpacing (0018,1164) is 0.1\\0.07, but 0.1\\0.1 in its low-energy partner",
        ),
        (
            {"BodyPartThickness": "55"},
            {"BodyPartThickness": "56"},
            "BodyPartThickness (0018,11A0) is 56, but 55 in its low-energy partner",
        ),
        (
            {"DetectorID": "A", "CompressionForce": "90"},
            {"DetectorID": "B", "CompressionForce": "91"},
            "CompressionForce (0018,11A2) is 91, but 90 in its low-energy partner",
        ),
    ],
)
def test_other_geometry_is_refused(
    make_image: MakeImage, low: dict[str, Any], recombined: dict[str, Any], sentence: str
) -> None:
    images = [make_image("le", LOW, **low), make_image("des", DES, **recombined)]
    assert _paired(images) == set()
    assert _reason(images, "des").startswith(f"des.dcm: {sentence}")


def test_geometry_written_otherwise_or_told_by_one_side_is_no_conflict(
    make_image: MakeImage,
) -> None:
    images = [
        make_image("le", LOW, ImagerPixelSpacing=["0.10", "0.100"], BodyPartThickness="55.0"),
        make_image("des", DES, ImagerPixelSpacing=["1E-1", "0.1"], DetectorID="A"),
    ]
    assert _paired(images) == {("le", "des")}


@pytest.mark.parametrize(
    ("name", "image_type", "phrase"),
    [
        ("le", LOW, "is left without a recombined partner (L CC, SOPInstanceUID"),
        ("des", DES, "has no low-energy partner (L CC, SOPInstanceUID"),
    ],
)
def test_image_alone_is_refused(
    make_image: MakeImage, name: str, image_type: list[str], phrase: str
) -> None:
    images = [make_image(name, image_type)]
    assert _paired(images) == set()
    assert phrase in _reason(images, name)
    assert _uid(name) in _reason(images, name)


def test_same_view_of_two_patients(make_image: MakeImage) -> None:
    images = [
        make_image(f"{kind}{patient}", image_type, PatientID=patient, StudyInstanceUID=study)
        for patient, study in (("B", "1.2.31"), ("A", "1.2.32"))
        for kind, image_type in (("le", LOW), ("des", DES))
    ]
    assert _paired(images) == {("leA", "desA"), ("leB", "desB")}
    assert [pair.name for pair in pair_images(images)[0]] == ["A_L_CC", "B_L_CC"]


def test_two_studies_of_one_patient(make_image: MakeImage) -> None:
    images = [
        make_image(f"{kind}{number}", image_type, StudyInstanceUID=f"1.2.3.{number}")
        for number in (1, 2)
        for kind, image_type in (("le", LOW), ("des", DES))
    ]
    assert _paired(images) == {("le1", "des1"), ("le2", "des2")}


def test_study_stands_in_for_a_missing_patient_id(make_image: MakeImage) -> None:
    images = [make_image("le", LOW, PatientID=""), make_image("des", DES, PatientID="")]
    (pair,), _ = pair_images(images)
    assert pair.patient == "1.2.3"
    assert pair.name == "1.2.3_L_CC"
