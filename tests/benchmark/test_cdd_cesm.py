"""Two folds of made-up patients from import to report, registered and as they come."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdd_cesm_source import (
    CIRCLE,
    LOW,
    OUTLINES,
    SUBTRACTED,
    WORKBOOK,
    annotation,
    breast,
    save_jpeg,
    write_outlines,
    write_workbook,
)
from cem_monai.benchmark import Suite, run_suite
from cem_monai.benchmark.suites import CDD_CESM

SHAPE = (144, 96)
PATIENTS, FOLDS = 4, ("fold_0", "fold_1")
TINY = Suite(
    "tiny",
    tuple(
        replace(
            experiment,
            folds=2,
            options={
                **{**experiment.options, "image_size": 96, "crop_size": 64, "ngf": 4, "ndf": 4},
                **{"num_downs": 3, "cnr_patch_size": 8, "cnr_stride": 2, "device": "cpu"},
                **{"max_epochs": 1, "val_interval": 1, "ckpt_interval": 1},
            },
            models=(replace(experiment.models[0], options={}),),
            tables=(replace(experiment.tables[0], models={"unet": ((), (), ())}),),
        )
        for experiment in CDD_CESM.experiments
    ),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Subtracted images lie three rows higher than the low-energy ones."""
    folder = tmp_path_factory.mktemp("source")
    regions, rows = [], []
    for number in range(1, PATIENTS + 1):
        image = breast("L", SHAPE, number)
        for kind, place, pixels in (
            ("DM", LOW, image),
            ("CM", SUBTRACTED, np.roll(image // 2, -3, axis=0)),
        ):
            name = f"P{number}_L_{kind}_CC"
            save_jpeg(pixels, folder / place / f"{name}.jpg")
            rows.append(annotation(name))
        regions.append((f"P{number}_L_CM_CC.jpg", {**CIRCLE, "cy": 70}))
    write_workbook(folder / WORKBOOK, {"all": rows})
    write_outlines(folder / OUTLINES, regions, folder)
    return folder


@pytest.fixture(scope="module")
def done(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("suite")
    run_suite(TINY, output, workers=1, hours=None, source=source)
    return output


@pytest.mark.slow
def test_every_patient_is_judged_once_by_a_model_that_never_saw_it(done: Path) -> None:
    report = (done / "report.md").read_text()

    assert report.count("| breast (4 images of 4 patients) |") == 3
    assert "| minus table: depth × low-energy intensity, same images |" in report
    for name in ("registered", "unregistered", "unregistered_judged_registered"):
        folder = done / name
        folds = [
            {
                row["patient"]
                for row in csv.DictReader((folder / "unet" / fold / "metrics.csv").open())
            }
            for fold in ("fold_0", "fold_1")
        ]
        assert not folds[0] & folds[1]
        assert len(folds[0] | folds[1]) == PATIENTS
        summary = json.loads((folder / "pooled" / "summary.json").read_text())
        assert summary["data"]["patients"] == PATIENTS
        assert list(summary["measures"]) == [
            *("constant", "low_energy_copied", "depth_profile", "depth_intensity_table"),
            "unet",
        ]
        assert (folder / "pooled" / "report.html").is_file()


@pytest.mark.slow
def test_judged_elsewhere_is_not_trained_again(done: Path) -> None:
    assert not list(done.glob("unregistered_judged_registered/unet/*/models"))
    one = (done / "unregistered/unet/fold_0/metrics.csv").read_text()
    other = (done / "unregistered_judged_registered/unet/fold_0/metrics.csv").read_text()
    assert one != other


def test_both_data_sets_hold_the_same_cases_in_the_same_folds(source: Path, tmp_path: Path) -> None:
    for experiment in TINY.experiments:
        experiment.write_data(tmp_path, workers=1, source=source)

    for fold in FOLDS:
        texts = [
            (tmp_path / name / "data" / f"{fold}.json").read_text()
            for name in ("registered", "unregistered")
        ]
        assert texts[0] == texts[1]


def test_real_data_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs real data: name their folder with --source"):
        run_suite(CDD_CESM, tmp_path / "suite", workers=1, hours=None)


def _patients(metrics_csv: Path) -> set[str]:
    with metrics_csv.open(newline="") as file:
        return {row["patient"] for row in csv.DictReader(file)}
