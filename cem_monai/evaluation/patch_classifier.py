"""A small classifier of patches: does the center enhance more than its surroundings?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from cem_monai.evaluation.lesion_patches import CELLS, Patch
from cem_monai.evaluation.sufficiency import check_enough

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DESCRIPTION = (
    "logistic regression on the contrast of three central discs against a ring, "
    "trained on patches of real recombined training images"
)

DISC_RADII, RING = (1 / 16, 1 / 8, 1 / 4), (0.3, 0.5)
"""In sides of the patch: 2.5, 5 and 10 mm, and 12 to 20 mm, where it has 40 mm."""
DECIMALS = 6
"""Of contrasts in grey levels: rounding errors of a sum must not rank patches of one value."""
RIDGE = 1.0
"""Penalty of the squared weights of standardized contrasts: perfectly separated patches have finite
weights; a hundred patches hardly feel it."""

LEAST_PATCHES, LEAST_PATIENTS = 20, 10
"""Of either kind in training: five patches per fitted number."""
FOLDS = 5
SPECIFICITY = 0.9


@dataclass(frozen=True, eq=False)
class PatchClassifier:
    """Log odds of a lesion in the center of a patch, linear in its contrasts.

    Attributes:
        means, scales: (3,) grey levels, of the contrasts of training patches.
        weights: (3,) of the standardized contrasts.
        intercept: log odds of a patch with mean contrasts.
        threshold: log odds above which a patch is called a lesion; NaN until it is set.
        positives, negatives: training patches with and without a lesion.
    """

    means: Floats
    scales: Floats
    weights: Floats
    intercept: float
    threshold: float
    positives: int
    negatives: int

    def scores(self, pixels: Floats) -> Floats:
        """Return (N,) log odds.

        Args:
            pixels: (N, CELLS, CELLS) grey levels, NaN outside of the breast, see `Patch`.
        """
        standardized = (contrasts(pixels) - self.means) / self.scales
        odds: Floats = standardized @ self.weights + self.intercept
        return odds


def fit_patch_classifier(patches: Sequence[Patch], *, seed: int = 0) -> PatchClassifier:
    """Fit the classifier and its threshold to patches of real training images.

    The threshold is the score that at most 10 % of lesion-free patches exceed when classifiers that
    have not seen their patient judge them (five-fold cross-validation by patient); it never sees a
    test image.

    Args:
        patches: of `matched_patches`; their first image counts.
        seed: of the folds.

    Raises:
        TooFewError: fewer than 20 patches with, or 20 without a lesion, or of fewer than 10
            patients.
    """
    patients = np.array([one.patient for one in patches], dtype=str)
    is_lesion = np.array([one.position.is_lesion for one in patches], dtype=bool)
    check_enough(
        is_lesion, patients, what="training", least=LEAST_PATCHES, least_patients=LEAST_PATIENTS
    )
    pixels = np.stack([one.pixels[0] for one in patches])
    threshold = _cross_validated_threshold(pixels, is_lesion, _folds(patients, is_lesion, seed))
    return replace(_fit(pixels, is_lesion), threshold=threshold)


def contrasts(pixels: Floats) -> Floats:
    """Return (N, 3) mean of each disc - mean of the ring, grey levels; 0 where one is all air.

    Only differences count, so that a constant added to an image changes nothing. Means over many
    cells, so that noise, which virtual images often lack, hardly counts.

    Args:
        pixels: (N, CELLS, CELLS) grey levels, NaN outside of the breast.
    """
    axis = (np.arange(CELLS) + 0.5) / CELLS - 0.5
    radius = np.hypot(axis[:, np.newaxis], axis)
    around = _means(pixels, (radius >= RING[0]) & (radius < RING[1]))
    discs = np.stack([_means(pixels, radius < one) for one in DISC_RADII], axis=1)
    differences: Floats = np.nan_to_num(discs - around[:, np.newaxis], nan=0.0)
    return differences.round(DECIMALS)


def _means(pixels: Floats, region: Flags) -> Floats:
    values = pixels[:, region]
    tissue = ~np.isnan(values)
    with np.errstate(invalid="ignore"):  # 0 / 0 where all is air
        means: Floats = np.where(tissue, values, 0).sum(axis=1) / tissue.sum(axis=1)
    return means


def _folds(patients: npt.NDArray[np.str_], is_lesion: Flags, seed: int) -> list[Flags]:
    """Return which patches each fold holds: every fold its share of patients with a lesion."""
    names = np.random.default_rng(seed).permutation(np.unique(patients))
    with_lesion = np.isin(names, patients[is_lesion])
    dealt = np.concatenate([names[with_lesion], names[~with_lesion]])
    return [np.isin(patients, dealt[fold::FOLDS]) for fold in range(FOLDS)]


def _cross_validated_threshold(pixels: Floats, is_lesion: Flags, folds: list[Flags]) -> float:
    unseen = np.concatenate(
        [
            _fit(pixels[~fold], is_lesion[~fold]).scores(pixels[fold & ~is_lesion])
            for fold in folds
            if (fold & ~is_lesion).any()
        ]
    )
    return float(np.quantile(unseen, SPECIFICITY, method="higher"))


def _fit(pixels: Floats, is_lesion: Flags) -> PatchClassifier:
    found = contrasts(pixels)
    means, spread = found.mean(axis=0), found.std(axis=0)
    scales = np.where(spread > 0, spread, 1.0)
    weights = _logistic_regression((found - means) / scales, is_lesion)
    return PatchClassifier(
        means=means,
        scales=scales,
        weights=weights[:-1],
        intercept=float(weights[-1]),
        threshold=math.nan,
        positives=int(is_lesion.sum()),
        negatives=int((~is_lesion).sum()),
    )


def _logistic_regression(features: Floats, is_lesion: Flags) -> Floats:
    """Return (F + 1,) weights and intercept of features (N, F) that maximize the likelihood."""
    table = np.column_stack([features, np.ones(len(features))])
    penalty = np.append(np.full(features.shape[1], RIDGE), 0.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = table @ weights
        likelihood = np.logaddexp(0, odds) - odds * is_lesion
        gradient = table.T @ (expit(odds) - is_lesion) + penalty * weights
        return float(likelihood.sum() + (penalty * weights**2).sum() / 2), gradient

    solution: Floats = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x
    return solution
