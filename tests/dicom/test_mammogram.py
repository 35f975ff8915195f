"""Golden cases: what `read_mammogram` returns for stored values that are written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import apply_modality_lut, apply_presentation_lut
from pydicom.uid import ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

from cem_monai.dicom import (
    Laterality,
    MammogramError,
    ViewPosition,
    from_canonical,
    read_mammogram,
    to_canonical,
)

SaveMammogram = Callable[..., Path]
MakeMammogram = Callable[..., Dataset]

ROW = [0, 1, 2, 10, 100, 1000, 2000, 4095]


def _image(first_row: list[int]) -> np.ndarray:
    image = np.zeros((6, 8), np.uint16)
    image[0] = first_row
    return image


def _first_row(path: Path) -> list[float]:
    return read_mammogram(path).pixels[0].tolist()


def _lookup_table(first: int, values: list[int], bits: int) -> Dataset:
    table = Dataset()
    table.LUTDescriptor = [len(values), first, bits]
    table.add_new("LUTData", "US", values)
    table.ModalityLUTType = "US"
    return table


def test_monochrome2_keeps_the_stored_values(save_mammogram: SaveMammogram) -> None:
    mammogram = read_mammogram(save_mammogram(pixels=_image(ROW)))
    assert mammogram.pixels.dtype == np.float32
    assert mammogram.pixels.shape == (6, 8)
    assert mammogram.pixels[0].tolist() == ROW
    assert mammogram.value_range == (0, 4095)


def test_monochrome1_is_inverted_over_the_stored_range(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(pixels=_image(ROW), PhotometricInterpretation="MONOCHROME1")
    assert _first_row(path) == [4095, 4094, 4093, 4085, 3995, 3095, 2095, 0]
    assert read_mammogram(path).value_range == (0, 4095)


@pytest.mark.parametrize("bits", [8, 12, 13, 14, 16])
def test_ends_of_the_range_survive_at_every_depth(save_mammogram: SaveMammogram, bits: int) -> None:
    top = 2**bits - 1
    row = [0, 1, 2, 3, top - 3, top - 2, top - 1, top]
    plain = save_mammogram("2.dcm", _image(row), bits=bits)
    inverse = save_mammogram(
        "1.dcm", _image(row), bits=bits, PhotometricInterpretation="MONOCHROME1"
    )
    assert _first_row(plain) == row
    assert _first_row(inverse) == row[::-1]
    assert read_mammogram(plain).value_range == (0, top)
    assert read_mammogram(plain).attributes.bits_stored == bits


def test_bits_above_bits_stored_are_refused_unless_an_overlay_lies_there(
    save_mammogram: SaveMammogram, tmp_path: Path
) -> None:
    pixels = _image([0x1000, 0xF001, 0x8FFF, 0, 0, 0, 0, 0])
    with pytest.raises(MammogramError, match="a stored value is 61441, BitsStored 12 allows 4095"):
        read_mammogram(save_mammogram(pixels=pixels))
    dataset = pydicom.dcmread(save_mammogram(pixels=pixels))
    dataset.add_new((0x6000, 0x0102), "US", 12)
    dataset.save_as(path := tmp_path / "overlay.dcm")
    assert _first_row(path) == [0, 1, 4095, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("slope", "intercept", "photometric", "expected", "value_range"),
    [
        (2, -10, "MONOCHROME2", [-10, -8, -6, 10, 190, 1990, 3990, 8180], (-10, 8180)),
        (2, -10, "MONOCHROME1", [8180, 8178, 8176, 8160, 7980, 6180, 4180, -10], (-10, 8180)),
        (-1, 4095, "MONOCHROME2", [4095, 4094, 4093, 4085, 3995, 3095, 2095, 0], (0, 4095)),
        (-1, 4095, "MONOCHROME1", ROW, (0, 4095)),
        (0.5, 0, "MONOCHROME2", [0, 0.5, 1, 5, 50, 500, 1000, 2047.5], (0, 2047.5)),
    ],
)
def test_rescale_comes_before_the_inversion(
    save_mammogram: SaveMammogram,
    slope: float,
    intercept: float,
    photometric: str,
    expected: list[float],
    value_range: tuple[float, float],
) -> None:
    path = save_mammogram(
        pixels=_image(ROW),
        PhotometricInterpretation=photometric,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )
    assert _first_row(path) == expected
    assert read_mammogram(path).value_range == value_range


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"RescaleSlope": 3}, [0, 3, 6, 30, 300, 3000, 6000, 12285]),
        ({"RescaleIntercept": 5}, [5, 6, 7, 15, 105, 1005, 2005, 4100]),
        ({"RescaleSlope": "", "RescaleIntercept": ""}, ROW),
    ],
    ids=["slope only", "intercept only", "both empty"],
)
def test_half_a_rescale_changes_values_and_range_alike(
    save_mammogram: SaveMammogram, attributes: dict[str, Any], expected: list[float]
) -> None:
    mammogram = read_mammogram(save_mammogram(pixels=_image(ROW), **attributes))
    assert mammogram.pixels[0].tolist() == expected
    assert mammogram.value_range == (expected[0], expected[-1])


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
@pytest.mark.parametrize(
    ("photometric", "expected"),
    [
        ("MONOCHROME2", [5, 5, 5, 5, 50, 100, 200, 200]),
        ("MONOCHROME1", [250, 250, 250, 250, 205, 155, 55, 55]),
    ],
)
def test_modality_lookup_table(
    tmp_path: Path,
    make_mammogram: MakeMammogram,
    syntax: str,
    photometric: str,
    expected: list[int],
) -> None:
    dataset = make_mammogram(
        _image([0, 1, 9, 10, 11, 12, 13, 4095]),
        PhotometricInterpretation=photometric,
        ModalityLUTSequence=[_lookup_table(10, [5, 50, 100, 200], 8)],
    )
    if syntax == "implicit":
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert _first_row(tmp_path / "image.dcm") == expected
    assert read_mammogram(tmp_path / "image.dcm").value_range == (0, 255)


def test_damaged_lookup_table_is_refused(save_mammogram: SaveMammogram) -> None:
    table = _lookup_table(0, [1, 2], 8)
    del table.LUTData
    path = save_mammogram(ModalityLUTSequence=[table])
    with pytest.raises(MammogramError, match=r"ModalityLUTSequence \(0028,3000\) is damaged"):
        read_mammogram(path)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("value", "limit", "padded"),
    [(7, None, {7}), (0, 3, {0, 1, 2, 3}), (3, 0, {0, 1, 2, 3}), (4095, 4094, {4094, 4095})],
)
def test_pixel_padding_becomes_air(
    save_mammogram: SaveMammogram,
    photometric: str,
    value: int,
    limit: int | None,
    padded: set[int],
) -> None:
    stored = [0, 1, 2, 3, 7, 8, 4094, 4095]
    padding: dict[str, Any] = {"PixelPaddingValue": value}
    if limit is not None:
        padding["PixelPaddingRangeLimit"] = limit
    path = save_mammogram(pixels=_image(stored), PhotometricInterpretation=photometric, **padding)
    inverse = photometric == "MONOCHROME1"
    expected = [0 if v in padded else 4095 - v if inverse else v for v in stored]
    assert _first_row(path) == expected


def test_pixel_padding_is_a_stored_value_and_air_a_rescaled_one(
    save_mammogram: SaveMammogram,
) -> None:
    path = save_mammogram(
        pixels=_image([0, 1, 2, 3, 4, 5, 6, 7]),
        RescaleSlope=10,
        RescaleIntercept=-100,
        PixelPaddingValue=5,  # not the pixel that becomes 5 or -95
    )
    assert _first_row(path) == [-100, -90, -80, -70, -60, -100, -40, -30]


@pytest.mark.parametrize(
    ("slope", "intercept"), [(1, 0), (2, -10), (-3, 20000)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_order_of_operations_agrees_with_pydicom(
    save_mammogram: SaveMammogram, slope: float, intercept: float, photometric: str
) -> None:
    inverse = photometric == "MONOCHROME1"
    path = save_mammogram(
        pixels=np.linspace(0, 4095, 48).astype(int).reshape(6, 8),
        PhotometricInterpretation=photometric,
        PresentationLUTShape="INVERSE" if inverse else "IDENTITY",
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )
    dataset = dcmread(path)
    # pydicom inverts between the extreme values, which are those of the range in this image
    shown = apply_presentation_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    mammogram = read_mammogram(path)
    low = mammogram.value_range[0]
    np.testing.assert_array_equal(mammogram.pixels - low, shown - shown.min())


MARKED = np.array(
    [
        [9, 9, 9, 0, 0, 0, 0, 0],
        [9, 9, 9, 9, 0, 0, 0, 0],
        [9, 9, 9, 9, 9, 0, 0, 0],
        [9, 9, 9, 9, 0, 7, 0, 0],
        [9, 9, 0, 0, 0, 0, 0, 0],
        [9, 0, 0, 0, 0, 0, 0, 5],
    ]
)
"""A left breast seen obliquely; no symmetry, so that no flip or transposition goes unnoticed."""


@pytest.mark.parametrize("oriented", [True, False], ids=["PatientOrientation", "laterality only"])
def test_mirrored_right_breast_reads_like_the_left_one(
    save_mammogram: SaveMammogram, oriented: bool
) -> None:
    missing = {} if oriented else {"PatientOrientation": None}
    left = read_mammogram(save_mammogram("l.dcm", MARKED, view="MLO", **missing))
    right = read_mammogram(
        save_mammogram("r.dcm", MARKED[:, ::-1], view="MLO", laterality="R", **missing)
    )
    np.testing.assert_array_equal(left.pixels, MARKED)
    np.testing.assert_array_equal(right.pixels, MARKED)
    assert (left.flipped, right.flipped) == (False, True)
    assert left.attributes.laterality is Laterality.LEFT
    assert right.attributes.laterality is Laterality.RIGHT
    assert right.attributes.view_position is ViewPosition.MLO


@pytest.mark.parametrize(("laterality", "stored"), [("L", MARKED), ("R", MARKED[:, ::-1])])
def test_from_canonical_gives_the_stored_orientation_back(
    save_mammogram: SaveMammogram, laterality: str, stored: np.ndarray
) -> None:
    mammogram = read_mammogram(save_mammogram(pixels=stored, laterality=laterality))
    back = from_canonical(mammogram.pixels, chest_wall_at_right=mammogram.flipped)
    np.testing.assert_array_equal(back, stored)


def test_channels_in_front_are_not_mirrored() -> None:
    image = np.arange(12).reshape(2, 2, 3)
    mirrored = to_canonical(image, chest_wall_at_right=True)
    assert mirrored.tolist() == [[[2, 1, 0], [5, 4, 3]], [[8, 7, 6], [11, 10, 9]]]


@pytest.mark.parametrize(
    ("laterality", "orientation"), [("L", ["P", "L"]), ("R", ["A", "R"]), ("L", ["F", "A"])]
)
def test_orientation_against_laterality_is_refused(
    save_mammogram: SaveMammogram, laterality: str, orientation: list[str]
) -> None:
    path = save_mammogram(laterality=laterality, PatientOrientation=orientation)
    found = "\\".join(orientation)
    with pytest.raises(MammogramError) as error:
        read_mammogram(path)
    assert f"PatientOrientation (0020,0020) is {found}, must begin" in str(error.value)
    assert f"ImageLaterality {laterality}" in str(error.value)


def test_laterality_of_the_series_counts_where_the_image_has_none(
    save_mammogram: SaveMammogram,
) -> None:
    path = save_mammogram(ImageLaterality=None, Laterality="R", PatientOrientation=["P", "L"])
    assert read_mammogram(path).attributes.laterality is Laterality.RIGHT


@pytest.mark.parametrize("spacing", [(0.1, 0.1), (0.094, 0.07)])
def test_spacing_is_row_then_column(
    save_mammogram: SaveMammogram, spacing: tuple[float, float]
) -> None:
    attributes = read_mammogram(save_mammogram(ImagerPixelSpacing=list(spacing))).attributes
    assert attributes.imager_pixel_spacing == spacing
    assert (attributes.rows, attributes.columns) == (6, 8)


def test_missing_spacing_is_not_invented(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(ImagerPixelSpacing=None)
    assert read_mammogram(path).attributes.imager_pixel_spacing is None


def _recode(dataset: Dataset, syntax: str) -> None:
    if syntax == ImplicitVRLittleEndian:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    else:
        dataset.compress(syntax)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, RLELossless, JPEGLSLossless], ids=lambda uid: uid.name
)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_transfer_syntaxes_are_bit_exact(
    tmp_path: Path, make_mammogram: MakeMammogram, syntax: str, bits: int
) -> None:
    blocks = np.random.default_rng(1).integers(0, 2**bits, (3, 4))
    pixels = blocks.repeat(8, axis=0).repeat(8, axis=1)
    dataset = make_mammogram(pixels, bits=bits)
    _recode(dataset, syntax)
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(read_mammogram(tmp_path / "image.dcm").pixels, pixels)


def test_image_with_an_odd_number_of_bytes(save_mammogram: SaveMammogram) -> None:
    pixels = np.arange(15).reshape(5, 3)
    np.testing.assert_array_equal(
        read_mammogram(save_mammogram(pixels=pixels, bits=8)).pixels, pixels
    )


def test_jpeg_ls_stream_with_an_application_segment(
    tmp_path: Path, make_mammogram: MakeMammogram
) -> None:
    pixels = np.arange(48).repeat(8).reshape(16, 24)
    dataset = make_mammogram(pixels)
    dataset.compress(JPEGLSLossless)
    stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    segment = b"\xff\xe8\x00\x06\xff\xf7\x00\x00"  # its content looks like a frame header
    dataset.PixelData = encapsulate([stream[:2] + segment + stream[2:]])
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(read_mammogram(tmp_path / "image.dcm").pixels, pixels)
