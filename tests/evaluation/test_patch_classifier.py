from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

from cem_monai.evaluation import Patch, Position, TooFewError, fit_patch_classifier
from cem_monai.evaluation.lesion_patches import CELLS
from cem_monai.evaluation.patch_classifier import (
    DISC_RADII,
    FOLDS,
    LEAST_PATCHES,
    LEAST_PATIENTS,
    RIDGE,
    _folds,
    contrasts,
)

AXIS = (np.arange(CELLS) + 0.5) / CELLS - 0.5
RADIUS = np.hypot(AXIS[:, np.newaxis], AXIS)


def blob(height: float, radius: float = 0.15, level: float = 100.0) -> np.ndarray:
    return np.where(radius > RADIUS, level + height, level)


def training(
    number: int = 200, *, contrast: float = 4.0, patients: int = 50, seed: int = 0
) -> list[Patch]:
    """Every third patch has a lesion, with a contrast of its own."""
    rng = np.random.default_rng(seed)
    patches = []
    for index in range(number):
        is_lesion = index % 3 == 0
        pixels = blob(contrast * rng.exponential() * is_lesion) + rng.normal(0, 9, RADIUS.shape)
        position = Position(0, index, 0.5, is_lesion)
        patches.append(Patch("case", f"patient {index % patients}", position, pixels[np.newaxis]))
    return patches


def arrays(patches: list[Patch]) -> tuple[np.ndarray, np.ndarray]:
    flags = np.array([one.position.is_lesion for one in patches])
    return np.stack([one.pixels[0] for one in patches]), flags


def test_contrasts_of_a_blob() -> None:
    (small, middle, large), *_ = contrasts(blob(10)[np.newaxis])

    assert (small, middle) == (10, 10)
    inside = (RADIUS < 0.15).sum() / (DISC_RADII[2] > RADIUS).sum()
    assert large == pytest.approx(10 * inside, abs=1e-6)


def test_constant_patch_has_exactly_no_contrast_whatever_its_level_and_its_air() -> None:
    patches = np.full((40, CELLS, CELLS), np.linspace(0.1, 300, 40)[:, np.newaxis, np.newaxis])
    patches[np.random.default_rng(0).random(patches.shape) < 0.3] = np.nan

    assert not contrasts(patches).any()


def test_air_has_no_part_in_contrasts() -> None:
    patch = blob(10)
    patch[:, : CELLS // 2] = np.nan

    np.testing.assert_allclose(
        contrasts(patch[np.newaxis])[0, :2], contrasts(blob(10)[np.newaxis])[0, :2]
    )


def test_patch_without_surroundings_has_no_contrast() -> None:
    patch = np.where(RADIUS < 0.25, 50.0, np.nan)

    assert not contrasts(patch[np.newaxis]).any()


def test_level_of_an_image_does_not_change_its_scores() -> None:
    classifier = fit_patch_classifier(training())
    pixels, _ = arrays(training(seed=1))

    np.testing.assert_allclose(classifier.scores(pixels + 30), classifier.scores(pixels), atol=1e-4)


def test_weights_solve_the_equations_of_penalized_likelihood() -> None:
    patches = training()
    pixels, is_lesion = arrays(patches)

    classifier = fit_patch_classifier(patches)

    residuals = is_lesion - expit(classifier.scores(pixels))
    features = contrasts(pixels)
    standardized = (features - features.mean(axis=0)) / features.std(axis=0)
    assert residuals.sum() == pytest.approx(0, abs=1e-2)
    np.testing.assert_allclose(standardized.T @ residuals, RIDGE * classifier.weights, atol=1e-2)
    assert (classifier.positives, classifier.negatives) == (is_lesion.sum(), (~is_lesion).sum())


def test_one_in_ten_unseen_patches_without_lesion_exceeds_the_threshold() -> None:
    classifier = fit_patch_classifier(training(1500, patients=300))
    pixels, is_lesion = arrays(training(3000, seed=1))

    alarms = classifier.scores(pixels[~is_lesion]) > classifier.threshold

    assert alarms.mean() == pytest.approx(0.1, abs=0.03)


def test_folds_keep_patients_together_and_share_out_those_with_a_lesion() -> None:
    patients = np.repeat([f"{number}" for number in range(43)], 3)
    is_lesion = np.arange(patients.size) >= 3 * 28

    folds = np.array(_folds(patients, is_lesion, 0))

    assert folds.shape == (FOLDS, patients.size)
    assert (folds.sum(axis=0) == 1).all()
    for fold in folds:
        assert not set(patients[fold]) & set(patients[~fold])
        assert np.unique(patients[fold & is_lesion]).size == 15 / FOLDS


def test_separated_patches_have_finite_weights_and_keep_their_order() -> None:
    patches = [
        Patch("case", f"{index % 25}", Position(0, index, 0.5, index % 2 == 0), pixels[np.newaxis])
        for index, pixels in enumerate(blob(8.0 * (index % 2 == 0)) for index in range(100))
    ]

    classifier = fit_patch_classifier(patches)

    pixels, is_lesion = arrays(patches)
    scores = classifier.scores(pixels)
    assert np.isfinite(classifier.weights).all()
    assert scores[is_lesion].min() > classifier.threshold >= scores[~is_lesion].max()


def test_equal_patches_give_a_classifier_that_tells_nothing() -> None:
    patches = [
        Patch(
            "case", f"{index % 25}", Position(0, index, 0.5, index % 2 == 0), np.ones((1, 32, 32))
        )
        for index in range(100)
    ]

    classifier = fit_patch_classifier(patches)

    assert not classifier.weights.any()
    assert classifier.intercept == pytest.approx(0, abs=1e-6)


def test_order_of_patches_does_not_matter() -> None:
    patches = training()

    first, second = (fit_patch_classifier(some) for some in (patches, patches[::-1]))

    np.testing.assert_allclose(first.weights, second.weights, rtol=1e-3)
    assert first.threshold == pytest.approx(second.threshold, abs=1e-3)


@pytest.mark.parametrize(
    ("patches", "found"),
    [
        ([], "found 0 lesions of 0 patients and 0 positions of 0 patients"),
        (training(30), "found 10 lesions of 10 patients and 20 positions of 20 patients"),
        (training(90, patients=9), "found 30 lesions of 3 patients and 60 positions of 6 patients"),
        (training(150)[::3], "found 50 lesions of 50 patients and 0 positions of 0 patients"),
    ],
)
def test_too_few_training_patches_are_refused_with_all_numbers(
    patches: list[Patch], found: str
) -> None:
    with pytest.raises(TooFewError) as error:
        fit_patch_classifier(patches)

    needed = f"at least {LEAST_PATCHES} lesions and {LEAST_PATCHES} lesion-free positions"
    assert f"{needed} of {LEAST_PATIENTS} patients each in the training images" in str(error.value)
    assert str(error.value).endswith(found)


def test_unset_threshold_is_never_given_out() -> None:
    assert math.isfinite(fit_patch_classifier(training()).threshold)
