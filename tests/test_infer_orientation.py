"""Nothing moves: a mark in a low-energy image lies at the same stored pixel of the virtual one.

The whole chain runs as `infer` runs it (reader, canonical orientation, resizing, padding, back,
writer) from the rendered config of the bundle; only the network is one that passes the image on.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from pydicom.dataset import Dataset

from cem_monai.dicom import (
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    mammogram_dataset,
    save_dataset,
)
from cem_monai.infer import run_inference

BUNDLE = "breast_cem_unet512"
SIZE = (90, 75)
"""Neither square nor divisible by what the network needs: resized and padded."""
MARK, WIDTH = (23.3, 21.8), (3.0, 4.5)
"""Row and column of a bright spot in a left breast, and its standard deviations: in the upper half,
so that no mirror and no turn maps it to itself."""
TISSUE, BRIGHT = 1800, 3500
PASS_ON = {"network_def": {"_target_": "torch.nn.Identity"}, "num_downs": 4, "device": "cpu"}
SIDES = {
    "LCC": ("L", "CC", ("A", "R")),
    "LMLO": ("L", "MLO", ("A", "FR")),
    "LMLO, short": ("L", "MLO", ("A", "R")),
    "LMLO, silent": ("L", "MLO", None),
    "RCC": ("R", "CC", ("P", "L")),
    "RMLO": ("R", "MLO", ("P", "FL")),
    "RMLO, short": ("R", "MLO", ("P", "L")),
    "RMLO, silent": ("R", "MLO", None),
}
"""Laterality, view, and what PatientOrientation (0020,0020) says of rows and columns."""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("name", list(SIDES))
def test_every_pixel_stays_where_it_was(tmp_path: Path, name: str, photometric: str) -> None:
    source = _write_source(tmp_path / "in" / "le.dcm", *SIDES[name], photometric)
    virtual = _infer(tmp_path, image_size=0)
    if "PatientOrientation" in source:
        assert virtual.PatientOrientation == source.PatientOrientation
    assert virtual.ImageLaterality == source.ImageLaterality
    before, after = _brightness(source), _brightness(virtual)
    tissue = before > 0
    assert 0.2 < tissue.mean() < 0.8
    np.testing.assert_array_equal(after[tissue], before[tissue])
    assert _where_the_mark_is(after * tissue) == _where_the_mark_is(before)
    assert (after[~tissue] > 0).any()  # the banner, which lies in the air


@pytest.mark.parametrize("longest_side", [64, 128])
@pytest.mark.parametrize("name", ["LMLO", "RMLO"])
def test_mark_stays_through_resizing(tmp_path: Path, name: str, longest_side: int) -> None:
    """Shrunk or enlarged and back: its center of mass moves by less than a twentieth of a pixel."""
    source = _write_source(tmp_path / "in" / "le.dcm", *SIDES[name], "MONOCHROME2")
    virtual = _infer(tmp_path, image_size=longest_side)
    tissue = _brightness(source) > 0
    found, expected = (_center_of_mark(_brightness(one) * tissue) for one in (virtual, source))
    assert np.abs(np.subtract(found, expected)).max() < 0.05


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize(("laterality", "orientation"), [("L", ("P", "FL")), ("R", ("A", "FR"))])
def test_breast_on_the_other_side_is_refused(
    tmp_path: Path, laterality: str, orientation: tuple[str, str], photometric: str
) -> None:
    """A mirrored image, or a wrong label: which of them, nobody can tell."""
    _write_source(tmp_path / "in" / "le.dcm", laterality, "MLO", orientation, photometric)
    with suppress(Exception):  # nothing else is in the folder: how it ends is not the point
        _infer(tmp_path, image_size=0)
    assert "PatientOrientation" in (tmp_path / "out" / "refused.csv").read_text()
    assert not list((tmp_path / "out").glob("*.dcm"))


def _write_source(
    path: Path, laterality: str, view: str, orientation: tuple[str, str] | None, photometric: str
) -> Dataset:
    """Write a breast with a mark, its chest wall where laterality and orientation say."""
    pixels = _left_breast()
    if (orientation[0] if orientation else {"L": "A", "R": "P"}[laterality]) == "P":
        pixels = pixels[:, ::-1]
    inverted = photometric == "MONOCHROME1"
    dataset = _dataset(4095 - pixels if inverted else pixels, laterality, view, photometric)
    if orientation:
        dataset.PatientOrientation = list(orientation)
    else:
        del dataset.PatientOrientation
    save_dataset(dataset, path)
    return pydicom.dcmread(path)


def _left_breast() -> np.ndarray:
    rows, columns = SIZE
    y, x = np.mgrid[:rows, :columns]
    breast = ((y / rows - 0.5) / 0.4) ** 2 + (x / rows / 0.55) ** 2 < 1
    distance = np.hypot((y - MARK[0]) / WIDTH[0], (x - MARK[1]) / WIDTH[1])
    pixels = TISSUE + (BRIGHT - TISSUE) * np.exp(-(distance**2) / 2) + (3 * y + x) % 40
    return np.where(breast, pixels, 0).round().astype(np.uint16)


def _dataset(pixels: np.ndarray, laterality: str, view: str, photometric: str) -> Dataset:
    exposure = Exposure(
        patient_id="TEST-1",
        patient_name="Test^Phantom",
        study_instance_uid="1.2.3",
        frame_of_reference_uid="1.2.4",
        laterality=Laterality(laterality),
        view_position=ViewPosition(view),
        acquired=datetime(2025, 1, 2, 3, 4, 5),
    )
    return mammogram_dataset(
        pixels,
        exposure,
        image_content=ImageContent.LOW_ENERGY,
        bits_stored=12,
        spacing=(0.5, 0.5),
        window=(2048, 4096),
        sop_instance_uid="1.2.5",
        series_instance_uid="1.2.6",
        series_number=1,
        series_description="test",
        manufacturer="test",
        model_name="test",
        software_versions="1",
        photometric_interpretation=photometric,
    )


def _infer(folder: Path, *, image_size: int) -> Dataset:
    """Let the bundle translate the one image of `folder/in`; return what it wrote."""
    weights = folder / "model.pt"
    torch.save({}, weights)  # a network that passes on has none
    options = {**PASS_ON, "image_size": image_size}
    run_inference(
        folder / "in", folder / "out", bundle=BUNDLE, weights=weights, options=options, trust=True
    )
    (path,) = (folder / "out").glob("*.dcm")
    return pydicom.dcmread(path)


def _brightness(dataset: Dataset) -> np.ndarray:
    """Return stored pixels, where they are stored; higher is brighter."""
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    stored = dataset.pixel_array.astype(int)
    return 4095 - stored if inverted else stored


def _where_the_mark_is(image: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last row and column."""
    bright = image > (TISSUE + BRIGHT) / 2
    return [(int(where.min()), int(where.max())) for where in np.nonzero(bright)]


def _center_of_mark(image: np.ndarray) -> list[float]:
    """Return the center of mass, (row, column), of what is brighter than tissue."""
    excess = np.clip(image - (TISSUE + BRIGHT) / 2, 0, None)
    return [float((excess * index).sum() / excess.sum()) for index in np.indices(image.shape)]
