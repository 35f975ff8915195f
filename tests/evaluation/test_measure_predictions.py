from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from cem_monai.data import load_datalist, mask_path, write_mask
from cem_monai.evaluation import (
    TRIVIAL_PREDICTORS,
    PredictionsError,
    ProblemKind,
    load_evaluation_case,
)
from cem_monai.evaluation.case_evaluation import MeasureSettings
from cem_monai.evaluation.measure_predictions import Measured, measure_predictions
from cem_monai.evaluation.parallel import Processes
from cem_monai.metrics import write_metrics_csv
from cem_monai.simulator.reference import Reference
from cem_monai.simulator.reference_files import write_reference
from exams import SPACING, breast_and_mass, write_exam, write_exams
from prediction_files import FORMATS, Item, npy, own_dicom, stored

SIZE = 64
SETTINGS = MeasureSettings(patch_size=8, stride=4)
BREAST, MASS, _ = breast_and_mass(SIZE)
GREY = 255 / 4095
"""Grey levels per stored value."""
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
Measure = Callable[..., Measured]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_exams(folder, 3, size=SIZE)
    return folder


@pytest.fixture
def items(archive: Path, tmp_path: Path) -> list[Item]:
    """The two views of the test patient; files may be changed."""
    shutil.copytree(archive, tmp_path / "archive")
    return load_datalist(tmp_path / "archive" / "datalist.json", "test")


@pytest.fixture
def training(items: list[Item], tmp_path: Path) -> list[Item]:
    """The two views of the training patient."""
    return load_datalist(tmp_path / "archive" / "datalist.json", "training")


@pytest.fixture
def folder(items: list[Item], tmp_path: Path) -> Path:
    """Predictions: the real images, brighter by 40 stored values in the breast."""
    (tmp_path / "mine").mkdir()
    for item in items:
        npy(tmp_path / "mine" / f"{item['case']}.npy", brighter(item), item)
    return tmp_path / "mine"


@pytest.fixture
def measure(items: list[Item], training: list[Item], folder: Path) -> Measure:
    def run(
        models: Mapping[str, Path] | None = None,
        *,
        items: list[Item] = items,
        training: list[Item] = training,
        settings: MeasureSettings = SETTINGS,
        **options: Any,
    ) -> Measured:
        models = models or {"model": folder}
        return measure_predictions(models, items, training, settings, Processes(1), **options)

    return run


def brighter(item: Item, by: int = 40) -> np.ndarray:
    image = stored(item).astype(int)
    return np.where(image > 0, image + by, 0).astype(np.uint16)


def cases(measured: Measured, predictor: str = "model") -> list[dict[str, Any]]:
    return [row for row in measured.rows if row["predictor"] == predictor and row["lesion"] == ""]


def lesions(measured: Measured, predictor: str = "model") -> list[dict[str, Any]]:
    return [row for row in measured.rows if row["predictor"] == predictor and row["lesion"]]


def without_mass(item: Item) -> Item:
    return {key: value for key, value in item.items() if key not in ("mass", "surround")}


def same_rows(one: Measured, other: Measured) -> None:
    assert len(one.rows) == len(other.rows) > 0
    for row, again in zip(one.rows, other.rows, strict=True):
        assert list(row) == list(again)
        np.testing.assert_equal(dict(row), dict(again))  # NaN equals NaN


def kinds(error: PredictionsError) -> set[tuple[ProblemKind, str]]:
    return {(problem.kind, problem.subject) for problem in error.problems}


# What is measured


def test_every_case_and_lesion_by_every_predictor(measure: Measure, items: list[Item]) -> None:
    measured = measure()
    found = [(row["case"], row["predictor"], row["lesion"]) for row in measured.rows]
    assert found == [
        (item["case"], predictor, lesion)
        for item in items
        for predictor in (*TRIVIAL_PREDICTORS, "model")
        for lesion in ("", 1)
    ]


def test_error_of_a_known_shift(measure: Measure, items: list[Item]) -> None:
    for row, item in zip(cases(measure()), items, strict=True):
        case = load_evaluation_case(item)
        assert row["breast_pixels"] == case.breast.sum()
        for name in ("breast_l1", "false_excess", "breast_wasserstein"):
            assert row[name] == pytest.approx(40 * GREY)
        assert row["mass_l2"] == pytest.approx((40 * GREY) ** 2)
        assert row["mass_contrast_error"] == pytest.approx(0)
        assert row["mass_delta_cnr"] == pytest.approx(0, abs=1e-9)
        assert (row["laterality"], row["view_position"]) == (item["laterality"], "CC")
        assert (row["patient"], row["machine"]) == (item["patient"], "test")
        assert row["grid_rows"] == row["grid_columns"] == SIZE


def test_copied_image_is_scaled_to_the_range_of_the_recombined_one(
    measure: Measure, items: list[Item]
) -> None:
    rows = cases(measure(), "low_energy_copied")
    for row, item in zip(rows, items, strict=True):
        case = load_evaluation_case(item)
        errors = (case.low_energy - case.recombined)[case.breast]
        assert row["breast_l1"] == pytest.approx(np.abs(errors).mean() * GREY, rel=1e-4)


def test_constant_and_threshold_come_from_the_training_cases(
    measure: Measure, training: list[Item], items: list[Item]
) -> None:
    loaded = [load_evaluation_case(item) for item in training]
    constant = np.mean([case.recombined[case.breast].mean() for case in loaded])
    measured = measure()
    for row, item in zip(cases(measured, "constant"), items, strict=True):
        case = load_evaluation_case(item)
        expected = np.abs(case.recombined[case.breast] - round(constant)).mean() * GREY
        assert row["breast_l1"] == pytest.approx(expected)
    tissue = [case.recombined[case.breast & ~case.readers[0].mass] * GREY for case in loaded]
    above = np.mean([(values > measured.threshold).mean() for values in tissue])
    assert 0.005 < above <= 0.01


def test_range_clips_all_images(measure: Measure, items: list[Item]) -> None:
    low, high = 1990, 2060
    rows = cases(measure(settings=replace(SETTINGS, data_range=(low, high))))
    for row, item in zip(rows, items, strict=True):
        case = load_evaluation_case(item)
        real = case.recombined.clip(low, high)
        generated = (case.recombined + 40 * (case.recombined > 0)).clip(low, high)
        error = np.abs(generated - real)[case.breast].mean() * 255 / (high - low)
        assert row["breast_l1"] == pytest.approx(error)


def test_window_of_the_breast_cnr(measure: Measure) -> None:
    (few, _), (many, _) = (
        cases(measure(settings=MeasureSettings(patch_size=8, stride=stride, edge=edge)))
        for stride, edge in ((8, "strict"), (2, "masked"))
    )
    assert 0 < few["breast_cnr_windows"] < many["breast_cnr_windows"]
    assert many["breast_delta_cnr"] == many["breast_masked_delta_cnr"]


@pytest.mark.parametrize("suffix", [".nii.gz", ".png", ".dcm", "own"])
def test_every_format_gives_the_same_rows(
    measure: Measure, items: list[Item], tmp_path: Path, suffix: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for number, item in enumerate(items):
        image = brighter(item)
        if suffix == "own":
            own_dicom(other / f"{number}.dcm", image, item)
        else:
            FORMATS[suffix](other / f"{item['case']}{suffix}", image, item)
    same_rows(measure({"model": other}), measure())


def test_histograms_of_all_images(measure: Measure, items: list[Item], tmp_path: Path) -> None:
    measured = measure(items=[items[0], without_mass(items[1])])
    measured.histograms.write(tmp_path / "histograms.csv")
    _, *lines = (tmp_path / "histograms.csv").read_text().splitlines()
    found = {tuple(line.split(",")[:2]): line.split(",")[2:] for line in lines}
    assert found.keys() == {
        (setting, predictor)
        for setting in ("breast_with_mass", "breast_without_mass", "mass_only")
        for predictor in (*TRIVIAL_PREDICTORS, "model", "real")
    }
    case = load_evaluation_case(items[1])
    counts = np.histogram(case.recombined[case.breast], 256, (0, 4095))[0] / case.breast.sum()
    written = [float(share) for share in found["breast_without_mass", "real"]]
    assert written == pytest.approx(counts, abs=1e-6)


def test_page_explains_every_column(measure: Measure, tmp_path: Path) -> None:
    """Braces in the page stand for several columns."""
    write_metrics_csv(tmp_path / "metrics.csv", measure().rows)
    written = (tmp_path / "metrics.csv").read_text().splitlines()[0].split(",")
    columns, _ = PAGE.read_text(encoding="utf-8").split("`histograms.csv`")
    _, columns = columns.split("**Which case**")
    cells = [line.split("|")[1] for line in columns.splitlines() if line.startswith("| `")]
    cells += [line for line in columns.splitlines() if line.startswith("**Contrast index**")]
    found = [
        name for cell in cells for text in re.findall("`(.*?)`", cell) for name in expand(text)
    ]
    assert sorted(found) == sorted(written)  # each once


def expand(text: str) -> list[str]:
    before, braces, after = re.fullmatch(r"([^{]*)(?:{(.*)})?(.*)", text).groups()
    return [f"{before}{name}{after}" for name in (braces or "").split(",")]


# Order, duplicates, processes


def test_order_of_cases_changes_no_value(measure: Measure, items: list[Item]) -> None:
    forward, backward = measure(), measure(items=items[::-1])
    number = len(forward.rows) // 2
    backward.rows = backward.rows[number:] + backward.rows[:number]
    same_rows(forward, backward)


def test_order_of_training_cases_changes_no_value(measure: Measure, training: list[Item]) -> None:
    one, other = measure(), measure(training=training[::-1])
    assert one.threshold == other.threshold
    pairs = zip(cases(one, "depth_profile"), cases(other, "depth_profile"), strict=True)
    for row, again in pairs:
        assert row["breast_l1"] == pytest.approx(again["breast_l1"])


def test_case_twice_is_refused(measure: Measure, items: list[Item]) -> None:
    with pytest.raises(PredictionsError) as error:
        measure(items=[*items, items[0]])
    assert kinds(error.value) == {(ProblemKind.DUPLICATED_CASE, items[0]["case"])}


def test_image_in_two_cases_is_refused(measure: Measure, items: list[Item], folder: Path) -> None:
    npy(folder / "again.npy", brighter(items[0]), items[0])
    with pytest.raises(PredictionsError, match="in several cases"):
        measure(items=[*items, items[0] | {"case": "again"}])


@pytest.mark.slow
def test_two_processes_give_equal_rows(
    measure: Measure, items: list[Item], training: list[Item], folder: Path
) -> None:
    with Processes(2).started() as processes:
        models = {"model": folder}
        both = measure_predictions(models, items, training, SETTINGS, processes)
        (folder / f"{items[1]['case']}.npy").write_bytes(b"no array")
        with pytest.raises(PredictionsError) as error:
            measure_predictions(models, items, training, SETTINGS, processes)
    assert kinds(error.value) == {(ProblemKind.UNREADABLE, items[1]["case"])}
    npy(folder / f"{items[1]['case']}.npy", brighter(items[1]), items[1])
    same_rows(both, measure())


# Missing predictions


def test_missing_prediction_is_refused(measure: Measure, items: list[Item], folder: Path) -> None:
    (folder / f"{items[0]['case']}.npy").unlink()
    with pytest.raises(PredictionsError, match="found 1 case without a prediction") as error:
        measure()
    assert kinds(error.value) == {(ProblemKind.MISSING, items[0]["case"])}


def test_missing_prediction_counts_with_its_lesions(
    measure: Measure, items: list[Item], folder: Path
) -> None:
    """Rows are those of the other predictors, without what depends on the prediction."""
    complete = measure()
    (folder / f"{items[0]['case']}.npy").unlink()
    measured = measure(count_missing=True)
    identity = ("case", "patient", "lesion", "laterality", "density", "machine", "thickness_mm")
    identity += ("lesion_kind", "lesion_diameter_mm", "grid_rows")
    assert len(measured.rows) == len(complete.rows)
    missing = [row for row in measured.rows if row["case"] == items[0]["case"]]
    missing = [row for row in missing if row["predictor"] == "model"]
    assert [row["lesion"] for row in missing] == ["", 1]
    for row, full in zip(missing, [cases(complete)[0], lesions(complete)[0]], strict=True):
        assert {key: row[key] for key in identity} == {key: full[key] for key in identity}
        assert row.keys() <= full.keys()
        assert not any(key.endswith(("_l1", "_cnr", "contrast_generated")) for key in row)
    assert measured.files["model"].get(items[0]["case"]) is None
    assert cases(measured)[1]["breast_l1"] == pytest.approx(40 * GREY)


def test_lesion_of_unknown_place_keeps_the_kind_of_its_case(
    measure: Measure, items: list[Item], folder: Path
) -> None:
    """As datalists of imported exams have it; else it would change its subgroup."""
    items[0]["lesion_kind"] = "mass"
    (folder / f"{items[0]['case']}.npy").unlink()
    measured = measure(count_missing=True)
    for predictor in ("constant", "model"):
        assert lesions(measured, predictor)[0]["lesion_kind"] == "mass"


def test_extra_prediction_is_refused_even_if_missing_ones_count(
    measure: Measure, items: list[Item], folder: Path
) -> None:
    (folder / f"{items[0]['case']}.npy").rename(folder / "foreign.npy")
    with pytest.raises(PredictionsError) as error:
        measure(count_missing=True)
    assert kinds(error.value) == {(ProblemKind.EXTRA, "foreign.npy")}


def test_damaged_prediction_is_no_missing_one(
    measure: Measure, items: list[Item], folder: Path
) -> None:
    np.save(folder / f"{items[0]['case']}.npy", np.full((SIZE, SIZE), np.nan))
    with pytest.raises(PredictionsError) as error:
        measure(count_missing=True)
    assert kinds(error.value) == {(ProblemKind.NOT_FINITE, items[0]["case"])}


def test_all_that_is_wrong_is_told_at_once(
    measure: Measure, items: list[Item], folder: Path, tmp_path: Path
) -> None:
    """Names, pixels and cases, of several models."""
    first, second = (item["case"] for item in items)
    (tmp_path / "other").mkdir()
    np.save(tmp_path / "other" / f"{first}.npy", np.zeros((SIZE, 3), np.uint16))
    np.save(folder / f"{first}.npy", np.full((SIZE, SIZE), -1.0))
    (folder / "foreign.npy").touch()
    items[1]["mass"] = str(tmp_path / "nowhere.nii.gz")
    with pytest.raises(PredictionsError) as error:
        measure({"model": folder, "other": tmp_path / "other"})
    assert kinds(error.value) == {
        (ProblemKind.SIZE, first),
        (ProblemKind.RANGE, first),
        (ProblemKind.EXTRA, "foreign.npy"),
        (ProblemKind.MISSING, second),
        (ProblemKind.UNREADABLE_MASK, f"{second} mass"),
    }


def test_missing_folder_is_named(measure: Measure, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        measure({"model": tmp_path / "nowhere"})


# Several models


def test_several_models_are_measured_like_each_alone(
    measure: Measure, items: list[Item], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "dark").mkdir()
    for item in items:
        npy(tmp_path / "dark" / f"{item['case']}.npy", brighter(item, -7), item)
    models = {"bright": folder, "dark": tmp_path / "dark"}
    both = measure(models)
    assert list(both.files) == ["bright", "dark"]
    for name, path in models.items():
        for row, alone in zip(cases(both, name), cases(measure({name: path}), name), strict=True):
            np.testing.assert_equal(row, alone)
    assert cases(both, "dark")[0]["breast_l1"] == pytest.approx(7 * GREY)


def with_twins(items: list[Item]) -> list[Item]:
    """Add low-energy images without contrast agent: other objects, other names."""
    for item in items:
        dataset = pydicom.dcmread(item["image"])
        dataset.SOPInstanceUID += ".1"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        twin = Path(item["image"]).with_name(f"{item['laterality']}_CC_LE0.dcm")
        dataset.save_as(twin)
        item["image_without_contrast"] = str(twin)
    return items


@pytest.mark.parametrize("named_like", ["case", "twin", "source"])
def test_model_without_contrast_agent_is_another_predictor(
    measure: Measure, items: list[Item], tmp_path: Path, named_like: str
) -> None:
    (tmp_path / "twins").mkdir()
    for number, item in enumerate(with_twins(items)):
        names = {
            "case": f"{item['case']}.npy",
            "twin": f"{Path(item['image_without_contrast']).stem}.npy",
            "source": f"{number}.dcm",
        }
        path = tmp_path / "twins" / names[named_like]
        twin = item | {"image": item["image_without_contrast"]}
        (own_dicom if named_like == "source" else npy)(path, brighter(item, -20), twin)
    measured = measure(without_contrast={"model": tmp_path / "twins"})
    for row in cases(measured, "model_without_contrast"):
        assert row["breast_l1"] == pytest.approx(20 * GREY)
    for row in cases(measured, "model"):
        assert row["breast_l1"] == pytest.approx(40 * GREY)


def test_cases_without_twins_are_named(measure: Measure, items: list[Item], folder: Path) -> None:
    with_twins(items[:1])
    with pytest.raises(PredictionsError) as error:
        measure(without_contrast={"model": folder})
    assert kinds(error.value) == {(ProblemKind.NO_TWIN, items[1]["case"])}


# Training cases


def test_no_training_case_is_refused(measure: Measure) -> None:
    with pytest.raises(ValueError, match="no training case"):
        measure(training=[])


def test_unusable_training_case_is_named(measure: Measure, training: list[Item]) -> None:
    Path(training[1]["label"]).write_bytes(b"nothing")
    with pytest.raises(ValueError, match=f"unusable images: {training[1]['case']}"):
        measure()


# The other breast


def test_mirrored_lesion_is_where_it_would_be_in_the_other_breast(
    measure: Measure, items: list[Item], folder: Path
) -> None:
    """A spot there raises the excess at the mirrored position, and nowhere else."""
    for item in items:
        flip = (lambda a: a[:, ::-1]) if item["laterality"] == "R" else (lambda a: a)
        item["breast"] = str(mask_path(item["label"], "breast"))
        write_mask(flip(BREAST), Path(item["breast"]), SPACING)
    left, right = items
    image = stored(right)
    image = np.where(MASS[:, ::-1], image + 300, image).astype(np.uint16)
    npy(folder / f"{right['case']}.npy", image, right)
    rows = cases(measure(items=[left, without_mass(right)]))
    assert rows[0]["mirror_pixels"] == 0  # no lesion in the other breast
    assert math.isnan(rows[0]["mirror_excess"])
    assert rows[1]["mirror_pixels"] == MASS.sum()
    assert rows[1]["mirror_excess"] == pytest.approx(300 * GREY)
    assert rows[1]["mirror_share"] == 1
    share = rows[1]["false_excess"]
    assert share == pytest.approx(300 * GREY * MASS.sum() / BREAST.sum())


def test_lesions_of_this_breast_are_no_part_of_the_mirrored_position(
    measure: Measure, items: list[Item]
) -> None:
    """Both breasts of the test patient have their mass at the same place."""
    assert all(row["mirror_pixels"] < MASS.sum() / 10 for row in cases(measure()))


def test_unusable_other_breast_is_told_once(measure: Measure, items: list[Item]) -> None:
    Path(items[0]["label"]).write_bytes(b"nothing")
    with pytest.raises(PredictionsError) as error:
        measure()
    assert kinds(error.value) == {(ProblemKind.UNUSABLE_CASE, items[0]["case"])}


# What else is known of a case


def test_second_reader_and_decoy_beside_the_image(measure: Measure, items: list[Item]) -> None:
    path, shift = Path(items[0]["label"]), {"mass_second": 2, "decoy": -12}
    for region, rows in shift.items():
        write_mask(np.roll(MASS, rows, axis=0), mask_path(path, region), SPACING)
    left, right = cases(measure())
    assert left["mass_delta_cnr_second"] == pytest.approx(0, abs=1e-9)
    assert left["decoy_pixels"] == MASS.sum()
    assert math.isfinite(left["decoy_contrast_generated"])
    assert math.isnan(right["mass_delta_cnr_second"])
    assert right["decoy_pixels"] == 0


def test_kinds_of_lesions_are_those_of_the_simulation(measure: Measure, items: list[Item]) -> None:
    rows, columns = (float(axis.mean()) for axis in np.nonzero(MASS))
    lesion = {"kind": "occult", "enhancing": True, "diameter_mm": 7.0, "row": rows}
    decoy = {"kind": "round", "enhancing": False, "diameter_mm": 7.0, "row": rows, "column": 5}
    views = {
        "L_CC": {"density": 0.2, "lesions": [decoy, lesion | {"column": columns}]},
        "R_CC": {"density": 0.2, "lesions": [lesion | {"column": SIZE - 1 - columns}]},
    }
    exam = {"patient": items[0]["patient"], "views": views}
    Path(items[0]["label"]).with_name("exam.json").write_text(json.dumps(exam))
    measured = measure()
    assert {row["lesion_kind"] for row in lesions(measured)} == {"occult"}
    assert {row["lesion_kind"] for row in cases(measured)} == {"occult"}
    assert {row["density"] for row in cases(measured)} == {"0.200"}
    expected = 2 * math.sqrt(MASS.sum() * 0.25 / math.pi)
    assert lesions(measured)[0]["lesion_diameter_mm"] == pytest.approx(expected)


# The simulator's limit


def add_limits(items: list[Item]) -> None:
    for item in items:
        image = stored(item).astype(np.float32)
        images = {name: image + shift for name, shift in
                  (("mean", 5), ("median", 9), ("sd", 0), ("clean", 0))}  # fmt: skip
        write_reference(Reference(**images), Path(item["label"]), SPACING, 1)


def test_limits_stand_beside_the_models(measure: Measure, items: list[Item]) -> None:
    add_limits(items)
    measured = measure()
    for name, shift in (("limit_mean", 5), ("limit_median", 9)):
        errors = [row["breast_l1"] for row in cases(measured, name)]
        assert errors == pytest.approx([shift * GREY] * 2)


def test_limits_are_left_out_where_a_case_has_none(measure: Measure, items: list[Item]) -> None:
    """Means over other cases than the models' would mislead."""
    add_limits(items[:1])
    measured = measure()
    assert not cases(measured, "limit_mean")


def test_imported_exam_of_one_view(measure: Measure, items: list[Item], tmp_path: Path) -> None:
    """No mass, no other breast, no masks at all."""
    write_exam(tmp_path / "one", "ONE", size=SIZE, mass=False)
    item = without_mass(items[0]) | {
        **{"case": "ONE", "patient": "ONE"},
        **{key: str(tmp_path / "one" / "ONE" / f"L_CC_{end}.dcm")
           for key, end in (("image", "LE"), ("label", "DES"))},
    }  # fmt: skip
    (tmp_path / "predictions").mkdir()
    npy(tmp_path / "predictions" / "ONE.npy", stored(item), item)
    measured = measure({"model": tmp_path / "predictions"}, items=[item])
    (row,) = cases(measured)
    assert row["breast_l1"] == row["mass_pixels"] == row["mirror_pixels"] == 0
    assert not lesions(measured)
