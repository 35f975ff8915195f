"""Model card and eval_metrics of bundles with and without an evaluation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from monai.bundle import verify_metadata

import render
from cem_monai.checksums import CHECKSUMS
from cem_monai.evaluation import (
    eval_metrics,
    model_card_performance,
    write_card,
    write_summary,
)
from cem_monai.evaluation.write_card import BEGIN, END
from evaluated_rows import summary_of

SCHEMA = Path(__file__).parents[2] / "cem_monai" / "export" / "meta_schema_20240725.json"


@pytest.fixture(scope="module")
def summary():
    return summary_of()


def copy_of(folder: Path, tmp_path: Path) -> Path:
    """Copy a bundle without what an evaluation left."""
    copy = tmp_path / folder.name
    evaluation = shutil.ignore_patterns("eval", "summary.json", "metrics.csv")
    shutil.copytree(folder, copy, ignore=evaluation)
    (copy / CHECKSUMS).write_text(render.render(copy)[CHECKSUMS])
    return copy


def section(card: str) -> str:
    return card.split(BEGIN)[1].split(END)[0]


@pytest.mark.parametrize("folder", render.bundle_dirs(), ids=lambda path: path.name)
def test_bundle_without_an_evaluation_says_so(folder, tmp_path):
    files = render.render(copy_of(folder, tmp_path))

    assert "nothing is evaluated" in section(files["docs/README.md"])
    assert json.loads(files["configs/metadata.json"])["eval_metrics"] == {}


@pytest.fixture(scope="module", params=render.bundle_dirs(), ids=lambda path: path.name)
def evaluated(request, tmp_path_factory, summary):
    """A copy of one bundle with an evaluation, and its rendered files."""
    copy = copy_of(request.param, tmp_path_factory.mktemp("evaluated"))
    write_summary(copy / "docs" / "summary.json", summary)
    return copy, render.render(copy)


def test_bundle_with_an_evaluation_shows_its_numbers(evaluated, summary):
    _, files = evaluated

    assert section(files["docs/README.md"]) == (
        f"\n## Performance\n\n{model_card_performance(summary)}\n"
    )
    assert json.loads(files["configs/metadata.json"])["eval_metrics"] == eval_metrics(summary)


def test_renderer_and_card_write_the_same(evaluated):
    copy, files = evaluated

    write_card(copy, copy / "docs" / "summary.json")

    for name, text in files.items():
        assert (copy / name).read_text(encoding="utf-8") == text


def test_mandatory_blocks_are_there(evaluated, summary):
    _, files = evaluated

    card, metadata = files["docs/README.md"], json.loads(files["configs/metadata.json"])
    blocks = ("## Intended use", "## Contraindications", "## Performance", "### Tested on")
    for block in (*blocks, "### Known failures", "### What the numbers do not show"):
        assert f"\n{block}\n" in card
    words = " ".join(card.split())
    assert " ".join(metadata["intended_use"].split()) in words
    assert metadata["data_source"] in words
    assert "Data license: " in words
    assert summary["models"]["model"]["weights_sha256"] in card


def test_data_license_of_a_bundle_replaces_the_common_one(tmp_path):
    copy = copy_of(render.bundle_dirs()[0], tmp_path)
    source = copy / "overrides.yaml"
    source.write_text(source.read_text() + "  data_license: exams of the clinic of X, CC BY 4.0\n")

    card = render.render(copy)["docs/README.md"]

    assert "exams of the clinic of X, CC BY 4.0" in card
    assert "simulated exams are made by this software" not in " ".join(card.split())


def test_metrics_follow_the_schema_of_metadata(tmp_path, summary):
    copy = copy_of(render.bundle_dirs()[0], tmp_path)
    write_summary(copy / "docs" / "summary.json", summary)
    (copy / "configs" / "metadata.json").write_text(render.render(copy)["configs/metadata.json"])

    verify_metadata(str(copy / "configs" / "metadata.json"), filepath=str(SCHEMA))
