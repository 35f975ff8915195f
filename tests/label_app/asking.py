"""A MONAI Label server asked as the plug-ins ask."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

from labeling.server import LabelServer

MODEL = "virtual_des_unet512"


def ask(
    server: LabelServer, method: str, path: str, *, label: Path | None = None, **fields: object
) -> tuple[int, bytes]:
    """Send a form as the plug-ins do, its fields as JSON; return status and body."""
    boundary = "boundary-of-this-test"
    parts = []
    for name, value in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(head.encode() + json.dumps(value).encode() + b"\r\n")
    if label is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="label"; '
        head += f'filename="{label.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + label.read_bytes() + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode() if parts else None
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"} if parts else {}
    request = urllib.request.Request(server.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def label_folder(server: LabelServer) -> Path:
    """Return the `output` of the server that the tests share."""
    return server.log.parent / "label"
