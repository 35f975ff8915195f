"""Archives in the test process: one speaks DICOM, one DICOMweb. Both can be told to fail."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt

from cem_monai.dicom import PresentationIntent

MG = PresentationIntent.FOR_PRESENTATION.sop_class_uid
FIND, GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"


def write_object(folder: Path, make: Callable[..., Dataset], number: int, **changes) -> Path:
    """Write a tiny mammogram whose UIDs follow from its number."""
    uid = f"1.2.826.0.1.{number}"
    path = folder / f"{uid}.dcm"
    folder.mkdir(parents=True, exist_ok=True)
    make(SOPInstanceUID=uid, **changes).save_as(path, enforce_file_format=True)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DicomArchive:
    """Stores by C-STORE, answers C-FIND for series and C-GET."""

    def __init__(self) -> None:
        self.stored: list[Dataset] = []
        self.answers: list[int] = []  # statuses of the next requests; 0 when there are none left
        self.series = [("1.2.3.5", "MG")]
        self.allowed: list[str] = []
        self.syntaxes = [str(ExplicitVRLittleEndian)]
        self.port = free_port()

    @contextmanager
    def running(self) -> Iterator[DicomArchive]:
        entity = AE("PACS")
        entity.require_calling_aet = self.allowed
        entity.add_supported_context(MG, self.syntaxes, scu_role=True, scp_role=True)
        entity.add_supported_context(FIND)
        entity.add_supported_context(GET)
        handlers = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_C_GET, self._get),
        ]
        server = entity.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        try:
            yield self
        finally:
            server.shutdown()

    @property
    def uids(self) -> list[str]:
        return [str(one.SOPInstanceUID) for one in self.stored]

    def _store(self, event: evt.Event) -> int:
        status = self.answers.pop(0) if self.answers else 0
        if status < 0:  # as a process that dies after it stored
            status = 0
            event.assoc.abort()
        if status in (0, 0xB000):
            self.stored.append(pydicom.dcmread(BytesIO(event.encoded_dataset())))
        return status

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        for uid, modality in self.series:
            answer = Dataset()
            answer.QueryRetrieveLevel, answer.SeriesInstanceUID = "SERIES", uid
            answer.Modality = modality
            yield 0xFF00, answer

    def _get(self, event: evt.Event) -> Iterator[object]:
        wanted = event.identifier.SeriesInstanceUID
        found = [one for one in self.stored if one.SeriesInstanceUID == wanted]
        yield len(found)
        for one in found:
            yield 0xFF00, one


def stored_answer(uid: str) -> bytes:
    """Return what an archive answers that has stored one object."""
    item = {"00081150": {"vr": "UI", "Value": [MG]}, "00081155": {"vr": "UI", "Value": [uid]}}
    return json.dumps({"00081199": {"vr": "SQ", "Value": [item]}}).encode()


class WebArchive:
    """Stores by STOW-RS, answers QIDO-RS and WADO-RS."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.received: list[str] = []
        self.answers: list[tuple[int, bytes]] = []  # of the next POST requests; then it stores
        self.drop: list[str] = []  # next POST requests: "before" or "after" storing
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.other_modality = False

    @contextmanager
    def running(self) -> Iterator[WebArchive]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{server.server_port}/dicom-web"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                archive.headers.append(dict(self.headers))
                drop = archive.drop.pop(0) if archive.drop else ""
                status, answer = 503, b""
                if archive.answers:
                    status, answer = archive.answers.pop(0)
                elif drop != "before":
                    status, answer = 200, stored_answer(archive.take(body))
                if not drop:
                    self._answer(status, "application/dicom+json", answer)

            def do_GET(self) -> None:
                archive.requests.append(self.path)
                self._answer(*archive.get(self.path))

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def take(self, body: bytes) -> str:
        content = body.split(b"\r\n\r\n", 1)[1].rpartition(b"\r\n--")[0]
        uid = str(pydicom.dcmread(BytesIO(content)).SOPInstanceUID)
        self.stored[uid] = content
        self.received.append(uid)
        return uid

    def get(self, path: str) -> tuple[int, str, bytes]:
        path, _, query = path.removeprefix("/dicom-web").partition("?")
        if path == "/studies":
            found = [] if "offset" in query else [{"0020000D": {"Value": ["1.2.3"]}}]
            return 200, "application/dicom+json", json.dumps(found).encode()
        if path.endswith("/series"):
            series = {"0020000E": {"Value": ["1.2.3.5"]}, "00080060": {"Value": ["MG"]}}
            other = {"0020000E": {"Value": ["1.9"]}, "00080060": {"Value": ["SR"]}}
            return 200, "application/dicom+json", json.dumps([series, other]).encode()
        if path.endswith("/instances"):
            found = [{"00080018": {"Value": [uid]}} for uid in self.stored]
            return 200, "application/dicom+json", json.dumps(found).encode()
        content = self.stored[path.rpartition("/")[2]]
        kind = 'multipart/related; type="application/dicom"; boundary="a-b"'
        head = b"\r\n--a-b\r\nContent-Type: application/dicom\r\n\r\n"
        return 200, kind, head + content + b"\r\n--a-b--\r\n"
