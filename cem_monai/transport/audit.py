"""A line for each image that was generated or sent: what from, by what, where to, no patient."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

KEYS = (
    *("time", "input_sha256", "weights_sha256", "config_sha256"),
    *("output_sop_instance_uid", "output_sha256", "destination", "result", "previous"),
)
"""All that a line holds. There is no place for anything that could name a patient."""
TAIL_BYTES = 65536


class AuditLog:
    """An append-only file of JSON lines, each bound to the one before by its SHA-256.

    Several processes may write to one file. A line cut short by a crash stays as it is, and the
    next one starts on a new line.

    Args:
        path: made with the first line.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def write(self, **facts: str) -> None:
        """Append one line and force it to disk.

        Args:
            facts: strings for `KEYS`, but `time` and `previous`; a missing one is empty.

        Raises:
            ValueError: a fact has no place in the audit.
        """
        if unknown := sorted(set(facts) - set(KEYS)):
            raise ValueError(f"the audit has no place for {', '.join(unknown)}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            last, whole = _last_line(descriptor)
            line = json.dumps(_ordered(facts, last)).encode() + b"\n"
            _write_all(descriptor, line if whole else b"\n" + line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)  # the lock goes with it


def broken_audit_lines(path: str | os.PathLike[str]) -> list[int]:
    """Return the numbers, from 1, of lines that do not follow from the line before, or are cut.

    A line that was changed, removed or put in later shows in the line after it; nothing shows that
    the end of the file was cut off between two lines.
    """
    broken, previous = [], ""
    for number, line in enumerate(Path(path).read_bytes().split(b"\n")[:-1], 1):
        try:
            good = json.loads(line)["previous"] == previous
        except (ValueError, KeyError, TypeError):
            good = False
        if not good:
            broken.append(number)
        previous = hashlib.sha256(line).hexdigest()
    return broken


def _ordered(facts: Mapping[str, str], last: bytes) -> dict[str, str]:
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    previous = hashlib.sha256(last).hexdigest() if last else ""
    return dict.fromkeys(KEYS, "") | dict(facts) | {"time": now, "previous": previous}


def _last_line(descriptor: int) -> tuple[bytes, bool]:
    """Return the last line without its end, and whether it has one."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    whole = not tail or tail.endswith(b"\n")
    return tail.removesuffix(b"\n").rpartition(b"\n")[2], whole


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
