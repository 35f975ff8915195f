from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from cem_monai.evaluation import (
    EvaluationCase,
    PatchClassifier,
    Substitution,
    TooFewError,
    run_substitution,
    substitute_images,
    train_patch_classifier,
)
from cem_monai.evaluation.substitution_curve import MEASURES
from lesion_cases import GREY, TOP, lesion_case

CONTRAST = 5.0


def cases(first: int, last: int) -> Iterator[EvaluationCase]:
    return (lesion_case(number, contrast=CONTRAST) for number in range(first, last))


@pytest.fixture(scope="module")
def classifier() -> PatchClassifier:
    return train_patch_classifier(cases(0, 60), data_range=None)


Predict = Callable[[EvaluationCase], np.ndarray]


def outcome(classifier: PatchClassifier, predict: Predict) -> Substitution:
    pairs = ((case, predict(case)) for case in cases(60, 90))
    return substitute_images(classifier, pairs, data_range=None)


def test_perfect_predictions_change_nothing(classifier: PatchClassifier) -> None:
    curve = outcome(classifier, lambda case: case.recombined.astype(np.float32)).curve

    assert curve.auc[0].mean > 0.9
    for name in MEASURES:
        change = curve.difference[name]
        assert (change.mean, change.low, change.high) == (0, 0, 0)


def test_constant_predictions_are_chance(classifier: PatchClassifier) -> None:
    curve = outcome(classifier, lambda case: np.full(case.recombined.shape, 1234.5)).curve

    assert (curve.auc[-1].low, curve.auc[-1].mean, curve.auc[-1].high) == (0.5, 0.5, 0.5)
    assert curve.difference["auc"].high < 0
    falling = [one.mean for one in curve.auc]
    assert falling == sorted(falling, reverse=True)


def test_less_contrast_is_not_hidden_by_less_noise(
    classifier: PatchClassifier,
) -> None:
    """A classifier that normalizes each patch would not see any difference."""
    level = 100 * GREY
    curve = outcome(classifier, lambda case: level + 0.1 * (case.recombined - level)).curve

    assert curve.auc[-1].mean == pytest.approx(curve.auc[0].mean)
    assert curve.difference["sensitivity"].high < 0
    assert curve.auc[2].mean < curve.auc[0].mean


def test_range_of_each_object_is_taken_if_none_is_given(classifier: PatchClassifier) -> None:
    doubled = [
        replace(case, recombined=2 * case.recombined, value_range=(0.0, 2 * TOP))
        for case in cases(60, 90)
    ]

    curve = substitute_images(
        classifier, [(case, case.recombined) for case in doubled], data_range=None
    ).curve

    assert curve == outcome(classifier, lambda case: case.recombined).curve


def test_given_range_goes_before_that_of_the_objects(classifier: PatchClassifier) -> None:
    wide = train_patch_classifier(cases(0, 60), data_range=(0.0, 2 * TOP))

    np.testing.assert_allclose(wide.means, classifier.means / 2, atol=1e-6)


def test_only_patches_are_kept() -> None:
    alive: list[weakref.ref[EvaluationCase]] = []

    def stream() -> Iterator[EvaluationCase]:
        for case in cases(0, 60):
            alive.append(weakref.ref(case))
            assert sum(one() is not None for one in alive) <= 2
            yield case

    train_patch_classifier(stream(), data_range=None)

    assert len(alive) == 60


def test_run_substitution_is_training_and_substitution(classifier: PatchClassifier) -> None:
    pairs = [(case, case.low_energy.astype(np.float32)) for case in cases(60, 90)]

    whole = run_substitution(cases(0, 60), pairs, data_range=None)

    parts = substitute_images(classifier, pairs, data_range=None)
    assert whole.to_json() == parts.to_json()


def test_json_tells_what_was_trained(classifier: PatchClassifier) -> None:
    result = outcome(classifier, lambda case: case.recombined)

    found = json.loads(json.dumps(result.to_json(), allow_nan=False))

    assert found["training_positives"] == 60
    assert found["training_negatives"] == 120
    assert (found["positives"], found["negatives"]) == (30, 60)
    assert found["threshold"] == classifier.threshold
    assert "logistic regression" in found["classifier"]


def test_training_images_without_lesions_are_refused() -> None:
    normal = (replace(case, readers=()) for case in cases(0, 60))

    with pytest.raises(TooFewError, match="found 0 lesions of 0 patients"):
        run_substitution(normal, [], data_range=None)


def test_no_test_case_is_refused(classifier: PatchClassifier) -> None:
    with pytest.raises(TooFewError, match=r"test images, found 0 lesions of 0 patients"):
        substitute_images(classifier, [], data_range=None)
