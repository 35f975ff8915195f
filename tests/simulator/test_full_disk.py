"""A full disk, and other places that cannot be written: one sentence, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from cem_monai.cli import main
from cem_monai.simulator import simulate_exams

ARGUMENTS = {"size": 128, "progress": False}
PROGRAM = """
import resource, sys
from cem_monai.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(main(["simulate", sys.argv[1], "2", "--seed", "4", "--size", "128", *sys.argv[2:]]))
"""


def visible(folder):
    return {path.name for path in folder.rglob("*")}


@pytest.mark.parametrize("workers", [1, 2])
def test_write_error_is_told_and_leaves_complete_exams_only(tmp_path, workers):
    """The limit of the file size fails as a full disk does, in the middle of a file."""
    study = tmp_path / "study"
    simulate_exams(study, exams=1, seed=3, **ARGUMENTS)
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    command = [sys.executable, "-c", PROGRAM, str(study), "--workers", str(workers)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: {study}: File too large, SIM-00000")
    assert last.endswith(" not written")
    assert {path: path.read_bytes() for path in study.rglob("*") if path.is_file()} == before


def test_interrupted_study_is_completed_by_the_same_command(tmp_path):
    study = tmp_path / "study"
    command = [sys.executable, "-c", PROGRAM, str(study)]
    subprocess.run(command, capture_output=True, check=False)
    assert visible(study) == set()
    simulate_exams(study, exams=2, seed=4, **ARGUMENTS)

    assert {"SIM-000004", "SIM-000005", "manifest.json"} <= visible(study)


def test_disk_that_is_too_small_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, capsys
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, 10**6))
    code = main(["simulate", str(tmp_path / "study"), "3", "--size", "1024"])

    assert code == 1
    assert capsys.readouterr().err.strip() == (
        f"error: {tmp_path / 'study'}: 3 exams need about 69 MB, 1 MB are free"
    )
    assert not (tmp_path / "study").exists()


def test_estimate_of_the_space_is_close(tmp_path, monkeypatch):
    """The refusal would be worthless were it far off: measure what an exam takes."""
    simulate_exams(tmp_path, exams=1, seed=14, size=256, twin=True, progress=False)
    taken = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    usage = namedtuple("usage", "total used free")

    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, int(1.25 * taken)))
    simulate_exams(tmp_path / "b", exams=1, seed=14, size=256, twin=True, progress=False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, int(0.75 * taken)))
    with pytest.raises(OSError, match="exams need about"):
        simulate_exams(tmp_path / "c", exams=1, seed=14, size=256, twin=True, progress=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission_is_told(tmp_path, capsys):
    tmp_path.chmod(0o500)

    assert main(["simulate", str(tmp_path / "study"), "1", "--size", "128"]) == 1
    assert "Permission denied" in capsys.readouterr().err
