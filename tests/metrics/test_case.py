from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cem_monai.metrics import CaseMeasures, CaseRegions, MeasureOptions, surround_ring
from naive_case import naive_lesion, naive_ring, naive_row

Image = np.ndarray[Any, Any]
Case = dict[str, Any]
SHAPE = (190, 201)
AREA = 0.3
"""mm² of a pixel."""
COLUMNS = {
    *(
        f"{region}_{name}"
        for region in ("breast", "mass", "rest")
        for name in ("pixels", "l1", "l2", "psnr_roi", "psnr_frame")
    ),
    *("image_l1", "image_l2", "image_psnr_roi"),
    *(f"{region}_{name}" for region in ("image", "breast", "mass") for name in ("ssim", "ms_ssim")),
    *(f"breast_cnr_{name}" for name in ("real", "generated", "windows", "dropped")),
    *(f"breast_masked_{name}" for name in ("cnr_real", "cnr_generated", "delta_cnr")),
    *("breast_delta_cnr", "breast_abs_delta_cnr", "rest_delta_cnr", "breast_wasserstein"),
    *(f"mass_{name}" for name in ("cnr_real", "cnr_generated", "delta_cnr", "abs_delta_cnr")),
    *("mass_delta_cnr_first", "mass_delta_cnr_second", "surround_is_ring"),
    *(f"mass_contrast_{name}" for name in ("real", "generated", "error")),
    *("mass_abs_contrast_error", "mass_missed_enhancement"),
    *("mass_real_sigma_cnr_generated", "mass_real_sigma_delta_cnr"),
    *(f"false_{name}" for name in ("share", "foci", "excess", "share_real", "foci_real")),
    "false_abs_share_error",
    *(f"mirror_{name}" for name in ("pixels", "share", "excess")),
    *(f"decoy_{name}" for name in ("pixels", "contrast_real", "contrast_generated")),
    *(f"cci_{name}" for name in ("real", "generated", "ratio")),
}
LESION_COLUMNS = {
    *("lesion", "lesion_pixels", "lesion_diameter_mm"),
    *(f"lesion_contrast_{name}" for name in ("real", "generated", "error")),
    *(f"lesion_{name}" for name in ("cnr_real", "cnr_generated", "delta_cnr")),
    *(f"lesion_{name}" for name in ("abs_contrast_error", "missed_enhancement", "is_missed")),
}


def disk(row: float, column: float, radius: float) -> Image:
    y, x = np.indices(SHAPE)
    return np.asarray(np.hypot(y - row, x - column) < radius)


def ring(row: float, column: float, inner: float, outer: float) -> Image:
    return disk(row, column, outer) & ~disk(row, column, inner)


def case(peak: int = 4095, seed: int = 0) -> Case:
    """Two masses, two readers, a decoy that one mass covers in part, false foci, texture."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(SHAPE)
    breast = ((y - 95) / 75) ** 2 + (x / 140) ** 2 < 1
    masses = disk(80, 60, 16) | disk(125, 40, 5)
    spots = disk(60, 20, 4) | disk(140, 60, 2) | disk(95, 100, 3)
    tissue = 0.4 + 0.1 * np.sin(x / 17) * np.cos(y / 13)
    real = breast * (tissue + 0.25 * masses + 0.02 * rng.normal(size=SHAPE))
    generated = breast * (tissue + 0.1 * masses + 0.3 * spots + 0.03 * rng.normal(size=SHAPE))
    real, generated = (
        np.rint(peak * image.clip(0, 1)).astype(np.uint16) for image in (real, generated)
    )
    return {
        "generated": generated,
        "real": real,
        "breast": breast,
        "readers": [
            (masses, ring(80, 60, 19, 25)),
            (disk(81, 62, 14), ring(81, 62, 17, 22)),
        ],
        "decoy": disk(101, 58, 9),
        "mirrored": disk(95, 98, 12) | disk(30, 130, 8),
    }


def stored(image: Image, peak: int) -> Image:
    return np.rint(peak * image.clip(0, 1)).astype(np.uint16)


def measures(one: Case, **options: Any) -> CaseMeasures:
    settings = {"data_range": (0, 4095), "patch_size": 16, "stride": 8, "threshold": 165.0}
    regions = CaseRegions(
        one["breast"],
        one["readers"],
        decoy=one["decoy"],
        mirrored=one["mirrored"],
        pixel_area=AREA,
    )
    return CaseMeasures(one["real"], regions, MeasureOptions(**(settings | options)))


@pytest.mark.parametrize("edge", ["strict", "masked", "image"])
@pytest.mark.parametrize(("peak", "data_range"), [(4095, (0, 4095)), (65535, (-500, 60000))])
def test_all_values_equal_a_naive_computation(
    loop_windows: Callable[..., Image], edge: str, peak: int, data_range: tuple[int, int]
) -> None:
    one = case(peak)
    row = measures(one, edge=edge, data_range=data_range).case_row(one["generated"])
    options = {"data_range": data_range, "patch_size": 16, "stride": 8}
    options |= {"edge": edge, "threshold": 165}
    expected = naive_row(
        one["generated"], one["real"], one | {"pixel_area": AREA}, options, loop_windows
    )
    assert set(row) == COLUMNS
    assert all(type(value) is float and math.isfinite(value) for value in row.values())
    assert COLUMNS - set(expected) == {"breast_cnr_dropped", "surround_is_ring"}
    for name, value in expected.items():
        tolerance = {"abs": 1e-4} if "ssim" in name else {"rel": 1e-9, "abs": 1e-9}
        assert row[name] == pytest.approx(value, **tolerance), name
    assert (row["breast_cnr_dropped"], row["surround_is_ring"]) == (0, 0)
    assert row["false_foci"] == 2  # the smallest of three spots has 4 mm²
    assert 0 < row["decoy_pixels"] < one["decoy"].sum()
    assert 0 < row["mirror_pixels"] < one["mirrored"].sum()


def test_means_over_readers_are_no_mean_of_masks() -> None:
    one = case()
    both = measures(one).case_row(one["generated"])
    alone = [
        measures(one | {"readers": [reader]}).case_row(one["generated"])
        for reader in one["readers"]
    ]
    for name in ("mass_cnr_real", "mass_cnr_generated", "mass_delta_cnr", "mass_contrast_error"):
        assert both[name] == pytest.approx((alone[0][name] + alone[1][name]) / 2)
        assert alone[0][name] != alone[1][name]
    assert both["mass_delta_cnr_first"] == alone[0]["mass_delta_cnr"]
    assert both["mass_delta_cnr_second"] == alone[1]["mass_delta_cnr"]
    assert math.isnan(alone[0]["mass_delta_cnr_second"])
    assert both["mass_l1"] == alone[0]["mass_l1"] != alone[1]["mass_l1"]


def test_each_lesion_equals_a_naive_computation() -> None:
    """The second reader drew the larger one only; several lesions have rings of their own."""
    one = case()
    large, small = measures(one).lesion_rows(one["generated"])
    first, second = (mass for mass, _ in one["readers"])
    pieces = disk(80, 60, 16), disk(125, 40, 5)
    tissue = [one["breast"] & ~((first | second) & ~piece) for piece in (*pieces, second)]
    rings = [naive_ring(mass, free) for mass, free in zip((*pieces, second), tissue, strict=True)]
    readings = [[(pieces[0], rings[0]), (second, rings[2])], [(pieces[1], rings[1])]]
    for number, (row, readers) in enumerate(zip((large, small), readings, strict=True), start=1):
        assert set(row) == LESION_COLUMNS
        expected = naive_lesion(one["generated"], one["real"], readers, (0, 4095))
        diameter = math.sqrt(4 * AREA * expected["lesion_pixels"] / math.pi)
        expected |= {"lesion": number, "lesion_diameter_mm": diameter}
        assert row == pytest.approx(expected, rel=1e-9)
        assert row["lesion_is_missed"] == 1


def test_single_lesion_keeps_the_surrounds_that_its_readers_drew() -> None:
    one = case()
    readers = [(disk(80, 60, 16), ring(80, 60, 19, 25)), one["readers"][1]]
    (row,) = measures(one | {"readers": readers}).lesion_rows(one["generated"])
    expected = naive_lesion(one["generated"], one["real"], readers, (0, 4095))
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("surround", [None, np.zeros(SHAPE)])
def test_missing_surround_becomes_a_flagged_ring(surround: Image | None) -> None:
    one = case()
    mass = one["readers"][0][0]
    drawn = measures(one | {"readers": [(mass, surround_ring(mass, one["breast"]))]})
    row = measures(one | {"readers": [(mass, surround)]}).case_row(one["generated"])
    assert drawn.case_row(one["generated"]) | {"surround_is_ring": 1} == pytest.approx(
        row, nan_ok=True
    )


@pytest.mark.parametrize("readers", [[], [(np.zeros(SHAPE), None)], [(np.zeros(SHAPE),) * 2] * 2])
def test_image_without_mass_has_nan_there_and_all_columns(readers: list[Any]) -> None:
    one = case() | {"readers": readers}
    row = measures(one).case_row(one["generated"])
    assert set(row) == COLUMNS
    missing = {name for name, value in row.items() if math.isnan(value)}
    wanted = {name for name in COLUMNS if name.startswith(("mass_", "rest_"))}
    assert missing == wanted - {"mass_pixels", "rest_pixels"} | {"surround_is_ring"}
    assert row["mass_pixels"] == row["rest_pixels"] == 0
    assert measures(one).lesion_rows(one["generated"]) == []


def test_without_a_threshold_no_share_is_measured() -> None:
    one = case()
    with_threshold = measures(one).case_row(one["generated"])
    row = measures(one, threshold=None).case_row(one["generated"])
    shares = {"false_share", "false_foci", "false_share_real", "false_foci_real", "mirror_share"}
    shares |= {"false_abs_share_error"}
    assert {name for name, value in row.items() if math.isnan(value)} == shares
    kept = COLUMNS - shares
    assert {name: row[name] for name in kept} == {name: with_threshold[name] for name in kept}


def test_without_pixel_size_foci_are_not_counted() -> None:
    one = case()
    regions = CaseRegions(one["breast"], one["readers"])
    options = MeasureOptions((0, 4095), 16, 8, threshold=165.0)
    row = CaseMeasures(one["real"], regions, options).case_row(one["generated"])
    assert math.isnan(row["false_foci"])
    assert row["false_share"] > 0


def test_blank_prediction_shows_its_dropped_windows() -> None:
    one = case()
    perfect = measures(one).case_row(one["real"])
    row = measures(one).case_row(np.zeros(SHAPE))
    assert perfect["breast_cnr_windows"] == row["breast_cnr_dropped"] > 0
    assert row["breast_cnr_windows"] == row["cci_generated"] == 0
    assert math.isnan(row["breast_delta_cnr"])
    assert math.isnan(row["mass_delta_cnr"])
    assert math.isfinite(row["mass_cnr_real"])
    # the real image's noise is there whatever was generated
    assert row["mass_real_sigma_delta_cnr"] == pytest.approx(-row["mass_cnr_real"])
    assert row["mass_missed_enhancement"] == 1


def test_noise_free_image_beats_the_real_one_by_its_own_noise_only() -> None:
    """Why lesions are judged with the real sigma: a perfect but smoother image must not gain."""
    one = case()
    mass, surround = one["readers"][0]
    real, smooth = one["real"].astype(float), one["real"].astype(float)
    for area in (mass, surround):
        smooth[area] = real[area].mean() + 0.2 * (real[area] - real[area].mean())
    row = measures(one | {"readers": [(mass, surround)]}).case_row(smooth.round())
    assert row["mass_delta_cnr"] > 1
    assert abs(row["mass_real_sigma_delta_cnr"]) < 0.01


def test_several_generated_images_do_not_disturb_each_other() -> None:
    one = case()
    shared = measures(one)
    blank = np.full(SHAPE, 7)
    first, other, again = map(shared.case_row, (one["generated"], blank, one["generated"]))
    assert first == again == measures(one).case_row(one["generated"])
    assert first["breast_l1"] != other["breast_l1"]


def test_images_stay_as_they_are() -> None:
    one = case()
    before = {name: one[name].copy() for name in ("generated", "real", "breast", "decoy")}
    shared = measures(one)
    shared.case_row(one["generated"])
    shared.lesion_rows(one["generated"])
    shared.histograms(one["generated"])
    assert all(np.array_equal(one[name], array) for name, array in before.items())


def test_histograms_are_shares_of_the_regions() -> None:
    one = case()
    found = measures(one).histograms(one["generated"])
    assert set(found) == {"breast_with_mass", "mass_only"}
    for name, region in (("breast_with_mass", one["breast"]), ("mass_only", one["readers"][0][0])):
        grey = one["generated"][region].astype(int) * 256 // 4095
        expected = [np.mean(np.minimum(grey, 255) == level) for level in range(256)]
        assert found[name] == pytest.approx(np.array(expected))
        assert found[name].sum() == pytest.approx(1)
    assert set(measures(one | {"readers": []}).histograms(one["real"])) == {"breast_without_mass"}


def test_shape_mismatch_names_the_shapes() -> None:
    one = case()
    with pytest.raises(ValueError, match=r"generated \(190, 200\) and real \(190, 201\) differ"):
        measures(one).case_row(one["generated"][:, 1:])
    with pytest.raises(ValueError, match=r"real \(189, 201\) and breast \(190, 201\) differ"):
        measures(one | {"real": one["real"][1:]})


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("method", ["case_row", "lesion_rows", "histograms"])
def test_nan_anywhere_raises_with_its_count(method: str, value: float) -> None:
    one = case()
    bad = one["generated"].astype(np.float32)
    bad[0, :3] = value  # in the air
    with pytest.raises(ValueError, match=r"generated image \(190, 201\) holds 3 NaN"):
        getattr(measures(one), method)(bad)
    with pytest.raises(ValueError, match=r"real image \(190, 201\) holds 3 NaN"):
        measures(one | {"real": bad})
