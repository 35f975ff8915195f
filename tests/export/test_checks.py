"""What the model zoo would not take, one sentence each."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from cem_monai.checksums import CHECKSUMS
from cem_monai.cli import main
from cem_monai.export import check_bundle
from cem_monai.export.checks import SCHEMA


def list_again(bundle: Path) -> None:
    """Write SHA256SUMS anew, so that it is not what is wrong."""
    (bundle / CHECKSUMS).unlink(missing_ok=True)
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    lines = [f"{sha256(p.read_bytes()).hexdigest()}  {p.relative_to(bundle)}\n" for p in files]
    (bundle / CHECKSUMS).write_text("".join(lines))


def edit(name: str, change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Return what changes a config."""

    def breakage(bundle: Path) -> None:
        path = bundle / "configs" / f"{name}.json"
        config = json.loads(path.read_text())
        change(config)
        path.write_text(json.dumps(config, indent=4, ensure_ascii=False) + "\n")

    return breakage


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what changes the text of a file."""

    def breakage(bundle: Path) -> None:
        text = (bundle / name).read_text()
        assert old in text
        (bundle / name).write_text(text.replace(old, new, 1))

    return breakage


def image_of(metadata: dict) -> dict:
    """Return the description of the network's input."""
    return metadata["network_data_format"]["inputs"]["image"]


BREAKAGES = {
    "no license": (lambda bundle: (bundle / "LICENSE").unlink(), "has no LICENSE"),
    "no data license": (
        lambda bundle: (bundle / "docs" / "data_license.txt").unlink(),
        "has no docs/data_license.txt",
    ),
    "no train config": (
        lambda bundle: (bundle / "configs" / "train.json").unlink(),
        "has no configs/train.json",
    ),
    "version not in changelog": (
        edit("metadata", lambda config: config.update(version="9.9.9")),
        "the changelog does not tell of version '9.9.9'",
    ),
    "version of another form": (
        edit("metadata", lambda config: config.update(version="1", changelog={"1": "first"})),
        "version is '1', must be like 0.1.0",
    ),
    "other schema": (
        edit("metadata", lambda config: config.update(schema="https://example.org/schema.json")),
        "schema is 'https://example.org/schema.json', must be",
    ),
    "against the schema": (
        edit("metadata", lambda config: config.pop("authors")),
        "'authors' is a required property",
    ),
    "nested against the schema": (
        edit("metadata", lambda config: image_of(config).update(num_channels="1")),
        "network_data_format::inputs::image::num_channels: '1' is not of type 'integer'",
    ),
    "other input name": (
        edit(
            "metadata",
            lambda config: config["network_data_format"]["inputs"].update(
                low_energy=config["network_data_format"]["inputs"].pop("image")
            ),
        ),
        "network_data_format::inputs must have 'image'",
    ),
    "missing key of inference": (
        edit("inference", lambda config: config.pop("inferer")),
        "inference.json: has no inferer, which MONAI requires",
    ),
    "missing key of train": (
        edit("train", lambda config: config["train"].pop("trainer")),
        "train.json: has no train::trainer",
    ),
    "code outside": (
        edit("inference", lambda config: config["network_def"].update(_target_="cem_monai.x.Y")),
        "needs cem_monai.x.Y, which is not in the bundle",
    ),
    "two spaces": (
        replace("configs/train.json", '    "bundle_name"', '  "bundle_name"'),
        "train.json: is not indented by 4 spaces",
    ),
    "sorted keys twice": (
        replace("configs/train.json", '    "seed": 0', '    "seed": 0,\n    "seed": 1'),
        "train.json: has the key 'seed' twice",
    ),
    "no JSON": (replace("configs/train.json", "{", "["), "train.json: "),
    "no object": (
        lambda bundle: (bundle / "configs" / "train.json").write_text("[]\n"),
        "train.json: must be an object",
    ),
}


def test_exported_bundle_is_fit(exported):
    assert check_bundle(exported) == []


@pytest.mark.parametrize(("breakage", "sentence"), BREAKAGES.values(), ids=BREAKAGES)
def test_what_is_wrong_is_told_in_one_sentence(breakage, sentence, exported):
    breakage(exported)
    list_again(exported)
    problems = check_bundle(exported)
    assert any(sentence in problem for problem in problems), problems
    assert all("\n" not in problem and str(exported) in problem for problem in problems)


def test_broken_hash_is_told(exported):
    with (exported / "models" / "model.pt").open("ab") as file:
        file.write(b"\0")
    (problem,) = check_bundle(exported)
    assert problem.endswith(
        "models/model.pt: is not the file that SHA256SUMS lists, its SHA-256 is another"
    )


def test_missing_and_added_files_are_told(exported):
    (exported / "models" / "model.json").unlink()
    (exported / "scripts" / "added.py").write_text("")
    missing, added = check_bundle(exported)
    assert "model.json: is missing" in missing
    assert "added.py: is not listed" in added


@pytest.mark.parametrize(
    ("text", "sentence"), [(None, "has no SHA256SUMS"), ("nonsense\n", "line 1 is no SHA-256")]
)
def test_list_that_is_none_is_told(text, sentence, exported):
    (exported / CHECKSUMS).unlink()
    if text is not None:
        (exported / CHECKSUMS).write_text(text)
    (problem,) = check_bundle(exported)
    assert sentence in problem


def test_name_that_is_none_is_told(exported):
    renamed = exported.rename(exported.with_name("Breast-CEM"))
    (problem,) = check_bundle(renamed)
    assert problem == "Breast-CEM: a bundle is named organ_modality_task, in lower case"


def test_verb_tells_and_fails(exported, tmp_path, capsys):
    assert main(["export", str(exported), "--check"]) == 0
    assert "nothing found" in capsys.readouterr().out
    (exported / "LICENSE").unlink()
    assert main(["export", str(exported), "--check"]) == 1
    assert "has no LICENSE" in capsys.readouterr().out
    assert main(["export", str(tmp_path / "nothing"), "--check"]) == 1
    assert "nothing: no such folder" in capsys.readouterr().err


def test_nothing_of_it_is_executed(exported, tmp_path):
    flag = tmp_path / "executed"
    edit("train", lambda config: config.update(device=f"$open({str(flag)!r}, 'w')"))(exported)
    (exported / "scripts" / "__init__.py").write_text(f"open({str(flag)!r}, 'w')")
    list_again(exported)
    assert check_bundle(exported) == []
    assert not flag.exists()


def test_schema_is_the_one_that_monai_publishes():
    """Permanent by MONAI's promise; a copy of theirs lies beside the data, where that is."""
    theirs = Path(__file__).parents[3] / "shared" / "data" / "schema" / SCHEMA.rpartition("/")[2]
    if not theirs.is_file():
        pytest.skip(f"MONAI's metadata schema not found at {theirs}")
    ours = Path(__file__).parents[2] / "cem_monai" / "export" / theirs.name
    assert json.loads(ours.read_text()) == json.loads(theirs.read_text())
