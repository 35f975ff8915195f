from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cem_monai.dicom import (
    GeneratingModel,
    MammogramError,
    open_mammogram,
    read_for_comparison,
    read_generated,
    read_mammogram,
    save_dataset,
    sources_of_generated,
    virtual_des_dataset,
)

Save = Callable[..., Path]
MODEL = GeneratingModel("test", "0", "ab" * 32, "ef" * 32)


def generate(source: Path, pixels: np.ndarray) -> Path:
    dataset = virtual_des_dataset(
        open_mammogram(source),
        pixels.astype(np.uint16),
        np.ones(pixels.shape, bool),
        model=MODEL,
        bits_stored=12,
        window=(2048, 4096),
    )
    save_dataset(dataset, source.with_name("virtual.dcm"))
    return source.with_name("virtual.dcm")


@pytest.mark.parametrize("laterality", ["L", "R"])
def test_orientation_is_that_of_the_source(save_mammogram: Save, laterality: str) -> None:
    stored = np.arange(640 * 320).reshape(640, 320) % 4000
    source = save_mammogram(pixels=stored, laterality=laterality)

    generated = read_generated(generate(source, stored))

    # the banner is painted opposite the chest wall, hence at the right in canonical orientation
    np.testing.assert_array_equal(generated.pixels[:, :280], read_mammogram(source).pixels[:, :280])
    assert generated.flipped == (laterality == "R")
    assert generated.value_range == (0, 4095)
    assert generated.attributes.source_uids == {"1.2.3.4"}


def test_reader_of_inputs_refuses_what_this_one_reads(save_mammogram: Save) -> None:
    virtual = generate(save_mammogram(), np.zeros((6, 8)))

    with pytest.raises(MammogramError, match="a generated image is no input"):
        read_mammogram(virtual)


def test_acquired_image_is_refused(save_mammogram: Save) -> None:
    with pytest.raises(MammogramError, match=r"ImageType \(0008,0008\) is ORIGINAL.*VIRTUAL_DES"):
        read_generated(save_mammogram())


def test_image_without_type_is_refused(save_mammogram: Save) -> None:
    with pytest.raises(MammogramError, match=r"ImageType \(0008,0008\) is missing"):
        read_generated(save_mammogram(ImageType=None))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MammogramError, match=r"virtual\.dcm: no such file"):
        read_generated(tmp_path / "virtual.dcm")


def test_text_file(tmp_path: Path) -> None:
    (tmp_path / "virtual.dcm").write_text("no DICOM")

    with pytest.raises(MammogramError, match=r"virtual\.dcm: is not a DICOM file"):
        read_generated(tmp_path / "virtual.dcm")


def test_truncated_file(save_mammogram: Save) -> None:
    virtual = generate(save_mammogram(pixels=np.zeros((64, 64))), np.zeros((64, 64)))
    virtual.write_bytes(virtual.read_bytes()[:-1000])

    with pytest.raises(MammogramError, match=r"virtual\.dcm: PixelData .* bytes long|damaged"):
        read_generated(virtual)


@pytest.mark.parametrize("laterality", ["L", "R"])
def test_images_of_any_origin_can_be_compared(save_mammogram: Save, laterality: str) -> None:
    source = save_mammogram(laterality=laterality)
    foreign = save_mammogram("foreign.dcm", laterality=laterality, SyntheticData="YES")
    virtual = generate(source, np.full((6, 8), 7))

    for path, expected in ((foreign, read_mammogram(source)), (virtual, read_generated(virtual))):
        read = read_for_comparison(path)

        np.testing.assert_array_equal(read.pixels, expected.pixels)
        assert read.flipped == (laterality == "R")
    with pytest.raises(MammogramError, match="a generated image is no input"):
        read_mammogram(foreign)


def test_comparison_refuses_what_is_no_mammogram(save_mammogram: Save) -> None:
    with pytest.raises(MammogramError, match="must be MG"):
        read_for_comparison(save_mammogram(Modality="CT"))


def test_sources_of_a_generated_image(save_mammogram: Save) -> None:
    source = save_mammogram()

    assert sources_of_generated(source) is None
    assert sources_of_generated(generate(source, np.zeros((6, 8)))) == {"1.2.3.4"}
    with pytest.raises(MammogramError, match="no such file"):
        sources_of_generated(source.with_name("absent.dcm"))
