"""Bundles and weights that nobody vouches for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
import torch

from cem_monai.bundle_run import bundle_folder
from cem_monai.checksums import CHECKSUMS
from cem_monai.cli import main
from cem_monai.export import Formats, export_bundle
from cem_monai.infer import Translator
from cem_monai.infer.trust import check_trust
from exams import write_exam
from tiny_bundle import NAME, save_tiny_weights


@pytest.fixture
def bundle(tmp_path) -> Path:
    """A bundle with code and weights, all of it listed by `sha256sum`."""
    folder = tmp_path / "bundle"
    for name in ("configs/inference.json", "scripts/a.py", "models/model.pt", "models/model.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    command = "find . -type f -printf '%P\\n' | xargs sha256sum > ../list"
    subprocess.run(command, shell=True, check=True, cwd=folder)
    (tmp_path / "list").rename(folder / CHECKSUMS)
    return folder


def weights_of(bundle: Path) -> Path:
    return bundle / "models" / "model.pt"


def test_what_the_list_tells_is_taken(bundle):
    (bundle / "scripts" / "__pycache__").mkdir()
    (bundle / "scripts" / "__pycache__" / "a.pyc").write_text("made by Python")
    check_trust(bundle, weights_of(bundle))


@pytest.mark.parametrize(
    "name", ["configs/inference.json", "scripts/a.py", "models/model.pt", "models/model.json"]
)
def test_changed_file_is_refused(name, bundle):
    with (bundle / name).open("a") as file:
        file.write(" ")
    with pytest.raises(ValueError, match=f"{name}: is not the file that SHA256SUMS lists"):
        check_trust(bundle, weights_of(bundle))


@pytest.mark.parametrize(
    "name",
    [
        *("configs/logging.conf", "scripts/b.py", "scripts/room/c.py", "models/d.py"),
        *("_strptime.py", "json/__init__.py", "e.so", "scripts/f.pyc"),  # the root is on the path
    ],
)
def test_added_code_is_refused(name, bundle):
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text("")
    with pytest.raises(ValueError, match=f"{name}: is not listed"):
        check_trust(bundle, weights_of(bundle))


def test_link_to_code_elsewhere_is_refused(bundle, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "module.py").write_text("")
    (bundle / "scripts" / "room").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="scripts/room: is not listed"):
        check_trust(bundle, weights_of(bundle))


def test_missing_file_is_refused(bundle):
    (bundle / "scripts" / "a.py").unlink()
    with pytest.raises(ValueError, match=r"a\.py: is missing"):
        check_trust(bundle, weights_of(bundle))


def test_other_weights_are_refused(bundle, tmp_path):
    shutil.copy(weights_of(bundle), tmp_path / "mine.pt")
    with pytest.raises(ValueError, match=r"mine\.pt: is not listed.*--trust"):
        check_trust(bundle, tmp_path / "mine.pt")


def test_settings_that_came_beside_the_weights_are_refused(bundle):
    """They decide how images are prepared."""
    text = (bundle / CHECKSUMS).read_text().splitlines(keepends=True)
    (bundle / CHECKSUMS).write_text("".join(line for line in text if "model.json" not in line))
    with pytest.raises(ValueError, match=r"model\.json: is not listed"):
        check_trust(bundle, weights_of(bundle))


def test_bundle_without_a_list_is_refused(bundle):
    (bundle / CHECKSUMS).unlink()
    with pytest.raises(ValueError, match="has no SHA256SUMS"):
        check_trust(bundle, weights_of(bundle))


def test_infer_refuses_before_it_writes(tmp_path, capsys):
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    torch.save({}, tmp_path / "mine.pt")
    command = ["infer", str(tmp_path / "in"), str(tmp_path / "out")]
    assert main([*command, "--weights", str(tmp_path / "mine.pt")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "mine.pt: is not listed in SHA256SUMS of the bundle; pass --trust" in error
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_settings_beside_weights_change_no_switch(tmp_path):
    """Weights are bound to the preparation of images, not to the banner."""
    weights = save_tiny_weights(tmp_path / "mine.pt")
    told = json.loads(weights.with_suffix(".json").read_text())
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    translate = Translator(NAME, str(weights), {"device": "cpu"}, trust=True)
    pixels = []
    for number, added in enumerate(({}, {"banner": False})):
        weights.with_suffix(".json").write_text(json.dumps({**told, **added}))
        written = sorted(translate(tmp_path / "in", tmp_path / f"out{number}").written)
        pixels.append([pydicom.dcmread(path).PixelData for path in written])
    assert len(pixels[0]) == 2
    assert pixels[0] == pixels[1]


def test_config_that_changes_between_two_studies_is_refused(tmp_path):
    """A node runs for weeks."""
    weights = save_tiny_weights(tmp_path / "mine.pt")
    bundle = export_bundle(
        NAME, tmp_path / "zoo", weights=weights, formats=Formats(torchscript=False)
    )[0]
    translate = Translator(str(bundle), None, {"device": "cpu"})
    translate.load()
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    path = list(sys.path)
    assert len(translate(tmp_path / "in", tmp_path / "out").written) == 2
    assert sys.path == path
    with (bundle / "configs" / "inference.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ValueError, match=r"inference\.json: is not the file"):
        translate(tmp_path / "in", tmp_path / "out2")


def test_each_of_two_bundles_of_one_name_runs_its_own_code(tmp_path):
    """The second version, in the same process, and not what was compiled of the first."""
    weights = save_tiny_weights(tmp_path / "mine.pt")
    kinds = []
    for place in ("old", "new"):
        bundle = export_bundle(
            NAME, tmp_path / place, weights=weights, formats=Formats(torchscript=False)
        )[0]
        translate = Translator(str(bundle), None, {"device": "cpu"})
        translate.load()
        kinds.append(type(translate._network))
    files = [sys.modules[kind.__module__].__file__ for kind in kinds[1:]]
    assert kinds[0] is not kinds[1]
    assert all(Path(file).is_relative_to(tmp_path / "new") for file in files)


def test_application_that_silences_loggers_loses_no_result(tmp_path):
    """Results are found by what the savers tell, or they would not be sent."""
    code = (
        "import logging, logging.config, sys\n"
        "from pathlib import Path\n"
        "from cem_monai.transforms import note_saved_files\n"
        "from cem_monai.transforms.saved_files import tell_saved_file\n"
        "logging.config.dictConfig({'version': 1})\n"
        "logging.disable(logging.CRITICAL)\n"
        "with note_saved_files() as files:\n"
        "    tell_saved_file(Path('a.dcm'))\n"
        "sys.exit(files != [Path('a.dcm')])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "value", ["$open('x')", "@device", "%x.json", ["$open('x')"], {"a": {"_target_": "os.getcwd"}}]
)
def test_settings_beside_weights_are_no_code(value, tmp_path, capsys):
    """Even trusted weights tell values, and MONAI would execute what begins with a dollar."""
    torch.save({}, tmp_path / "mine.pt")
    (tmp_path / "mine.json").write_text(json.dumps({"image_size": value}))
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    command = ["infer", str(tmp_path / "in"), str(tmp_path / "out"), "--trust"]
    assert main([*command, "--weights", str(tmp_path / "mine.pt")]) == 1
    assert "mine.json: image_size must be a plain value" in capsys.readouterr().err


def test_edited_config_is_refused_before_it_is_executed(tmp_path, capsys):
    """A config may hold any code, which MONAI runs when it reads it."""
    bundle = tmp_path / "breast_cem_edited"
    shutil.copytree(bundle_folder("breast_cem_unet512"), bundle)
    config = bundle / "configs" / "inference.json"
    flag = tmp_path / "executed"
    text = config.read_text()
    config.write_text(text.replace('"$torch.device', f"\"$open('{flag}', 'w') and torch.device"))
    torch.save({}, tmp_path / "mine.pt")
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    command = ["infer", str(tmp_path / "in"), str(tmp_path / "out"), "--bundle", str(bundle)]
    assert main([*command, "--weights", str(tmp_path / "mine.pt")]) == 1
    assert "inference.json: is not the file that SHA256SUMS lists" in capsys.readouterr().err
    assert not flag.exists()
    assert main([*command, "--weights", str(tmp_path / "mine.pt"), "--trust"]) == 1  # no weights
    assert flag.exists()
