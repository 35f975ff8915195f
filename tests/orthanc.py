"""Orthanc for tests, and DICOMweb's multipart bodies made and read with the standard library."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from viewer.pacs import Pacs, orthanc_program, running_pacs
from viewer.private_network import unshare

BOUNDARY = "boundary-of-this-test"
DICOM = "application/dicom"


@contextmanager
def pacs_or_skip(folder: Path, **ports: int) -> Iterator[Pacs]:
    """Run Orthanc; skip where it is not installed or would be reached from outside."""
    try:
        orthanc_program()
        unshare()
    except OSError as error:
        pytest.skip(str(error))
    with running_pacs(folder, **ports) as pacs:
        yield pacs


def stow(pacs: Pacs, *files: bytes) -> dict[str, Any]:
    """Send files as PS3.18 10.5 says; return the answer as DICOM JSON."""
    opening = f"--{BOUNDARY}\r\nContent-Type: {DICOM}\r\n\r\n".encode()
    body = b"".join(opening + file + b"\r\n" for file in files) + f"--{BOUNDARY}--\r\n".encode()
    headers = {
        "Content-Type": f'multipart/related; type="{DICOM}"; boundary={BOUNDARY}',
        "Accept": "application/dicom+json",
    }
    request = urllib.request.Request(f"{pacs.url}/dicom-web/studies", body, headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return dict(json.load(answer))


def wado(pacs: Pacs, study: str, series: str, instance: str) -> bytes:
    """Retrieve one instance in the transfer syntax that it is stored in (PS3.18 10.4)."""
    request = urllib.request.Request(
        f"{pacs.url}/dicom-web/studies/{study}/series/{series}/instances/{instance}",
        headers={"Accept": f'multipart/related; type="{DICOM}"; transfer-syntax=*'},
    )
    with urllib.request.urlopen(request) as answer:
        head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
        (part,) = message_from_bytes(head + answer.read()).get_payload()
    return bytes(part.get_payload(decode=True))
