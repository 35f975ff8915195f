"""The folder of one simulated exam: written completely or not at all, described by `exam.json`."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cem_monai.atomic import atomic_write

EXAM_FILE = "exam.json"
SOURCE = "cem_monai simulator"
OURS = (".dcm", ".nii.gz", ".json", ".tmp")
"""Ends of the names of what a simulation writes."""


@contextmanager
def exam_folder(output: Path, name: str) -> Iterator[Path]:
    """Make a hidden folder that becomes `output/<name>` when the block ends without an error.

    What an interrupted run has left under either name is removed first, but nothing that the
    simulator did not write.

    Args:
        output: existing folder.
        name: of the exam.

    Raises:
        ValueError: a folder of that name holds other files.
        OSError: it cannot be written, e.g. because the disk is full.
    """
    final, temporary = output / name, output / f".{name}.part"
    for leftover in (final, temporary):
        if leftover.exists():
            _check_ours(leftover)
            shutil.rmtree(leftover)
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(final)
    except OSError as error:  # a full disk does not name the file, and pydicom not the reason
        root = error.__cause__ if isinstance(error.__cause__, OSError) else error
        reason = f"{root.strerror}, {final.name} not written"
        raise OSError(root.errno or errno.EIO, reason, str(output)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_ours(folder: Path) -> None:
    for path in folder.iterdir():
        if not path.name.endswith(OURS):
            raise ValueError(
                f"{folder} holds {path.name}, which no simulation wrote; move it away."
            )


def write_truth(folder: Path, exam: dict[str, Any]) -> None:
    """Write `exam.json`: the exam, and SHA-256 and size of every other file in the folder.

    Args:
        folder: holds all other files of the exam.
        exam: `patient`, `source`, `recipe` and whatever was drawn, ready for JSON.
    """
    files = sorted(folder.iterdir())
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    sizes = {path.name: path.stat().st_size for path in files}
    with atomic_write(folder / EXAM_FILE, "w") as file:
        file.write(json.dumps(exam | {"files": digests, "bytes": sizes}, indent=2) + "\n")


def read_exam(folder: Path) -> dict[str, Any] | None:
    """Return what `exam.json` says, or `None` if the exam in this folder is not complete."""
    try:
        exam = json.loads((folder / EXAM_FILE).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in exam["files"]}
        complete = sizes == exam["bytes"] and "recipe" in exam
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(exam) if complete else None
