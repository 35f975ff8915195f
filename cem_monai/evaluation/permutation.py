"""Do two models differ, or is it chance? Paired permutation test by patient, Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.patient_resampling import check_by_patient, sums_by_patient
from cem_monai.evaluation.statistics import Interval, paired_differences, patient_bootstrap

EXACT_PATIENTS = 14
"""Up to so many patients all 2^patients arrangements are looked at."""


@dataclass(frozen=True)
class PairedTest:
    """Two models judged on the same images.

    Args:
        difference: mean of a - b with its interval, numbers of images, patients and missing pairs.
        p_value: two-sided; NaN without a pair, and where a difference is infinite.
        exact: all arrangements were looked at, not a random sample of them.
    """

    difference: Interval
    p_value: float
    exact: bool


def paired_permutation_test(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    permutations: int = 9_999,
    seed: int = 0,
) -> PairedTest:
    """Test whether a and b differ in the mean over images, as `paired_patient_bootstrap` has it.

    If the models are alike, their names may be swapped in any patient. Swapping changes the sign
    of all differences of that patient at once, as images of one patient are alike. The p-value is
    the share of arrangements whose mean difference is at least as large in magnitude as the one
    seen. With more than `EXACT_PATIENTS` patients arrangements are drawn at random, and the one
    seen counts as one of them, so that the p-value is never 0.

    Args:
        a: (N,) values of one model; NaN where an image has none.
        b: (N,) values of the other model for the same images.
        patients: (N,) patient of each image.
        permutations: random arrangements, where not all are looked at.
        seed: of the random generator, also that of the interval.

    Returns:
        The difference with its interval, and the p-value. Missing pairs are counted in
        `difference.n_missing`: either value is NaN, or both are infinite.

    Raises:
        ValueError: lengths differ, or no permutations.

    References:
        Phipson and Smyth, Permutation p-values should never be zero, Statistical Applications in
        Genetics and Molecular Biology 9 (2010) article 39.
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}")
    differences, labels = paired_differences(a, b), np.asarray(patients)
    check_by_patient(differences, labels)
    present = ~np.isnan(differences)
    sums, _ = sums_by_patient(differences[present], labels[present])
    return PairedTest(
        difference=patient_bootstrap(differences, labels, seed=seed),
        p_value=_p_value(sums, permutations, seed),
        exact=sums.size <= EXACT_PATIENTS,
    )


def holm(p_values: npt.ArrayLike) -> list[float]:
    """Adjust the p-values of a family of tests, so that one false finding among them stays rare.

    The k-th smallest of m is multiplied by m - k + 1, is at least as large as the one before it,
    and at most 1. A test without p-value (NaN) stays so, yet counts in m.

    Args:
        p_values: (m,) between 0 and 1, or NaN.

    Returns:
        Adjusted p-values in the order of the input.

    Raises:
        ValueError: not a list, or a value outside 0 to 1.

    References:
        Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
        Statistics 6 (1979) 65-70.
    """
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1:
        raise ValueError(f"p-values must be one list, got the shape {given.shape}")
    if (outside := given[(given < 0) | (given > 1)]).size:
        raise ValueError(f"p-values must lie between 0 and 1, got {outside[0]}")
    order = np.argsort(given, kind="stable")  # NaN last
    steps = (given.size - np.arange(given.size)) * given[order]
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in adjusted]


def _p_value(sums: npt.NDArray[np.float64], permutations: int, seed: int) -> float:
    if not sums.size or not np.isfinite(sums).all():
        return math.nan
    if sums.size <= EXACT_PATIENTS:
        swapped = np.arange(2**sums.size)[:, np.newaxis] >> np.arange(sums.size) & 1
        return float(_as_extreme(sums, swapped).mean())
    rng = np.random.default_rng(seed)
    swapped = rng.integers(2, size=(permutations, sums.size), dtype=np.int8)
    return float((_as_extreme(sums, swapped).sum() + 1) / (permutations + 1))


def _as_extreme(sums: npt.NDArray[np.float64], swapped: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which arrangements are at least as extreme as the one seen.

    The number of images is the same in all of them, so that sums stand for means.
    """
    # Arrangements that are equal but for rounding count as equal
    tolerance = 1e-12 * np.abs(sums).sum()
    extreme: npt.NDArray[np.bool_] = (
        np.abs((1.0 - 2.0 * swapped) @ sums) >= abs(sums.sum()) - tolerance
    )
    return extreme
