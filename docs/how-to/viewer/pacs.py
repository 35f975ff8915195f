"""Orthanc as a PACS for demos and tests: a temporary store that only this machine reaches."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer.private_network import start_in_private_network

LOOPBACK = "127.0.0.1"
AE_TITLE = "ORTHANC"
INNER_HTTP_PORT, INNER_DICOM_PORT = 8042, 4242
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
SECONDS_TO_START = 30.0


@dataclass(frozen=True)
class Pacs:
    """A running Orthanc.

    Attributes:
        url: of its REST interface, without a slash at the end; DICOMweb is below `/dicom-web`.
        host: address of its DICOM port.
        dicom_port: where it takes C-STORE.
        ae_title: its name there.
        process: what to kill to make it vanish as a crash does.
    """

    url: str
    host: str
    dicom_port: int
    ae_title: str
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> bytes:
        """Return what the REST interface answers, e.g. to `/instances`."""
        with urllib.request.urlopen(self.url + path) as answer:
            return bytes(answer.read())

    def add(self, dicom: bytes) -> str:
        """Store one DICOM file; return Orthanc's id of it."""
        request = urllib.request.Request(f"{self.url}/instances", data=dicom, method="POST")
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["ID"])


@contextmanager
def running_pacs(folder: Path, *, http_port: int = 0, dicom_port: int = 0) -> Iterator[Pacs]:
    """Run Orthanc while the block runs.

    Args:
        folder: for its database and log.
        http_port, dicom_port: on 127.0.0.1; 0 takes free ones.

    Raises:
        FileNotFoundError: a package is missing.
        OSError: a port is taken, or this system allows no private network.
        RuntimeError: Orthanc ended at once.
    """
    program = orthanc_program()
    folder.mkdir(parents=True, exist_ok=True)
    with _listening(http_port) as http, _listening(dicom_port) as dicom:
        pacs_url = f"http://{LOOPBACK}:{http.getsockname()[1]}"
        config = folder / "orthanc.json"
        config.write_text(json.dumps(orthanc_settings(folder, pacs_url), indent=2))
        process = start_in_private_network(
            [program, str(config)],
            {INNER_HTTP_PORT: http, INNER_DICOM_PORT: dicom},
            folder / "orthanc.log",
        )
        pacs = Pacs(pacs_url, LOOPBACK, dicom.getsockname()[1], AE_TITLE, process)
    try:
        _wait_until_it_answers(pacs, folder / "orthanc.log")
        yield pacs
    finally:
        process.communicate()  # closes its stdin, at which it ends


def orthanc_program() -> str:
    """Return the path of Orthanc.

    Raises:
        FileNotFoundError: it or its DICOMweb plugin is not installed.
    """
    program = shutil.which("Orthanc", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or not PLUGIN.is_file():
        raise FileNotFoundError(
            "Orthanc with DICOMweb is not installed (Debian packages orthanc, orthanc-dicomweb)"
        )
    return program


def orthanc_settings(folder: Path, url: str) -> dict[str, Any]:
    """Return a configuration for demos and tests: no authentication, all kept in `folder`.

    Args:
        folder: for the database.
        url: under which Orthanc is reached from outside its private network.
    """
    return {
        "Name": "cem_monai demo",
        "StorageDirectory": str(folder / "orthanc_store"),
        "IndexDirectory": str(folder / "orthanc_store"),
        "StorageCompression": False,
        "ConcurrentJobs": 1,
        "StableAge": 1,
        "Plugins": [str(PLUGIN)],
        "HttpServerEnabled": True,
        "HttpPort": INNER_HTTP_PORT,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": True,
        "DicomAet": AE_TITLE,
        "DicomPort": INNER_DICOM_PORT,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "UnknownSopClassAccepted": False,
        "DicomWeb": {
            "Enable": True,
            "Root": "/dicom-web/",
            "EnableWado": True,
            "WadoRoot": "/wado",
            "Ssl": False,
            "PublicRoot": f"{url}/dicom-web/",
        },
    }


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise OSError(f"port {port} of {LOOPBACK} cannot be used ({reason})") from None


def _wait_until_it_answers(pacs: Pacs, log: Path) -> None:
    patience = time.monotonic() + SECONDS_TO_START
    while pacs.process.poll() is None and time.monotonic() < patience:
        try:
            pacs.get("/system")
            return
        except OSError:
            time.sleep(0.02)
    last = log.read_text(errors="replace").strip().splitlines()[-3:]
    raise RuntimeError(f"Orthanc did not start: {' '.join(last)}")
