"""Trivial predictors of a high-dose image: they know no more than the ratio of the doses."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import torch
from monai.transforms import Transform
from tqdm import tqdm


class DoseBaselinesd(Transform):
    """Add what no model is needed for.

    `constant`: one value everywhere. `low_dose_copied`: the low-dose image as it is. `dose_scaled`:
    its values multiplied by the ratio of the doses, clipped at white; this is hard to beat where
    values are proportional to the X-rays, and means nothing for other conversions to 8 bits.

    Args:
        constant: value on the [-1, 1] scale; see `mean_of_labels`.
        dose_ratio: entrance dose of the high-dose images, relative to the low-dose ones.
        image_key: low-dose image, on the [-1, 1] scale.

    Raises:
        ValueError: the constant is not within [-1, 1], or the ratio is not positive.
    """

    def __init__(self, constant: float, dose_ratio: float, image_key: str = "image") -> None:
        if not -1 <= constant <= 1:
            raise ValueError(f"constant must be within [-1, 1], got {constant}")
        if not dose_ratio > 0:
            raise ValueError(f"dose_ratio must be positive, got {dose_ratio}")
        self.constant, self.dose_ratio = constant, dose_ratio
        self.image_key = image_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Add the three keys to one case, same shape as its image."""
        item = dict(data)
        image = item[self.image_key]
        item["constant"] = torch.full_like(image, self.constant)
        item["low_dose_copied"] = image.clone()
        item["dose_scaled"] = ((image + 1) * self.dose_ratio - 1).clamp(-1, 1)
        return item


def mean_of_labels(cases: Iterable[Mapping[str, Any]], label_key: str = "label") -> float:
    """Return the mean of the real images, every one counting alike.

    Args:
        cases: training cases after preprocessing; never the test cases.
        label_key: real image on the [-1, 1] scale.

    Raises:
        ValueError: there is no case.
    """
    bar = tqdm(cases, desc="baseline from training cases", unit="case")
    means = [float(case[label_key].mean()) for case in bar]
    if not means:
        raise ValueError("the datalist has no training case to take the constant baseline from")
    return sum(means) / len(means)
