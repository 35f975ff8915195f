from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest

from cem_monai.label_app.labelmap import read_drawing
from cem_monai.label_app.nrrd_file import write_nrrd
from cem_monai.label_app.request_error import RequestError

NUMBERS = np.array([[0, 1, 1], [2, 2, 3]], np.uint8)


SLICER = """NRRD0005
# Complete NRRD file format specification at:
# http://teem.sourceforge.net/nrrd/format.html
type: {type}
dimension: 3
space: left-posterior-superior
sizes: 3 2 1
space directions: (0.1,0,0) (0,0.1,0) (0,0,1)
kinds: domain domain domain
endian: {endian}
encoding: {encoding}
space origin: (0,0,0)

"""


def written(path, numbers=NUMBERS):
    """Write what 3D Slicer writes."""
    if path.suffix == ".nrrd":
        head = SLICER.format(type="unsigned char", endian="little", encoding="gzip")
        path.write_bytes(head.encode() + gzip.compress(numbers.tobytes()))
    else:
        nib.save(nib.Nifti1Image(numbers.T[..., None], np.diag([-1.0, -1, 1, 1])), path)
    return path


@pytest.mark.parametrize(
    ("name", "code", "endian"), [("short", "<i2", "little"), ("ushort", ">u2", "big")]
)
def test_numbers_of_two_bytes(tmp_path, name, code, endian):
    head = SLICER.format(type=name, endian=endian, encoding="raw").encode()
    (tmp_path / "a.nrrd").write_bytes(head + NUMBERS.astype(code).tobytes())
    drawing = read_drawing(tmp_path / "a.nrrd", (2, 3))
    np.testing.assert_array_equal(drawing.mass, NUMBERS == 1)


@pytest.mark.slow
def test_itk_reads_what_is_written(tmp_path):
    itk = pytest.importorskip("itk")
    write_nrrd(NUMBERS, tmp_path / "a.nrrd", (0.2, 0.1))
    volume = itk.imread(str(tmp_path / "a.nrrd"))
    np.testing.assert_array_equal(itk.array_from_image(volume), NUMBERS[None])
    assert tuple(volume.GetSpacing()) == (0.1, 0.2, 1)
    np.testing.assert_array_equal(read_drawing(tmp_path / "a.nrrd", (2, 3)).mass, NUMBERS == 1)


@pytest.mark.parametrize("cut", [5, 60, -12])
def test_damaged_nrrd(tmp_path, cut):
    path = written(tmp_path / "a.nrrd")
    path.write_bytes(path.read_bytes()[:cut])
    refusal(path, (2, 3))


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii.gz", "a.nii"])
def test_pixels_lie_as_stored(tmp_path, name):
    drawing = read_drawing(written(tmp_path / name), (2, 3))
    np.testing.assert_array_equal(drawing.mass, NUMBERS == 1)
    np.testing.assert_array_equal(drawing.background, NUMBERS == 2)


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_raw_numbers_of_ohif(tmp_path, dtype):
    (tmp_path / "label.bin").write_bytes(NUMBERS.astype(dtype).tobytes())
    drawing = read_drawing(tmp_path / "label.bin", (2, 3))
    np.testing.assert_array_equal(drawing.mass, NUMBERS == 1)


def test_segments_are_told_by_their_names(tmp_path):
    segments = [{"name": "Proposal", "idx": 1}, {"name": "Mass", "idx": 3}]
    drawing = read_drawing(written(tmp_path / "a.nrrd"), (2, 3), segments)
    np.testing.assert_array_equal(drawing.mass, NUMBERS == 3)
    assert not drawing.background.any()


def test_labelmap_comes_back(tmp_path):
    drawing = read_drawing(written(tmp_path / "a.nrrd"), (2, 3))
    np.testing.assert_array_equal(drawing.labelmap, np.where(NUMBERS == 3, 0, NUMBERS))


def refusal(*arguments) -> RequestError:
    with pytest.raises(RequestError) as found:
        read_drawing(*arguments)
    assert found.value.status == 422
    return found.value


def test_what_cannot_be_used_is_one_sentence(tmp_path):
    path = written(tmp_path / "a.nrrd")
    assert "the label map has 2 x 3 pixels, its image 3 x 2" in str(refusal(path, (3, 2)))
    told = str(refusal(path, (2, 3), [{"name": "liver", "idx": 1}]))
    assert "no segment is called 'mass', there are 'liver'" in told
    assert "list of {name, idx}" in str(refusal(path, (2, 3), [{"name": "mass"}]))
    (tmp_path / "broken.nrrd").write_bytes(b"nothing")
    assert "cannot be read as NIfTI or NRRD" in str(refusal(tmp_path / "broken.nrrd", (2, 3)))
    (tmp_path / "short.bin").write_bytes(b"12345")
    assert "5 bytes, its image 6 pixels" in str(refusal(tmp_path / "short.bin", (2, 3)))
