from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from cem_monai.data import (
    PictureError,
    pixels_sha256,
    read_picture_mammogram,
    read_virtual_png,
    save_virtual_png,
    virtual_marks,
    virtual_png_path,
    write_virtual_manifest,
)
from cem_monai.dicom import GeneratingModel
from pictures import breast_picture, write_picture

MODEL = GeneratingModel("test_model", "0.1", "ab" * 32, "ef" * 32)
HEIGHT, WIDTH = 301, 203


@pytest.fixture(params=["L", "R"])
def source(request, tmp_path):
    picture = breast_picture(HEIGHT, WIDTH, laterality=request.param)
    path = write_picture(tmp_path / "in" / f"P1_{request.param}_DM_CC.png", picture)
    return read_picture_mammogram(path)


@pytest.fixture
def path(tmp_path, source):
    return virtual_png_path(tmp_path / "out", source.path.stem)


def generated(bits: int) -> np.ndarray:
    values = np.arange(HEIGHT * WIDTH) * 7919 % 2**bits
    return values.reshape(HEIGHT, WIDTH).astype(np.uint16)


@pytest.mark.parametrize("bits", [8, 11, 12, 16])
def test_values_come_back_in_the_orientation_of_the_source(source, path, bits):
    values = generated(bits)
    save_virtual_png(values, source, path, model=MODEL, bits_stored=bits)
    image = read_virtual_png(path)
    expected = values[:, ::-1] if source.flipped else values
    breast = source.breast[:, ::-1] if source.flipped else source.breast
    assert image.bits == bits
    np.testing.assert_array_equal(image.values[breast], expected[breast])
    changed = image.values != expected
    assert changed.any()
    assert (image.values[changed] == 2**bits - 1).all()
    # the air, and so the banner, lies opposite the chest wall
    columns = np.nonzero(changed)[1]
    assert (columns.mean() < WIDTH / 2) == source.flipped


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_whole_range_is_seen_in_any_viewer(source, path, bits):
    """Left bit replication is v * 65535 / (2**bits - 1) within one step of 16 bits."""
    values = generated(bits)
    save_virtual_png(values, source, path, model=MODEL, bits_stored=bits)
    with Image.open(path) as image:
        assert image.mode == "I;16"
        stored = np.asarray(image).astype(float)
    stored = stored[:, ::-1] if source.flipped else stored
    scaled = values * (65535 / (2**bits - 1))
    inside = source.breast
    assert np.abs(stored - scaled)[inside].max() <= 1


def test_file_tells_in_every_way_that_it_is_virtual(source, path):
    save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    assert path.name == f"{source.path.stem}_VIRTUAL_DES.png"
    content = path.read_bytes()
    assert b"sBIT\x0c" in content
    assert b"tEXtSyntheticData\0YES" in content
    marks = virtual_marks(path)
    assert marks is not None
    assert "NOT FOR DIAGNOSIS" in marks["Warning"]
    assert "VIRTUAL_DES" in marks["ImageType"]
    assert marks["ContentQualification"] == "RESEARCH"
    assert (marks["ModelName"], marks["WeightsSHA256"]) == ("test_model", "ab" * 32)
    assert marks["Source"] == source.path.name
    assert marks["SourceSHA256"] == hashlib.sha256(source.path.read_bytes()).hexdigest()
    stored = np.asarray(Image.open(source.path))
    assert marks["SourcePixelsSHA256"] == pixels_sha256(stored)


def test_same_bytes_again(source, path):
    save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    first = path.read_bytes()
    save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"weights_sha256": "cd" * 32}, "WeightsSHA256"),
        ({"config_sha256": "cd" * 32}, "ConfigSHA256"),
        ({"version": "0.2"}, "Software"),
        ({"name": "other"}, "ModelName"),
    ],
)
def test_image_of_another_model_is_not_replaced(source, path, change, key):
    save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    first = path.read_bytes()
    other = GeneratingModel(**{**MODEL.__dict__, **change})
    with pytest.raises(ValueError, match=f"another {key}"):
        save_virtual_png(generated(12), source, path, model=other, bits_stored=12)
    assert path.read_bytes() == first


def test_foreign_file_is_not_replaced(source, path):
    write_picture(path)
    with pytest.raises(ValueError, match="was not generated"):
        save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    with pytest.raises(PictureError, match="no PNG that this package generated"):
        read_virtual_png(path)


def test_interrupted_write_leaves_nothing(source, path, monkeypatch):
    def fail(self, file, *args, **kwargs):
        file.write(b"\x89PNG half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(KeyboardInterrupt):
        save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    assert list(path.parent.iterdir()) == []


def test_other_size_is_refused(source, path):
    with pytest.raises(ValueError, match="the generated"):
        save_virtual_png(generated(12)[1:], source, path, model=MODEL, bits_stored=12)
    assert not path.exists()


def test_generated_image_is_no_input(source, path, tmp_path):
    save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    renamed = path.rename(tmp_path / f"{source.laterality.value}.png")
    with pytest.raises(PictureError, match="a generated image is no input"):
        read_picture_mammogram(renamed, 16)


def test_manifest_tells_what_the_files_tell(source, path, tmp_path):
    save_virtual_png(generated(12), source, path, model=MODEL, bits_stored=12)
    write_picture(path.with_name("foreign_VIRTUAL_DES.png"))
    write_virtual_manifest(path.parent)
    manifest = json.loads((path.parent / "manifest.json").read_text())
    assert "NOT FOR DIAGNOSIS" in manifest["Warning"]
    (image,) = manifest["Images"]
    assert image["File"] == path.name
    assert image["SHA256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert virtual_marks(path).items() <= image.items()
