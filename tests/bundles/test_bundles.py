"""Every bundle found in the folder, alone, as its consumers see it. No bundle is named here."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import (
    ConfigWorkflow,
    ckpt_export,
    load,
    run,
    verify_metadata,
    verify_net_in_out,
)

from bundles.kinds import CEMExams, DataKind, kind_of
from cem_monai.command_line import plain_sentence
from cem_monai.data import load_datalist
from cem_monai.evaluation import read_summary
from exams import breast_and_mass, write_exams
from pictures import write_pictures
from render import SOURCES, bundle_dirs, products, render

BUNDLES = bundle_dirs()
CEM_BUNDLES = [path for path in BUNDLES if isinstance(kind_of(path), CEMExams)]
SCHEMA = Path(__file__).parents[2] / "cem_monai" / "export" / "meta_schema_20240725.json"
PUBLISHED = [path for path in BUNDLES if not path.name.endswith("_compact")]
"""The others are narrow ones, with settings of their own."""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _strict_configs(monkeypatch):
    monkeypatch.setenv("MONAI_FAIL_ON_DUPLICATE_CONFIG", "1")


@pytest.fixture(params=BUNDLES, ids=lambda path: path.name)
def bundle(request, tmp_path, monkeypatch) -> Path:
    """A copy of one bundle, alone, seen from an unrelated working directory."""
    copy = tmp_path / "zoo" / request.param.name
    shutil.copytree(request.param, copy, ignore=shutil.ignore_patterns("models"))
    (copy / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return copy


only_cem = pytest.mark.parametrize("bundle", CEM_BUNDLES, ids=lambda path: path.name, indirect=True)
"""For what has a meaning for whole contrast-enhanced exams only."""


@pytest.fixture
def kind(bundle) -> DataKind:
    """The data that the bundle wants."""
    return kind_of(bundle)


@pytest.fixture
def datalist(tmp_path, kind) -> Path:
    return kind.write(tmp_path)


def overrides(bundle: Path, datalist: Path) -> dict:
    paths = {"bundle_root": str(bundle), "dataset_dir": str(datalist.parent)}
    return {**paths, **kind_of(bundle).small}


def inference_overrides(bundle: Path, datalist: Path) -> dict:
    kind = kind_of(bundle)
    paths = {"bundle_root": str(bundle), "dataset_dir": str(kind.sources(datalist))}
    return {**paths, **{name: kind.small[name] for name in kind.for_inference}}


def run_bundle(bundle: Path, run_id: str, configs: list[str], **options) -> None:
    files = [str(bundle / "configs" / f"{name}.json") for name in configs]
    meta = str(bundle / "configs" / "metadata.json")
    run(run_id=run_id, config_file=files, meta_file=meta, logging_file=False, **options)


@pytest.mark.parametrize("bundle_dir", BUNDLES, ids=lambda path: path.name)
def test_rendered_files_are_current(bundle_dir):
    for name, text in render(bundle_dir).items():
        assert (bundle_dir / name).read_text(encoding="utf-8") == text, "run: make bundles"


def test_render_refuses_an_override_that_the_base_does_not_define(tmp_path, monkeypatch):
    (tmp_path / "overrides.yaml").write_text("all:\n  nfg: 8\n")
    with pytest.raises(KeyError, match="nfg"):
        render(tmp_path)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "metadata"])
def test_config_stands_alone_and_has_all_properties(bundle, datalist, tmp_path, name):
    if name not in products(bundle):
        pytest.skip(f"{bundle.name} goes without {name}")
    infers = name.startswith("inference")
    options = (inference_overrides if infers else overrides)(bundle, datalist)
    if name != "train":
        options["weights"] = "unused"
    if name == "inference_png":
        options["dataset_dir"] = str(write_pictures(tmp_path / "pictures"))
    workflow = ConfigWorkflow(
        str(bundle / "configs" / f"{name}.json"),
        workflow_type="infer" if infers else "train",
        logging_file=False,
        **options,
    )
    workflow.initialize()
    assert workflow.check_properties() == []


def test_evaluate_is_also_an_overlay_on_train(bundle, datalist):
    files = [str(bundle / "configs" / f"{name}.json") for name in ("train", "evaluate")]
    workflow = ConfigWorkflow(
        files, workflow_type="train", logging_file=False, **overrides(bundle, datalist)
    )
    workflow.initialize()
    assert workflow.check_properties() == []


@pytest.mark.parametrize("bundle", PUBLISHED, ids=lambda path: path.name)
def test_defaults_are_those_of_the_paper(bundle):
    kind = kind_of(bundle)
    train = json.loads((bundle / "configs" / "train.json").read_text())
    # the reference code drops out in num_downs - 5 levels: none of IAMNet's five
    printed = {**kind.published, "dropout": 0.0 if train["num_downs"] == 5 else 0.5}
    assert {name: train[name] for name in printed} == printed


def test_network_fits_metadata(bundle):
    verify_net_in_out(
        "network_def",
        device="cpu",
        meta_file=str(bundle / "configs" / "metadata.json"),
        config_file=str(bundle / "configs" / "inference.json"),
        ngf=4,
    )


def test_metadata_follows_the_schema(bundle):
    verify_metadata(str(bundle / "configs" / "metadata.json"), filepath=str(SCHEMA))


def test_metadata_version_is_in_its_changelog(bundle):
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text())
    assert metadata["version"] in metadata["changelog"]


def test_weights_load_and_export(bundle):
    config = str(bundle / "configs" / "inference.json")
    parser = ConfigWorkflow(config, workflow_type="infer", logging_file=False).parser
    network = parser.get_parsed_content("network_def")
    torch.save(network.state_dict(), bundle / "models" / "model.pt")
    loaded = load(
        name=bundle.name, bundle_dir=str(bundle.parent), source="monaihosting", device="cpu"
    )
    assert type(loaded) is type(network)
    ckpt_export(
        "network_def",
        filepath=str(bundle / "models" / "model.ts"),
        ckpt_file=str(bundle / "models" / "model.pt"),
        meta_file=str(bundle / "configs" / "metadata.json"),
        config_file=config,
    )
    image = torch.rand(1, 1, 512, 512) * 2 - 1
    scripted = torch.jit.load(str(bundle / "models" / "model.ts")).eval()
    with torch.no_grad():
        assert torch.equal(scripted(image), network.eval()(image))


def test_train_evaluate_and_infer(bundle, kind, datalist, tmp_path):
    options = overrides(bundle, datalist)
    sections = json.loads(datalist.read_text())
    run_bundle(bundle, "training", ["train"], max_epochs=1, **options)
    checkpoint = torch.load(bundle / "models" / "checkpoint.pt", weights_only=True)
    assert {"generator", "discriminator", "optimizer", "discriminator_optimizer"} < set(checkpoint)
    assert {"lr_scheduler", "discriminator_lr_scheduler"} < set(checkpoint)
    assert (checkpoint["epoch"], checkpoint["iteration"]) == (1, len(sections["training"]) / 2)
    weights = torch.load(bundle / "models" / "model.pt", weights_only=True)
    assert all(isinstance(value, torch.Tensor) for value in weights.values())
    settings = json.loads((bundle / "models" / "model.json").read_text())
    assert {name: options[name] for name in ("num_downs", "ngf")}.items() <= settings.items()

    run_bundle(bundle, "evaluating", ["train", "evaluate"], **options)
    with (bundle / "eval" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if not row.get("lesion")]
    evaluate = json.loads((bundle / "configs" / "evaluate.json").read_text())
    saver = evaluate["validate"]["handlers"][1]
    # these exams were not simulated, so that nobody knows the limit
    predictors = saver["predictors"].keys() - set(saver.get("optional", []))
    assert len(rows) == len(sections["test"]) * len(predictors)
    assert {row["predictor"] for row in rows} == predictors > {"model"}
    if isinstance(kind, CEMExams):
        summary = read_summary(bundle / "eval" / "summary.json")
        digest = hashlib.sha256((bundle / "models" / "model.pt").read_bytes()).hexdigest()
        assert summary["models"]["model"]["weights_sha256"] == digest
        report = (bundle / "eval" / "report.html").read_text(encoding="utf-8")
        assert all(item["case"] in report for item in sections["test"])
        assert len(list((bundle / "eval" / "pictures").iterdir())) == len(sections["test"])

    options = inference_overrides(bundle, datalist)
    run_bundle(bundle, "inference", ["inference"], output_dir=str(tmp_path / "out"), **options)
    kind.check_inferred(tmp_path / "out", kind.sources(datalist))

    with pytest.raises(Exception, match=r"Failed to instantiate") as refusal:
        run_bundle(bundle, "inference", ["inference"], recombined_window=[1, 2], **options)
    window = evaluate["recombined_window"]
    assert f"was trained with recombined_window {window}" in str(plain_sentence(refusal.value))


def test_fast_dev_run_is_two_iterations_in_folders_of_its_own(bundle, datalist, tmp_path):
    options = {"fast_dev_run": True, "batch_size": 1}
    options = {**overrides(bundle, datalist), **options}
    run_bundle(bundle, "training", ["train"], **options)
    folder = bundle / "models" / "fast_dev_run"
    checkpoint = torch.load(folder / "checkpoint.pt", weights_only=True)
    assert (checkpoint["epoch"], checkpoint["iteration"]) == (1, 2)
    # a running TensorBoard follows the newest file of a folder only
    events = list((bundle / "eval" / "fast_dev_run").rglob("events.out.*"))
    assert len({path.parent for path in events}) == len(events) > 1
    run_bundle(bundle, "evaluating", ["train", "evaluate"], **options)
    assert (bundle / "eval" / "fast_dev_run" / "metrics.csv").is_file()
    options = {**inference_overrides(bundle, datalist), "fast_dev_run": True}
    run_bundle(bundle, "inference", ["inference"], **options)
    assert len(list((bundle / "eval" / "fast_dev_run").glob("*.dcm"))) == 2
    assert {path.name for path in (bundle / "models").iterdir()} == {"fast_dev_run"}


def test_tracking_switch_of_the_runner_logs_to_mlflow(bundle, datalist, tmp_path):
    pytest.importorskip("mlflow", reason="--tracking needs: pip install mlflow")
    options = {**overrides(bundle, datalist), "max_epochs": 1, "val_interval": 1}
    output = tmp_path / "tracked"
    run_bundle(bundle, "training", ["train"], **options, output_dir=str(output), tracking="mlflow")
    with closing(sqlite3.connect(output / "mlruns.db")) as database:
        logged = database.execute("SELECT key, count(*) FROM metrics GROUP BY key").fetchall()
    steps = len(json.loads(datalist.read_text())["training"]) / options["batch_size"]
    assert dict(logged)["train_loss"] == steps
    metrics = json.loads((bundle / "configs" / "train.json").read_text())["validate"]["key_metric"]
    assert metrics.keys() < dict(logged).keys()


def test_resumed_training_is_bit_identical(bundle, datalist):
    """Two of four epochs, then the rest from the checkpoint: nothing tells it from one run."""
    options = {**overrides(bundle, datalist), "batch_size": 1, "max_epochs": 4, "val_interval": 1}
    folders = {name: str(bundle / name) for name in ("straight", "resumed")}
    run_bundle(bundle, "training", ["train"], **options, ckpt_dir=folders["straight"])
    options["ckpt_dir"] = folders["resumed"]
    # the schedules are those of four epochs
    run_bundle(bundle, "training", ["train"], **options, **{"train::trainer::max_epochs": 2})
    run_bundle(bundle, "training", ["train"], **options, resume=True)
    straight, resumed = (
        torch.load(Path(folder, "checkpoint.pt"), weights_only=True) for folder in folders.values()
    )
    assert straight["epoch"] == resumed["epoch"] == 4
    for name in ("generator", "discriminator"):
        for key, weight in straight[name].items():
            assert torch.equal(weight, resumed[name][key]), (name, key)
    assert torch.equal(straight["random_state"]["torch"], resumed["random_state"]["torch"])
    rows = [state["loss_history"]["rows"] for state in (straight, resumed)]
    assert rows[0] == rows[1]


@only_cem
@pytest.mark.parametrize("window", [None, [1900, 2200]])
@pytest.mark.parametrize("image_size", [0, 48, 64, 100])
def test_perfect_prediction_is_scored_as_perfect(bundle, datalist, image_size, window):
    """Whatever the resizing and the window: the target, through the same steps, has no error."""
    options = {**overrides(bundle, datalist), "image_size": image_size, "recombined_window": window}
    parser = ConfigWorkflow(
        str(bundle / "configs" / "evaluate.json"),
        workflow_type="train",
        logging_file=False,
        **options,
    ).parser
    (case, *_) = parser.get_parsed_content("validate::dataset")
    case["pred"] = case["label"].clone()
    result = parser.get_parsed_content("validate::postprocessing")(case)
    breast = result["breast"] > 0
    assert torch.equal(result["pred"][breast], result["label"][breast])
    side = image_size or 90
    assert result["label"].shape == (1, side, side)


@only_cem
def test_baselines_are_fitted_on_training_cases_alone(bundle, datalist):
    """The images that judge need not even be readable."""
    training, *others = json.loads(datalist.read_text()).values()
    for case in [case for section in others for case in section]:
        (datalist.parent / case["label"]).write_bytes(b"")
    config = str(bundle / "configs" / "evaluate.json")
    options = overrides(bundle, datalist)
    parser = ConfigWorkflow(config, workflow_type="train", logging_file=False, **options).parser
    fit = parser.get_parsed_content("baseline_fit")
    preprocess = parser.get_parsed_content("validate::preprocessing")
    data = load_datalist(datalist, "training")
    assert len(data) == len(training)
    cases = [preprocess(case) for case in data]
    means = [float(case["label"][case["breast"] > 0].mean()) for case in cases]
    assert fit.predictors["constant"].value == pytest.approx(np.mean(means))
    tissue = [case["label"][(case["breast"] > 0) & (case["mass"] == 0)].numpy() for case in cases]
    exceeding = [np.mean((values + 1) * 127.5 > fit.threshold) for values in tissue]
    assert 0.005 < np.mean(exceeding) <= 0.01


@only_cem
def test_resizing_leaves_the_border_at_the_chest_wall_as_bright_as_the_rest(bundle, datalist):
    """MONAI's anti-aliasing would mix in zeros there."""
    options = {**overrides(bundle, datalist), "image_size": 16}
    parser = ConfigWorkflow(
        str(bundle / "configs" / "train.json"), workflow_type="train", logging_file=False, **options
    ).parser
    preprocessing = parser.get_parsed_content("validate::preprocessing")
    (case, *_) = parser.get_parsed_content("validate::dataset").data
    label = preprocessing(case)["label"][0]
    middle = slice(6, 10)
    assert label[middle, 0].mean() == pytest.approx(float(label[middle, 1].mean()), abs=0.01)


def command(bundle: Path, datalist: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    small = [f"--{name}={value}" for name, value in overrides(bundle, datalist).items()]
    return subprocess.run(
        [sys.executable, "-m", "monai.bundle", "run", *arguments, *small],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
    )


@pytest.mark.slow
def test_command_line_trains_from_another_directory(bundle, datalist):
    config = ("--config_file", str(bundle / "configs" / "train.json"))
    result = command(bundle, datalist, "training", *config, "--fast_dev_run", "True")
    assert result.returncode == 0, result.stderr
    assert (bundle / "models" / "fast_dev_run" / "model.pt").is_file()


@pytest.mark.slow
def test_command_line_refuses_a_misspelt_override(bundle, datalist):
    config = ("--config_file", str(bundle / "configs" / "train.json"))
    result = command(bundle, datalist, "training", *config, "--max_epoch", "3")
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert last == "error: unknown option --max_epoch; did you mean --max_epochs?"


@pytest.mark.slow
def test_command_line_tells_a_missing_datalist_in_one_sentence(bundle, datalist):
    config = ("--config_file", str(bundle / "configs" / "train.json"))
    result = command(bundle, datalist, "training", *config, "--datalist", "nowhere.json")
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("error: nowhere.json: no datalist; cem-monai index makes one")
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_full_size_network_trains_and_infers_two_iterations(bundle, kind, tmp_path):
    """The bundle with its own network and crops; only the images are few and small."""
    datalist, small = kind.write_full_size(tmp_path)
    paths = {"bundle_root": str(bundle), "device": "cpu", **small}
    short = {"max_epochs": 1, "batch_size": 4, "dataset_dir": str(datalist.parent)}
    run_bundle(bundle, "training", ["train"], **short, **paths)
    sources = kind.sources(datalist)
    output = {"output_dir": str(tmp_path / "out"), "dataset_dir": str(sources)}
    run_bundle(bundle, "inference", ["inference"], **output, **paths)
    kind.check_inferred(tmp_path / "out", sources)


@only_cem
def test_masks_stay_where_they_are_when_resized(bundle, tmp_path):
    datalist = write_exams(tmp_path / "exams", size=300)
    options = {**overrides(bundle, datalist), "image_size": 64}
    parser = ConfigWorkflow(
        str(bundle / "configs" / "train.json"), workflow_type="train", logging_file=False, **options
    ).parser
    (case, *_) = parser.get_parsed_content("validate::dataset")
    rows, columns = np.nonzero(case["mass"][0].numpy())
    _, mass, _ = breast_and_mass(300)
    expected = [(axis.mean() + 0.5) * 64 / 300 - 0.5 for axis in np.nonzero(mass)]
    assert [rows.mean(), columns.mean()] == pytest.approx(expected, abs=0.2)
    assert set(np.unique(case["mass"].numpy())) == {0, 1}


def test_empty_test_section_is_refused_before_an_old_table_is_shown(bundle, datalist):
    run_bundle(bundle, "training", ["train"], max_epochs=1, **overrides(bundle, datalist))
    content = json.loads(datalist.read_text())
    datalist.write_text(json.dumps({**content, "test": []}))
    with pytest.raises(Exception, match=r"Failed to instantiate") as refusal:
        run_bundle(bundle, "evaluating", ["train", "evaluate"], **overrides(bundle, datalist))
    assert "the section 'test' holds no case" in str(plain_sentence(refusal.value))
