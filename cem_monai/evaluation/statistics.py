"""Confidence intervals that respect that images of one patient are alike."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval and what it stands on.

    Args:
        mean: mean over all values that are not missing; NaN when there is none.
        low: lower end of the interval; NaN with fewer than two patients.
        high: upper end of the interval; NaN with fewer than two patients.
        n_values: number of values in the mean.
        n_patients: number of patients with at least one value in the mean.
        n_missing: number of NaN values left out.
    """

    mean: float
    low: float
    high: float
    n_values: int
    n_patients: int
    n_missing: int


def patient_bootstrap(
    values: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Estimate the mean over images with a percentile interval that resamples patients.

    Every resample draws as many patients as there are, with replacement, and takes each with all
    its values. The interval ends are values of the sorted resample means, rounded outwards, so
    infinite values (PSNR of identical images) do no harm. The order of the values does not matter.

    Args:
        values: (N,) one value per image; NaN where an image has none.
        patients: (N,) patient of each value.
        resamples: number of resamples.
        confidence: share of the resample means inside the interval, between 0 and 1.
        seed: of the random generator.

    Returns:
        The mean, its interval, and the counts; missing values are counted, never silent.

    Raises:
        ValueError: lengths differ, no resamples, or the confidence is not between 0 and 1.

    References:
        Davison and Hinkley, Bootstrap Methods and their Application, 1997, sections 3.8 and 5.3.
    """
    table = np.asarray(values, dtype=np.float64)
    labels = np.asarray(patients)
    _check(table, labels, resamples, confidence)
    present = ~np.isnan(table)
    sums, counts = _sums_by_patient(table[present], labels[present])
    low, high = math.nan, math.nan
    if counts.size > 1:
        means = _resample_means(sums, counts, resamples, seed)
        low, high = _percentile_interval(means, confidence)
    return Interval(
        mean=float(sums.sum() / counts.sum()) if counts.size else math.nan,
        low=low,
        high=high,
        n_values=int(counts.sum()),
        n_patients=counts.size,
        n_missing=int((~present).sum()),
    )


def paired_patient_bootstrap(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Estimate the mean difference a - b of two models judged on the same images.

    Other arguments and errors are those of `patient_bootstrap`.

    Args:
        a: (N,) values of one model.
        b: (N,) values of the other model for the same images.
        patients: (N,) patient of each image.
        resamples: number of resamples.
        confidence: share of the resample means inside the interval, between 0 and 1.
        seed: of the random generator.

    Returns:
        The mean difference. A pair is missing when either value is, or when both are infinite.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"a {first.shape} and b {second.shape} must hold the same images")
    with np.errstate(invalid="ignore"):  # inf - inf
        differences = first - second
    return patient_bootstrap(
        differences, patients, resamples=resamples, confidence=confidence, seed=seed
    )


def _check(
    values: npt.NDArray[np.float64],
    patients: npt.NDArray[np.generic],
    resamples: int,
    confidence: float,
) -> None:
    if values.ndim != 1 or values.shape != patients.shape:
        raise ValueError(
            f"values {values.shape} and patients {patients.shape} must be two lists of one length"
        )
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")


def _sums_by_patient(
    values: npt.NDArray[np.float64], patients: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    _, index = np.unique(patients, return_inverse=True)
    # Sorted, so that even the rounding of the sums does not depend on the order of the input.
    order = np.lexsort((values, index))
    return np.bincount(index[order], weights=values[order]), np.bincount(index)


def _resample_means(
    sums: npt.NDArray[Any], counts: npt.NDArray[Any], resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    draws = np.random.default_rng(seed).integers(sums.size, size=(resamples, sums.size))
    means: npt.NDArray[np.float64] = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    return means


def _percentile_interval(means: npt.NDArray[np.float64], confidence: float) -> tuple[float, float]:
    ordered = np.sort(means)
    below = math.floor((1 - confidence) / 2 * (ordered.size - 1))
    return float(ordered[below]), float(ordered[ordered.size - 1 - below])
