from __future__ import annotations

import re
from typing import Any

import pytest

from cem_monai.evaluation import EvaluationSummary, format_interval, model_card_performance
from cem_monai.evaluation.card_tables import SETTINGS
from cem_monai.evaluation.report_tables import read_interval
from cem_monai.evaluation.summary import LABELS
from cem_monai.evaluation.verdict import ENOUGH_PATIENTS
from evaluated_rows import (
    ALL,
    CASE_MEASURES,
    TRIVIAL,
    case_rows,
    evaluated_data,
    lesion_rows,
    summary_of,
)


@pytest.fixture(scope="module")
def summary() -> EvaluationSummary:
    return summary_of()


@pytest.fixture(scope="module")
def card(summary: EvaluationSummary) -> str:
    return model_card_performance(summary)


def section(card: str, title: str) -> str:
    (text,) = (one for one in re.split(r"^### ", card, flags=re.MULTILINE) if
               one.startswith(f"{title}\n"))  # fmt: skip
    return text


def tables(text: str) -> list[list[list[str]]]:
    """All Markdown tables of a text: rows of cells, the rule below the heading left out."""
    found = re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    rows = [[line.strip("| ").split(" | ") for line in one.strip().splitlines()] for one in found]
    return [[row for row in one if set("".join(row)) != set("-|")] for one in rows]


def interval(entry: Any, digits: int, factor: float = 1) -> str:
    scaled = {key: entry[key] * factor for key in ("mean", "low", "high")}
    return format_interval(read_interval({**entry, **scaled}), digits)


def test_all_tables_are_rectangular(card: str) -> None:
    for table in tables(card):
        assert len({len(row) for row in table}) == 1


def test_settings_show_every_predictor_in_order(summary: EvaluationSummary, card: str) -> None:
    found = tables(section(card, "Distances and ΔCNR"))

    assert len(found) == len(SETTINGS)
    for (reading, setting), (_, *rows) in zip(SETTINGS, found, strict=True):
        entries: Any = summary["tables"][reading][setting]
        assert [row[0] for row in rows] == [LABELS[name] for name in ALL]
        for row, name in zip(rows, ALL, strict=True):
            digits = {"l1": 2, "l2": 1, "psnr_roi": 2, "psnr_frame": 2, "delta_cnr": 3}
            cells = [interval(entries[name][key], digits[key]) for key in digits]
            assert row[1:] == [*cells, "6 / 3"]


def test_lesion_table_shows_means_ranks_and_limits(summary: EvaluationSummary, card: str) -> None:
    (heading, *_, model), recall = tables(section(card, "Lesions"))
    entry = summary["lesions"]["model"]

    shown = dict(zip(heading, model, strict=True))
    assert shown["lesions missed (%)"] == interval(entry["is_missed"], 1, 100)
    assert shown["contrast error (grey levels)"] == interval(entry["contrast_error"], 1)
    assert shown["rank correlation"].startswith(f"{entry['rank_correlation']['rho']:.2f} [")
    assert f"to {entry['bland_altman']['upper']['value']:.2f}" in shown[heading[7]]
    assert shown["lesions / patients"] == "12 / 3"
    assert recall[-1][2] == interval(summary["recall"]["model"]["occult"], 1, 100)


def test_false_enhancement_starts_with_the_real_images(
    summary: EvaluationSummary, card: str
) -> None:
    ((_, real, *rows),) = tables(section(card, "False enhancement"))
    measures = summary["measures"]

    assert [row[0] for row in rows] == [LABELS[name] for name in ALL]
    assert real[:2] == ["real image", interval(measures["constant"]["false_share_real"], 3, 100)]
    assert real[3] == "–"
    assert rows[-1][1] == interval(measures["model"]["false_share"], 3, 100)


def test_attainable_gain_is_in_percent(summary: EvaluationSummary, card: str) -> None:
    ((_, *_, model),) = tables(section(card, "Share of the attainable gain"))

    entry = summary["attainable"]["model"]["mass_l1"]
    low, high = 100 * entry["low"], 100 * entry["high"]
    assert model[3] == f"{100 * entry['share']:.0f} [{low:.0f}, {high:.0f}] (6 / 3)"


def test_tests_are_those_of_the_model(summary: EvaluationSummary, card: str) -> None:
    ((_, *rows),) = tables(section(card, "Against trivial predictors and other models"))

    assert len(rows) == len(summary["tests"])
    assert rows[0][3] == interval(summary["tests"][0]["difference"], 2)
    assert [row[5] for row in rows] == [f"{one['p_holm']:.3f}" for one in summary["tests"]]


def test_hashes_counts_and_versions_are_named(summary: EvaluationSummary, card: str) -> None:
    facts = section(card, "What was evaluated")

    data, software = summary["data"], summary["software"]
    assert f"`{data['datalist_sha256']}`" in facts
    assert f"`{summary['models']['model']['weights_sha256']}`" in facts
    assert "12 images of 6 patients, simulated exams" in facts
    assert summary["created"] in facts
    for name, version in software.items():
        assert f"{name} {version}" in facts
    assert "Failed cases: none." in facts


def test_failed_cases_are_counted_without_their_names() -> None:
    rows = [
        row | dict.fromkeys(CASE_MEASURES, "")
        if (row["predictor"], row["case"]) == ("model", "c000")
        else row
        for row in case_rows()
    ]

    card = model_card_performance(summary_of(rows=rows))

    assert "Failed cases: model 1 of 12." in card
    assert "c000" not in card
    ((_, *_, model),) = tables(section(card, "False enhancement"))
    assert model[-1] == "11 of 12 / 6"


def test_few_patients_are_warned_of_first(card: str) -> None:
    assert card.startswith(f"**Patients in the test set: 6. With fewer than {ENOUGH_PATIENTS}, ")
    assert "Subgroups of fewer than 20 patients: all of them." in card


def test_enough_patients_are_not_warned_of_but_small_subgroups_are() -> None:
    card = model_card_performance(summary_of(ENOUGH_PATIENTS))

    assert card.startswith("### What was evaluated")
    listed = re.search(r"fewer than 20 patients: (.*)\.", card)
    assert listed is not None
    assert "thickness (mm) ≥ 60" in listed[1]
    assert "view CC" not in listed[1]


def test_tested_on_names_groups_that_have_images(summary: EvaluationSummary, card: str) -> None:
    text = section(card, "Tested on")

    for entry in summary["subgroups"]:
        if (entry["predictor"], entry["measure"]) == ("model", "breast_l1"):
            named = f"{entry['value']} ({entry['interval']['n_cases']} images)" in text
            assert named == (entry["interval"]["n_cases"] > 0)
    assert "manufacturer and machine: Maker, 0 (" in text
    assert "kind of lesion: occult (6 lesions); round (6 lesions)" in text


def test_known_failures_have_the_numbers(summary: EvaluationSummary, card: str) -> None:
    text = section(card, "Known failures")

    own = summary["measures"]["model"]
    missed = interval(summary["lesions"]["model"]["is_missed"], 2, 100)
    assert f"Lesions can be missed: {missed} % of lesions keep less than 50 %" in text
    assert f"Lesions can be invented: {interval(own['false_share'], 2, 100)} %" in text
    assert f"in the real images {interval(own['false_share_real'], 2, 100)} %" in text
    assert f"{interval(own['mirror_share'], 2, 100)} % of the mirrored place" in text
    occult = interval(summary["recall"]["model"]["occult"], 2, 100)
    assert f"no low-energy image shows are found in {occult} %" in text


def test_nothing_is_said_of_places_and_lesions_that_are_not_there() -> None:
    rows = [row | {"mirror_share": ""} for row in case_rows()]
    lesions = [row | {"lesion_kind": "round"} for row in lesion_rows()]

    text = model_card_performance(summary_of(rows=rows, lesions=lesions))

    assert "Lesions can be invented" in text
    assert "mirrored place" not in text
    assert "no low-energy image shows" not in text


def test_without_lesions_the_card_says_so() -> None:
    card = model_card_performance(summary_of(lesions=[]))

    assert section(card, "Lesions").strip().endswith("No lesion was measured.")
    assert "whether lesions are missed is not known" in section(card, "Known failures")


def test_real_exams_show_no_gain_and_no_recall() -> None:
    predictors = (*TRIVIAL, "model")
    card = model_card_performance(
        summary_of(predictors=predictors, data=evaluated_data(simulated=False))
    )

    assert "attainable" not in card
    assert "occult lesions (%)" not in card
    assert "come from a simulator" not in card


def test_leak_is_shown_where_it_was_measured(summary: EvaluationSummary, card: str) -> None:
    assert "that was not measured" in card
    entry = {
        "with": summary["measures"]["model"]["breast_l1"],
        "without": summary["measures"]["constant"]["breast_l1"],
        "difference": summary["tests"][0]["difference"],
    }
    names = ("breast_l1", "mass_l1", "mass_contrast_generated", "recall_visible", "recall_occult")
    leak: Any = {"model": dict.fromkeys(names, entry)}

    measured = model_card_performance({**summary, "leak": leak})

    ((_, *rows),) = tables(section(measured, "What residual contrast agent gives"))
    assert len(rows) == len(names)
    assert rows[0][1:] == [interval(one, 2) for one in entry.values()]
    assert rows[3][1] == interval(entry["with"], 1, 100)
    assert "that was not measured" not in measured


def test_name_of_a_model_cannot_break_a_table() -> None:
    predictors = (*TRIVIAL, "a|b")

    card = model_card_performance(summary_of(predictors=predictors, models=("a|b",)))

    assert "| a\\|b |" in section(card, "False enhancement")


def test_one_of_several_models_must_be_named() -> None:
    models = ("first", "second")
    summary = summary_of(predictors=(*TRIVIAL, *models), models=models)

    with pytest.raises(ValueError, match="holds the models first, second: one must be named"):
        model_card_performance(summary)
    with pytest.raises(ValueError, match="holds the models first, second: not third"):
        model_card_performance(summary, "third")
    ((_, *rows),) = tables(
        section(
            model_card_performance(summary, "second"), "Against trivial predictors and other models"
        )
    )
    assert all("second" in row[1:3] for row in rows)
