from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from cem_monai.evaluation import SubstitutionCurve, TooFewError, substitution_curve
from cem_monai.evaluation.patient_resampling import draw_patients, expanded_percentiles
from cem_monai.evaluation.substitution_curve import MEASURES, SHARES

Values = np.ndarray[Any, Any]
SEEDS = st.integers(0, 2**32 - 1)
CUT = 0.5


def patches(seed: int, patients: int = 12) -> tuple[Values, Values, Values, Values]:
    """Real scores, virtual scores in which less shows, flags, patients; some scores are tied."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), rng.integers(2, 6, patients))
    is_lesion = np.arange(owners.size) % 2 == 0
    real, virtual = rng.normal(is_lesion * [[1.5], [0.7]], 1)
    return real.round(1), virtual.round(1), is_lesion, owners


def naive(scores: Values, is_lesion: Values) -> tuple[float, float, float]:
    lesions, others = scores[is_lesion], scores[~is_lesion]
    auc = mannwhitneyu(lesions, others).statistic / (lesions.size * others.size)
    hits, alarms = (lesions > CUT).sum(), (others > CUT).sum()
    missed = lesions.size - hits
    return float(auc), float(hits / lesions.size), float(2 * hits / (2 * hits + alarms + missed))


def curve(*args: Any, resamples: int = 40, **options: Any) -> SubstitutionCurve:
    return substitution_curve(*args, threshold=CUT, resamples=resamples, **options)


def means(result: SubstitutionCurve) -> Values:
    """(shares, measures)."""
    return np.array([[one.mean for one in getattr(result, name)] for name in MEASURES]).T


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_ends_are_all_real_and_all_virtual(seed: int) -> None:
    real, virtual, is_lesion, owners = patches(seed)

    result = curve(real, virtual, is_lesion, owners)

    first, last = naive(real, is_lesion), naive(virtual, is_lesion)
    np.testing.assert_allclose(means(result)[[0, -1]], [first, last], atol=1e-12)
    changes = [result.difference[name].mean for name in MEASURES]
    np.testing.assert_allclose(changes, np.subtract(last, first), atol=1e-12)


def test_middle_is_the_mean_over_all_choices_of_patients() -> None:
    real, virtual, is_lesion, owners = patches(3, patients=8)
    expected = np.mean(
        [
            naive(np.where(np.isin(owners, chosen), virtual, real), is_lesion)
            for chosen in combinations(range(8), 4)
        ],
        axis=0,
    )

    result = curve(real, virtual, is_lesion, owners)

    np.testing.assert_allclose(means(result)[SHARES.index(0.5)], expected, atol=0.01)


def test_sensitivity_falls_by_the_share_when_virtual_images_show_nothing() -> None:
    is_lesion = np.tile([True, False], 20)
    real, virtual, owners = is_lesion.astype(float), np.zeros(40), np.repeat(np.arange(20), 2)

    result = curve(real, virtual, is_lesion, owners)

    left = 1 - np.array(SHARES)
    assert means(result)[:, 1] == pytest.approx(left)
    # every lesion left is above all else, every other ties with all
    assert means(result)[:, 0] == pytest.approx(left + (1 - left) / 2)
    assert means(result)[:, 2] == pytest.approx(2 * left / (1 + left))


def test_intervals_are_those_of_a_loop_over_resamples() -> None:
    real, virtual, is_lesion, owners = patches(1)
    resampled = []
    for drawn in draw_patients(12, 200, 6):
        values = []
        for virtual_patients in (0, 3, 6, 9, 12):
            taken = [np.flatnonzero(owners == patient) for patient in drawn]
            mixed = [
                (virtual if place < virtual_patients else real)[chosen]
                for place, chosen in enumerate(taken)
            ]
            values.append(naive(np.concatenate(mixed), is_lesion[np.concatenate(taken)]))
        resampled.append(values)

    result = curve(real, virtual, is_lesion, owners, resamples=200, confidence=0.8, seed=6)

    table = np.array(resampled)
    for index, name in enumerate(MEASURES):
        for share, interval in enumerate(getattr(result, name)):
            expected = expanded_percentiles(table[:, share, index], 12, 0.8)
            assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-12)
        change = result.difference[name]
        expected = expanded_percentiles(table[:, -1, index] - table[:, 0, index], 12, 0.8)
        assert (change.low, change.high) == pytest.approx(expected, abs=1e-12)


def test_equal_images_give_a_flat_curve_and_exactly_no_difference() -> None:
    real, _, is_lesion, owners = patches(0)

    result = curve(real, real, is_lesion, owners)

    for name in MEASURES:
        intervals = {(one.low, one.high) for one in getattr(result, name)}
        assert len(intervals) == 1
        change = result.difference[name]
        assert (change.mean, change.low, change.high) == (0, 0, 0)


@pytest.mark.parametrize(("separation", "auc"), [(1, 1.0), (0, 0.5), (-1, 0.0)])
def test_separated_equal_and_inverted_scores(separation: float, auc: float) -> None:
    _, _, is_lesion, owners = patches(0)
    scores = separation * is_lesion.astype(float)

    result = curve(scores, scores, is_lesion, owners)

    for interval in result.auc:
        assert (interval.mean, interval.low, interval.high) == pytest.approx((auc, auc, auc))


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_order_of_patches_does_not_matter(seed: int) -> None:
    given_patches = patches(seed)
    order = np.random.default_rng(seed).permutation(given_patches[0].size)

    assert curve(*given_patches) == curve(*(one[order] for one in given_patches))


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_increasing_change_of_scores_and_threshold_changes_nothing(seed: int) -> None:
    real, virtual, is_lesion, owners = patches(seed)

    changed = substitution_curve(
        np.exp(real), np.exp(virtual), is_lesion, owners, threshold=np.exp(CUT), resamples=40
    )

    for name in MEASURES:
        assert getattr(changed, name) == getattr(curve(real, virtual, is_lesion, owners), name)


def test_repeated_patches_of_a_patient_do_not_narrow_the_interval() -> None:
    once = patches(2)
    fourfold = [np.tile(one, 4) for one in once]
    strangers = np.concatenate([once[3] + 100 * copy for copy in range(4)])

    single, clustered, wrong = (
        curve(*some, resamples=400).auc[0] for some in (once, fourfold, [*fourfold[:3], strangers])
    )

    assert (clustered.low, clustered.high) == pytest.approx((single.low, single.high))
    assert wrong.high - wrong.low < 0.7 * (single.high - single.low)


def test_numbers_behind_the_measures() -> None:
    real, virtual, _, owners = patches(4)
    is_lesion = (owners < 7) & (np.arange(owners.size) % 2 == 0)

    result = curve(real, virtual, is_lesion, owners)

    assert (result.positives, result.negatives) == (is_lesion.sum(), (~is_lesion).sum())
    for one in (*result.auc, *result.f1, result.difference["auc"]):
        assert (one.n_values, one.n_patients, one.n_missing) == (owners.size, 12, 0)
    for one in (*result.sensitivity, result.difference["sensitivity"]):
        assert (one.n_values, one.n_patients) == (is_lesion.sum(), 7)


def test_resamples_without_a_lesion_are_left_out() -> None:
    owners = np.arange(60)
    is_lesion = owners < 5
    real = is_lesion + np.linspace(0, 0.1, 60)

    result = curve(real, real, is_lesion, owners, resamples=2000)

    assert (draw_patients(60, 2000, 0).min(axis=1) >= 5).any()
    assert (result.auc[0].low, result.auc[0].high) == (1, 1)


def test_same_seed_same_curve() -> None:
    given_patches = patches(5)

    assert curve(*given_patches, seed=3) == curve(*given_patches, seed=3)
    assert curve(*given_patches, seed=3) != curve(*given_patches, seed=4)


def test_json_holds_plain_numbers() -> None:
    result = curve(*patches(0))

    found = json.loads(json.dumps(result.to_json(), allow_nan=False))

    assert found["shares"] == [0, 25, 50, 75, 100]
    assert found["positives"] == result.positives
    assert found["difference"]["f1"]["low"] == result.difference["f1"].low
    for name in MEASURES:
        assert [one["mean"] for one in found[name]] == [one.mean for one in getattr(result, name)]
    assert found["auc"][0].keys() == {
        "mean",
        "low",
        "high",
        "n_values",
        "n_cases",
        "n_patients",
    }


@pytest.mark.parametrize(("keep", "kind"), [(True, "positions"), (False, "lesions")])
def test_one_class_is_refused(keep: bool, kind: str) -> None:
    real, virtual, is_lesion, owners = patches(0)
    chosen = is_lesion == keep

    with pytest.raises(TooFewError, match=rf"the test images, found .*0 {kind} of 0 patients"):
        curve(*(one[chosen] for one in (real, virtual, is_lesion, owners)))


def test_few_patients_are_refused_with_numbers() -> None:
    with pytest.raises(TooFewError, match=r"of 5 patients each in the test .* of 4 patients"):
        curve(*patches(0, patients=4))


def test_score_that_is_not_finite_is_refused() -> None:
    real, virtual, is_lesion, owners = patches(0)
    virtual[2] = np.nan

    with pytest.raises(ValueError, match=f"1 of {real.size} scores are NaN or infinite"):
        curve(real, virtual, is_lesion, owners)


def test_lists_of_different_lengths_are_refused() -> None:
    real, virtual, is_lesion, owners = patches(0)

    with pytest.raises(ValueError, match="two lists of one length"):
        curve(real, virtual[1:], is_lesion, owners)
    with pytest.raises(ValueError, match=r"is_lesion \(\d+,\) and patients \(\d+,\) differ"):
        curve(real, virtual, is_lesion[1:], owners)


@pytest.mark.parametrize("shares", [[], [0.5], [0, 0], [1, 0], [-0.1, 1], [0, 1.5], [0, np.nan]])
def test_shares_that_do_not_rise_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="two or more rising from 0 to 1, got"):
        curve(*patches(0), shares=shares)
