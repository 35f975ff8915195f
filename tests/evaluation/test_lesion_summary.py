from __future__ import annotations

import numpy as np
import pytest

from cem_monai.evaluation import bland_altman, rank_correlation
from evaluated_rows import ALL, lesion_rows, summary_of


def column(rows, name: str, predictor: str = "model") -> list[float]:
    return [float(row[name] or "nan") for row in rows if row["predictor"] == predictor]


def patients(rows) -> list[str]:
    return [row["patient"] for row in rows if row["predictor"] == "model"]


def test_means_are_over_lesions() -> None:
    entry = summary_of()["lesions"]["model"]

    for name in ("contrast_error", "abs_contrast_error", "missed_enhancement", "is_missed"):
        assert entry[name]["mean"] == pytest.approx(
            np.mean(column(lesion_rows(), f"lesion_{name}"))
        )
        assert entry[name]["n_patients"] == 3


def test_rank_correlation_is_that_of_the_contrasts() -> None:
    rows = lesion_rows()
    pair = (column(rows, f"lesion_contrast_{image}") for image in ("real", "generated"))
    expected = rank_correlation(*pair, patients(rows), resamples=100, confidence=0.9)

    entry = summary_of()["lesions"]["model"]["rank_correlation"]

    assert entry == {name: getattr(expected, name) for name in entry}


def test_agreement_is_that_of_the_cnr_with_the_real_noise() -> None:
    rows = lesion_rows()
    pair = (column(rows, f"lesion_cnr_{image}") for image in ("real", "generated"))
    expected = bland_altman(*pair, patients(rows), confidence=0.9)

    entry = summary_of()["lesions"]["model"]["bland_altman"]

    assert entry["bias"]["mean"] == expected.bias.mean
    for side in ("lower", "upper"):
        limit = getattr(expected, side)
        assert entry[side] == {name: getattr(limit, name) for name in ("value", "low", "high")}
    assert (entry["sd_within"], entry["sd_between"]) == (expected.sd_within, expected.sd_between)


def test_recall_is_what_is_not_missed_by_visibility() -> None:
    rows = lesion_rows()
    recall = summary_of()["recall"]

    assert list(recall) == list(ALL)
    for name, kind in (("visible", "round"), ("occult", "occult")):
        chosen = [row for row in rows if row["lesion_kind"] == kind]
        missed = column(chosen, "lesion_is_missed")
        assert recall["model"][name]["mean"] == pytest.approx(1 - np.mean(missed))
        assert recall["model"][name]["n_cases"] == 6


def test_lesion_of_unknown_kind_is_neither_visible_nor_occult() -> None:
    rows = [row | {"lesion_kind": row["lesion_kind"].replace("round", "")} for row in lesion_rows()]

    recall = summary_of(lesions=rows)["recall"]["model"]

    assert (recall["visible"]["n_cases"], recall["occult"]["n_cases"]) == (0, 6)


def test_without_known_kinds_there_is_no_recall() -> None:
    rows = [row | {"lesion_kind": ""} for row in lesion_rows()]

    assert summary_of(lesions=rows)["recall"] == {}


def test_without_lesions_there_is_nothing() -> None:
    summary = summary_of(lesions=[])

    assert (summary["lesions"], summary["recall"]) == ({}, {})


def test_missing_cnr_is_counted() -> None:
    rows = [
        row | {"lesion_cnr_real": "", "lesion_contrast_real": ""} if row["case"] == "c000" else row
        for row in lesion_rows()
    ]

    entry = summary_of(lesions=rows)["lesions"]["model"]

    bias = entry["bland_altman"]["bias"]
    assert (bias["n_values"], bias["n_cases"]) == (10, 12)
    assert entry["rank_correlation"]["n_missing"] == 2
