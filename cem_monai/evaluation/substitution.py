"""The substitution experiment: a classifier trained on real images, fed virtual ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.evaluation_case import EvaluationCase
from cem_monai.evaluation.lesion_patches import CELLS, lesion_patches, matched_patches
from cem_monai.evaluation.patch_classifier import (
    DESCRIPTION,
    PatchClassifier,
    fit_patch_classifier,
)
from cem_monai.evaluation.substitution_curve import SubstitutionCurve, substitution_curve

FloatImage = npt.NDArray[np.float32]
DataRange = tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Substitution:
    """Outcome of the experiment for one model.

    Attributes:
        classifier: trained on real training images.
        curve: of the test patients.
    """

    classifier: PatchClassifier
    curve: SubstitutionCurve

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers for `summary.json`, see `SubstitutionCurve.to_json`."""
        return {
            "classifier": DESCRIPTION,
            **self.curve.to_json(),
            "training_positives": self.classifier.positives,
            "training_negatives": self.classifier.negatives,
        }


def run_substitution(
    training_cases: Iterable[EvaluationCase],
    test_cases: Iterable[tuple[EvaluationCase, FloatImage]],
    *,
    data_range: DataRange,
    seed: int = 0,
) -> Substitution:
    """Train a lesion-patch classifier on real images, then replace real test images by virtual.

    Cases pass one by one; only their patches, a few kilobytes each, are kept. For several models
    call `train_patch_classifier` once and `substitute_images` for each.

    Args:
        training_cases: of other patients than the test cases.
        test_cases: cases with their predictions, as `read_predictions` yields them.
        data_range: stored values (low, high) that stand for grey levels 0 and 255; None for those
            that each recombined object can hold.
        seed: of lesion-free positions, folds, orders and resamples.

    Raises:
        TooFewError: too few lesions or patients, see `fit_patch_classifier` and
            `substitution_curve`; the message holds the numbers.
    """
    classifier = train_patch_classifier(training_cases, data_range=data_range, seed=seed)
    return substitute_images(classifier, test_cases, data_range=data_range, seed=seed)


def train_patch_classifier(
    cases: Iterable[EvaluationCase], *, data_range: DataRange, seed: int = 0
) -> PatchClassifier:
    """Train the classifier; arguments and errors are those of `run_substitution`."""
    patches = [
        patch
        for case in cases
        for patch in lesion_patches(
            case, [case.recombined], data_range=data_range or case.value_range, seed=seed
        )
    ]
    return fit_patch_classifier(matched_patches(patches), seed=seed)


def substitute_images(
    classifier: PatchClassifier,
    cases: Iterable[tuple[EvaluationCase, FloatImage]],
    *,
    data_range: DataRange,
    seed: int = 0,
) -> Substitution:
    """Feed the classifier virtual images; arguments and errors are those of `run_substitution`."""
    patches = matched_patches(
        patch
        for case, generated in cases
        for patch in lesion_patches(
            case,
            [case.recombined, generated],
            data_range=data_range or case.value_range,
            seed=seed,
        )
    )
    pixels = np.array([one.pixels for one in patches]).reshape(-1, 2, CELLS, CELLS)
    curve = substitution_curve(
        classifier.scores(pixels[:, 0]),
        classifier.scores(pixels[:, 1]),
        [one.position.is_lesion for one in patches],
        [one.patient for one in patches],
        threshold=classifier.threshold,
        seed=seed,
    )
    return Substitution(classifier, curve)
