"""Marked PNG of our own inference as predictions of DICOM cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from cem_monai.data import load_datalist, read_picture_mammogram, save_virtual_png
from cem_monai.dicom import GeneratingModel, save_dataset
from cem_monai.evaluation import PredictionsError, ProblemKind, find_predictions, read_predictions
from exams import write_exams
from pictures import write_picture
from prediction_files import Item, stored

MODEL = GeneratingModel("test", "0", "ab" * 32, "ef" * 32)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Left and right view of one patient, as 8-bit DICOM made of pictures of other names."""
    items = load_datalist(write_exams(tmp_path / "archive", 3), "test")
    for item in items:
        for key in ("image", "label"):
            _to_eight_bits(Path(item[key]))
    return items


def _to_eight_bits(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    pixels = (dataset.pixel_array >> 4).astype(np.uint8)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB"
    save_dataset(dataset, path)


def predict(item: Item, folder: Path, name: str, bits: int = 12) -> Path:
    """Save the real image as the virtual one of the item's low-energy picture."""
    low_energy = pydicom.dcmread(item["image"]).pixel_array
    source = read_picture_mammogram(
        write_picture(folder.parent / "png" / f"{name}.png", low_energy)
    )
    real = stored(item)[:, ::-1] if source.flipped else stored(item)
    # to the whole range of more bits: 255 stands for 2**bits - 1
    values = np.rint(real * ((2**bits - 1) / 255)).astype(np.uint16)
    path = folder / f"{name}_VIRTUAL_DES.png"
    save_virtual_png(values, source, path, model=MODEL, bits_stored=bits)
    return path


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_real_image_comes_back_without_banner(items, tmp_path, bits):
    for number, item in enumerate(items):
        predict(item, tmp_path / "virtual", f"P{number}_{item['laterality']}_DM_CC", bits)

    read = list(read_predictions(tmp_path / "virtual", items))

    assert {case.flipped for case, _ in read} == {False, True}
    for case, prediction in read:
        step = 255 / (2**bits - 1)  # rounded to the bits of the PNG
        np.testing.assert_allclose(prediction, case.recombined, atol=step / 2 + 1e-4)


def test_name_counts_where_no_case_has_the_pixels(items, tmp_path):
    """Without the end that says that it is virtual."""
    (item, *_) = items
    path = predict(item, tmp_path / "virtual", item["case"])
    dataset = pydicom.dcmread(item["image"])
    changed = dataset.pixel_array.copy()
    changed[30, 20] ^= 1
    dataset.PixelData = changed.tobytes()
    save_dataset(dataset, item["image"])
    assert find_predictions(tmp_path / "virtual", [item]) == {item["case"]: path}


def test_pixels_count_more_than_the_name(items, tmp_path):
    left, right = items
    path = predict(left, tmp_path / "virtual", left["case"])
    path.rename(path.with_name(f"{right['case']}_VIRTUAL_DES.png"))
    with pytest.raises(PredictionsError) as error:
        find_predictions(tmp_path / "virtual", items)
    assert [(one.kind, one.subject) for one in error.value.problems] == [
        (ProblemKind.MISSING, right["case"])
    ]


def test_fewer_bits_than_the_real_image_are_refused(tmp_path):
    (item, *_) = load_datalist(write_exams(tmp_path / "archive", 3), "test")
    low_energy = (pydicom.dcmread(item["image"]).pixel_array >> 4).astype(np.uint8)
    source = read_picture_mammogram(write_picture(tmp_path / f"{item['case']}.png", low_energy))
    path = tmp_path / "virtual" / f"{item['case']}_VIRTUAL_DES.png"
    flat = np.full(source.pixels.shape, 100, np.uint16)
    save_virtual_png(flat, source, path, model=MODEL, bits_stored=8)
    with pytest.raises(PredictionsError) as error:
        list(read_predictions(tmp_path / "virtual", [item]))
    assert [one.kind for one in error.value.problems] == [ProblemKind.BIT_DEPTH]


def test_stripped_of_its_marks_it_is_any_png(items, tmp_path):
    """Enlarged to 16 bits it does not have the range of the recombined file."""
    (item, *_) = items
    path = predict(item, tmp_path / "virtual", "P0_L_DM_CC")
    Image.fromarray(np.asarray(Image.open(path))).save(path.with_name(f"{item['case']}.png"))
    path.unlink()
    with pytest.raises(PredictionsError) as error:
        list(read_predictions(tmp_path / "virtual", [item]))
    assert [one.kind for one in error.value.problems] == [ProblemKind.RANGE]
