from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cem_monai.data import CEMPair, mask_path, read_mask, write_mask
from cem_monai.dicom import read_mammogram

MASK = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], bool)
"""3 rows of 4, without symmetry."""


@pytest.mark.parametrize("mask", [MASK, np.zeros((2, 5), bool), np.ones((1, 1), bool)])
def test_mask_reads_back(tmp_path: Path, mask: np.ndarray) -> None:
    write_mask(mask, tmp_path / "mask.nii.gz", (0.1, 0.1))
    read = read_mask(tmp_path / "mask.nii.gz")
    assert read.dtype == bool
    np.testing.assert_array_equal(read, mask)


def test_file_is_indexed_by_column_row_slice(tmp_path: Path) -> None:
    write_mask(MASK, tmp_path / "mask.nii.gz", (0.1, 0.07))
    image = nib.load(tmp_path / "mask.nii.gz")
    assert image.shape == (4, 3, 1)
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(np.diag(image.affine), [0.07, 0.1, 1, 1])
    assert np.asarray(image.dataobj)[3, 2, 0] == 1


def test_unknown_spacing_is_written_as_one(tmp_path: Path) -> None:
    write_mask(MASK, tmp_path / "mask.nii.gz", None)
    np.testing.assert_array_equal(nib.load(tmp_path / "mask.nii.gz").affine, np.eye(4))


def test_same_mask_gives_the_same_bytes(tmp_path: Path) -> None:
    write_mask(MASK, tmp_path / "a.nii.gz", (0.1, 0.1))
    write_mask(MASK, tmp_path / "b.nii.gz", (0.1, 0.1))
    content = (tmp_path / "a.nii.gz").read_bytes()
    assert content == (tmp_path / "b.nii.gz").read_bytes()
    assert content[4:8] == bytes(4)  # no time stamp


def test_mask_drawn_with_another_program_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mask.nii"
    nib.save(nib.Nifti1Image(MASK.T.astype(np.float32), np.eye(4)), path)
    np.testing.assert_array_equal(read_mask(path), MASK)


def _write_array(path: Path, array: np.ndarray) -> None:
    nib.save(nib.Nifti1Image(array, np.eye(4)), path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 3, 2), np.uint8), r"one plane, this has the shape \(4, 3, 2\)"),
        (np.full((4, 3, 1), 2, np.uint8), "0 and 1 only, this has values from 2 to 2"),
        (np.full((4, 3, 1), 0.5, np.float32), "0 and 1 only, this has values from 0.5 to 0.5"),
        (np.full((4, 3, 1), -1, np.int16), "0 and 1 only, this has values from -1 to -1"),
        (np.full((4, 3, 1), np.nan, np.float32), "0 and 1 only"),
    ],
)
def test_what_is_no_mask_is_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:
    path = tmp_path / "mask.nii.gz"
    _write_array(path, array)
    with pytest.raises(ValueError, match=message) as error:
        read_mask(path)
    assert str(error.value).startswith(f"{path}: ")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.nii\.gz: cannot be read .*FileNotFoundError"):
        read_mask(tmp_path / "absent.nii.gz")


@pytest.mark.parametrize("length", [0, 10, 60])
def test_damaged_file_is_named(tmp_path: Path, length: int) -> None:
    path = tmp_path / "mask.nii.gz"
    write_mask(MASK, path, (0.1, 0.1))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"mask\.nii\.gz: cannot be read as NIfTI"):
        read_mask(path)


def test_file_whose_voxels_are_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mask.nii.gz"
    write_mask(MASK, path, (0.1, 0.1))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-5]))
    with pytest.raises(ValueError, match=r"mask\.nii\.gz: cannot be read as NIfTI"):
        read_mask(path)


def test_mask_lies_beside_its_image() -> None:
    assert mask_path("a/L_CC_DES.dcm", "mass") == Path("a/L_CC_DES_mass.nii.gz")
    assert mask_path("a/1.2.3", "breast") == Path("a/1.2_breast.nii.gz")
    with pytest.raises(ValueError, match=r"region must be one of breast, mass, .*, got 'x'"):
        mask_path("a/L_CC_DES.dcm", "x")


def test_pair_finds_the_masks_of_its_recombined_image(
    tmp_path: Path, save_mammogram: Callable[..., Path]
) -> None:
    low = read_mammogram(save_mammogram("LE.dcm")).attributes
    recombined = read_mammogram(save_mammogram("DES.dcm")).attributes
    write_mask(MASK, tmp_path / "DES_mass.nii.gz", None)
    write_mask(MASK, tmp_path / "LE_breast.nii.gz", None)
    assert CEMPair(low, recombined).masks() == {"mass": tmp_path / "DES_mass.nii.gz"}
