"""The recipe of docs/how-to/add-a-variant.md, followed to the letter."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from monai.bundle import ConfigParser, run

import render
from exams import write_exams

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-variant.md"


def test_recipe_makes_a_bundle_that_trains(tmp_path, monkeypatch):
    recipe = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)
    name = re.search(r"# bundles/(\w+)/overrides.yaml", recipe).group(1)
    bundles = tmp_path / "bundles"
    shutil.copytree(render.BASE_DIR, bundles / "_base")
    (bundles / name).mkdir()
    (bundles / name / "overrides.yaml").write_text(recipe)
    monkeypatch.setattr(render, "BUNDLES_DIR", bundles)
    monkeypatch.setattr(render, "BASE_DIR", bundles / "_base")
    monkeypatch.setattr("sys.argv", ["render.py"])

    assert render.main() == 0
    config = json.loads((bundles / name / "configs" / "train.json").read_text())
    assert config["bundle_name"] == name
    assert config["tau_schedule"] == "constant"
    datalist = write_exams(tmp_path / "exams", size=64)
    small = {"num_downs": 3, "ngf": 4, "ndf": 4, "image_size": 64, "crop_size": 32}
    run(
        run_id="training",
        config_file=str(bundles / name / "configs" / "train.json"),
        meta_file=str(bundles / name / "configs" / "metadata.json"),
        bundle_root=str(bundles / name),
        dataset_dir=str(datalist.parent),
        logging_file=False,
        fast_dev_run=True,
        batch_size=1,
        **small,
    )
    assert (bundles / name / "models" / "fast_dev_run" / "model.pt").is_file()


def test_sections_of_the_page_are_those_of_the_renderer():
    table = PAGE.read_text().split("## Sections")[1]
    described = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) | {"inference"}
    used = {
        key
        for path in render.BUNDLES_DIR.glob("*/overrides.yaml")
        for key in ConfigParser.load_config_file(path)
    }
    assert used <= described
