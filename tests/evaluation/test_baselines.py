from __future__ import annotations

from typing import Any

import pytest
import torch

from cem_monai.evaluation import TrivialBaselinesd, mean_inside_breast
from cem_monai.metrics import case_metrics

BREAST = torch.tensor([[[1.0, 1.0, 0.0]]])


def case(label: list[float], breast: torch.Tensor = BREAST) -> dict[str, Any]:
    return {"label": torch.tensor([[label]]), "breast": breast}


def test_constant_fills_the_breast_and_leaves_air() -> None:
    image = torch.tensor([[[0.5, -0.25, -1.0]]])

    item = TrivialBaselinesd(0.125)({"image": image, "breast": BREAST})

    assert item["constant"].tolist() == [[[0.125, 0.125, -1.0]]]
    assert item["constant"].dtype == image.dtype


def test_copy_equals_the_low_energy_image_but_is_another_tensor() -> None:
    image = torch.tensor([[[0.5, -0.25, -1.0]]])

    item = TrivialBaselinesd(0)({"image": image, "breast": BREAST})
    item["low_energy_copied"][:] = 7

    assert image.tolist() == [[[0.5, -0.25, -1.0]]]
    assert item["image"] is image


def test_input_dictionary_is_left_unchanged() -> None:
    data = {"image": torch.zeros(1, 1, 3), "breast": BREAST}

    TrivialBaselinesd(0)(data)

    assert set(data) == {"image", "breast"}


def test_other_keys() -> None:
    transform = TrivialBaselinesd(0.5, image_key="low", mask_key="mask")

    item = transform({"low": torch.zeros(1, 1, 3), "mask": BREAST})

    assert item["constant"].tolist() == [[[0.5, 0.5, -1.0]]]


@pytest.mark.parametrize("constant", [-1.01, 1.5, float("nan")])
def test_constant_outside_the_scale_raises(constant: float) -> None:
    with pytest.raises(ValueError, match="constant must be within"):
        TrivialBaselinesd(constant)


def test_mean_counts_every_image_alike() -> None:
    small = case([0.9, 5, 5], torch.tensor([[[1.0, 0.0, 0.0]]]))
    large = case([0.1, 0.3, -1])

    # not the mean of the three pixels, which is 0.433
    assert mean_inside_breast([small, large]) == pytest.approx((0.9 + 0.2) / 2)


def test_mean_ignores_air() -> None:
    assert mean_inside_breast([case([0.25, 0.25, -1])]) == 0.25


def test_mean_takes_an_iterator_and_other_keys() -> None:
    cases = iter([{"real": torch.full((1, 1, 3), 0.5), "mask": BREAST}])

    assert mean_inside_breast(cases, label_key="real", mask_key="mask") == 0.5


def test_mean_of_no_case_raises() -> None:
    with pytest.raises(ValueError, match="no training case"):
        mean_inside_breast([])


def test_constant_has_contrast_zero_and_no_cnr() -> None:
    breast = torch.ones(1, 8, 8)
    mass, surround = torch.zeros(8, 8), torch.zeros(8, 8)
    mass[2:4, 2:4], surround[5:7, 2:6] = 1, 1
    constant = TrivialBaselinesd(0.5)({"image": torch.rand(1, 8, 8), "breast": breast})["constant"]
    real = 100 * mass + torch.arange(64.0).reshape(8, 8)

    row = case_metrics(
        constant[0], real, breast=breast[0], mass=mass, surround=surround, data_range=(0, 255),
        patch_size=4, stride=2,
    )  # fmt: skip

    assert row["mass_contrast_generated"] == 0
    assert row["mass_cnr_generated"] != row["mass_cnr_generated"]  # NaN
