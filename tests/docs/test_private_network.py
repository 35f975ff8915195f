from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orthanc import pacs_or_skip

DICOM_PORT = 4242


def test_orthanc_is_reached_through_its_two_doors_alone(tmp_path: Path) -> None:
    """It listens on all addresses, as /proc tells, but in a network that has none."""
    with pacs_or_skip(tmp_path) as pacs:
        inside = Path(f"/proc/{pacs.process.pid}/net/tcp").read_text()
        addresses = {line.split()[1] for line in inside.splitlines()[1:]}
        assert f"00000000:{DICOM_PORT:04X}" in addresses
        networks = {os.readlink(f"/proc/{one}/ns/net") for one in ("self", pacs.process.pid)}
        assert len(networks) == 2
        outside = Path("/proc/net/tcp").read_text()
        assert f"0100007F:{pacs.dicom_port:04X}" in outside
        assert pacs.get("/instances").split() == [b"[]"]


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_nothing_stays_behind_when_it_is_killed(tmp_path: Path, signal: str) -> None:
    with pacs_or_skip(tmp_path) as pacs:
        children = f"/proc/{pacs.process.pid}/task/{pacs.process.pid}/children"
        (orthanc,) = map(int, Path(children).read_text().split())
        subprocess.run(["kill", f"-{signal}", str(pacs.process.pid)], check=True)
        pacs.process.wait(timeout=10)
        for _ in range(100):
            if not _runs(orthanc):
                break
            os.sched_yield()
            subprocess.run(["sleep", "0.05"], check=True)
        assert not _runs(orthanc)


def _runs(process: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
