"""Trivial predictors beside the model: one that does not beat them has learned nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
from monai.transforms import Transform
from monai.utils import convert_to_dst_type
from tqdm import tqdm

from cem_monai.evaluation.predictors import Predictor
from cem_monai.evaluation.training_fit import TrainingFit, TrainingTally
from cem_monai.metrics.tensor_plane import tensor_plane


class TrivialBaselinesd(Transform):
    """Add what each trivial predictor makes of the low-energy image, under its name.

    Args:
        predictors: of `fit_trivial_baselines`.
        image_key: low-energy image, on the [-1, 1] scale.
        mask_key: breast mask.
    """

    def __init__(
        self,
        predictors: Mapping[str, Predictor],
        image_key: str = "image",
        mask_key: str = "breast",
    ) -> None:
        self.predictors = dict(predictors)
        self.image_key, self.mask_key = image_key, mask_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Add the predicted images to one case, each with the shape and type of its image.

        Raises:
            ValueError: the breast has no pixel or fills the image; the message names the case.
        """
        item = dict(data)
        image = item[self.image_key]
        low_energy, breast = tensor_plane(image), tensor_plane(item[self.mask_key])
        for name, predictor in self.predictors.items():
            try:
                predicted = predictor.predict(low_energy, breast)
            except ValueError as error:
                raise ValueError(f"case {item.get('case', '')}: {error}") from error
            item[name] = convert_to_dst_type(predicted[None], image)[0]
        return item


def fit_trivial_baselines(cases: Iterable[Mapping[str, Any]]) -> TrainingFit:
    """Learn the predictors of `TrivialBaselinesd` and the enhancement threshold.

    Args:
        cases: training cases after preprocessing, never the test cases: `image`, `label`, (1, H, W)
            on the [-1, 1] scale, and the masks `breast`, `mass` and, if there is one,
            `mass_second`.

    Raises:
        ValueError: see `TrainingTally`.
    """
    tally = TrainingTally()
    for case in tqdm(cases, desc="baselines from training cases", unit="case"):
        image, label, breast, mass, *second = (
            tensor_plane(case[key])
            for key in ("image", "label", "breast", "mass", "mass_second")
            if key in case
        )
        lesions = np.logical_or.reduce([mass > 0, *(mask > 0 for mask in second)])
        tally.add(image, label, breast, lesions)
    return tally.fit()
