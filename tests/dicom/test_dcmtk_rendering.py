"""DCMTK, written by others, shows the gray values that we meant."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

from cem_monai.dicom import (
    GeneratingModel,
    display_range,
    from_canonical,
    read_for_comparison,
    save_dataset,
    virtual_des_dataset,
)
from cem_monai.dicom.virtual import VIRTUAL_DES_MARKS, generated_dataset

SIZE = (150, 100)
CENTER, WIDTH = 2050, 300
MODEL = GeneratingModel("test", "1", "ab" * 32, "cd" * 32)

WriteExposure = Callable[..., Dataset]


def _rendered(path: Path) -> np.ndarray:
    """Return what DCMTK draws of a file with its first window, (H, W) 0 to 255."""
    compressed = path.name.startswith("jpeg_ls")
    program = shutil.which("dcml2pnm" if compressed else "dcm2pnm")
    if program is None:
        pytest.skip("dcm2pnm is not installed (Debian package dcmtk)")
    picture = path.with_suffix(".pgm")
    subprocess.run([program, "+Wi", "1", str(path), str(picture)], check=True, timeout=60)
    return np.asarray(Image.open(picture)).astype(float)


def _meant(path: Path) -> np.ndarray:
    """Return what our own reader and window make of it, in stored orientation."""
    mammogram = read_for_comparison(path)
    low, high = display_range(mammogram, path)
    pixels = from_canonical(mammogram.pixels, chest_wall_at_right=mammogram.flipped)
    return 255 * np.clip((pixels - low) / (high - low), 0, 1)


def _ramp() -> np.ndarray:
    """Every value of 12 bits, and an end that no mirroring maps to itself."""
    return np.linspace(0, 4095, SIZE[0] * SIZE[1]).reshape(SIZE).round().astype(np.uint16)


@pytest.mark.parametrize("name", ["explicit", "jpeg_ls"])
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_virtual_image(
    write_exposure: WriteExposure, tmp_path: Path, name: str, laterality: str
) -> None:
    source = write_exposure(_ramp(), laterality=laterality)
    dataset = virtual_des_dataset(
        source,
        _ramp(),
        np.zeros(SIZE, bool),
        model=MODEL,
        bits_stored=12,
        window=(CENTER, WIDTH),
    )
    painted = dataset.pixel_array != _ramp()
    if name == "jpeg_ls":
        dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    save_dataset(dataset, tmp_path / f"{name}.dcm")
    rendered = _rendered(tmp_path / f"{name}.dcm")
    assert np.abs(rendered - _meant(tmp_path / f"{name}.dcm")).max() <= 1
    # and by hand: PS3.3 C.11.2.1.2.1
    expected = 255 * np.clip((_ramp() - (CENTER - 0.5)) / (WIDTH - 1) + 0.5, 0, 1)
    assert np.abs(rendered - expected)[~painted].max() <= 1
    assert painted.sum() > 100
    assert (rendered[painted] == 255).all()


def test_inverted_image(write_exposure: WriteExposure, tmp_path: Path) -> None:
    """MONOCHROME1: the highest stored value is black; the banner is bright even so."""
    dataset = generated_dataset(
        write_exposure(_ramp()),
        4095 - _ramp(),
        np.zeros(SIZE, bool),
        marks=VIRTUAL_DES_MARKS,
        model=MODEL,
        bits_stored=12,
        window=(CENTER, WIDTH),
        photometric_interpretation="MONOCHROME1",
    )
    painted = dataset.pixel_array != 4095 - _ramp()
    save_dataset(dataset, tmp_path / "inverted.dcm")
    rendered = _rendered(tmp_path / "inverted.dcm")
    assert np.abs(rendered - _meant(tmp_path / "inverted.dcm")).max() <= 1
    assert (rendered[painted] == 255).all()


def test_simulated_low_energy_image(write_exposure: WriteExposure, tmp_path: Path) -> None:
    save_dataset(write_exposure(_ramp(), window=(1900, 2600)), tmp_path / "explicit.dcm")
    rendered = _rendered(tmp_path / "explicit.dcm")
    assert np.abs(rendered - _meant(tmp_path / "explicit.dcm")).max() <= 1
    assert np.ptp(rendered) == 255
