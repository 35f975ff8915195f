from __future__ import annotations

import pytest
import torch

from cem_monai.evaluation import DoseBaselinesd, mean_of_labels


def test_baselines_on_stored_values() -> None:
    """Values 0, 20 and 200 of 255, three times the dose."""
    stored = torch.tensor([[[0.0, 20.0, 200.0]]])

    item = DoseBaselinesd(0.25, 3.0)({"image": stored * 2 / 255 - 1})

    back = {key: ((item[key] + 1) * 255 / 2)[0, 0].tolist() for key in item}
    assert back["dose_scaled"] == pytest.approx([0, 60, 255], abs=1e-4)
    assert back["low_dose_copied"] == pytest.approx([0, 20, 200], abs=1e-4)
    assert item["constant"].tolist() == [[[0.25, 0.25, 0.25]]]


def test_source_stays_as_it_was() -> None:
    data = {"image": torch.zeros(1, 2, 2)}
    DoseBaselinesd(0.0, 2.0)(data)["low_dose_copied"][:] = 7
    assert set(data) == {"image"}
    assert data["image"].sum() == 0


@pytest.mark.parametrize(
    ("constant", "ratio", "message"),
    [
        (1.5, 2, r"constant must be within \[-1, 1\], got 1.5"),
        (float("nan"), 2, "constant must be"),
        (0, 0, "dose_ratio must be positive, got 0"),
        (0, float("nan"), "dose_ratio must be"),
    ],
)
def test_impossible_values_raise(constant: float, ratio: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DoseBaselinesd(constant, ratio)


def test_mean_counts_every_image_alike() -> None:
    cases = [{"label": torch.full((1, 1, 1), 0.8)}, {"label": torch.full((1, 3, 3), 0.2)}]
    assert mean_of_labels(cases) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no training case"):
        mean_of_labels([])
