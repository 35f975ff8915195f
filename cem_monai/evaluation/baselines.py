"""Trivial predictors beside the model: one that does not beat them has learned nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from monai.transforms import Transform
from monai.utils import convert_to_dst_type
from tqdm import tqdm

from cem_monai.evaluation.predictor_fit import fit_trivial_predictors
from cem_monai.evaluation.predictors import Predictor
from cem_monai.metrics.regions import tensor_plane


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


def fit_trivial_baselines(
    cases: Iterable[Mapping[str, Any]],
    image_key: str = "image",
    label_key: str = "label",
    mask_key: str = "breast",
) -> dict[str, Predictor]:
    """Fit the predictors of `TrivialBaselinesd`.

    Args:
        cases: training cases after preprocessing; never the test cases.
        image_key: low-energy image, (1, H, W) on the [-1, 1] scale.
        label_key: recombined image, likewise.
        mask_key: breast mask.

    Raises:
        ValueError: see `fit_trivial_predictors`.
    """
    bar = tqdm(cases, desc="baselines from training cases", unit="case")
    return fit_trivial_predictors(
        (tensor_plane(case[image_key]), tensor_plane(case[label_key]), tensor_plane(case[mask_key]))
        for case in bar
    )
