from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cem_monai.metrics import (
    breast_cnr,
    breast_cnr_valid_windows,
    case_metrics,
    contrast_to_noise_ratio,
    l1,
    l2,
    psnr_frame,
    psnr_roi,
    surround_ring,
)

Image = np.ndarray[Any, Any]
RANGE = (0, 4095)
COLUMNS = {
    *(
        f"{region}_{name}"
        for region in ("breast", "mass")
        for name in ("pixels", "l1", "l2", "psnr_roi", "psnr_frame")
    ),
    *("breast_cnr_real", "breast_cnr_generated", "breast_delta_cnr", "breast_abs_delta_cnr"),
    *("breast_cnr_windows", "breast_cnr_dropped"),
    *("mass_cnr_real", "mass_cnr_generated", "mass_delta_cnr", "mass_abs_delta_cnr"),
    *("mass_contrast_real", "mass_contrast_generated", "surround_is_ring"),
}


@pytest.fixture(scope="module")
def case(phantom: Callable[[int, int], tuple[Image, Image]]) -> dict[str, Any]:
    """A phantom with a bright mass; the generated image is noisy and its mass fainter."""
    tissue, breast = phantom(384, 384)
    y, x = np.indices(breast.shape)
    distance = np.hypot(y - 190, x - 100)
    rng = np.random.default_rng(0)
    mass = distance < 15
    return {
        "generated": tissue + 100 * mass + rng.integers(0, 50, breast.shape),
        "real": tissue + 400 * mass + rng.integers(0, 30, breast.shape),
        "breast": breast,
        "mass": mass,
        "surround": (distance > 20) & (distance < 40),
    }


def test_row_holds_each_measure(case: dict[str, Any]) -> None:
    row = case_metrics(**case, data_range=RANGE)
    assert set(row) == COLUMNS
    assert all(type(value) is float for value in row.values())
    assert all(math.isfinite(value) for value in row.values())
    generated, real, surround = case["generated"], case["real"], case["surround"]
    for region in ("breast", "mass"):
        assert row[f"{region}_pixels"] == case[region].sum()
        for distance in (l1, l2, psnr_roi, psnr_frame):
            expected = distance(generated, real, case[region], data_range=RANGE)
            assert row[f"{region}_{distance.__name__}"] == expected
    for name, image in (("real", real), ("generated", generated)):
        assert row[f"breast_cnr_{name}"] == breast_cnr(image, case["breast"])
        assert row[f"mass_cnr_{name}"] == contrast_to_noise_ratio(image, case["mass"], surround)
        grey = image * 255 / 4095
        contrast = grey[case["mass"]].mean() - grey[surround].mean()
        assert row[f"mass_contrast_{name}"] == pytest.approx(contrast, abs=1e-9)
    for region in ("breast", "mass"):
        difference = row[f"{region}_cnr_generated"] - row[f"{region}_cnr_real"]
        assert row[f"{region}_delta_cnr"] == difference
    assert row["mass_abs_delta_cnr"] == -row["mass_delta_cnr"] > 0
    windows = breast_cnr_valid_windows(case["breast"]).sum()
    assert (row["breast_cnr_windows"], row["breast_cnr_dropped"]) == (windows, 0)
    assert row["surround_is_ring"] == 0


def test_window_options_reach_the_breast_cnr(case: dict[str, Any]) -> None:
    options: dict[str, Any] = {"edge": "masked", "patch_size": 32, "stride": 8}
    row = case_metrics(**case, data_range=RANGE, **options)
    assert row["breast_cnr_real"] == breast_cnr(case["real"], case["breast"], **options)


@pytest.mark.parametrize("surround", [None, np.zeros((384, 384))])
def test_missing_surround_becomes_a_flagged_ring(
    case: dict[str, Any], surround: Image | None
) -> None:
    row = case_metrics(**(case | {"surround": surround}), data_range=RANGE)
    ring = surround_ring(case["mass"], case["breast"])
    assert row["surround_is_ring"] == 1
    assert row["mass_cnr_real"] == contrast_to_noise_ratio(case["real"], case["mass"], ring)


@pytest.mark.parametrize("mass", [None, np.zeros((384, 384), np.uint8)])
@pytest.mark.parametrize("surround", [None, np.zeros((384, 384), np.uint8)])
def test_image_without_mass_has_nan_there_and_all_columns(
    case: dict[str, Any], mass: Image | None, surround: Image | None
) -> None:
    row = case_metrics(**(case | {"mass": mass, "surround": surround}), data_range=RANGE)
    missing = {name for name, value in row.items() if math.isnan(value)}
    assert set(row) == COLUMNS
    assert missing == {name for name in COLUMNS if name.startswith("mass_")} - {"mass_pixels"}
    assert row["mass_pixels"] == row["surround_is_ring"] == 0


def test_perfect_prediction(case: dict[str, Any]) -> None:
    row = case_metrics(**(case | {"generated": case["real"].astype(float)}), data_range=RANGE)
    for region in ("breast", "mass"):
        assert row[f"{region}_l1"] == row[f"{region}_l2"] == row[f"{region}_delta_cnr"] == 0
        assert row[f"{region}_psnr_roi"] == row[f"{region}_psnr_frame"] == math.inf


def test_blank_prediction_shows_its_dropped_windows(case: dict[str, Any]) -> None:
    row = case_metrics(**(case | {"generated": np.zeros((384, 384))}), data_range=RANGE)
    windows = breast_cnr_valid_windows(case["breast"]).sum()
    assert windows > 0
    assert (row["breast_cnr_windows"], row["breast_cnr_dropped"]) == (0, windows)
    assert math.isnan(row["breast_delta_cnr"])
    assert math.isnan(row["mass_delta_cnr"])
    assert math.isfinite(row["mass_cnr_real"])


def test_empty_breast(case: dict[str, Any]) -> None:
    row = case_metrics(**(case | {"breast": np.zeros((384, 384))}), data_range=RANGE)
    assert row["breast_pixels"] == row["breast_cnr_windows"] == 0
    assert math.isnan(row["breast_l1"])


def test_shape_mismatch_names_all_shapes(case: dict[str, Any]) -> None:
    small = case | {"generated": case["generated"][:, :380]}
    with pytest.raises(ValueError, match=r"generated \(384, 380\), real \(384, 384\), breast"):
        case_metrics(**small, data_range=RANGE)


def test_surround_of_another_shape_raises(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"surround \(384, 10\)"):
        case_metrics(**(case | {"surround": np.ones((384, 10))}), data_range=RANGE)


@pytest.mark.parametrize("name", ["generated", "real"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_anywhere_raises_with_its_count(case: dict[str, Any], name: str, value: float) -> None:
    image = case[name].astype(np.float32)
    image[0, :3] = value  # in the air
    with pytest.raises(ValueError, match=rf"{name} image \(384, 384\) holds 3 NaN"):
        case_metrics(**(case | {name: image}), data_range=RANGE)
