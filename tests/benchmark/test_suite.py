"""A suite of two tiny models from end to end, and its tables from made-up rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cem_monai.benchmark import SUITES, Model, Table, run_suite
from cem_monai.benchmark.suites import SEEDS
from cem_monai.benchmark.tables import markdown_report
from cem_monai.bundle_run import BUNDLES

TINY = replace(
    SEEDS,
    exams=5,
    seed=11,
    size=128,
    options={
        **SEEDS.options,
        **{"image_size": 128, "crop_size": 64, "ngf": 4, "ndf": 4, "num_downs": 3},
        **{"cnr_patch_size": 8, "cnr_stride": 2, "max_epochs": 1, "device": "cpu"},
    },
    models=(
        Model("unet", "breast_cem_unet512"),
        Model("iamnet_channel", "breast_cem_iamnet", {"attention": ["channel"]}),
    ),
)


def row(case, predictor, value, mass=True):
    columns = ("breast_l1", "breast_delta_cnr", "mass_l1", "mass_l2", "mass_delta_cnr")
    measures = dict.fromkeys(columns, f"{value}")
    measures["mass_contrast_generated"] = f"{value}"
    pixels = "9" if mass else "0"
    return {
        "case": case,
        "patient": case,
        "predictor": predictor,
        "mass_pixels": pixels,
        **measures,
    }


def rows(value):
    cases = [("A", True), ("B", True), ("C", False)]
    models = [row(case, "model", value + number, mass) for number, (case, mass) in enumerate(cases)]
    return models + [row(case, "constant", 9.0, mass) for case, mass in cases]


def test_tables_hold_models_baselines_limit_and_published_numbers():
    limit = [row(case, "limit_mean", 0.5) for case in "AB"]
    report = markdown_report(SEEDS, {"unet": rows(1.0), "iamnet": rows(3.0)}, limit)

    assert "### Table 4: four models" in report
    assert "Table 2" not in report  # none of its models is done
    line = next(line for line in report.splitlines() if line.startswith("| iamnet | 3.50"))
    assert line.split("|")[3].strip() == "5.00"  # one patient without a mass: no interval
    assert "| limit: conditional mean | 0.50 [0.50, 0.50] |" in report
    assert "| constant inside the breast | 9.00 [9.00, 9.00] |" in report
    assert "| iamnet | 9.57 | 0.287 | 33.71 | 2387.87 | -2.725 |" in report  # published
    assert "| iamnet | 2.00 [2.00, 2.00] | 2.00 [2.00, 2.00] |" in report  # minus unet, paired


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_every_model_of_a_suite_has_a_bundle_and_a_published_row(suite):
    names = [model.name for model in suite.models]

    assert len(set(names)) == len(names)
    assert all((BUNDLES / model.bundle / "overrides.yaml").is_file() for model in suite.models)
    assert {name for table in suite.tables for name in table.models} == set(names)


@pytest.fixture
def tiny(tmp_path):
    return tmp_path / "suite"


@pytest.mark.slow
def test_suite_trains_tabulates_and_goes_on(tiny, capsys):
    report = run_suite(TINY, tiny, workers=1, hours=1e-9)
    assert report.read_text() == "No model is trained yet.\n"
    assert "run the same command again for: unet, iamnet_channel" in capsys.readouterr().out
    report = run_suite(TINY, tiny, workers=1, hours=None)
    assert "| unet | " in report.read_text()
    kept = (tiny / "unet" / "metrics.csv").stat().st_mtime_ns
    (tiny / "iamnet_channel" / "metrics.csv").unlink()
    run_suite(TINY, tiny, workers=1, hours=None)

    assert (tiny / "unet" / "metrics.csv").stat().st_mtime_ns == kept
    assert (tiny / "iamnet_channel" / "metrics.csv").exists()
    assert "iamnet_channel" in report.read_text()


def test_folder_of_another_suite_is_refused(tiny):
    tiny.mkdir()
    (tiny / "suite.json").write_text("{}\n")
    with pytest.raises(ValueError, match="holds another suite or other settings"):
        run_suite(TINY, tiny, workers=1, hours=None)


def test_folder_of_something_else_is_refused(tiny):
    tiny.mkdir()
    (tiny / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds files that no suite made"):
        run_suite(TINY, tiny, workers=1, hours=None)
    assert [path.name for path in tiny.iterdir()] == ["mine.txt"]


def test_hours_must_be_positive(tiny):
    with pytest.raises(ValueError, match="hours must be positive, got 0"):
        run_suite(TINY, tiny, workers=1, hours=0)


def test_missing_bundle_is_told(tiny):
    suite = replace(TINY, models=(Model("x", "breast_cem_nothing"),), tables=(Table("t", {}),))
    with pytest.raises(FileNotFoundError, match="breast_cem_nothing: no bundle"):
        run_suite(suite, tiny, workers=1, hours=None)
