"""Orthanc, a real archive, on ports of the loopback; tests skip where it is absent."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from orthanc import pacs_or_skip
from transport.archives import free_port


class Orthanc:
    """One archive with its folder; may be killed and started again at the same ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http, self.dicom = free_port(), free_port()
        self._running = ExitStack()

    @property
    def stow(self) -> str:
        return f"http://127.0.0.1:{self.http}/dicom-web"

    @property
    def address(self) -> str:
        return f"ORTHANC@127.0.0.1:{self.dicom}"

    def start(self) -> None:
        self._pacs = self._running.enter_context(
            pacs_or_skip(self.folder, http_port=self.http, dicom_port=self.dicom)
        )

    def kill(self) -> None:
        """Kill -9: no goodbye, no flush."""
        self._running.close()

    def uids(self) -> list[str]:
        """SOPInstanceUIDs of all that it holds."""
        return [one["MainDicomTags"]["SOPInstanceUID"] for one in self._instances()]

    def file(self, uid: str) -> bytes:
        for one in self._instances():
            if one["MainDicomTags"]["SOPInstanceUID"] == uid:
                return self._pacs.get(f"/instances/{one['ID']}/file")
        raise AssertionError(f"{uid} is not there")

    def _instances(self) -> list[dict[str, dict[str, str]]]:
        return list(json.loads(self._pacs.get("/instances?expand")))
