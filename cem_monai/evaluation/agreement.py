"""Bland-Altman: how far the generated contrast of a lesion is from the real one."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from cem_monai.evaluation.patient_resampling import sums_by_patient
from cem_monai.evaluation.statistics import Interval, paired_differences, patient_bootstrap

Floats = npt.NDArray[np.float64]

SPREAD = 1.96
"""Limits are so many standard deviations from the bias."""


@dataclass(frozen=True)
class Limit:
    """One limit of agreement with its interval; NaN where it does not exist.

    Args:
        value: in the unit of the differences.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class BlandAltman:
    """What a Bland-Altman plot shows; everything in the unit of the values.

    Args:
        means: of real and generated, one per pair: abscissae of the plot.
        differences: generated - real, one per pair: ordinates.
        bias: mean difference with its interval by patient, numbers of pairs and missing pairs.
        lower: limit of agreement, bias - 1.96 standard deviations.
        upper: limit of agreement, bias + 1.96 standard deviations.
        sd_within: standard deviation of differences of one patient; NaN if none has two.
        sd_between: standard deviation of the patients' own biases; NaN with one patient. Where no
            patient has two differences, that of the differences.
    """

    means: tuple[float, ...]
    differences: tuple[float, ...]
    bias: Interval
    lower: Limit
    upper: Limit
    sd_within: float
    sd_between: float


def bland_altman(
    real: npt.ArrayLike,
    generated: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> BlandAltman:
    """Return bias and limits of agreement of values of which a patient may have several.

    Limits hold 95 % of the differences of new lesions of new patients, if these are normal: their
    variance is the sum of that within and that between patients, of a one-way analysis of variance
    (negative between: 0). The interval of the bias is that of `patient_bootstrap`. That of a limit
    is value ± t × its standard error when one patient at a time is left out: limits of few patients
    are uneven, and resampling patients misses them more often. It remains an approximation.

    Args:
        real: (N,) values; NaN where an image has none.
        generated: (N,) values of the same lesions.
        patients: (N,) patient of each.
        confidence: nominal coverage of the intervals, between 0 and 1.
        seed: of the random generator.

    Returns:
        The limits are NaN with fewer than two patients or an infinite difference, their intervals
        also with two patients.

    Raises:
        ValueError: lengths differ, or the confidence is not between 0 and 1.

    References:
        Bland and Altman, Agreement between methods of measurement with multiple observations per
        individual, Journal of Biopharmaceutical Statistics 17 (2007) 571-582, section 3.
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11 (jackknife).
    """
    differences, labels = paired_differences(generated, real), np.asarray(patients)
    bias = patient_bootstrap(differences, labels, confidence=confidence, seed=seed)
    present = ~np.isnan(differences)
    center = bias.mean if math.isfinite(bias.mean) else math.nan
    table = _table(differences[present] - center, labels[present])
    lower, upper = (_limit(table, center, side * SPREAD, confidence) for side in (-1, 1))
    within, between = _variances(table.sum(axis=1))
    means = (np.asarray(real, dtype=np.float64) + np.asarray(generated, dtype=np.float64)) / 2
    return BlandAltman(
        means=tuple(means[present].tolist()),
        differences=tuple(differences[present].tolist()),
        bias=bias,
        lower=lower,
        upper=upper,
        sd_within=float(np.sqrt(within)),
        sd_between=float(np.sqrt(between)),
    )


def _table(centered: Floats, patients: npt.NDArray[np.generic]) -> Floats:
    """Return (6, n): what each patient adds to the sums that the variances are made of.

    Number of differences, its square, their sum, that squared over the number, their squared
    deviations from the patient's mean, and 1.
    """
    sums, counts = sums_by_patient(centered, patients)
    squares, _ = sums_by_patient(centered**2, patients)
    between = sums**2 / counts
    within = np.maximum(squares - between, 0)
    return np.stack([counts, counts**2, sums, between, within, np.ones(counts.size)])


def _limit(table: Floats, center: float, spread: float, confidence: float) -> Limit:
    """Return the limit with the interval of the jackknife by patient."""
    total, n_patients = table.sum(axis=1, keepdims=True), table.shape[1]
    value = center + float(_offsets(total, spread)[0])
    others = _offsets(total - table, spread)  # without one patient
    variance = (n_patients - 1) * others.var() if n_patients > 2 else math.nan
    half = special.stdtrit(n_patients - 1, (1 + confidence) / 2) * math.sqrt(variance)
    return Limit(value, value - half, value + half)


def _offsets(totals: Floats, spread: float) -> Floats:
    """Return mean + spread standard deviations; totals (6, n) to (n,)."""
    within, between = _variances(totals)
    with np.errstate(invalid="ignore"):
        return totals[2] / totals[0] + spread * np.sqrt(np.nan_to_num(within) + between)


def _variances(totals: Floats) -> tuple[Floats, Floats]:
    """Return the variances within and between patients, NaN where they do not exist."""
    images, squared_images, total, between, within, patients = totals
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_within = np.where(images > patients, within / (images - patients), math.nan)
        mean_between = (between - total**2 / images) / (patients - 1)
        per_patient = (images - squared_images / images) / (patients - 1)
        surplus = (mean_between - np.nan_to_num(mean_within)) / per_patient
    return mean_within, np.where(patients > 1, np.maximum(surplus, 0), math.nan)
