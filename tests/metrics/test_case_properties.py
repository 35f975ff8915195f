"""What must hold for the measures of any case."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import CaseMeasures, CaseRegions, MeasureOptions

Image = np.ndarray[Any, Any]
Row = dict[str, float]
SHAPE = (40, 44)
WINDOW = {"patch_size": 4, "stride": 2}
WHITE = 65535
CNR = ("mass_cnr_real", "mass_cnr_generated", "mass_delta_cnr", "mass_real_sigma_delta_cnr")
CNR += ("breast_cnr_real", "breast_cnr_generated", "breast_delta_cnr", "rest_delta_cnr")
CNR += ("breast_masked_cnr_real", "breast_masked_delta_cnr", "mass_delta_cnr_second")
LESION_FREE = 100.0
seeds = st.integers(0, 2**32 - 1)


def scene(seed: int, peak: int = 4095) -> tuple[Image, Image, CaseRegions]:
    """Generated image, real image and masks, at random."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(SHAPE)
    breast = ((y - 20) / rng.uniform(12, 19)) ** 2 + (x / rng.uniform(25, 43)) ** 2 < 1
    center = rng.integers(15, 26), rng.integers(6, 16)
    distance = np.hypot(y - center[0], x - center[1])
    readers = [
        (breast & (distance < rng.uniform(1, 4)), breast & (distance > 4) & (distance < 6)),
        (breast & (distance < rng.uniform(1, 4)), None),
    ]
    levels = breast * rng.random((2, *SHAPE)) * 0.8 + 0.2 * (distance < 3)
    generated, real = np.rint(peak * levels).astype(np.int64)
    decoy = np.hypot(y - 20, x - 22) < 2
    return generated, real, CaseRegions(breast, readers, decoy, np.roll(decoy, 3), 1.0)


def measure(
    generated: Image, real: Image, regions: CaseRegions, data_range: Any = (0, 4095), **options: Any
) -> Row:
    settings = {"threshold": LESION_FREE, **WINDOW, **options}
    return CaseMeasures(real, regions, MeasureOptions(data_range, **settings)).case_row(generated)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, edge=st.sampled_from(["strict", "masked", "image"]))
def test_identical_images_have_no_error(seed: int, edge: str) -> None:
    _, real, regions = scene(seed)
    row = measure(real.astype(np.float32), real, regions, edge=edge)
    for name, value in row.items():
        if name.endswith(("_l1", "_l2", "delta_cnr", "_error", "excess", "_first", "_second")):
            assert value == 0 or math.isnan(value), name
        if "psnr" in name:
            assert value == math.inf, name
        if name.endswith("_ssim"):
            assert value == 1 or math.isnan(value), name
        if name.endswith("generated"):
            of_real = row.get(name.replace("generated", "real"), row["mass_cnr_real"])
            assert value == pytest.approx(of_real, nan_ok=True), name
        if name.startswith("false") and name.endswith("real"):
            assert value == row[name.removesuffix("_real")]
    assert row["breast_wasserstein"] == row["mass_missed_enhancement"] == 0
    assert row["cci_ratio"] == 1


@settings(max_examples=25, deadline=None)
@given(
    seed=seeds,
    scale=st.integers(1, 15),
    offset=st.integers(0, 5000),
    edge=st.sampled_from(["strict", "masked"]),
)
def test_contrast_to_noise_ignores_scale_and_offset(
    seed: int, scale: int, offset: int, edge: str
) -> None:
    """Of both images together, and of the published kind of each alone."""
    generated, real, regions = scene(seed)
    row = measure(generated, real, regions, edge=edge)
    both = measure(scale * generated + offset, scale * real + offset, regions, edge=edge)
    alone = measure(scale * generated + offset, real, regions, edge=edge)
    for name in CNR:
        assert both[name] == pytest.approx(row[name], abs=1e-9, nan_ok=True), name
        if "sigma" not in name:
            assert alone[name] == pytest.approx(row[name], abs=1e-9, nan_ok=True), name


@settings(max_examples=25, deadline=None)
@given(seed=seeds, scale=st.integers(1, 15), offset=st.integers(-2000, 5000))
def test_range_that_moves_with_the_images_changes_nothing(
    seed: int, scale: int, offset: int
) -> None:
    """The same grey levels, stored in another format."""
    generated, real, regions = scene(seed)
    moved = (offset, 4095 * scale + offset)
    row = measure(generated, real, regions)
    other = measure(scale * generated + offset, scale * real + offset, regions, moved)
    for name, value in row.items():
        assert other[name] == pytest.approx(value, rel=1e-4, abs=1e-4, nan_ok=True), name


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_swap_of_images_turns_signs(seed: int) -> None:
    generated, real, regions = scene(seed)
    row, swapped = measure(generated, real, regions), measure(real, generated, regions)
    for name in ("breast_l1", "mass_l2", "image_psnr_roi", "breast_wasserstein"):
        assert swapped[name] == pytest.approx(row[name])
    assert swapped["image_ssim"] == pytest.approx(row["image_ssim"], abs=1e-4)
    for name in ("mass_delta_cnr", "breast_delta_cnr", "mass_contrast_error", "false_excess"):
        assert swapped[name] == pytest.approx(-row[name], nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_error_outside_of_a_region_does_not_matter(seed: int) -> None:
    generated, real, regions = scene(seed)
    changed = np.where(regions.inside, generated, 4095)
    row, other = measure(generated, real, regions), measure(changed, real, regions)
    kept = [name for name in row if not name.startswith(("image", "cci"))]
    for name in kept:
        if not name.endswith("ssim"):  # whose windows look beyond the border
            assert other[name] == pytest.approx(row[name], nan_ok=True), name
    assert other["image_l1"] > row["image_l1"]


# Small and empty masks


def test_nothing_but_background() -> None:
    generated, real, _ = scene(0)
    nothing = np.zeros(SHAPE, bool)
    row = measure(generated, real, CaseRegions(nothing, [(nothing, None)], nothing, nothing, 1.0))
    counts = {"breast_pixels", "mass_pixels", "rest_pixels", "mirror_pixels", "decoy_pixels"}
    counts |= {"breast_cnr_windows", "breast_cnr_dropped"}
    assert {name for name in row if row[name] == 0} == counts
    found = {name for name in row if not math.isnan(row[name])}
    assert found - counts == {
        *("image_l1", "image_l2", "image_psnr_roi", "image_ssim"),
        *("cci_real", "cci_generated", "cci_ratio"),
    }


@pytest.mark.parametrize("edge", ["strict", "masked", "image"])
def test_masks_of_one_pixel(edge: str) -> None:
    generated, real, _ = scene(1)
    breast, mass, surround = np.zeros((3, *SHAPE), bool)
    breast[20, 9:12] = True
    mass[20, 10] = surround[20, 11] = True
    row = measure(generated, real, CaseRegions(breast, [(mass, surround)]), edge=edge)
    error = abs(int(generated[20, 10]) - int(real[20, 10])) * 255 / 4095
    contrast = (int(real[20, 10]) - int(real[20, 11])) * 255 / 4095
    assert row["mass_l1"] == pytest.approx(error)
    assert row["mass_contrast_real"] == pytest.approx(contrast)
    assert math.isnan(row["mass_cnr_real"])  # one pixel has no noise
    assert math.isnan(row["mass_real_sigma_delta_cnr"])
    assert row["breast_cnr_windows"] == 0
    assert row["rest_pixels"] == 2


def test_breast_of_one_pixel_that_is_a_mass() -> None:
    generated, real, _ = scene(2)
    pixel = np.zeros(SHAPE, bool)
    pixel[0, 0] = True
    row = measure(generated, real, CaseRegions(pixel, [(pixel, None)], pixel_area=1.0))
    assert row["breast_pixels"] == row["mass_pixels"] == row["surround_is_ring"] == 1
    assert row["rest_pixels"] == row["false_foci"] == 0
    for name in ("rest_l1", "mass_contrast_real", "false_share", "false_excess"):
        assert math.isnan(row[name]), name


def test_image_smaller_than_any_window() -> None:
    pixel = np.array([[5]])
    row = measure(pixel, pixel + 1, CaseRegions([[1]], [([[1]], [[1]])]))
    assert row["image_l1"] == row["mass_l1"] == pytest.approx(255 / 4095)
    assert math.isnan(row["cci_real"])


# 16 bits


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_white_against_black_does_not_overflow(dtype: type[np.generic]) -> None:
    white, black = np.full(SHAPE, WHITE, dtype), np.zeros(SHAPE, dtype)
    _, _, regions = scene(3)
    rows = [measure(a, b, regions, (0, WHITE)) for a, b in ((white, black), (black, white))]
    for row, sign in zip(rows, (1, -1), strict=True):
        for region in ("image", "breast", "mass", "rest"):
            assert row[f"{region}_l1"] == 255
            assert row[f"{region}_l2"] == 255**2
            assert row[f"{region}_psnr_roi"] == 0
        assert row["false_excess"] == sign * 255
        assert row["breast_wasserstein"] == 255
        assert row["breast_ssim"] == pytest.approx(1e-4 / (1 + 1e-4), rel=1e-3)
    assert (rows[0]["false_share"], rows[0]["false_share_real"]) == (1, 0)


def test_bright_noise_of_16_bits_is_exact() -> None:
    """Sums of squares of unsigned 16-bit numbers would wrap."""
    generated, real, regions = scene(4, peak=3000)
    row = measure(generated, real, regions, (0, WHITE))
    offset = WHITE - 3000
    bright = measure(
        (generated + offset).astype(np.uint16),
        (real + offset).astype(np.uint16),
        regions,
        (0, WHITE),
    )
    for name in (*CNR, "breast_l1", "mass_l2", "cci_real", "cci_generated", "mass_contrast_real"):
        assert bright[name] == pytest.approx(row[name], rel=1e-9, nan_ok=True), name


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_nan_is_refused_even_outside_of_the_breast(value: float) -> None:
    generated, real, regions = scene(5)
    bad = generated.astype(float)
    bad[-1, -1] = value
    with pytest.raises(ValueError, match=r"generated image \(40, 44\) holds 1 NaN"):
        measure(bad, real, regions)
