"""Trivial predictors: a model that does not beat them has learned nothing worth having."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sized
from typing import Any

import torch
from monai.transforms import Transform
from tqdm import tqdm

AIR = -1.0
"""Value of air on the [-1, 1] scale."""


class TrivialBaselinesd(Transform):
    """Add what no model is needed for.

    `constant`: one value inside the breast, air outside. `low_energy_copied`: the low-energy image
    itself, as if it were the recombined one.

    Args:
        constant: value inside the breast, on the [-1, 1] scale; see `mean_inside_breast`.
        image_key: low-energy image, on the [-1, 1] scale.
        mask_key: breast mask.
    """

    def __init__(self, constant: float, image_key: str = "image", mask_key: str = "breast") -> None:
        if not -1 <= constant <= 1:
            raise ValueError(f"constant must be within [-1, 1], got {constant}")
        self.constant = constant
        self.image_key, self.mask_key = image_key, mask_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Add the keys `constant` and `low_energy_copied` to one case, same shape as its image."""
        item = dict(data)
        image, breast = item[self.image_key], item[self.mask_key]
        item["constant"] = torch.where(breast > 0, self.constant, AIR).to(image.dtype)
        item["low_energy_copied"] = image.clone()
        return item


def mean_inside_breast(
    cases: Iterable[Mapping[str, Any]], label_key: str = "label", mask_key: str = "breast"
) -> float:
    """Return the mean of the recombined images inside the breast, every image counting alike.

    Args:
        cases: training cases after preprocessing; never the test cases.
        label_key: recombined image on the [-1, 1] scale.
        mask_key: breast mask.

    Raises:
        ValueError: there is no case.
    """
    return mean_of_means(cases, lambda case: case[label_key][case[mask_key] > 0])


def mean_of_means(
    cases: Iterable[Mapping[str, Any]], values: Callable[[Mapping[str, Any]], torch.Tensor]
) -> float:
    """Return the mean over the cases of the mean of what `values` takes of each.

    Raises:
        ValueError: there is no case.
    """
    total = len(cases) if isinstance(cases, Sized) else None
    means = [
        float(values(case).mean())
        for case in tqdm(cases, desc="baseline from training cases", unit="case", total=total)
    ]
    if not means:
        raise ValueError("the datalist has no training case to take the constant baseline from")
    return sum(means) / len(means)
