"""A folder of received images, in one folder for each study; it survives whatever kills us."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from cem_monai.atomic import atomic_write, remove_leftovers
from cem_monai.transport.uid import file_stem


class InboxFullError(OSError):
    """No more images can be taken: too many wait, or the disk is nearly full."""


class Inbox:
    """Images that arrived and wait for their study to be complete.

    `arriving/<study>` collects; once nothing has arrived for a while it becomes `ready/<study>`
    by one rename. Whatever arrives later starts a new folder: the study is then processed again,
    its later images only. File names are hashes, so that neither a UID nor a patient stands in
    them. What a killed process left half-written is removed first.

    Args:
        folder: made if missing.
        most_images: no more wait at a time.
        free_bytes: bytes that stay free on the disk.
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, most_images: int = 2000, free_bytes: int = 2 << 30
    ) -> None:
        self._arriving, self._ready = Path(folder, "arriving"), Path(folder, "ready")
        self._failed = Path(folder, "failed")
        self._most_images, self._free_bytes = most_images, free_bytes
        for state in (self._arriving, self._ready, self._failed):
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
        for study in (*self._arriving.iterdir(), *self._ready.iterdir()):
            remove_leftovers(study)

    def put(self, study_instance_uid: str, sop_instance_uid: str, content: bytes) -> None:
        """Write one DICOM file completely, forced to disk, before its receipt is acknowledged.

        Raises:
            InboxFullError: the sender must come back later.
            OSError: the disk does not take it.
        """
        self._check_space(len(content))
        target = self._arriving / file_stem(study_instance_uid)
        for _ in range(3):  # the folder may become ready, and so vanish, in this moment
            try:
                with atomic_write(target / f"{file_stem(sop_instance_uid)}.dcm") as file:
                    file.write(content)
                return
            except FileNotFoundError:
                continue
        raise InboxFullError("the study's folder vanishes again and again")

    def complete(self, quiet_seconds: float) -> list[Path]:
        """Return the folders of the studies that are to be processed, the oldest first.

        Args:
            quiet_seconds: s; a study counts as complete when nothing arrived for so long.
        """
        for study in list(self._arriving.iterdir()):
            if time.time() - study.stat().st_mtime >= quiet_seconds:
                self._make_ready(study)
        return sorted(self._ready.iterdir(), key=lambda path: (path.stat().st_mtime, path.name))

    def done(self, study: Path) -> None:
        """Delete a study that was processed: the archive that sent it has it still."""
        shutil.rmtree(study)

    def set_aside(self, study: Path) -> None:
        """Keep a study that could not be processed, for a person to look at."""
        target = self._failed / study.name
        shutil.rmtree(target, ignore_errors=True)
        os.replace(study, target)

    def _make_ready(self, study: Path) -> None:
        if not any(study.glob("*.dcm")):
            return
        number = 0
        while (target := self._ready / f"{study.name}-{number}").exists():
            number += 1
        os.replace(study, target)

    def _check_space(self, size: int) -> None:
        waiting = sum(1 for _ in self._arriving.glob("*/*.dcm"))
        waiting += sum(1 for _ in self._ready.glob("*/*.dcm"))
        if waiting >= self._most_images:
            raise InboxFullError(f"{waiting} images wait")
        if shutil.disk_usage(self._arriving).free < self._free_bytes + size:
            raise InboxFullError(f"less than {self._free_bytes} bytes are free")
