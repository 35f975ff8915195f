"""Which files the save transforms write: the run of a bundle returns nothing that could tell."""

from __future__ import annotations

import logging
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
    told = {"saved_path": path}
    record = _logger.makeRecord(_logger.name, logging.INFO, "", 0, "saved", (), None, extra=told)
    for handler in _logger.handlers:  # an application's settings may silence a logger
        handler.handle(record)


class _Noting(logging.Handler):
    """Note each path for the block, and the thread, that saved it."""

    def emit(self, record: logging.LogRecord) -> None:
        files = _noted.get()
        if files is not None:
            files.append(vars(record)["saved_path"])


# A logger is one for all copies of this code: that of an exported bundle tells it too
_logger = logging.getLogger("cem_monai.saved_files")
_logger.addHandler(_Noting())
