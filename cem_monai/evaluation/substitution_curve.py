"""What a frozen classifier makes of a mixture of real and virtual images, by share."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.patient_resampling import (
    check_bootstrap,
    check_by_patient,
    draw_patients,
    expanded_percentiles,
    times_drawn,
)
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.sufficiency import check_enough

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
ORDERS = 200
"""Random orders in which patients are replaced, that the curve is the mean over."""
LEAST_PATIENTS = 5
"""With fewer, intervals cover less than they say, see `expanded_percentiles`."""
BLOCK = 2_000_000
"""Numbers held at once, so that memory does not grow with patches times resamples."""
MEASURES = ("auc", "sensitivity", "f1")


@dataclass(frozen=True)
class SubstitutionCurve:
    """Measures of the classifier by the share of patients whose images are virtual.

    Attributes:
        shares: 0 to 1.
        auc: area under the ROC curve; 0.5 is chance. One interval per share, as below.
        sensitivity: share of lesions that are called, at the threshold.
        f1: 2 TP / (2 TP + FP + FN) at the threshold; it depends on negatives per positive.
        difference: measure → last share - first share, paired by patient.
        threshold: of the scores.
        positives, negatives: patches with and without a lesion.
    """

    shares: tuple[float, ...]
    auc: tuple[Interval, ...]
    sensitivity: tuple[Interval, ...]
    f1: tuple[Interval, ...]
    difference: dict[str, Interval]
    threshold: float
    positives: int
    negatives: int

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers for `summary.json`; shares in percent, None instead of NaN."""
        return {
            "shares": [round(100 * share, 6) for share in self.shares],
            **{name: [_interval_json(one) for one in getattr(self, name)] for name in MEASURES},
            "difference": {name: _interval_json(one) for name, one in self.difference.items()},
            "threshold": self.threshold,
            "positives": self.positives,
            "negatives": self.negatives,
        }


def substitution_curve(
    real_scores: npt.ArrayLike,
    virtual_scores: npt.ArrayLike,
    is_lesion: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    threshold: float,
    shares: Sequence[float] = SHARES,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> SubstitutionCurve:
    """Return AUC, sensitivity and F1 when the images of a share of the patients are virtual.

    A patient's images are replaced all together. Patients are put in a random order, and the first
    of them are replaced: those at 25 % are also among those at 50 %. The curve is the mean over 200
    orders. The interval resamples patients, each resample in an order of its own: it holds both the
    choice of patients and that of those replaced. Its ends are expanded percentiles for the number
    of patients who have the rarer kind of patch (for the sensitivity: a lesion). An end of 1 where
    all went well is the end of what was seen, no proof. The order of the patches does not matter.

    Args:
        real_scores: (N,) of patches of real images; higher is more of a lesion.
        virtual_scores: (N,) of the same patches of virtual images.
        is_lesion: (N,) flags.
        patients: (N,) patient of each patch.
        threshold: score above which a patch is called a lesion.
        shares: of the patients, 0 to 1, rising; rounded to whole patients.
        resamples: number of resamples.
        confidence: nominal coverage of the intervals, between 0 and 1.
        seed: of orders and resamples.

    Raises:
        TooFewError: patches of either kind come from fewer than 5 patients.
        ValueError: lengths differ, a score is not finite, shares do not rise from 0 to 1, or a
            setting gives no interval.

    References:
        Rofena et al. 2025 (arXiv 2501.19176): AUC by the share of synthetic images.
    """
    check_bootstrap(resamples, confidence)
    _check_shares(shares)
    labels, lesion = np.asarray(patients), np.asarray(is_lesion, dtype=bool)
    scores = [np.asarray(one, dtype=np.float64) for one in (real_scores, virtual_scores)]
    _check_scores(scores, lesion, labels)
    mixture = _Mixture(scores, lesion, labels, threshold)
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(mixture.n_patients), (ORDERS, 1)), axis=1)
    # Patients drawn one by one are in random order already
    drawn = draw_patients(mixture.n_patients, resamples, seed)
    means = mixture.measures(orders, shares).mean(axis=0)
    resampled = mixture.measures(drawn, shares)
    return _curve(mixture, means, resampled, shares, confidence)


class _Mixture:
    """All patches twice, real and virtual, in the order of their scores; weights choose."""

    def __init__(
        self, scores: list[Floats], is_lesion: Flags, patients: npt.NDArray[np.generic], cut: float
    ) -> None:
        names, self.owners = np.unique(patients, return_inverse=True)
        self.n_patients, self.threshold, self.lesion = names.size, cut, is_lesion
        both = np.concatenate(scores)
        self.order = np.argsort(both, kind="stable")
        self.sorted_lesion = np.tile(is_lesion, 2)[self.order]
        levels, self.starts = np.unique(both[self.order], return_index=True)
        self.called = levels > cut

    def measures(self, rows: Rows, shares: Sequence[float]) -> Floats:
        """Return (rows, shares, 3): in each row of patients the first ones are virtual."""
        replaced = [math.floor(share * rows.shape[1] + 0.5) for share in shares]
        blocks = np.array_split(rows, -(-len(rows) * self.order.size // BLOCK))
        return np.concatenate(
            [np.stack([self._block(one, count) for count in replaced], axis=1) for one in blocks]
        )

    def _block(self, rows: Rows, replaced: int) -> Floats:
        """Return (rows, 3) AUC, sensitivity, F1; NaN without a patch of either kind."""
        patients = [
            times_drawn(some, self.n_patients)[:, self.owners]
            for some in (rows[:, replaced:], rows[:, :replaced])
        ]
        weights = np.concatenate(patients, axis=1)[:, self.order]
        # Patches of one score together, as a tie is half a success
        lesions, others = (
            np.add.reduceat(weights * kind, self.starts, axis=1)
            for kind in (self.sorted_lesion, ~self.sorted_lesion)
        )
        below = np.cumsum(others, axis=1) - others / 2
        positives, negatives = lesions.sum(axis=1), others.sum(axis=1)
        hits, alarms = (one[:, self.called].sum(axis=1) for one in (lesions, others))
        with np.errstate(invalid="ignore"):
            auc = (lesions * below).sum(axis=1) / (positives * negatives)
            found = np.stack([auc, hits / positives, 2 * hits / (hits + alarms + positives)], 1)
        found[(positives == 0) | (negatives == 0)] = math.nan
        return found


def _check_shares(shares: Sequence[float]) -> None:
    rising = all(one < other for one, other in pairwise(shares))
    if not (len(shares) > 1 and rising and shares[0] >= 0 and shares[-1] <= 1):
        raise ValueError(f"shares must be two or more rising from 0 to 1, got {list(shares)}")


def _check_scores(
    scores: list[Floats], is_lesion: Flags, patients: npt.NDArray[np.generic]
) -> None:
    for one in scores:
        check_by_patient(one, patients)
        if bad := int(one.size - np.isfinite(one).sum()):
            raise ValueError(f"{bad} of {one.size} scores are NaN or infinite")
    if is_lesion.shape != patients.shape:
        raise ValueError(f"is_lesion {is_lesion.shape} and patients {patients.shape} differ")
    check_enough(
        is_lesion, patients, what="test", least=LEAST_PATIENTS, least_patients=LEAST_PATIENTS
    )


def _curve(
    mixture: _Mixture, means: Floats, resampled: Floats, shares: Sequence[float], confidence: float
) -> SubstitutionCurve:
    def intervals(index: int) -> tuple[Interval, ...]:
        return tuple(
            _interval(mixture, MEASURES[index], mean, sample, confidence)
            for mean, sample in zip(means[:, index], resampled[:, :, index].T, strict=True)
        )

    change, changes = means[-1] - means[0], resampled[:, -1] - resampled[:, 0]
    return SubstitutionCurve(
        shares=tuple(float(share) for share in shares),
        auc=intervals(0),
        sensitivity=intervals(1),
        f1=intervals(2),
        difference={
            name: _interval(mixture, name, change[index], changes[:, index], confidence)
            for index, name in enumerate(MEASURES)
        },
        threshold=mixture.threshold,
        positives=int(mixture.lesion.sum()),
        negatives=int((~mixture.lesion).sum()),
    )


def _interval(
    mixture: _Mixture, measure: str, mean: float, resampled: Floats, confidence: float
) -> Interval:
    with_lesion, without = (
        np.unique(mixture.owners[kind]).size for kind in (mixture.lesion, ~mixture.lesion)
    )
    of_lesions = measure == "sensitivity"
    known = resampled[~np.isnan(resampled)]
    rarer = with_lesion if of_lesions else min(with_lesion, without)
    low, high = expanded_percentiles(known, rarer, confidence) if known.size else (math.nan,) * 2
    return Interval(
        mean=float(mean),
        low=low,
        high=high,
        n_values=int(mixture.lesion.sum()) if of_lesions else mixture.lesion.size,
        n_patients=with_lesion if of_lesions else mixture.n_patients,
        n_missing=0,
    )


def _interval_json(interval: Interval) -> dict[str, Any]:
    found = asdict(interval) | {"n_cases": interval.n_cases}
    del found["n_missing"]
    return {key: None if math.isnan(value) else value for key, value in found.items()}
