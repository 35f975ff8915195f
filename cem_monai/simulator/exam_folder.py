"""The folder of one simulated exam: written completely or not at all, described by `exam.json`."""

from __future__ import annotations

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


@contextmanager
def exam_folder(output: Path, name: str) -> Iterator[Path]:
    """Make a hidden folder that becomes `output/<name>` when the block ends without an error.

    What an interrupted run has left under either name is removed first.

    Args:
        output: existing folder.
        name: of the exam.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    final, temporary = output / name, output / f".{name}.part"
    for leftover in (final, temporary):
        if leftover.exists():
            shutil.rmtree(leftover)
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(final)
    except OSError as error:  # a full disk does not name the file, and pydicom not the reason
        root = error.__cause__ if isinstance(error.__cause__, OSError) else error
        reason = f"{root.strerror}, {final.name} not written"
        raise OSError(root.errno, reason, str(output)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_truth(folder: Path, exam: dict[str, Any]) -> None:
    """Write `exam.json`: the exam, and the SHA-256 of every other file in the folder.

    Args:
        folder: holds all other files of the exam.
        exam: `patient`, `source`, `recipe` and whatever was drawn, ready for JSON.
    """
    files = sorted(folder.iterdir())
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    with atomic_write(folder / EXAM_FILE, "w") as file:
        file.write(json.dumps(exam | {"files": digests}, indent=2) + "\n")


def read_exam(folder: Path) -> dict[str, Any] | None:
    """Return what `exam.json` says, or `None` if the exam in this folder is not complete."""
    try:
        exam = json.loads((folder / EXAM_FILE).read_text(encoding="utf-8"))
        complete = all((folder / name).is_file() for name in exam["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(exam) if complete else None
