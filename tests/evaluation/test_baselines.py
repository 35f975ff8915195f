from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cem_monai.evaluation import (
    TRIVIAL_PREDICTORS,
    Constant,
    TrivialBaselinesd,
    breast_coordinates,
    fit_trivial_baselines,
    fit_trivial_predictors,
)
from cem_monai.metrics import CaseMeasures, CaseRegions, MeasureOptions


def case(seed: int = 0, side: int = 16) -> dict[str, Any]:
    """A case as the bundles preprocess it."""
    image, label = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(seed))
    breast = torch.zeros(1, side, side)
    breast[:, 2:-2, : side - 5] = 1
    mass = torch.zeros(1, side, side)
    mass[:, 6:9, 3:6] = 1
    images = {"image": image, "label": label, "breast": breast, "mass": mass}
    return {name: MetaTensor(value, meta={"case": seed}) for name, value in images.items()}


def fit(number: int = 4) -> TrivialBaselinesd:
    fitted = fit_trivial_baselines([case(seed) for seed in range(number)])
    return TrivialBaselinesd(fitted.predictors)


def test_predictors_are_those_of_the_arrays() -> None:
    cases = [case(seed) for seed in range(4)]
    predictors = fit_trivial_predictors(
        tuple(np.asarray(one[key][0]) for key in ("image", "label", "breast")) for one in cases
    )

    item = fit(4)(case(9))

    for name in TRIVIAL_PREDICTORS:
        predicted = predictors[name].predict(
            *(np.asarray(item[key][0]) for key in ("image", "breast"))
        )
        np.testing.assert_allclose(item[name][0], predicted, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_images_are_like_the_low_energy_image(dtype: torch.dtype) -> None:
    data = case()
    data["image"] = data["image"].to(dtype)

    item = fit()(data)

    for name in TRIVIAL_PREDICTORS:
        assert isinstance(item[name], MetaTensor)
        assert (item[name].dtype, item[name].shape) == (dtype, (1, 16, 16))
        assert item[name].meta["case"] == 0
    assert torch.equal(item["low_energy_copied"], item["image"])


def test_plain_tensors_stay_plain() -> None:
    item = fit()({name: value.as_tensor() for name, value in case().items()})

    assert {type(item[name]) for name in TRIVIAL_PREDICTORS} == {torch.Tensor}


def test_case_is_left_unchanged() -> None:
    data = case()
    before = {name: value.clone() for name, value in data.items()}

    item = fit()(data)
    for name in TRIVIAL_PREDICTORS:
        item[name][:] = 7

    assert data.keys() == before.keys()
    assert all(torch.equal(data[name], before[name]) for name in data)


def test_real_image_of_a_case_changes_no_prediction() -> None:
    transform = fit()
    one, other = case(), case()
    del other["label"]

    first, second = transform(one), transform(other)

    assert all(torch.equal(first[name], second[name]) for name in TRIVIAL_PREDICTORS)


def test_other_keys() -> None:
    predictors = fit_trivial_baselines([case()] * 2).predictors
    image, breast = (case()[name] for name in ("image", "breast"))

    item = TrivialBaselinesd(predictors, "low", "mask")({"low": image, "mask": breast})

    assert {"low", "mask", *TRIVIAL_PREDICTORS} == set(item)


def test_threshold_is_a_percentile_of_tissue_that_no_reader_took_for_a_mass() -> None:
    """Grey levels 0 to 199 of equal frequency, and white masses."""
    cases = []
    for second in (False, True):
        data = case(side=22)
        data["breast"] = torch.ones(1, 22, 22)
        data["breast"][:, 20:] = 0
        grey = torch.arange(484).reshape(1, 22, 22) % 200
        masses = ["mass", "mass_second"] if second else ["mass"]
        for number, name in enumerate(masses):
            data[name] = torch.zeros(1, 22, 22)
            data[name][:, 18 + number, :20] = 1
            grey[data[name] > 0] = 255
        data["label"] = grey / 127.5 - 1
        cases.append(data)
    shares = {level: np.mean([tissue_share(data, level) for data in cases]) for level in range(200)}
    expected = min(level for level, share in shares.items() if share <= 0.01)

    assert fit_trivial_baselines(cases).threshold == pytest.approx(expected, abs=0.01)


def tissue_share(data: dict[str, Any], level: int) -> float:
    """Return the share of the lesion-free tissue above a grey level."""
    tissue = data["breast"] > 0
    for name in data.keys() & {"mass", "mass_second"}:
        tissue &= data[name] == 0
    grey = (data["label"][tissue] + 1) * 127.5
    return float((grey > level + 0.5).float().mean())


def test_depth_is_measured_once_per_case(monkeypatch: pytest.MonkeyPatch) -> None:
    transform = fit()
    calls = []
    measure = breast_coordinates.distance_transform_edt
    monkeypatch.setattr(
        breast_coordinates, "distance_transform_edt", lambda a: calls.append(1) or measure(a)
    )

    for side in (20, 22):
        transform(case(side=side))

    assert len(calls) == 2


def test_no_training_case_raises() -> None:
    with pytest.raises(ValueError, match="no training pair"):
        fit_trivial_baselines([])


def test_case_without_a_breast_is_named() -> None:
    data = case() | {"case": "P7_L_CC", "breast": torch.zeros(1, 16, 16)}

    with pytest.raises(ValueError, match="case P7_L_CC: the breast mask has no pixel"):
        fit()(data)


def test_constant_has_contrast_zero_and_no_cnr() -> None:
    breast = torch.ones(1, 8, 8)
    mass, surround = torch.zeros(8, 8), torch.zeros(8, 8)
    mass[2:4, 2:4], surround[5:7, 2:6] = 1, 1
    transform = TrivialBaselinesd({"constant": Constant(0.5)})
    constant = transform({"image": torch.rand(1, 8, 8), "breast": breast})["constant"]
    real = 100 * mass + torch.arange(64.0).reshape(8, 8)

    regions = CaseRegions(breast[0], [(mass, surround)])
    stored = (255 * constant[0]).round()
    row = CaseMeasures(real, regions, MeasureOptions((0, 255), 4, 2)).case_row(stored)

    assert row["mass_contrast_generated"] == 0
    assert row["mass_cnr_generated"] != row["mass_cnr_generated"]  # NaN
