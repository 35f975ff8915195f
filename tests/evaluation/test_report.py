from __future__ import annotations

import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cem_monai.evaluation import write_report
from cem_monai.evaluation.training_curves import training_curves_png

MakeRow = Callable[..., dict[str, str]]
WriteTable = Callable[..., Path]
FACTS = {"exams": "24 of 12 patients", "seed": "0"}
LOSSES = [
    {"epoch": "1", "learning_rate": "0.0002", "g_gan": "1", "g_l1": "0.5", "d_real": "1",
     "d_fake": "0.1"},
]  # fmt: skip


class Page(HTMLParser):
    """Tables as lists of rows of cells, ids, links, sources of images, and all text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self.in_cell = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.in_cell:
            self.tables[-1][-1][-1] += data

    def values(self, tag: str, attribute: str) -> list[str]:
        return [found[attribute] for name, found in self.tags if name == tag and attribute in found]


@pytest.fixture
def rows(make_row: MakeRow) -> list[dict[str, str]]:
    """Three cases of three patients, the mass of `b` worse than that of `a`; `n` has no mass."""
    table = []
    baselines = (("constant", 22.0), ("depth_intensity_table", 12.5))
    for predictor, breast_l1 in (*baselines, ("model", 12.0)):
        for case, delta in (("n", ""), ("a", -1.0), ("b", -2.5)):
            values = {"breast_l1": breast_l1}
            if delta:
                values |= {"mass_l1": 9, "mass_cnr_real": 4.0}
            if delta and predictor == "model":
                values |= {
                    "mass_l1": 30,
                    "mass_cnr_generated": 4.0 + delta,
                    "mass_delta_cnr": delta,
                }
            table.append(make_row(predictor, case, f"patient {case}", **values))
    return table


@pytest.fixture
def report(tmp_path: Path, rows: Any, write_table: WriteTable) -> Callable[..., Page]:
    def write(**changes: Any) -> Page:
        panels = []
        for case in "nab":
            (tmp_path / f"{case}.png").write_bytes(f"png of {case}".encode())
            panels.append((case, tmp_path / f"{case}.png"))
        options: dict[str, Any] = {"panels": panels, "facts": FACTS} | changes
        if "metrics_csv" not in options:
            options["metrics_csv"] = write_table(rows)
        write_report(tmp_path / "report.html", **options)
        return Page(tmp_path / "report.html")

    return write


def test_page_stands_alone(report: Any, write_table: WriteTable, tmp_path: Path) -> None:
    page = report(losses_csv=write_table(LOSSES, "losses.csv"))

    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|url\(|@import|<script|<link|<iframe|srcset", html)
    assert all(source.startswith("data:image/png;base64,") for source in page.values("img", "src"))
    assert all(link.startswith("#") for link in page.values("a", "href"))
    assert "default-src 'none'" in html


def test_warning_stands_before_everything_else(report: Any) -> None:
    text = report().text

    assert text.index("RESEARCH ONLY, NOT FOR DIAGNOSIS") < text.index("What was trained")


def test_facts_keep_their_order(report: Any) -> None:
    assert report().tables[0] == [["exams", "24 of 12 patients"], ["seed", "0"]]


def test_summary_has_baselines_first(report: Any) -> None:
    heading, *rows = report().tables[1]

    assert heading == [
        "mean [95 % interval]",
        "constant inside the breast",
        "table: depth × low-energy intensity",
        "model",
        "images / patients",
    ]
    assert rows[0] == [
        "breast L1 (grey levels)",
        "22.00 [22.00, 22.00]",
        "12.50 [12.50, 12.50]",
        "12.00 [12.00, 12.00]",
        "3 / 3",
    ]
    assert [row for row in rows if row[0] == "mass ΔCNR"] == [
        ["mass ΔCNR", "–", "–", "-1.75 [-2.50, -1.00]", "0 of 3 / 0, 0 of 3 / 0, 2 of 3 / 2"]
    ]


def test_verdicts(report: Any) -> None:
    text = report().text

    assert "breast L1 (grey levels): in this small sample the model is better than" in text
    assert "below zero is better: -10.00 [-10.00, -10.00]; images / patients: 3 / 3" in text
    assert 'the baseline "table: depth × low-energy intensity" (mean difference, below' in text
    assert "below zero is better: -0.50 [-0.50, -0.50]; images / patients: 3 / 3" in text
    assert "mass L1 (grey levels): in this small sample the model is worse than" in text
    assert "below zero is better: 21.00 [21.00, 21.00]; images / patients: 2 of 3 / 2" in text


def test_few_patients_are_remarked(report: Any) -> None:
    assert "Patients in the test set: 3. With fewer than 20, the intervals are" in report().text


def test_twenty_patients_are_not(report: Any, make_row: MakeRow, write_table: WriteTable) -> None:
    rows = [
        make_row(predictor, f"c{number}", breast_l1=1, mass_l1=1)
        for predictor in ("constant", "depth_intensity_table", "model")
        for number in range(20)
    ]

    page = report(metrics_csv=write_table(rows), panels=[])

    assert "not to be interpreted" not in page.text
    assert "small sample" not in page.text


def test_cases_are_listed_worst_first(report: Any) -> None:
    page = report()

    assert page.tables[2][1:] == [
        ["b", "4.00", "1.50", "-2.50", "12.00"],
        ["a", "4.00", "3.00", "-1.00", "12.00"],
        ["n", "–", "–", "–", "12.00"],
    ]
    assert page.values("section", "id") == ["case-b", "case-a", "case-n"]


def test_every_link_has_its_anchor(report: Any) -> None:
    page = report()

    assert page.values("a", "href") == [f"#{name}" for name in page.values("section", "id")]


def test_pictures_are_the_files(report: Any) -> None:
    sources = report().values("img", "src")

    pictures = [base64.b64decode(source.split(",", 1)[1]) for source in sources]
    assert pictures == [b"png of b", b"png of a", b"png of n"]


def test_curves_are_those_of_the_losses(report: Any, write_table: WriteTable) -> None:
    losses = write_table(LOSSES, "losses.csv")

    page = report(losses_csv=losses)

    assert "Training" in page.text
    picture = page.values("img", "src")[0].split(",", 1)[1]
    assert base64.b64decode(picture) == training_curves_png(losses)


def test_without_losses_there_is_no_curve(report: Any) -> None:
    page = report()

    assert len(page.values("img", "src")) == 3
    assert "Training" not in page.text


def test_case_without_panel_is_listed(report: Any) -> None:
    page = report(panels=[])

    assert page.tables[2][1][0] == "b (no panel)"
    assert page.values("img", "src") == []


def test_all_text_is_escaped(
    report: Any, make_row: MakeRow, write_table: WriteTable, tmp_path: Path
) -> None:
    evil = "<script>alert('x')</script> & \"y\""
    rows = [
        make_row(name, evil, "p", breast_l1=1, mass_l1=1)
        for name in ("constant", "depth_intensity_table", "model", "<b>")
    ]
    (tmp_path / "x.png").write_bytes(b"png")

    page = report(
        metrics_csv=write_table(rows), panels=[(evil, tmp_path / "x.png")], facts={evil: evil}
    )

    assert "script" not in {tag for tag, _ in page.tags}
    assert page.tables[0] == [[evil, evil]]
    assert page.tables[1][0][3] == "<b>"
    assert page.tables[2][1][0] == evil
    assert page.values("section", "id") == ["case--script-alert-x-script-y-"]
    assert page.values("img", "alt") == [f"{evil}: low-energy, real DES, virtual, difference"]


def test_report_is_the_same_every_time(report: Any, tmp_path: Path) -> None:
    report()
    first = (tmp_path / "report.html").read_bytes()
    report()

    assert (tmp_path / "report.html").read_bytes() == first


def test_missing_metrics(report: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no metrics; run"):
        report(metrics_csv=tmp_path / "none.csv")


def test_missing_losses(report: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no losses"):
        report(losses_csv=tmp_path / "none.csv")


def test_missing_panel_leaves_no_report(report: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.png: no panel of the case a$"):
        report(panels=[("a", tmp_path / "none.png")])

    assert not list(tmp_path.glob("*report.html*"))


def test_panel_of_a_case_that_was_not_evaluated(report: Any, tmp_path: Path) -> None:
    (tmp_path / "z.png").write_bytes(b"png")

    with pytest.raises(ValueError, match="panels of cases that were not evaluated: z"):
        report(panels=[("z", tmp_path / "z.png")])


@pytest.mark.parametrize("missing", ["constant", "depth_intensity_table"])
def test_missing_baseline(report: Any, rows: Any, write_table: WriteTable, missing: str) -> None:
    others = [row for row in rows if row["predictor"] != missing]

    with pytest.raises(ValueError, match=f"no case of the predictor '{missing}'"):
        report(metrics_csv=write_table(others))
