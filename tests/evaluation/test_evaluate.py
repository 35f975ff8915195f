"""The verb `evaluate` from end to end: what it writes, and what it refuses before it writes."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cem_monai.cli import main
from cem_monai.data import load_datalist
from cem_monai.evaluation import load_evaluation_case, read_summary
from cem_monai.simulator import simulate_exams
from exams import write_exams

SIZE = 64
OPTIONS = ("--cnr_patch_size", "8", "--cnr_stride", "2", "--workers", "1")
Evaluate = Callable[..., int]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four patients of two views each, a mass in every image."""
    folder = tmp_path_factory.mktemp("archive")
    write_exams(folder, 4, size=SIZE)
    return folder / "datalist.json"


@pytest.fixture
def predictions(archive: Path, tmp_path: Path) -> Path:
    """Real images, darker by a tenth, as a stranger would save them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for item in load_datalist(archive, "test"):
        case = load_evaluation_case(item)
        image = case.recombined[:, ::-1] if case.flipped else case.recombined
        np.save(folder / f"{case.name}.npy", (0.9 * image).astype(np.uint16))
    return folder


@pytest.fixture
def evaluate(archive: Path, predictions: Path, tmp_path: Path) -> Evaluate:
    def run(*options: str, folders: str = str(predictions)) -> int:
        out = str(tmp_path / "out")
        return main(["evaluate", folders, str(archive), out, *OPTIONS, *options])

    return run


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def error(capsys: pytest.CaptureFixture[str]) -> str:
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    return lines[0]


def test_any_folder_becomes_tables_summary_and_report(
    evaluate: Evaluate, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate() == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        *("metrics.csv", "histograms.csv", "summary.json", "report.html", "pictures")
    }
    rows = rows_of(out / "metrics.csv")
    predictors = {row["predictor"] for row in rows}
    assert predictors == {
        *("constant", "low_energy_copied", "depth_profile", "depth_intensity_table", "model")
    }
    summary = read_summary(out / "summary.json")
    assert summary["data"]["datalist_sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert summary["data"]["cases"] == len(load_datalist(archive, "test"))
    of_model = [row for row in rows if row["predictor"] == "model" and not row["lesion"]]
    mean = np.mean([float(row["breast_l1"]) for row in of_model])
    assert summary["measures"]["model"]["breast_l1"]["mean"] == pytest.approx(mean)
    assert summary["lesions"]["model"]["rank_correlation"]["n_lesions"] == len(of_model)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert all(row["case"] in report for row in of_model)
    assert "report.html" in capsys.readouterr().out


def test_several_models_are_tested_against_each_other(
    evaluate: Evaluate, predictions: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(predictions, tmp_path / "other")
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    folders = f"mine={predictions},copy={other}"
    assert evaluate("--weights", f"copy={weights}", folders=folders) == 0
    summary = read_summary(tmp_path / "out" / "summary.json")
    assert list(summary["models"]) == ["mine", "copy"]
    hashed = hashlib.sha256(b"weights").hexdigest()
    assert summary["models"]["copy"] == {"predictions": "other", "weights_sha256": hashed}
    assert summary["models"]["mine"]["weights_sha256"] is None
    [test] = [
        test
        for test in summary["tests"]
        if (test["a"], test["b"], test["measure"]) == ("mine", "copy", "breast_l1")
    ]
    assert test["difference"]["mean"] == 0
    assert test["p_value"] == 1


def test_missing_prediction_is_refused_or_counted(
    evaluate: Evaluate,
    predictions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost = sorted(predictions.iterdir())[0]
    lost.unlink()
    assert evaluate() == 1
    assert f"found 1 case without a prediction: {lost.stem}" in error(capsys)
    assert not (tmp_path / "out").exists()

    assert evaluate("--count-missing") == 0
    summary = read_summary(tmp_path / "out" / "summary.json")
    assert summary["failed"]["model"] == [lost.stem]
    of_model = summary["measures"]["model"]["breast_l1"]
    of_constant = summary["measures"]["constant"]["breast_l1"]
    assert of_model["n_cases"] == of_constant["n_cases"] == of_constant["n_values"]
    assert of_model["n_values"] == of_model["n_cases"] - 1


@pytest.mark.slow
def test_two_processes_give_the_same_numbers(evaluate: Evaluate, tmp_path: Path) -> None:
    assert evaluate() == 0
    alone = (tmp_path / "out" / "metrics.csv").read_bytes()
    assert evaluate("--workers", "2") == 0
    assert (tmp_path / "out" / "metrics.csv").read_bytes() == alone


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--data_range", "5"), "--data_range must be LOW,HIGH, e.g. 1900,2200, got '5'"),
        (("--data_range", "9,5"), "--data_range must be LOW,HIGH with LOW below HIGH, got '9,5'"),
        (("--section", "tset"), "no section 'tset', there are training, validation, test"),
        (("--section", "training"), "the section 'training' cannot be evaluated"),
        (("--weights", "nowhere.pt"), "nowhere.pt: No such file or directory"),
        (("--weights", "x=nowhere.pt"), "no model 'x', there are model"),
        (("--workers", "0"), "workers must be at least 1, got 0"),
        (("--cnr_edge", "soft"), "cnr_edge must be one of strict, masked, image, got 'soft'"),
        (("--cnr_stride", "3"), "patch_size must be a positive multiple of stride"),
        (("--losses", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(
    evaluate: Evaluate,
    options: tuple[str, str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate(*options) == 1
    assert sentence in error(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["constant", "a b", "mine_without_contrast"])
def test_names_that_tables_cannot_hold_are_refused(
    evaluate: Evaluate, predictions: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(folders=f"{name}={predictions}") == 1
    assert f"the model {name!r} needs another name" in error(capsys)


def test_output_among_the_predictions_is_refused(
    archive: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(predictions / "out")
    assert main(["evaluate", str(predictions), str(archive), out, *OPTIONS]) == 1
    assert "where it would pass for predictions" in error(capsys)


def test_output_that_cannot_be_a_folder_is_refused_at_once(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    for out in (file, file / "below"):  # before it sees that there are no predictions
        assert main(["evaluate", "nowhere", str(archive), str(out), *OPTIONS]) == 1
        assert f"the output must be a folder, {file} is a file" in error(capsys)
    assert file.read_text() == "kept"


def test_output_that_cannot_be_written_is_refused_at_once(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != tmp_path)  # root may write
    assert main(["evaluate", "nowhere", str(archive), str(tmp_path / "a" / "b"), *OPTIONS]) == 1
    assert f"the folder {tmp_path} cannot be written to" in error(capsys)


def test_broken_off_evaluation_leaves_no_summary_of_an_earlier_one(
    evaluate: Evaluate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("summary.json", "report.html"):
        (out / name).write_text("of other predictions")

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cem_monai.evaluation.evaluate.draw_worst_cases", interrupt)
    assert evaluate() == 130
    assert error(capsys) == "error: interrupted"
    assert sorted(path.name for path in out.iterdir()) == ["histograms.csv", "metrics.csv"]


def test_substitution_never_stands_on_fewer_cases(
    evaluate: Evaluate, predictions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_monai.evaluation.evaluate._classifier", lambda *_: object())
    cases = sorted(predictions.iterdir())
    cases[0].unlink()
    assert evaluate("--substitution", "--count-missing") == 0
    out = tmp_path / "out"
    assert read_summary(out / "summary.json")["substitution"] is None
    told = f"not done, since 1 of {len(cases)} cases have no prediction"
    assert told in (out / "report.html").read_text(encoding="utf-8")


def test_too_few_lesions_for_the_substitution_experiment_end_it_at_once(
    evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--substitution") == 1
    assert "the substitution experiment needs at least" in error(capsys)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated exams with a twin without contrast agent; half of them to learn from."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate_exams(folder, exams=4, seed=3, size=128, workers=1, twin=True)
    assert main(["index", str(folder), "--test-fraction", "0.5"]) == 0
    return folder / "datalist.json"


def save_images(folder: Path, datalist: Path, image: Callable[[Any], np.ndarray[Any, Any]]) -> Path:
    folder.mkdir()
    for item in load_datalist(datalist, "test"):
        case = load_evaluation_case(item)
        pixels = image(case)
        np.save(folder / f"{case.name}.npy", pixels[:, ::-1] if case.flipped else pixels)
    return folder


def test_simulated_exams_have_limit_attainable_gain_recall_and_leak(
    simulated: Path, tmp_path: Path
) -> None:
    real = save_images(tmp_path / "real", simulated, lambda case: case.recombined.astype(np.uint16))
    blank = save_images(
        tmp_path / "blank", simulated, lambda case: np.full(case.breast.shape, 2000, np.uint16)
    )
    arguments = ["evaluate", str(real), str(simulated), str(tmp_path / "out"), *OPTIONS]
    arguments += ["--data_range", "1900,2200", "--predictions_without_contrast", str(blank)]
    assert main(arguments) == 0
    summary = read_summary(tmp_path / "out" / "summary.json")
    assert summary["data"]["simulated"]
    assert {"limit_mean", "limit_median"} < summary["measures"].keys()
    # the real image itself lies beyond the limit, which knows nothing of its noise
    assert summary["attainable"]["model"]["breast_l1"]["share"] > 1
    assert summary["recall"]["model"]["visible"]["mean"] == 1
    assert summary["leak"] is not None
    leak = summary["leak"]["model"]
    assert leak["breast_l1"]["with"]["mean"] == 0
    assert leak["breast_l1"]["difference"]["mean"] == -leak["breast_l1"]["without"]["mean"] < 0
    assert leak["recall_visible"]["difference"]["mean"] == 1
    assert leak["mass_contrast_generated"]["without"]["mean"] == 0


def test_images_without_contrast_need_a_twin_in_the_datalist(
    evaluate: Evaluate, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--predictions_without_contrast", str(predictions)) == 1
    assert "without a low-energy image without contrast agent in the datalist" in error(capsys)


def test_patient_in_both_sections_is_refused(
    archive: Path, predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    datalist = json.loads(archive.read_text())
    moved = datalist["test"][0]
    datalist["training"].append(moved | {"case": "again"})
    leaking = archive.with_name("leaking.json")
    leaking.write_text(json.dumps(datalist))
    assert main(["evaluate", str(predictions), str(leaking), str(tmp_path / "out")]) == 1
    assert re.search(rf"{moved['patient']}.* in (both )?training and (in )?test", error(capsys))
