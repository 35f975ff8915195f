"""A batch that is killed, or that meets a full disk, and the same command again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pydicom
import pytest
import torch

from cem_monai.networks import UNetGenerator, save_weights
from dciodvfy import dciodvfy_findings
from exams import write_exam

SMALL = {"num_downs": 6, "ngf": 4}
SETTINGS = {
    "image_size": 0,
    "low_energy_window": None,
    "recombined_window": None,
    **SMALL,
    "norm": "batch",
}
IMAGES = 6
PROGRAM = """
import resource, sys
from cem_monai.cli import main
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(["infer", *sys.argv[2:], "--device", "cpu", "--uncertainty", "2"]))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Weights, low-energy images, and what an undisturbed run makes of them."""
    folder = tmp_path_factory.mktemp("interrupted")
    torch.manual_seed(0)
    save_weights(UNetGenerator(**SMALL), folder / "model.pt", SETTINGS)
    for number in range(IMAGES // 2):
        write_exam(folder / "in", f"TEST-{number:03d}", size=400)
    assert infer(folder, folder / "undisturbed").returncode == 0
    return folder


@pytest.fixture
def expected(folder) -> dict[str, bytes]:
    return files(folder / "undisturbed")


def command(folder: Path, output: Path, limit: int = 0) -> list[str]:
    arguments = [str(folder / "in"), str(output), "--weights", str(folder / "model.pt")]
    return [sys.executable, "-c", PROGRAM, str(limit), *arguments]


def environment() -> dict[str, str]:
    """Two runs at one time: what they write differs in nothing then."""
    return {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}


def infer(*arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(), capture_output=True, text=True, check=False
    )


def files(output: Path) -> dict[str, bytes]:
    """Return all files but the audit log, which tells of every run."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and path.name != "audit.jsonl"
    }


def kill_after(folder: Path, output: Path, objects: int, *, in_writing: bool) -> None:
    """Kill a batch when so many objects are there, or one more is half-written."""
    process = subprocess.Popen(
        command(folder, output),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wanted = ".*.dcm.*.tmp" if in_writing else "*.dcm"
    while process.poll() is None:
        found = len(list(output.rglob("*.dcm"))) >= objects
        if found and (not in_writing or any(output.rglob(wanted))):
            break
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("objects", "in_writing"), [(1, False), (2, True), (7, True)])
def test_killed_batch_is_completed_by_the_same_command(
    folder, expected, tmp_path, objects, in_writing
):
    kill_after(folder, tmp_path / "out", objects, in_writing=in_writing)
    left = {name: data for name, data in files(tmp_path / "out").items() if name.endswith(".dcm")}
    assert objects <= len(left) < 2 * IMAGES
    # no file with a final name is half-written
    assert all(data == expected[name] for name, data in left.items())

    assert infer(folder, tmp_path / "out").returncode == 0
    assert files(tmp_path / "out") == expected


def test_full_disk_leaves_nothing_half_written_and_keeps_what_was_there(folder, expected, tmp_path):
    """The limit of the file size fails as a full disk does, in the middle of a file."""
    output = tmp_path / "out"
    shutil.copytree(folder / "undisturbed", output)
    next(output.glob("*.dcm")).unlink()
    before = files(output)
    size = max(len(data) for data in expected.values())
    result = infer(folder, output, size // 2)
    assert result.returncode == 1
    assert "File too large" in result.stderr.strip().splitlines()[-1]
    assert files(output) == before

    assert infer(folder, output).returncode == 0
    assert files(output) == expected


def test_every_file_is_a_valid_object_of_its_own(folder, expected):
    paths = list((folder / "undisturbed").rglob("*.dcm"))
    assert [finding for path in paths for finding in dciodvfy_findings(path)] == []
    uids = {pydicom.dcmread(path).SOPInstanceUID for path in paths}
    assert len(uids) == len(paths) == 2 * IMAGES
