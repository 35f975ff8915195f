"""Serve OHIF and, under the same origin, Orthanc's DICOMweb; to this machine alone."""

from __future__ import annotations

import mimetypes
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

LOOPBACK = "127.0.0.1"
CONFIG = Path(__file__).with_name("app-config.js")
PACS_PATHS = ("/dicom-web", "/wado")
TYPES = {
    ".wasm": "application/wasm",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
HEADERS = {
    # The decoders share memory between threads, which browsers allow isolated pages only
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    # Nothing is asked of another machine, whatever a script may want
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
        "connect-src 'self' blob: data:"
    ),
    "Cache-Control": "no-store",
}


@contextmanager
def served(files: Path, pacs_url: str, *, port: int = 0) -> Iterator[str]:
    """Serve while the block runs; yield the address.

    Args:
        files: OHIF's built files.
        pacs_url: of Orthanc.
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    class Handler(_Handler):
        root, pacs = files.resolve(), pacs_url

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise OSError(f"port {port} of {LOOPBACK} cannot be used ({reason})") from None
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def study_address(address: str, study: str, view: str | None = None) -> str:
    """Return where the viewer shows a study with the hanging protocol.

    Args:
        address: of the viewer.
        study: StudyInstanceUID.
        view: to begin with, e.g. "L MLO"; the first of the protocol by default.
    """
    query = {"StudyInstanceUIDs": study, "hangingProtocolId": "cem"}
    return f"{address}/viewer?{urlencode(query | ({'stageId': view} if view else {}))}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: Path
    pacs: str

    def do_GET(self) -> None:
        # A page of elsewhere may name this machine as its own (DNS rebinding)
        if urlsplit(f"//{self.headers.get('Host')}").hostname not in (LOOPBACK, "localhost"):
            self._answer(421, b"", "text/plain")
        elif self.path.startswith(PACS_PATHS):
            self._answer(*self._ask_pacs())
        else:
            file = self._file(unquote(urlsplit(self.path).path))
            kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
            self._answer(200, file.read_bytes(), kind or "application/octet-stream")

    def _ask_pacs(self) -> tuple[int, bytes, str]:
        headers = {"Accept": self.headers.get("Accept", "*/*")}
        request = urllib.request.Request(self.pacs + self.path, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                kind = answer.headers.get("Content-Type", "application/json")
                return answer.status, answer.read(), kind
        except urllib.error.HTTPError as error:
            return error.code, error.read(), "text/plain"
        except OSError as error:
            return 502, str(error).encode(), "text/plain"

    def _file(self, path: str) -> Path:
        """Return the file of a path; the page itself for all others, which are its own views."""
        if path == "/app-config.js":  # theirs names a public server
            return CONFIG
        file = (self.root / path.lstrip("/")).resolve()
        inside = file.is_relative_to(self.root) and file.is_file()
        return file if inside else self.root / "index.html"

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        with suppress(ConnectionError):  # the browser went to another page meanwhile
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing: addresses hold UIDs."""
