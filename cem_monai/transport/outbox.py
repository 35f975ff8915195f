"""A folder of images that wait to be sent; it survives whatever kills its process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cem_monai.atomic import atomic_write, remove_leftovers, sync_folder


@dataclass(frozen=True)
class Parcel:
    """One waiting object.

    Attributes:
        uid: SOPInstanceUID (0008,0018); names its files.
        path: DICOM file.
        facts: what the audit tells of it.
    """

    uid: str
    path: Path
    facts: dict[str, str]


class Outbox:
    """Objects on their way to one destination, as files whose folder tells their state.

    - `new/<uid>.dcm` waits, `new/<uid>.json` beside it holds its facts;
    - `sent/<uid>.json` was stored by the archive;
    - `failed/<uid>.dcm` was refused for good, `failed/<uid>.json` says why.

    Every change is one rename, made after the content was forced to disk. A crash between the
    archive's answer and the rename sends an object again, with the same UID: never less than once,
    never as two. An object whose UID stands in `sent/` is not added again, since a UID of this
    package follows from all that its pixels depend on.

    Args:
        folder: made if missing.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._new, self._sent, self._failed = (
            self.folder / name for name in ("new", "sent", "failed")
        )
        for state in (self._new, self._sent, self._failed):
            state.mkdir(parents=True, exist_ok=True)
            remove_leftovers(state)

    def add(
        self, path: str | os.PathLike[str], uid: str, facts: Mapping[str, str] | None = None
    ) -> bool:
        """Put a finished file into the outbox; the file itself stays where it is.

        Args:
            path: DICOM file, completely written.
            uid: its SOPInstanceUID.
            facts: strings that come back with the parcel.

        Returns:
            whether it waits now; False if it was sent before.
        """
        if self.was_sent(uid):
            return False
        _write_json(self._new / f"{uid}.json", dict(facts or {}))
        _place(Path(path), self._new / f"{uid}.dcm")  # the commit: what counts is the .dcm
        sync_folder(self._new)
        (self._failed / f"{uid}.dcm").unlink(missing_ok=True)  # a second chance
        return True

    def waiting(self) -> list[Parcel]:
        """Return what is to be sent, the oldest first."""
        files = sorted(self._new.glob("*.dcm"), key=lambda path: (_modified(path), path.name))
        return [Parcel(path.stem, path, _read_json(path.with_suffix(".json"))) for path in files]

    def was_sent(self, uid: str) -> bool:
        """Tell whether the archive has stored an object."""
        return (self._sent / f"{uid}.json").is_file()

    def settle_sent(self, parcel: Parcel) -> None:
        """Record that the archive has an object, and drop the file."""
        _write_json(self._sent / f"{parcel.uid}.json", parcel.facts)
        self._forget(parcel)

    def settle_failed(self, parcel: Parcel, reason: str) -> None:
        """Set an object aside that the archive will never take."""
        _write_json(self._failed / f"{parcel.uid}.json", {**parcel.facts, "reason": reason})
        if parcel.path.exists():
            os.replace(parcel.path, self._failed / f"{parcel.uid}.dcm")
        self._forget(parcel)

    def failed(self) -> list[str]:
        """Return the UIDs of what was refused for good."""
        return sorted(path.stem for path in self._failed.glob("*.dcm"))

    def _forget(self, parcel: Parcel) -> None:
        # Another sender may have been as fast: both stored the same object
        parcel.path.unlink(missing_ok=True)
        parcel.path.with_suffix(".json").unlink(missing_ok=True)


def _place(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where that cannot be: on another file system."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
        os.replace(temporary, target)
    except OSError:  # or another process took the name for a leftover
        with source.open("rb") as content, atomic_write(target) as file:
            shutil.copyfileobj(content, file)
    temporary.unlink(missing_ok=True)  # rename does nothing between two names of one file


def _write_json(path: Path, content: Mapping[str, str]) -> None:
    with atomic_write(path, "w") as file:
        json.dump(dict(content), file)


def _read_json(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # settled by another sender; facts are for the audit only
        return {}
    return dict(content) if isinstance(content, dict) else {}


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
