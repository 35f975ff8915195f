from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from cem_monai.transforms import (
    RestoreIntensityBitDepth,
    RestoreIntensityBitDepthd,
    ScaleIntensityBitDepth,
    ScaleIntensityBitDepthd,
)


def image(values, bits=12):
    meta = {"value_low": 0.0, "value_high": 2.0**bits - 1}
    return MetaTensor(torch.tensor(values, dtype=torch.float32), meta=meta)


@pytest.mark.parametrize("bits", [8, 12, 13, 14, 16])
def test_full_range_of_the_format_becomes_minus_one_to_one(bits):
    scaled = ScaleIntensityBitDepth()(image([0, 2**bits - 1], bits))
    assert scaled.tolist() == [-1, 1]


@pytest.mark.parametrize("bits", [8, 12, 13, 14])
def test_round_trip_keeps_every_stored_value(bits):
    values = image(list(range(2**bits)), bits)
    restored = RestoreIntensityBitDepth(bits)(ScaleIntensityBitDepth()(values))
    assert torch.equal(restored.as_tensor(), values.as_tensor())


def test_scaling_does_not_depend_on_the_pixels():
    dark, bright = image([100.0, 200.0]), image([100.0, 4000.0])
    scale = ScaleIntensityBitDepth()
    assert scale(dark)[0] == scale(bright)[0]


def test_window_is_clipped_and_restored():
    window = (1900, 2200)
    scaled = ScaleIntensityBitDepth(window)(image([0, 1900, 2050, 2200, 4095]))
    assert scaled.tolist() == [-1, -1, 0, 1, 1]
    restored = RestoreIntensityBitDepth(12, window)(scaled)
    assert restored.tolist() == [1900, 1900, 2050, 2200, 2200]


def test_restored_values_are_rounded_not_truncated():
    assert RestoreIntensityBitDepth(8)(torch.tensor([-1 + 2 * 0.6 / 255])).item() == 1


def test_restored_values_stay_within_the_format():
    assert RestoreIntensityBitDepth(12)(torch.tensor([-1.5, 1.5])).tolist() == [0, 4095]


def test_reference_image_gives_the_format():
    data = {"pred": torch.tensor([1.0]), "real": image([0.0], bits=13)}
    restored = RestoreIntensityBitDepthd("pred", bits_stored=12, reference_key="real")(data)
    assert restored["pred"].item() == 8191


def test_dictionary_version_equals_array_version():
    data = {"image": image([7.0]), "label": image([9.0])}
    scaled = ScaleIntensityBitDepthd(["image", "label"])(data)
    assert scaled["image"] == ScaleIntensityBitDepth()(data["image"])
    assert scaled["label"] == ScaleIntensityBitDepth()(data["label"])
    assert data["image"].item() == 7  # the input item is left alone


def test_image_without_metadata_needs_a_window():
    with pytest.raises(ValueError, match="window"):
        ScaleIntensityBitDepth()(torch.zeros(3))


@pytest.mark.parametrize("window", [(5, 5), (6, 5), (1,), (1, 2, 3)])
def test_bad_window_is_refused(window):
    with pytest.raises(ValueError, match="low < high"):
        ScaleIntensityBitDepth(window)


@pytest.mark.parametrize("bits", [7, 17])
def test_bad_bits_are_refused(bits):
    with pytest.raises(ValueError, match=str(bits)):
        RestoreIntensityBitDepth(bits)


@pytest.mark.parametrize("window", [(1900, 2200), (-1, 200), (0, 256)])
def test_window_beyond_the_format_is_refused(window):
    with pytest.raises(ValueError, match="outside the stored values 0 to 255"):
        ScaleIntensityBitDepth(window)(image([3.0], bits=8))
    with pytest.raises(ValueError, match="outside the stored values 0 to 255"):
        RestoreIntensityBitDepth(8, window)(torch.zeros(1))


@pytest.mark.parametrize("window", [None, (0, 4095)])
def test_image_of_an_unknown_loader_is_refused_where_its_range_is_required(window):
    scale = ScaleIntensityBitDepth(window, require_range=True)
    for unknown in (torch.zeros(1, 2, 2), MetaTensor(torch.zeros(1, 2, 2))):
        with pytest.raises(ValueError, match="no loader of this bundle made it"):
            scale(unknown)
    known = image([0, 4095])
    assert torch.equal(scale(known), ScaleIntensityBitDepth(window)(known))
