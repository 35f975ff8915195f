from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cem_monai.evaluation import write_report
from html_page import Page
from report_inputs import EVIL, FAILED, MODELS, ReportInputs

MakeRow = Callable[..., dict[str, str]]
Report = Callable[..., Page]

SECTIONS = {
    "evaluated": "What was evaluated",
    "settings": "Three settings",
    "measures": "All measures",
    "lesions": "Lesions",
    "false": "False enhancement",
    "histograms": "Histograms",
    "subgroups": "Subgroups",
    "substitution": "Substitution",
    "training": "Training",
    "cases": "Cases",
}


@pytest.fixture(scope="session")
def full(full_report: Path) -> Page:
    return Page(full_report)


@pytest.fixture
def report(tmp_path: Path, make_row: MakeRow) -> Report:
    """Write a report of three cases with measures only: `b` is worse than `a`, `n` has no mass."""
    rows = [
        make_row("model", "n", breast_l1=12),
        make_row("model", "a", breast_l1=12, mass_cnr_real=4, mass_delta_cnr=-1),
        make_row("model", "b", breast_l1=12, mass_cnr_real=4, mass_delta_cnr=-2.5),
        make_row("constant", "n", breast_l1=22),
    ]
    none = {"mean": None, "low": None, "high": None, "n_values": 0, "n_cases": 3, "n_patients": 0}
    summary = {"models": {"model": {}}, "measures": {"model": {"breast_l1": none}}}

    def write(**changes: Any) -> Page:
        options: dict[str, Any] = {"summary": summary, "rows": rows} | changes
        write_report(tmp_path / "report.html", **options)
        return Page(tmp_path / "report.html")

    return write


def test_page_stands_alone(full: Page, full_report: Path) -> None:
    html = full_report.read_text(encoding="utf-8")
    attributes = {
        value
        for _, found in full.tags
        for name, value in found.items()
        if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
    }

    assert all(value.startswith(("data:image/", "#")) for value in attributes)
    assert not re.search(r"url\(|@import|<script|<link|<iframe|javascript:", html)
    assert "default-src 'none'" in html


def test_drawings_in_the_page_stand_alone(full: Page) -> None:
    prefix = "data:image/svg+xml;base64,"
    sources = [one for one in full.values("img", "src") if one.startswith(prefix)]
    assert len(sources) == 7
    for source in sources:
        drawing = base64.b64decode(source.removeprefix(prefix)).decode()
        for element in ElementTree.fromstring(drawing).iter():
            links = [value for name, value in element.attrib.items() if name.endswith("href")]
            assert all(link.startswith("#") for link in links)
        assert all(found.startswith("#") for found in re.findall(r"url\(([^)]*)\)", drawing))
        assert "@import" not in drawing


def test_warning_stands_before_everything_else(full: Page) -> None:
    warning = full.text.index("RESEARCH ONLY, NOT FOR DIAGNOSIS")
    injection = full.text.index("low-energy image is acquired after the injection")

    assert warning < injection < full.text.index("What was evaluated")


def test_sections_and_their_links(full: Page) -> None:
    assert full.values("h2", "id") == list(SECTIONS)
    links = full.values("a", "href")
    assert links[: len(SECTIONS)] == [f"#{name}" for name in SECTIONS]
    targets = {found["id"] for _, found in full.tags if "id" in found}
    assert {link.removeprefix("#") for link in links} <= targets


def test_what_is_not_given_is_left_out(report: Report) -> None:
    page = report()

    assert page.values("h2", "id") == ["evaluated", "measures", "cases"]
    assert page.values("img", "src") == []
    assert "No test was made." in page.text
    assert "No pictures were drawn." in page.text
    assert page.values("a", "href") == ["#evaluated", "#measures", "#cases"]


def test_facts(full: Page) -> None:
    facts = dict(full.tables[0])

    assert list(facts)[:2] == ["grid", EVIL]
    assert facts["data"].startswith("section test of datalist.json: 96 images of 24 patients")
    assert facts[f"weights of {MODELS[0]}, SHA-256"] == "cd" * 32
    assert facts[f"weights of {MODELS[1]}, SHA-256"].startswith("not known")
    assert facts["grey levels"] == "0 to 255 stand for the stored values 1900 to 2200"


def test_failed_cases_are_listed(full: Page) -> None:
    assert f"{MODELS[1]}: 1 ({FAILED})" in full.text


def test_failed_case_is_the_first_of_its_model(report: Report, evaluation: ReportInputs) -> None:
    summary = {"models": evaluation.summary["models"], "measures": {MODELS[1]: {}}}

    page = report(summary=summary, rows=evaluation.rows, predictor=MODELS[1])

    assert page.table("All cases")[1][0] == f"{FAILED} failed"


def test_failed_case_without_a_row_is_listed(report: Report) -> None:
    summary = {"models": {"model": {}}, "measures": {"model": {}}, "failed": {"model": ["lost"]}}

    page = report(summary=summary)

    assert [row[0] for row in page.table("All cases")[1:]] == ["lost failed", "b", "a", "n"]
    assert "model: 1 (lost)" in page.text


def test_no_failure_is_said(report: Report) -> None:
    summary = {"models": {"model": {}}, "measures": {"model": {}}, "failed": {"model": []}}

    assert "None: every predictor has every case." in report(summary=summary).text
    assert "Not recorded." in report().text


def test_few_patients_are_remarked(report: Report, full: Page) -> None:
    assert "Patients in the test set: 3. With fewer than 20" in report().text
    assert "not to be interpreted" not in full.text


def test_cases_are_listed_worst_first(report: Report) -> None:
    heading, *rows = report().table("All cases")

    assert heading[:2] == ["case", "patient"]
    assert [row[0] for row in rows] == ["b", "a", "n"]
    column = heading.index("mass ΔCNR")
    assert [row[column] for row in rows] == ["-2.50", "-1.00", "–"]


def test_pictures_are_the_files_in_the_order_of_the_cases(report: Report, tmp_path: Path) -> None:
    for case in "nab":
        (tmp_path / f"{case}.png").write_bytes(f"png of {case}".encode())

    page = report(pictures=[(case, tmp_path / f"{case}.png") for case in "nab"])

    sources = [source.split(",", 1)[1] for source in page.values("img", "src")]
    assert [base64.b64decode(one) for one in sources] == [b"png of b", b"png of a", b"png of n"]
    assert page.values("figure", "id") == ["case-1-b", "case-2-a", "case-3-n"]


def test_all_text_is_escaped(full: Page) -> None:
    assert "script" not in {tag for tag, _ in full.tags}
    assert not [tag for tag, found in full.tags if tag == "b" and "model" in str(found)]
    assert dict(full.tables[0])[EVIL] == EVIL
    assert EVIL in [row[0] for row in full.table("All cases")]
    assert f"{EVIL}: low-energy, real DES, virtual, difference, masks" in full.values("img", "alt")
    assert any("script-alert-x" in name for name in full.values("figure", "id"))


def test_report_is_the_same_every_time(evaluation: ReportInputs, tmp_path: Path) -> None:
    parts = ("models", "measures", "lesions")
    summary = {name: evaluation.summary[name] for name in parts}
    rows = [row for row in evaluation.rows if row["predictor"] == MODELS[0]]
    for name in ("one.html", "two.html"):
        write_report(tmp_path / name, summary=summary, rows=rows)

    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_numbers_of_a_table(full: Page, evaluation: ReportInputs) -> None:
    found = evaluation.summary["measures"]["constant"]["breast_l1"]

    heading, first, *others = full.table("Breast: distances")

    assert heading[1] == "L1 grey levels"
    assert first[0] == "constant inside the breast"
    assert first[1] == f"{found['mean']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
    assert first[-1] == "96 / 24"
    assert others[-1][-1] == "95 of 96 / 24"


def test_missing_losses(report: Report, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no losses"):
        report(losses_csv=tmp_path / "none.csv")


def test_missing_picture_leaves_no_report(report: Report, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.png: no picture of the case a$"):
        report(pictures=[("a", tmp_path / "none.png")])

    assert not list(tmp_path.glob("*report.html*"))


def test_picture_of_a_case_that_was_not_evaluated(report: Report, tmp_path: Path) -> None:
    (tmp_path / "z.png").write_bytes(b"png")

    with pytest.raises(ValueError, match="pictures of cases that were not evaluated: z"):
        report(pictures=[("z", tmp_path / "z.png")])


def test_no_model(report: Report) -> None:
    with pytest.raises(ValueError, match="names no model"):
        report(summary={"models": {}, "measures": {}})


def test_model_without_cases(report: Report) -> None:
    with pytest.raises(ValueError, match="no case of the predictor 'other'"):
        report(predictor="other")
