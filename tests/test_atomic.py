from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cem_monai.atomic import atomic_write, remove_leftovers


@pytest.mark.parametrize(("mode", "content"), [("wb", b"\0\xff"), ("w", "µ\n")])
def test_file_holds_what_was_written(tmp_path: Path, mode: str, content: bytes | str) -> None:
    path = tmp_path / "file"
    with atomic_write(path, mode) as file:
        file.write(content)
    expected = content if isinstance(content, bytes) else content.encode("utf-8")
    assert path.read_bytes() == expected
    assert os.listdir(tmp_path) == ["file"]


def test_missing_parent_folders_are_made(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a" / "b" / "file") as file:
        file.write(b"x")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"


def test_final_name_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_write(path) as file:
        file.write(b"x")
        file.flush()
        assert not path.exists()
    assert path.exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_error_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half() -> None:
        with atomic_write(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_error_in_the_final_rename_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"), atomic_write(tmp_path / "file") as file:
        file.write(b"x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "file"
    before = os.umask(umask)
    try:
        with atomic_write(path) as file:
            file.write(b"x")
        assert os.umask(umask) == umask  # looking it up did not change it
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


WRITER = """
import os, signal, sys
from cem_monai.atomic import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_leftovers_of_a_killed_process_are_removed_and_files_in_work_stay(tmp_path: Path) -> None:
    (tmp_path / "image.dcm").write_bytes(b"old")
    command = [sys.executable, "-c", WRITER, str(tmp_path / "image.dcm")]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2
    with atomic_write(tmp_path / "other.dcm") as file:
        file.write(b"new")
        assert remove_leftovers(tmp_path) == 1
    assert remove_leftovers(tmp_path) == 0
    assert (tmp_path / "image.dcm").read_bytes() == b"old"
    assert (tmp_path / "other.dcm").read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["image.dcm", "other.dcm"]


def test_new_name_is_forced_to_disk_after_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    sync, replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def rename(old: str, new: Path) -> None:
        calls.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", rename)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"x")
    assert calls == ["file", "rename", "folder"]
