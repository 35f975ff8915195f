"""A disk that is really full: a small file system in memory, where the system lets us mount one."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from cem_monai.infer import infer_studies
from cem_monai.transport import StowSender
from exams import write_exam
from infer.stand_in import translate
from transport.archives import WebArchive


@pytest.fixture
def small_disk(tmp_path):
    """Folder with room for two of the results."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(folder)], capture_output=True
    ).returncode:
        pytest.skip("mounting is forbidden here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk_stops_the_run_and_space_lets_it_go_on(tmp_path, small_disk):
    for number in range(3):
        write_exam(tmp_path / "in", f"TEST-{number:03d}", mass=False)
    with WebArchive().running() as archive:
        with pytest.raises(OSError, match="No space left"):
            infer_studies(
                str(tmp_path / "in"),
                small_disk / "out",
                translate,
                sender=StowSender(archive.url),
                ae_title="CEM",
            )
        assert archive.received == [], "nothing half-made was sent"
        subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
        outcome = infer_studies(
            str(tmp_path / "in"),
            small_disk / "out",
            translate,
            sender=StowSender(archive.url),
            ae_title="CEM",
        )
    assert outcome.complete
    kept = {path.stem: path.read_bytes() for path in (small_disk / "out").glob("*.dcm")}
    assert len(kept) == 6
    assert archive.stored == kept
    assert sorted(archive.received) == sorted(kept)
