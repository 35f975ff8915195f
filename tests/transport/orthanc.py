"""Orthanc, a real archive, on free ports of the loopback; tests skip where it is absent."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from transport.archives import free_port

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
needs_orthanc = pytest.mark.skipif(
    shutil.which("Orthanc") is None or not PLUGIN.exists(),
    reason="Orthanc is absent: apt-get install orthanc orthanc-dicomweb",
)


class Orthanc:
    """One archive with its folder; may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.http, self.dicom = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = folder / "orthanc.json"
        self._configuration.write_text(json.dumps(self._settings()))

    @property
    def stow(self) -> str:
        return f"http://127.0.0.1:{self.http}/dicom-web"

    @property
    def address(self) -> str:
        return f"ORTHANC@127.0.0.1:{self.dicom}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["Orthanc", str(self._configuration)], stdout=log, stderr=log
            )
        for _ in range(600):
            try:
                self.get("/system")
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """Kill -9: no goodbye, no flush."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path: str) -> object:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
            return json.load(answer)

    def uids(self) -> list[str]:
        """SOPInstanceUIDs of all that it holds."""
        found = self.get("/instances?expand")
        assert isinstance(found, list)
        return [one["MainDicomTags"]["SOPInstanceUID"] for one in found]

    def file(self, uid: str) -> bytes:
        for one in self.get("/instances?expand"):  # type: ignore[attr-defined]
            if one["MainDicomTags"]["SOPInstanceUID"] == uid:
                url = f"http://127.0.0.1:{self.http}/instances/{one['ID']}/file"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return bytes(answer.read())
        raise AssertionError(f"{uid} is not there")

    def _settings(self) -> dict[str, object]:
        data = str(self.folder / "db")
        return {
            "Name": "test",
            "StorageDirectory": data,
            "IndexDirectory": data,
            "StorageCompression": False,
            "Plugins": [str(PLUGIN)],
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomCheckCalledAet": False,
            "DicomModalities": {"cem": ["CEM_MONAI", "127.0.0.1", 4242]},
            "ConcurrentJobs": 1,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Ssl": False},
        }
