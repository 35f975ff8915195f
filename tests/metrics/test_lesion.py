from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import (
    contrast_to_noise_ratio,
    delta_cnr_mass,
    is_missed,
    lesion_contrast,
    lesion_metrics,
    missed_enhancement,
    reader_lesion_metrics,
    split_lesions,
)

Image = np.ndarray[Any, Any]
RANGE = (0, 4095)
seeds = st.integers(0, 2**32 - 1)


def lesion(seed: int, peak: int = 4095) -> tuple[Image, Image, Image, Image]:
    """Generated, real, mass and surround of 12 x 14 pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((12, 14))
    distance = np.hypot(y - 6, x - 6)
    mass, surround = distance < 3, (distance > 3.5) & (distance < 5.5)
    levels = np.stack([0.3 + 0.1 * mass, 0.3 + 0.4 * mass]) + rng.random((2, 12, 14)) * 0.2
    generated, real = np.rint(peak * levels).astype(np.uint16)
    return generated, real, mass, surround


def naive(generated: Image, real: Image, mass: Image, surround: Image, peak: int) -> list[float]:
    """Contrasts, their error, CNR, delta CNR and missed share, pixel by pixel in exact integers."""
    means, around = {}, []
    for name, image in (("generated", generated), ("real", real)):
        for region, mask in (("mass", mass), ("surround", surround)):
            values = [int(image[y, x]) for y, x in np.ndindex(mask.shape) if mask[y, x]]
            means[name, region] = sum(values) / len(values) * 255 / peak
            if (name, region) == ("real", "surround"):
                around = [value * 255 / peak for value in values]
    contrast_real = means["real", "mass"] - means["real", "surround"]
    contrast = means["generated", "mass"] - means["generated", "surround"]
    middle = means["real", "surround"]
    sigma = math.sqrt(sum((value - middle) ** 2 for value in around) / len(around))
    return [
        contrast_real,
        contrast,
        contrast - contrast_real,
        contrast_real / sigma,
        contrast / sigma,
        (contrast - contrast_real) / sigma,
        1 - contrast / contrast_real,
    ]


# One lesion


@settings(max_examples=40, deadline=None)
@given(seed=seeds, peak=st.sampled_from([255, 4095, 65535]))
def test_values_equal_a_loop(seed: int, peak: int) -> None:
    row = lesion_metrics(*lesion(seed, peak), data_range=(0, peak))
    names = ["contrast_real", "contrast_generated", "contrast_error"]
    names += ["cnr_real", "cnr_generated", "delta_cnr", "missed_enhancement"]
    expected = naive(*lesion(seed, peak), peak)
    assert [row[name] for name in names] == pytest.approx(expected, abs=1e-9)
    assert set(row) == {*names, "is_missed"}
    assert row["is_missed"] == (row["contrast_generated"] < row["contrast_real"] / 2)
    assert all(type(value) is float for value in row.values())


def test_cnr_of_the_real_image_is_the_published_one() -> None:
    generated, real, mass, surround = lesion(0)
    row = lesion_metrics(generated, real, mass, surround, data_range=RANGE)
    published = contrast_to_noise_ratio(real, mass, surround)
    assert row["cnr_real"] == pytest.approx(published, abs=1e-12)


def test_missing_noise_gains_nothing() -> None:
    """The published delta CNR of the same image is above 0, though its contrast is right."""
    _, real, mass, surround = lesion(0)
    smooth = real.astype(float)
    middle = real[surround].mean()
    smooth[surround] = middle + 0.1 * (real[surround] - middle)
    assert delta_cnr_mass(smooth, real, mass, surround).delta > 1
    row = lesion_metrics(smooth, real, mass, surround, data_range=RANGE)
    assert row["delta_cnr"] == pytest.approx(0, abs=1e-9)
    assert row["contrast_error"] == pytest.approx(0, abs=1e-9)


def test_identical_images() -> None:
    _, real, mass, surround = lesion(0)
    row = lesion_metrics(real, real, mass, surround, data_range=RANGE)
    assert row["contrast_error"] == row["delta_cnr"] == row["missed_enhancement"] == 0
    assert row["is_missed"] == 0


@settings(max_examples=40, deadline=None)
@given(seed=seeds, scale=st.floats(0.5, 4), offset=st.floats(-100, 100))
def test_affine_change_of_the_generated_image(seed: int, scale: float, offset: float) -> None:
    generated, real, mass, surround = lesion(seed)
    row = lesion_metrics(generated, real, mass, surround, data_range=RANGE)
    changed = lesion_metrics(generated * scale + offset, real, mass, surround, data_range=RANGE)
    for name in ("contrast_generated", "cnr_generated"):
        assert changed[name] == pytest.approx(scale * row[name], abs=1e-9)
    assert changed["cnr_real"] == row["cnr_real"]


def test_lost_lesion_is_missed_wholly() -> None:
    _, real, mass, surround = lesion(0)
    row = lesion_metrics(np.full(real.shape, 1234), real, mass, surround, data_range=RANGE)
    assert (row["contrast_generated"], row["missed_enhancement"], row["is_missed"]) == (0, 1, 1)
    assert row["delta_cnr"] == -row["cnr_real"]


def test_white_does_not_overflow() -> None:
    _, _, mass, surround = lesion(0)
    real = np.where(mass, 65535, 0).astype(np.uint16)
    white = np.full(real.shape, 65535, np.uint16)
    row = lesion_metrics(white, real, mass, surround, data_range=(0, 65535))
    assert (row["contrast_real"], row["contrast_error"]) == (255, -255)
    assert math.isnan(row["cnr_real"])  # a surround without noise


@pytest.mark.parametrize("empty", ["mass", "surround"])
def test_empty_mask_is_nan_in_every_value(empty: str) -> None:
    generated, real, mass, surround = lesion(0)
    masks = {"mass": mass, "surround": surround, empty: np.zeros(mass.shape)}
    row = lesion_metrics(generated, real, **masks, data_range=RANGE)
    del row["cnr_real"]
    assert all(math.isnan(value) for value in row.values())
    assert math.isnan(lesion_contrast(real, **masks, data_range=RANGE))


def test_one_pixel_masks_have_a_contrast_but_no_noise() -> None:
    image = np.array([[100.0, 40.0]])
    mass, surround = np.array([[1, 0]]), np.array([[0, 1]])
    row = lesion_metrics(image / 2, image, mass, surround, data_range=(0, 255))
    assert (row["contrast_real"], row["contrast_error"]) == (60, -30)
    assert (row["missed_enhancement"], row["is_missed"]) == (0.5, 0)
    assert math.isnan(row["cnr_real"])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_counts_in_the_masks_only(value: float) -> None:
    generated, real, mass, surround = lesion(0)
    row = lesion_metrics(generated, real, mass, surround, data_range=RANGE)
    outside = np.where(mass | surround, generated, value)
    assert lesion_metrics(outside, real, mass, surround, data_range=RANGE) == row
    inside = np.where(mass, value, generated)
    message = f"{mass.sum()} NaN or infinite pixels in the {mass.sum()} of mass"
    with pytest.raises(ValueError, match=message):
        lesion_metrics(inside, real, mass, surround, data_range=RANGE)


# Missed enhancement


@pytest.mark.parametrize(
    ("generated", "real", "share", "missed"),
    [
        (40, 40, 0, False),
        (60, 40, 0, False),
        (30, 40, 0.25, False),
        (20, 40, 0.5, False),
        (19, 40, 0.525, True),
        (0, 40, 1, True),
        (-30, 40, 1, True),
    ],
)
def test_missed_enhancement(generated: float, real: float, share: float, missed: bool) -> None:
    assert missed_enhancement(generated, real) == pytest.approx(share)
    assert is_missed(generated, real) is missed


@pytest.mark.parametrize(("generated", "real"), [(5, 0), (5, -3), (math.nan, 40), (5, math.nan)])
def test_nothing_to_miss(generated: float, real: float) -> None:
    assert math.isnan(missed_enhancement(generated, real))
    assert is_missed(generated, real) is None


def test_threshold_of_missing_is_a_share_of_the_real_contrast() -> None:
    assert is_missed(9, 40, threshold=0.25) is True
    assert is_missed(10, 40, threshold=0.25) is False


# Readers


def test_values_per_reader_and_their_mean() -> None:
    generated, real, mass, surround = lesion(0)
    second = np.roll(mass, 1, axis=0), surround & ~np.roll(mass, 1, axis=0)
    readers = {"R1": (mass, surround), "R2": second}
    rows, means = reader_lesion_metrics(generated, real, readers, data_range=RANGE)
    assert list(rows) == ["R1", "R2"]
    assert rows["R2"] == lesion_metrics(generated, real, *second, data_range=RANGE)
    for name, value in means.items():
        assert value == pytest.approx((rows["R1"][name] + rows["R2"][name]) / 2, abs=1e-12)
    assert rows["R1"]["contrast_real"] != rows["R2"]["contrast_real"]


def test_order_of_the_readers_does_not_matter() -> None:
    generated, real, mass, surround = lesion(0)
    readers = {"R1": (mass, surround), "R2": (surround, mass)}
    turned = dict(reversed(readers.items()))
    _, means = reader_lesion_metrics(generated, real, readers, data_range=RANGE)
    assert means == reader_lesion_metrics(generated, real, turned, data_range=RANGE)[1]


def test_reader_without_a_mask_has_no_part_in_the_mean() -> None:
    generated, real, mass, surround = lesion(0)
    readers = {"R1": (mass, surround), "R2": (mass, np.zeros(mass.shape))}
    rows, means = reader_lesion_metrics(generated, real, readers, data_range=RANGE)
    assert means == rows["R1"]
    assert math.isnan(rows["R2"]["contrast_real"])


def test_no_value_of_any_reader_is_nan() -> None:
    generated, real, mass, _ = lesion(0)
    readers = {"R1": (mass, np.zeros(mass.shape))}
    _, means = reader_lesion_metrics(generated, real, readers, data_range=RANGE)
    assert all(math.isnan(value) for value in means.values())


def test_no_reader_raises() -> None:
    generated, real, _, _ = lesion(0)
    with pytest.raises(ValueError, match="at least one reader"):
        reader_lesion_metrics(generated, real, {}, data_range=RANGE)


# Several lesions in one mask


def test_largest_comes_first_and_corners_connect() -> None:
    mask = np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 7, 0, 0, 1], [0, 0, 7, 0, 1]])
    first, second, third = split_lesions(mask)
    np.testing.assert_array_equal(first, mask == 7)
    np.testing.assert_array_equal(np.argwhere(second), [[2, 4], [3, 4]])
    np.testing.assert_array_equal(np.argwhere(third), [[0, 0]])


def test_small_pieces_are_left_out() -> None:
    mask = np.array([[1, 1, 0, 1]])
    assert len(split_lesions(mask, minimal_pixels=2)) == 1
    assert split_lesions(mask, minimal_pixels=3) == []
    assert split_lesions(np.zeros((3, 3))) == []


@settings(max_examples=40, deadline=None)
@given(seed=seeds, density=st.floats(0, 0.6))
def test_pieces_equal_a_flood_fill(seed: int, density: float) -> None:
    mask = np.random.default_rng(seed).random((9, 11)) < density
    pieces = [frozenset(map(tuple, np.argwhere(piece))) for piece in split_lesions(mask)]
    assert set(pieces) == flood(mask)
    assert sum(map(len, pieces)) == mask.sum()
    assert [len(piece) for piece in pieces] == sorted(map(len, pieces), reverse=True)


def flood(mask: Image) -> set[frozenset[tuple[int, ...]]]:
    left = set(map(tuple, np.argwhere(mask)))
    pieces = set()
    while left:
        piece: set[tuple[int, ...]] = set()
        border = {left.pop()}
        while border:
            piece |= border
            around = {(y + i, x + j) for y, x in border for i in (-1, 0, 1) for j in (-1, 0, 1)}
            border = around & left
            left -= border
        pieces.add(frozenset(piece))
    return pieces
