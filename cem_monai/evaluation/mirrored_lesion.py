"""Where a lesion of one breast would lie in the other: tissue that should not enhance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cem_monai.evaluation.case_masks import Mask
from cem_monai.evaluation.evaluation_case import EvaluationCase
from cem_monai.metrics import mirrored_region

Item = Mapping[str, Any]
OTHER_SIDE = {"L": "R", "R": "L"}


def other_breasts(items: Sequence[Item]) -> dict[str, Item]:
    """Return, for each case, the item of the same view of the other breast that has a mass.

    Args:
        items: of `load_datalist`; one that does not tell its laterality and view has no other.

    Returns:
        case → item; cases without such another are left out. Of several, the first.
    """
    with_mass: dict[tuple[str, str, str], Item] = {}
    for item in items:
        if item.get("mass"):
            with_mass.setdefault(_view(item, str(item.get("laterality"))), item)
    found = {}
    for item in items:
        other = OTHER_SIDE.get(str(item.get("laterality")))
        if other and (partner := with_mass.get(_view(item, other))):
            found[str(item["case"])] = partner
    return found


def mirrored_lesion(case: EvaluationCase, other: EvaluationCase) -> Mask:
    """Return the position of the other breast's lesions in this one.

    Args:
        case: whose breast it is.
        other: the same view of the other breast, see `other_breasts`.

    Returns:
        (H, W) mask in canonical orientation; what either breast's readers took for a mass in this
        position is not taken off.
    """
    lesions = np.logical_or.reduce([reading.mass for reading in other.readers])
    return mirrored_region(lesions, other.breast, case.breast)


def _view(item: Item, laterality: str) -> tuple[str, str, str]:
    return str(item["patient"]), str(item.get("view_position")), laterality
