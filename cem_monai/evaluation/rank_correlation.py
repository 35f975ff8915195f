"""Do lesions that stand out more in the real image stand out more in the generated one?"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.patient_resampling import (
    check_bootstrap,
    check_by_patient,
    draw_patients,
    expanded_percentiles,
    times_drawn,
)

Floats = npt.NDArray[np.float64]

FEWEST_LESIONS = 3
"""Two lesions always correlate by +1 or -1, so that they say nothing."""


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation with its interval and what it stands on.

    Args:
        rho: between -1 and 1; NaN with fewer than three lesions or where one side is constant.
        low: lower end of the interval; NaN with fewer than two patients.
        high: upper end of the interval; NaN with fewer than two patients.
        n_lesions: number of lesions with both values.
        n_patients: number of patients with at least one such lesion.
        n_missing: number of lesions left out because a value is NaN.
        n_degenerate: number of resamples left out because they have no rank correlation.
    """

    rho: float
    low: float
    high: float
    n_lesions: int
    n_patients: int
    n_missing: int
    n_degenerate: int


def rank_correlation(
    real: npt.ArrayLike,
    generated: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """Return Spearman's rank correlation of two contrasts per lesion; ties share the mean rank.

    The interval is the expanded percentile interval of resamples that draw patients, each with all
    its lesions. Neither an increasing change of the grey levels of either image nor the order of
    the lesions matters.

    Args:
        real: (N,) contrast of each lesion in the real image; NaN where it has none.
        generated: (N,) contrast of the same lesions in the generated image.
        patients: (N,) patient of each lesion.
        resamples: number of resamples.
        confidence: nominal coverage of the interval, between 0 and 1.
        seed: of the random generator.

    Raises:
        ValueError: lengths differ, no resamples, or the confidence is not between 0 and 1.

    References:
        Spearman, The proof and measurement of association between two things, American Journal of
        Psychology 15 (1904) 72-101.
    """
    x, y = np.asarray(real, dtype=np.float64), np.asarray(generated, dtype=np.float64)
    labels = np.asarray(patients)
    check_by_patient(x, labels)
    check_by_patient(y, labels)
    check_bootstrap(resamples, confidence)
    present = ~(np.isnan(x) | np.isnan(y))
    x, y = x[present], y[present]
    names, owners = np.unique(labels[present], return_inverse=True)
    rho = math.nan if not x.size else float(_spearman(x, y, np.ones((1, x.size)))[0])
    resampled = np.empty(0)
    if names.size > 1:
        draws = draw_patients(names.size, resamples, seed)
        weights = times_drawn(draws, names.size)[:, owners]
        resampled = _spearman(x, y, weights)
    low, high = _interval(resampled, names.size, confidence)
    return RankCorrelation(
        rho=rho,
        low=low,
        high=high,
        n_lesions=x.size,
        n_patients=names.size,
        n_missing=int((~present).sum()),
        n_degenerate=int(np.isnan(resampled).sum()),
    )


def _interval(resampled: Floats, n_patients: int, confidence: float) -> tuple[float, float]:
    known = resampled[~np.isnan(resampled)]
    if not known.size:
        return math.nan, math.nan
    return expanded_percentiles(known, n_patients, confidence)


def _spearman(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return (R,) rank correlations of lesions (N,) that occur as often as weights (R, N) say."""
    # The mean rank is known, also with ties
    middle = (weights.sum(axis=1, keepdims=True) + 1) / 2
    first, second = _mid_ranks(x, weights) - middle, _mid_ranks(y, weights) - middle
    covariance, one, other = (
        (weights * product).sum(axis=1)
        for product in (first * second, first * first, second * second)
    )
    enough = (weights > 0).sum(axis=1) >= FEWEST_LESIONS
    known = enough & (one > 0) & (other > 0)
    rho = np.full(len(weights), math.nan)
    rho[known] = covariance[known] / np.sqrt(one[known] * other[known])
    return np.clip(rho, -1, 1)


def _mid_ranks(values: Floats, weights: Floats) -> Floats:
    """Return (R, N) ranks from 1 among the lesions as often as they occur, ties at their mean."""
    _, level, sizes = np.unique(values, return_inverse=True, return_counts=True)
    sorted_weights = weights[:, np.argsort(values, kind="stable")]
    occurrences = np.add.reduceat(sorted_weights, np.cumsum(sizes) - sizes, axis=1)
    ranks: Floats = np.cumsum(occurrences, axis=1) - occurrences / 2 + 0.5
    return ranks[:, level]
