from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from cem_monai.data import load_datalist
from cem_monai.evaluation import TRIVIAL_PREDICTORS, PredictionsError, load_evaluation_case
from cem_monai.evaluation.parallel import Processes
from cem_monai.evaluation.training_fit import (
    TrainingTally,
    fit_training_cases,
    lesions_of,
    scaled,
)
from exams import write_exams

Item = dict[str, Any]
SIZE = 64
ALONE = Processes(1)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    write_exams(tmp_path, 3, size=SIZE)
    return [
        *load_datalist(tmp_path / "datalist.json", "training"),
        *load_datalist(tmp_path / "datalist.json", "validation"),
    ]


def tissue(item: Item) -> np.ndarray:
    case = load_evaluation_case(item)
    return case.recombined[case.breast & ~lesions_of(case)]


def as_eight_bits(item: Item) -> None:
    """Few levels, each of many pixels, as imported exams have them."""
    dataset = pydicom.dcmread(item["label"])
    image = dataset.pixel_array.astype(int)
    dataset.PixelData = np.where(image, image // 8 - 100, 0).astype("<u2").tobytes()
    dataset.BitsStored, dataset.HighBit = 8, 7
    dataset.save_as(item["label"])


@pytest.mark.parametrize(
    ("data_range", "low", "high"), [(None, 0, 4095), ((1950.0, 2150.0), 1950, 2150)]
)
def test_constant_is_the_mean_over_images(
    items: list[Item], data_range: tuple[float, float] | None, low: int, high: int
) -> None:
    fit = fit_training_cases(items, data_range, ALONE)
    cases = [load_evaluation_case(item) for item in items]
    means = [case.recombined.clip(low, high)[case.breast].mean() for case in cases]
    expected = 2 * (np.mean(means) - low) / (high - low) - 1
    assert list(fit.predictors) == list(TRIVIAL_PREDICTORS)
    assert fit.predictors["constant"].value == pytest.approx(expected, abs=1e-6)


def test_one_percent_of_the_tissue_exceeds_the_threshold(items: list[Item]) -> None:
    threshold = fit_training_cases(items, None, ALONE).threshold
    shares = [(tissue(item) * (255 / 4095) > threshold).mean() for item in items]
    assert 0.005 < np.mean(shares) <= 0.01


def test_level_of_the_threshold_itself_does_not_exceed_it(items: list[Item]) -> None:
    """In single precision, a pixel of that level would lie above or below by chance."""
    for item in items:
        as_eight_bits(item)
    for low in range(-60, 61, 20):
        threshold = fit_training_cases(items, (low, 255.0), ALONE).threshold
        grey = [(tissue(item).astype(float) - low) * (255 / (255 - low)) for item in items]
        assert np.mean([(values > threshold).mean() for values in grey]) <= 0.01
        assert np.mean([(values > threshold - 0.5).mean() for values in grey]) > 0.01


def test_tallies_merge_in_any_order(items: list[Item]) -> None:
    fits = [fit_training_cases(order, None, ALONE) for order in (items, items[::-1])]
    assert fits[0].threshold == fits[1].threshold
    low_energy, breast = np.random.default_rng(0).random((2, 40, 40)) * 2 - 1
    for name in TRIVIAL_PREDICTORS:
        one, other = (fit.predictors[name].predict(low_energy, breast > -0.9) for fit in fits)
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_no_case_is_refused() -> None:
    with pytest.raises(ValueError, match="the datalist has no training case"):
        fit_training_cases([], None, ALONE)
    with pytest.raises(ValueError, match="no training pair"):
        TrainingTally().fit()


def test_unusable_case_is_named(items: list[Item]) -> None:
    Path(items[2]["image"]).write_bytes(b"nothing")
    with pytest.raises(PredictionsError, match=items[2]["case"]):
        fit_training_cases(items, None, ALONE)


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.float32])
def test_scaled_maps_the_range_and_clips(dtype: type[np.generic]) -> None:
    values = np.array([[0, 1000, 1500, 2000, 65535]]).astype(dtype)
    np.testing.assert_allclose(scaled(values, (1000, 2000)), [[-1, -1, 0, 1, 1]], atol=1e-6)
    assert scaled(values, (1000, 2000)).dtype == np.float32


def test_lesions_are_those_of_all_readers(items: list[Item]) -> None:
    case = load_evaluation_case(items[0])
    np.testing.assert_array_equal(lesions_of(case), case.readers[0].mass)
