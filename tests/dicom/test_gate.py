"""What is refused, and the sentence that says so."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from cem_monai.dicom import (
    SIMULATOR_MANUFACTURER,
    MammogramError,
    open_header,
    open_mammogram,
    read_mammogram,
)
from cem_monai.dicom.codestream import checked_frame
from cem_monai.dicom.reading import fragments

pytestmark = [
    # pydicom's own remarks on what these tests write
    pytest.mark.filterwarnings("ignore:Invalid value for VR"),
    pytest.mark.filterwarnings("ignore:A value of .* 'Number of Frames' is invalid"),
]

SaveMammogram = Callable[..., Path]
MakeMammogram = Callable[..., Dataset]
MakeCode = Callable[..., Dataset]

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "other modality": ({"Modality": "CT"}, "Modality (0008,0060) is CT, must be MG"),
    "no modality": ({"Modality": None}, "Modality (0008,0060) is missing, must be MG"),
    "empty modality": ({"Modality": ""}, "Modality (0008,0060) is empty, must be MG"),
    "for processing intent": (
        {"PresentationIntentType": "FOR PROCESSING"},
        "PresentationIntentType (0008,0068) is FOR PROCESSING, must be FOR PRESENTATION",
    ),
    "for processing class": (
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2.1"},
        "SOPClassUID (0008,0016) is 1.2.840.10008.5.1.4.1.1.1.2.1, must be "
        "1.2.840.10008.5.1.4.1.1.1.2 (Digital Mammography X-Ray Image - For Presentation)",
    ),
    "two frames": ({"NumberOfFrames": 2}, "NumberOfFrames (0028,0008) is 2, must be 1"),
    "color": ({"SamplesPerPixel": 3}, "SamplesPerPixel (0028,0002) is 3, must be 1"),
    "color space": (
        {"PhotometricInterpretation": "RGB"},
        "PhotometricInterpretation (0028,0004) is RGB, must be MONOCHROME1 or MONOCHROME2",
    ),
    "no rows": ({"Rows": None}, "Rows (0028,0010) is missing, must be 1 to 8192"),
    "zero columns": ({"Columns": 0}, "Columns (0028,0011) is 0, must be 1 to 8192"),
    "too many rows": ({"Rows": 8193}, "Rows (0028,0010) is 8193, must be 1 to 8192"),
    "too many pixels": (
        {"Rows": 8000, "Columns": 8000},
        "Rows (0028,0010) is 8000 x 8000, must not exceed 50000000 pixels",
    ),
    "32 bits": ({"BitsAllocated": 32}, "BitsAllocated (0028,0100) is 32, must be 8 or 16"),
    "7 bits": ({"BitsStored": 7}, "BitsStored (0028,0101) is 7, must be 8 to 16"),
    "more bits stored than allocated": (
        {"BitsAllocated": 8},
        "BitsStored (0028,0101) is 12, must not exceed BitsAllocated, which is 8",
    ),
    "high bit": ({"HighBit": 15}, "HighBit (0028,0102) is 15, must be BitsStored - 1 = 11"),
    "no high bit": ({"HighBit": None}, "HighBit (0028,0102) is missing, must be BitsStored - 1"),
    "signed": (
        {"PixelRepresentation": 1},
        "PixelRepresentation (0028,0103) is 1, must be 0 (unsigned)",
    ),
    "constant rescale": (
        {"RescaleSlope": "0"},
        "RescaleSlope (0028,1053) is 0, must be one number other than 0",
    ),
    "two intercepts": (
        {"RescaleIntercept": ["1", "2"]},
        "RescaleIntercept (0028,1052) is 1\\2, must be one number",
    ),
    "no pixels": ({"PixelData": None}, "PixelData (7FE0,0010) is missing, so the object holds"),
    "pixels cut": (
        {"PixelData": bytes(94)},
        "PixelData (7FE0,0010) is 94 bytes long, must be 96 for 6 x 8 pixels",
    ),
    "rows doubled": (
        {"Rows": 12},
        "PixelData (7FE0,0010) is 96 bytes long, must be 192 for 12 x 8 pixels",
    ),
    **{
        term: (
            {"ImageType": ["ORIGINAL", "PRIMARY", term]},
            f"ImageType (0008,0008) is ORIGINAL\\PRIMARY\\{term}, must be a plain projection",
        )
        for term in (
            "TOMO_PROJ",
            "TOMOSYNTHESIS",
            "STEREO_SCOUT",
            "PRE FIRE",
            "POST FIRE",
            "BIOPSY",
        )
    },
    "generated": (
        {"ImageType": ["DERIVED", "SECONDARY", "", "GENERATED_2D", "", "VIRTUAL_DES"]},
        "ImageType (0008,0008) is DERIVED\\SECONDARY\\\\GENERATED_2D\\\\VIRTUAL_DES, "
        "a generated image is no input",
    ),
    "synthetic": (
        {"SyntheticData": "YES", "Manufacturer": "somebody"},
        "SyntheticData (0008,001C) is YES, a generated image is no input",
    ),
    "no laterality": (
        {"ImageLaterality": None},
        "ImageLaterality (0020,0062) is missing, must be L or R",
    ),
    "both breasts": (
        {"ImageLaterality": "B"},
        "ImageLaterality (0020,0062) is B, must be L or R",
    ),
    "laterality of the series": (
        {"ImageLaterality": None, "Laterality": "B"},
        "Laterality (0020,0060) is B, must be L or R",
    ),
    "no view": (
        {"ViewCodeSequence": None},
        "ViewPosition (0018,5101) is missing, must be one of CC, MLO, ML, LM, LMO, XCCL, XCCM",
    ),
    "unknown view position": (
        {"ViewCodeSequence": None, "ViewPosition": "AP"},
        "ViewPosition (0018,5101) is AP, must be one of CC",
    ),
    "one spacing": (
        {"ImagerPixelSpacing": 0.1},
        "ImagerPixelSpacing (0018,1164) is 0.1, must be two numbers above 0",
    ),
    "no size": (
        {"ImagerPixelSpacing": ["0", "0"]},
        "ImagerPixelSpacing (0018,1164) is 0\\0, must be two numbers above 0",
    ),
    "study": (
        {"StudyInstanceUID": None},
        "StudyInstanceUID (0020,000D) is missing, must be a valid UID",
    ),
    "instance": (
        {"SOPInstanceUID": "1.2.x"},
        "SOPInstanceUID (0008,0018) is 1.2.x, must be a valid UID",
    ),
}


def _refusal(path: Path) -> str:
    """Return what follows the file name in the one sentence that refuses it."""
    with pytest.raises(MammogramError) as error:
        read_mammogram(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    sentence = message.removeprefix(f"{path}: ")
    assert "\n" not in message
    assert re.search(r"[.!] |\.$", sentence) is None, "more than one sentence"
    assert "Sentinel" not in message
    assert "Secret" not in message
    return sentence


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pydicom write what the standard forbids."""
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("lenient")
def test_unusable_attribute_is_named_with_its_value(
    save_mammogram: SaveMammogram, case: str
) -> None:
    attributes, expected = REFUSED[case]
    assert _refusal(save_mammogram(**attributes)).startswith(expected)


@pytest.mark.parametrize(
    ("scheme", "code"), [("SCT", "399196006"), ("SRT", "R-10244"), ("99X", "CC"), ("SCT", "")]
)
def test_unknown_view_code(
    save_mammogram: SaveMammogram, make_code: MakeCode, scheme: str, code: str
) -> None:
    path = save_mammogram(ViewCodeSequence=[make_code(code, scheme)])
    sentence = _refusal(path)
    assert sentence.startswith("ViewCodeSequence (0054,0220) is ")
    assert (code or "is empty") in sentence


@pytest.mark.parametrize(
    ("scheme", "code", "meaning"),
    [
        ("SCT", "399163009", "magnification"),
        ("SRT", "R-102D6", "magnification"),
        ("SCT", "399055006", "spot compression"),
        ("SRT", "R-102D7", "spot compression"),
        ("SCT", "399209000", "implant displaced"),
        ("SRT", "R-102D5", "implant displaced"),
    ],
)
def test_partial_views_are_refused(
    save_mammogram: SaveMammogram, make_code: MakeCode, scheme: str, code: str, meaning: str
) -> None:
    rolled = ("399197002", "SCT")
    view = make_code("399162004", "SCT", (rolled, (code, scheme)))
    sentence = _refusal(save_mammogram(ViewCodeSequence=[view]))
    expected = f"ViewModifierCodeSequence (0054,0222) is {code} ({meaning}), must be"
    assert sentence.startswith(expected)


def test_other_modifiers_are_kept(save_mammogram: SaveMammogram, make_code: MakeCode) -> None:
    view = make_code("399162004", "SCT", (("399226006", "SCT"), ("399011000", "SCT")))
    attributes = read_mammogram(save_mammogram(ViewCodeSequence=[view])).attributes
    assert attributes.view_modifiers == ("399011000", "399226006")


def test_exams_of_our_simulator_are_the_only_synthetic_input(
    save_mammogram: SaveMammogram,
) -> None:
    path = save_mammogram(SyntheticData="YES", Manufacturer=SIMULATOR_MANUFACTURER)
    assert read_mammogram(path).attributes.synthetic
    path = save_mammogram(
        ImageType=["DERIVED", "SECONDARY", "", "", "", "VIRTUAL_DES"],
        Manufacturer=SIMULATOR_MANUFACTURER,
    )
    assert _refusal(path).endswith("a generated image is no input")


def test_generating_equipment_gives_an_image_away_without_its_other_marks(
    save_mammogram: SaveMammogram, make_code: MakeCode
) -> None:
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [make_code("109100", "DCM")]
    for attributes in (
        {"Manufacturer": "cem_monai"},
        {"ContributingEquipmentSequence": [equipment]},
        {"ContributingEquipmentSequence": [equipment], "Manufacturer": SIMULATOR_MANUFACTURER},
    ):
        path = save_mammogram(**attributes)
        assert _refusal(path).endswith("a generated image is no input")
    equipment.PurposeOfReferenceCodeSequence = [make_code("109101", "DCM")]
    assert read_mammogram(save_mammogram(ContributingEquipmentSequence=[equipment]))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("FrameOfReferenceUID", "not a uid"),
        ("AcquisitionUID", "1..2"),
        ("PatientID", "x" * 73),
        ("PatientID", "a\x07b"),
    ],
)
@pytest.mark.filterwarnings("ignore:The value length")
def test_identity_that_cannot_be_copied_is_refused(
    save_mammogram: SaveMammogram, keyword: str, value: str
) -> None:
    path = save_mammogram(**{keyword: value})
    sentence = _refusal(path)
    assert sentence.startswith(keyword)
    assert value not in sentence or keyword != "PatientID"


@pytest.mark.parametrize("term", ["", "PRE_CONTRAST", "POST_CONTRAST"])
def test_plain_projections_are_accepted(save_mammogram: SaveMammogram, term: str) -> None:
    path = save_mammogram(ImageType=["ORIGINAL", "PRIMARY", term, "", "LOW_ENERGY"])
    assert read_mammogram(path).pixels.shape == (6, 8)


def test_missing_file(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "absent.dcm") == "no such file"


def test_folder_is_no_file(tmp_path: Path) -> None:
    assert _refusal(tmp_path) == "no such file"


@pytest.mark.parametrize("content", [b"", b"no dicom", b"\x89PNG" + bytes(400)])
def test_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(content)
    assert _refusal(path) == "is not a DICOM file"


def test_file_that_ends_anywhere_is_refused(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram()
    whole = path.read_bytes()
    for length in (*range(0, len(whole), 37), len(whole) - 1):
        path.write_bytes(whole[:length])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's own remarks on such files
            assert _refusal(path)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=lambda uid: uid.name)
def test_compressed_file_that_ends_early_gives_no_wrong_pixels(
    tmp_path: Path, make_mammogram: MakeMammogram, syntax: str
) -> None:
    pixels = np.random.default_rng(1).integers(0, 4096, (8, 8)).repeat(4, axis=1)
    dataset = make_mammogram(pixels)
    dataset.compress(syntax)
    path = tmp_path / "image.dcm"
    dataset.save_as(path, enforce_file_format=True)
    whole = path.read_bytes()
    start = whole.index(b"\xe0\x7f\x10\x00")
    for length in range(start, len(whole) - 8, 11):  # the last 8 bytes only mark the end
        path.write_bytes(whole[:length])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read = read_mammogram(path).pixels
            except MammogramError as error:
                assert str(error).startswith(f"{path}: ")  # noqa: PT017
            else:
                np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, JPEG2000, JPEGBaseline8Bit])
def test_other_transfer_syntaxes(
    save_mammogram: SaveMammogram, make_mammogram: MakeMammogram, tmp_path: Path, syntax: Any
) -> None:
    path = tmp_path / "image.dcm"
    dataset = make_mammogram()
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax != DeflatedExplicitVRLittleEndian:
        dataset.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"  # an empty offset table
        dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, enforce_file_format=True)
    sentence = _refusal(path)
    assert sentence.startswith(f"TransferSyntaxUID (0002,0010) is {syntax.name}, must be one of: ")
    assert "RLE Lossless" in sentence


def test_deflated_file_is_refused_without_being_inflated(
    tmp_path: Path, make_mammogram: MakeMammogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("the data set was inflated")

    dataset = make_mammogram()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    monkeypatch.setattr(zlib, "decompress", fail)
    monkeypatch.setattr(zlib, "decompressobj", fail)
    for read in (open_mammogram, open_header):
        with pytest.raises(MammogramError, match="Deflated"):
            read(tmp_path / "image.dcm")


def test_header_is_read_without_pixels_or_demands(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(Modality="CT")

    header = open_header(path)

    assert (header.Modality, "PixelData" in header) == ("CT", False)


@pytest.mark.parametrize("size", [(16, 16), (32, 32), (32, 16), (64, 8)])
def test_jpeg_ls_stream_of_another_size_than_the_header_says(
    tmp_path: Path, make_mammogram: MakeMammogram, size: tuple[int, int]
) -> None:
    dataset = make_mammogram(np.zeros((16, 32)))
    dataset.compress(JPEGLSLossless)
    dataset.Rows, dataset.Columns = size
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert _refusal(tmp_path / "image.dcm") == (
        f"the pixel data hold 16 x 32 pixels, Rows and Columns say {size[0]} x {size[1]}"
    )


@pytest.mark.parametrize(
    "filler", [b"\xff" * 70_000, b"\xff\x01" * 2_000, b"\xff\xfe\xff\xff" + bytes(65533)]
)
def test_frame_header_that_takes_long_to_find(
    tmp_path: Path, make_mammogram: MakeMammogram, filler: bytes
) -> None:
    dataset = make_mammogram(np.zeros((16, 32)))
    dataset.compress(JPEGLSLossless)
    stream = fragments(dataset.PixelData)[1]
    dataset.PixelData = encapsulate([stream[:2] + filler + stream[2:]])
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert _refusal(tmp_path / "image.dcm").endswith("damaged (no header)")


def test_some_fill_bytes_are_none_of_the_header(make_mammogram: MakeMammogram) -> None:
    dataset = make_mammogram(np.zeros((16, 32)))
    dataset.compress(JPEGLSLossless)
    stream = fragments(dataset.PixelData)[1]
    dataset.PixelData = encapsulate([stream[:2] + b"\xff" * 3 + stream[2:]])
    assert checked_frame(dataset, Path("image.dcm"))


def test_run_length_stream_that_is_too_short(tmp_path: Path, make_mammogram: MakeMammogram) -> None:
    dataset = make_mammogram(np.zeros((16, 32)))
    dataset.compress(RLELossless)
    dataset.Rows = 32
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert _refusal(tmp_path / "image.dcm").startswith("the RLE Lossless pixel data are damaged")


ODD_VALUES: dict[str, list[Any]] = {
    "AcquisitionDate": ["20251399", "2025", "", ["20250101", "20250102"]],
    "AcquisitionTime": ["256199", "12", "12:30:00", "abc", ""],
    "AcquisitionDateTime": ["2025", "20250230101010", "abc", ""],
    "AcquisitionNumber": ["", ["1", "2"]],
    "ImagerPixelSpacing": ["", ["0.1", "0.1", "0.1"]],
    "PatientOrientation": ["", "A", ["A"], ["A", ""]],
    "FrameOfReferenceUID": ["", ["1.2", "1.3"]],
    "IrradiationEventUID": ["", ["1.2", "1.3"]],
    "SourceImageSequence": [[], [Dataset()]],
    "ViewCodeSequence": [[], [Dataset()]],
    "BodyPartThickness": ["", ["1", "2"]],
    "PatientID": ["", ["a", "b"]],
    "ImageType": ["", "ORIGINAL", ["ORIGINAL"]],
    "NumberOfFrames": ["", "0"],
    "PixelPaddingValue": [0, [0, 1]],
    "BitsStored": [[12, 12]],
    "KVP": ["", ["28", "49"]],
    "Manufacturer": ["", ["a", "b"]],
}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [(keyword, value) for keyword, values in ODD_VALUES.items() for value in values],
    ids=lambda value: re.sub(r"\W+", "-", str(value)),
)
@pytest.mark.usefixtures("lenient")
def test_odd_value_is_read_past_or_refused_but_never_fatal(
    save_mammogram: SaveMammogram, keyword: str, value: Any
) -> None:
    companions = {"AcquisitionDate": "20250101", "AcquisitionTime": "101010"}
    path = save_mammogram(**(companions | {keyword: value}))
    try:
        pixels = read_mammogram(path).pixels
    except MammogramError as error:
        assert f"{path}: {keyword}" in str(error) or "ViewPosition" in str(error)  # noqa: PT017
    else:
        assert pixels.shape == (6, 8)
