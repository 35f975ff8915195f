"""What an evaluation must know of a case besides its images, as a MONAI transform."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Transform

from cem_monai.dicom import open_header
from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.limits import has_limits, read_limits
from cem_monai.evaluation.mirrored_lesion import mirrored_lesion, other_breasts

FACTS = ("density", "manufacturer", "machine", "thickness_mm", "lesion_kind")
"""Texts that group cases."""


class EvaluationFactsd(Transform):
    """Check a case and add what groups it, before its images are loaded.

    Adds the texts `FACTS`; `known_lesions`, a JSON text of kind, row and column (shares of the
    image's sides) of each enhancing lesion of a simulated view; `mirrored`, (1, H, W), the position
    of the other breast's lesions in this one; and, if all cases are simulated, the simulator's
    `limit_mean` and `limit_median`, (1, H, W) stored values like the recombined image.

    Args:
        items: of `load_datalist`, of the section that is evaluated: the other breast is found among
            them. Cases of other sections get an empty `mirrored` and nothing else.
    """

    def __init__(self, items: Sequence[Mapping[str, Any]]) -> None:
        self.cases = {str(item["case"]) for item in items}
        self.others = other_breasts(items)
        self.with_limits = all(has_limits(item) for item in items)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Add the facts to an item with file names.

        Raises:
            PredictionsError: images or masks of the case are unusable or do not belong together.
        """
        item: dict[Any, Any] = dict(data)
        name = str(item["case"])
        if name not in self.cases:
            header = open_header(Path(item["label"]))
            item["mirrored"] = torch.zeros(1, int(header.Rows), int(header.Columns))
            return item
        case = load_evaluation_case(item)
        item |= {key: case.attributes[key] for key in FACTS}
        item["known_lesions"] = json.dumps(_known_lesions(case))
        mirrored = np.zeros(case.breast.shape, bool)
        if name in self.others:
            mirrored = mirrored_lesion(case, load_evaluation_case(self.others[name]))
        item["mirrored"] = torch.from_numpy(mirrored[None].astype(np.float32))
        return item | (_limits(case) if self.with_limits else {})


def _known_lesions(case: EvaluationCase) -> list[tuple[str, float, float]]:
    height, width = case.recombined.shape
    return [
        (lesion.kind, lesion.row / height, lesion.column / width)
        for lesion in case.lesions
        if lesion.enhancing
    ]


def _limits(case: EvaluationCase) -> dict[str, MetaTensor]:
    low, high = case.value_range
    return {
        name: MetaTensor(
            torch.from_numpy(np.ascontiguousarray(image[None], np.float32)),
            meta={"value_low": low, "value_high": high},
        )
        for name, image in read_limits(case).items()
    }
