"""Confidence intervals that respect that images of one patient are alike."""

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
    sums_by_patient,
)


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval and what it stands on.

    Args:
        mean: mean over all values that are not missing; NaN when it does not exist.
        low: lower end of the interval; NaN with fewer than two patients or no mean.
        high: upper end of the interval; NaN with fewer than two patients or no mean.
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

    @property
    def n_cases(self) -> int:
        """Number of cases that were asked for: those in the mean and those missing."""
        return self.n_values + self.n_missing


def patient_bootstrap(
    values: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Estimate the mean over images with an expanded percentile interval that resamples patients.

    Every resample draws as many patients as there are, with replacement, and takes each with all
    its values. The interval ends are resample means, see `expanded_percentiles`, so infinite
    values (PSNR of identical images) do no harm, but +inf and -inf together have no mean. The order
    of the values does not matter.

    Args:
        values: (N,) one value per image; NaN where an image has none.
        patients: (N,) patient of each value.
        resamples: number of resamples.
        confidence: nominal coverage of the interval, between 0 and 1.
        seed: of the random generator.

    Returns:
        The mean, its interval, and the counts; missing values are counted, never silent.

    Raises:
        ValueError: lengths differ, no resamples, or the confidence is not between 0 and 1.

    References:
        Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.
        Hesterberg, What teachers should know about the bootstrap, The American Statistician 69
        (2015) 371-386.
    """
    table = np.asarray(values, dtype=np.float64)
    labels = np.asarray(patients)
    check_by_patient(table, labels)
    check_bootstrap(resamples, confidence)
    present = ~np.isnan(table)
    sums, counts = sums_by_patient(table[present], labels[present])
    low, high = math.nan, math.nan
    with np.errstate(invalid="ignore"):  # inf - inf
        mean = float(sums.sum() / counts.sum()) if counts.size else math.nan
    if counts.size > 1 and not math.isnan(mean):
        draws = draw_patients(counts.size, resamples, seed)
        means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
        low, high = expanded_percentiles(means, counts.size, confidence)
    return Interval(
        mean=mean,
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
        confidence: nominal coverage of the interval, between 0 and 1.
        seed: of the random generator.

    Returns:
        The mean difference. A pair is missing when either value is, or when both are infinite.
    """
    return patient_bootstrap(
        paired_differences(a, b), patients, resamples=resamples, confidence=confidence, seed=seed
    )


def paired_differences(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a - b; NaN where either value is missing, or where both are infinite.

    Raises:
        ValueError: the shapes differ.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"a {first.shape} and b {second.shape} must hold the same images")
    with np.errstate(invalid="ignore"):  # inf - inf
        return first - second
