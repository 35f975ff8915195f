from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cem_monai.metrics import (
    CaseMeasures,
    CaseRegions,
    Histograms,
    KnownPosition,
    MeasureOptions,
    case_rows,
    missing_rows,
    write_metrics_csv,
)

Image = np.ndarray[Any, Any]
IDENTITY = {"predictor": "model", "case": "C1", "lesion_kind": "occult+round"}
OPTIONS = MeasureOptions((0, 255), 4, 4)


def block(row: int, column: int, side: int) -> Image:
    mask = np.zeros((30, 32), bool)
    mask[row : row + side, column : column + side] = True
    return mask


def measures(*masses: Image, kinds: tuple[KnownPosition, ...] = ()) -> CaseMeasures:
    breast = block(2, 0, 26)
    readers = [(np.logical_or.reduce(masses), None)] if masses else []
    regions = CaseRegions(breast, readers, pixel_area=0.25, known_lesions=kinds)
    return CaseMeasures(np.arange(960).reshape(30, 32) % 250, regions, OPTIONS)


def generated() -> Image:
    return np.arange(960).reshape(30, 32) % 197


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# Rows


def test_row_of_the_case_is_followed_by_one_of_each_lesion() -> None:
    one = measures(block(5, 5, 4), block(20, 15, 3))
    of_case, *of_lesions = case_rows(one, generated(), IDENTITY)
    assert [of_case["lesion"], *(row["lesion"] for row in of_lesions)] == ["", 1, 2]
    assert {row["predictor"] for row in (of_case, *of_lesions)} == {"model"}
    for row, values in zip(of_lesions, one.lesion_rows(generated()), strict=True):
        assert {name: row[name] for name in values} == values
    expected = one.case_row(generated())
    assert {name: of_case[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def test_case_has_the_diameter_of_its_largest_lesion() -> None:
    of_case, large, small = case_rows(
        measures(block(5, 5, 3), block(20, 15, 4)), generated(), IDENTITY
    )
    assert of_case["lesion_diameter_mm"] == large["lesion_diameter_mm"]
    assert large["lesion_diameter_mm"] == pytest.approx(math.sqrt(16 * 0.25 * 4 / math.pi))
    assert small["lesion_diameter_mm"] < large["lesion_diameter_mm"]


def test_image_without_lesion_has_one_row_without_diameter() -> None:
    (row,) = case_rows(measures(), generated(), IDENTITY)
    assert "lesion_diameter_mm" not in row
    assert row["lesion_kind"] == "occult+round"


def test_lesions_have_kinds_of_their_own_where_these_are_known() -> None:
    masses = block(5, 5, 4), block(20, 15, 3)
    known = (KnownPosition("occult", 21, 16), KnownPosition("round", 6, 7))
    rows = case_rows(measures(*masses, kinds=known), generated(), IDENTITY)
    assert [row["lesion_kind"] for row in rows] == ["occult+round", "round", "occult"]
    rows = case_rows(measures(*masses), generated(), IDENTITY)
    assert [row["lesion_kind"] for row in rows] == ["occult+round"] * 3


def test_rows_without_prediction_hold_what_groups_cases_and_lesions() -> None:
    known = (KnownPosition("occult", 21, 16), KnownPosition("round", 6, 7))
    for kinds in (known, ()):
        one = measures(block(5, 5, 4), block(20, 15, 3), kinds=kinds)
        full = case_rows(one, generated(), IDENTITY)
        missing = missing_rows(one.regions, IDENTITY)
        assert missing == [{key: row[key] for key in (*IDENTITY, "lesion", "lesion_diameter_mm")}
                           for row in full]  # fmt: skip
    assert missing_rows(measures().regions, IDENTITY) == [IDENTITY | {"lesion": ""}]


# metrics.csv


def test_file_holds_every_value(tmp_path: Path) -> None:
    rows = case_rows(measures(block(5, 5, 4)), generated(), IDENTITY)
    write_metrics_csv(tmp_path / "metrics.csv", rows)
    for written, row in zip(read(tmp_path / "metrics.csv"), rows, strict=True):
        for name, value in row.items():
            if isinstance(value, float) and math.isnan(value):
                assert written[name] == "", name
            elif isinstance(value, float):
                assert float(written[name]) == pytest.approx(value, rel=1e-8), name
            else:
                assert written[name] == str(value), name


def test_columns_are_those_of_all_rows_in_their_order(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"a": 1, "b": 0.25}, {"a": 2, "c": math.inf}, {"b": math.nan}]
    write_metrics_csv(tmp_path / "metrics.csv", rows)
    assert (tmp_path / "metrics.csv").read_text() == "a,b,c\n1,0.25,\n2,,inf\n,,\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, ""),
        (np.float64("nan"), ""),
        (math.inf, "inf"),
        (1 / 3, "0.333333333"),
        (np.float64(2), "2"),
        (0.0, "0"),
        (123456789.0, "123456789"),
        ("a,b", '"a,b"'),
    ],
)
def test_text_of_a_value(tmp_path: Path, value: object, text: str) -> None:
    write_metrics_csv(tmp_path / "metrics.csv", [{"case": "x", "value": value}])
    assert (tmp_path / "metrics.csv").read_text() == f"case,value\nx,{text}\n"


def test_no_row_is_refused_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"metrics\.csv: no case was evaluated"):
        write_metrics_csv(path, [])
    assert path.read_text() == "old"


def test_failed_writing_leaves_the_old_file_alone(tmp_path: Path) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError("broken")

    path = tmp_path / "metrics.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="broken"):
        write_metrics_csv(path, [{"case": "a"}, {"case": Unprintable()}])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# histograms.csv


def shares(level: int) -> dict[str, Image]:
    bins = np.zeros(256)
    bins[level] = bins[level + 1] = 0.5
    return {"breast_with_mass": bins, "mass_only": np.roll(bins, 100)}


def test_histograms_are_means_over_images(tmp_path: Path) -> None:
    histograms = Histograms()
    for level in (0, 0, 1):
        histograms.add("model", shares(level))
    histograms.add("real", shares(7))
    histograms.write(tmp_path / "histograms.csv")
    rows = read(tmp_path / "histograms.csv")
    assert [(row["setting"], row["predictor"]) for row in rows] == [
        *(("breast_with_mass", "model"), ("breast_with_mass", "real")),
        *(("mass_only", "model"), ("mass_only", "real")),
    ]
    assert list(rows[0]) == ["setting", "predictor", *(f"bin_{number}" for number in range(256))]
    values = [[float(row[f"bin_{number}"]) for number in range(256)] for row in rows]
    assert values[0][:4] == pytest.approx([1 / 3, 1 / 2, 1 / 6, 0], abs=1e-6)
    assert values[3][107:109] == [0.5, 0.5]
    assert [sum(row) for row in values] == pytest.approx([1] * 4, abs=1e-4)


def test_setting_that_an_image_lacks_is_no_zero(tmp_path: Path) -> None:
    histograms = Histograms()
    histograms.add("model", shares(0))
    histograms.add("model", {"breast_with_mass": shares(0)["breast_with_mass"]})
    histograms.write(tmp_path / "histograms.csv")
    assert read(tmp_path / "histograms.csv")[1]["bin_100"] == "0.5"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_merging_in_any_order_gives_the_same_file(tmp_path: Path, order: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    images = [{"mass_only": counts / counts.sum()} for counts in rng.integers(1, 99, (7, 256))]
    together, merged = Histograms(), Histograms()
    for image in images:
        together.add("model", image)
    parts = images[:1], images[1:5], images[5:]
    for number in order:
        part = Histograms()
        for image in parts[number]:
            part.add("model", image)
        merged.merge(part)
    merged.merge(Histograms())
    for name, one in (("together", together), ("merged", merged)):
        one.write(tmp_path / f"{name}.csv")
    expected, found = (read(tmp_path / f"{name}.csv")[0] for name in ("together", "merged"))
    for column in list(expected)[2:]:
        assert float(found[column]) == pytest.approx(float(expected[column]), rel=2e-6)


def test_adding_leaves_the_shares_of_an_image_alone() -> None:
    histograms, image = Histograms(), shares(0)
    for _ in range(2):
        histograms.add("model", image)
    assert image["mass_only"].sum() == 1
