"""Which files the save transforms write: the run of a bundle returns nothing that could tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_noted: ContextVar[list[Path] | None] = ContextVar("noted", default=None)


@contextmanager
def note_saved_files() -> Iterator[list[Path]]:
    """Yield a list that grows with every DICOM file saved in the block, in this thread."""
    files: list[Path] = []
    token = _noted.set(files)
    try:
        yield files
    finally:
        _noted.reset(token)


def tell_saved_file(path: Path) -> None:
    """Tell whoever wants to know that a file holds the result of this run."""
    files = _noted.get()
    if files is not None:
        files.append(path)
