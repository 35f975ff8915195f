"""What only the bundle for dose pairs has: published runs, two fits of a patch, leaky splits."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow, run

import render
from bundles.kinds import DosePairs
from cem_monai.command_line import plain_sentence

BUNDLE = Path(__file__).parents[2] / "bundles" / "breast_ffdm_dose_pix2pix"
CONFIGS = BUNDLE / "configs"
PUBLISHED = {
    "run1": (math.log(2), "normal", 100.0, 200, 64, 64),
    "run2": (math.log(2), "normal", 80.0, 300, 64, 64),
    "run3": (1.0, "xavier", 100.0, 200, 64, 64),
    "run4": (1.0, "xavier", 100.0, 200, 96, 32),
}
"""Loss of an undecided discriminator (logit 0), initialization, lambda, epochs, ngf, ndf."""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.fixture
def datalist(tmp_path) -> Path:
    return DosePairs().write(tmp_path)


def options(tmp_path, datalist: Path, **changes) -> dict:
    paths = {"bundle_root": str(tmp_path / "bundle"), "dataset_dir": str(datalist.parent)}
    return {**paths, **DosePairs.small, **changes}


def files(*names: str) -> list[str]:
    return [str(CONFIGS / f"{name}.json") for name in names]


def parser_of(*names: str, **changes):
    workflow = ConfigWorkflow(files(*names), workflow_type="train", logging_file=False, **changes)
    return workflow.parser


def start(run_id: str, *names: str, **changes) -> None:
    meta = str(CONFIGS / "metadata.json")
    run(run_id, config_file=files(*names), meta_file=meta, logging_file=False, **changes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_run_is_the_published_one(name, tmp_path, datalist):
    changes = options(tmp_path, datalist)
    del changes["ngf"], changes["ndf"]
    parser = parser_of("train", name, **changes)
    undecided, init, lambda_l1, epochs, ngf, ndf = PUBLISHED[name]
    get = parser.get_parsed_content
    weights = [w for w in get("network").parameters() if w.ndim == 4]
    assert min(min(w.shape[:2]) for w in weights if 1 not in w.shape[:2]) == ngf
    assert next(get("discriminator").parameters()).shape[0] == ndf
    loss = get("adversarial_loss")(torch.zeros(1, 1, 4, 4), target_is_real=True)
    assert float(loss) == pytest.approx(undecided)
    assert (get("init"), get("lambda_l1"), get("max_epochs")) == (init, lambda_l1, epochs)
    assert get("fixed_epochs") == get("decay_epochs") == epochs / 2
    for path in (get("ckpt_folder"), get("output_folder")):
        assert Path(path).name == name


def test_run_goes_through_training_evaluation_and_inference(tmp_path, datalist):
    changes = options(tmp_path, datalist)
    start("training", "train", "run4", **changes | {"max_epochs": 1, "val_interval": 1})
    weights = tmp_path / "bundle" / "models" / "run4"
    assert (weights / "model_best.pt").is_file()
    start("evaluating", "train", "evaluate", "run4", **changes)
    with (tmp_path / "bundle" / "eval" / "run4" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["predictor"] for row in rows} == {
        *("mean_target", "low_dose_copied", "dose_scaled", "model")
    }
    error = {
        name: np.mean([float(row["l1"]) for row in rows if row["predictor"] == name])
        for name in ("low_dose_copied", "dose_scaled")
    }
    assert error["dose_scaled"] < error["low_dose_copied"] / 10
    kind = DosePairs()
    sources = kind.sources(datalist)
    inference = {key: changes[key] for key in ("bundle_root", *kind.for_inference)}
    start("inference", "inference", "run4", **inference | {"dataset_dir": str(sources)})
    kind.check_inferred(tmp_path / "bundle" / "eval" / "run4", sources)


@pytest.mark.parametrize("prep", ["pad", "resize"])
def test_training_sees_patches_as_the_inferer_fits_them(prep, tmp_path, datalist):
    """Up to the flip and, for resize, the crop from a larger interpolation."""
    changes = options(tmp_path, datalist, prep=prep, flip=False)
    parser = parser_of("train", **changes)
    trained = parser.get_parsed_content("train::dataset")[0]
    assert trained["image"].shape == trained["label"].shape == (1, 64, 64)
    seen = []
    (patch, *_) = parser.get_parsed_content("validate::dataset").data
    image = parser.get_parsed_content("validate::preprocessing")(patch)["image"][None]
    parser.get_parsed_content("validate::inferer")(image, lambda x: seen.append(x.clone()) or x)
    assert seen[0].shape == (1, 1, 64, 64)
    if prep == "pad":
        train = parser.get_parsed_content("train::preprocessing")(patch)["image"]
        assert torch.equal(train, seen[0][0])


def test_resize_trains(tmp_path, datalist):
    start("training", "train", **options(tmp_path, datalist, prep="resize", fast_dev_run=True))
    assert (tmp_path / "bundle" / "models" / "fast_dev_run" / "model.pt").is_file()


def test_weights_are_bound_to_the_way_patches_are_fitted(tmp_path, datalist):
    changes = options(tmp_path, datalist)
    start("training", "train", **changes, fast_dev_run=True)
    with pytest.raises(Exception, match="Failed to instantiate") as refusal:
        start("evaluating", "evaluate", **changes, fast_dev_run=True, prep="resize")
    assert "was trained with prep pad, now it is resize" in str(plain_sentence(refusal.value))


@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_split_by_patch_must_be_allowed(name, tmp_path, datalist):
    content = json.loads(datalist.read_text())
    content["training"][0], content["test"][0] = content["test"][0], content["training"][0]
    datalist.write_text(json.dumps(content))
    ids = ["train::dataset", "validate::dataset"]
    ids += ["baseline_cases"] if name == "evaluate" else []
    for one in ids:
        refusing = parser_of(name, **options(tmp_path, datalist))
        with pytest.raises(Exception, match="Failed to instantiate") as refusal:
            refusing.get_parsed_content(one)
        assert "is in training and in test" in str(plain_sentence(refusal.value))
        allowing = parser_of(name, **options(tmp_path, datalist, allow_shared_patients=True))
        assert len(allowing.get_parsed_content(one)) >= 2


def test_renderer_refuses_a_run_of_an_unknown_id(tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(BUNDLE, folder)
    text = (folder / "overrides.yaml").read_text()
    (folder / "overrides.yaml").write_text(text.replace("    ndf: 32", "    nfd: 32"))
    with pytest.raises(KeyError, match="'nfd' of run4"):
        render.render(folder)
