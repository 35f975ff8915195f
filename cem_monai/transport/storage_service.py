"""Listen for images: a DICOM Storage SCP that trusts nothing it is sent (PS3.4 annex B)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pynetdicom import evt
from pynetdicom.transport import ThreadedAssociationServer

from cem_monai.dicom import read_first
from cem_monai.transport.association import (
    OWN_AE_TITLE,
    application_entity,
    silence_pynetdicom,
)
from cem_monai.transport.inbox import Inbox
from cem_monai.transport.peer import check_ae_title
from cem_monai.transport.sop_classes import MG_FOR_PRESENTATION, TRANSFER_SYNTAXES
from cem_monai.transport.uid import check_uid

VERIFICATION = "1.2.840.10008.1.1"
STORED, OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
DOES_NOT_MATCH = 0xA900
MAX_OBJECT = 134_000_000
"""Bytes between two answers of ours: one object, and no more than the gate takes."""
MAX_MESSAGE = 1 << 20
"""Bytes of one protocol data unit. pynetdicom offers a limit and reads whatever length comes."""

Log = Callable[[str], None]


@dataclass(frozen=True)
class Listening:
    """Where and to whom a node listens.

    Attributes:
        allowed: AE titles of those who may send.
        ae_title: our own; those who call another one are rejected.
        host: address to listen at; other than loopback only behind a firewall.
        port: TCP port; 0 lets the system choose one.
        associations: most open at a time.
    """

    allowed: Sequence[str]
    ae_title: str = OWN_AE_TITLE
    host: str = "127.0.0.1"
    port: int = 11112
    associations: int = 4

    def __post_init__(self) -> None:
        """Check the titles.

        Raises:
            ValueError: nobody is allowed, a title is none, or the port is out of range.
        """
        if not self.allowed:
            raise ValueError("a node that lets nobody send has nothing to do: name AE titles")
        for title in (self.ae_title, *self.allowed):
            check_ae_title(title)
        if not 0 <= self.port < 65536:
            raise ValueError(f"the port must be 0 to 65535, got {self.port}")


class StorageService:
    """Takes mammograms For Presentation into an inbox; whoever else calls gets no further.

    Bounded are: who may call, how many at a time, the length of a protocol data unit and of an
    object, the time without a byte, the images that wait and the disk they take. An image is
    acknowledged after it was forced to disk.

    Args:
        listening: where and to whom.
        inbox: gets the images.
        log: gets one line for each event, without patient data.
    """

    def __init__(self, listening: Listening, inbox: Inbox, log: Log) -> None:
        self._listening, self._inbox, self._log = listening, inbox, log
        self._entity = application_entity(listening.ae_title)
        self._server: ThreadedAssociationServer | None = None

    @property
    def port(self) -> int:
        """TCP port that it listens at."""
        return int(self._server.server_address[1]) if self._server else self._listening.port

    def start(self) -> None:
        """Listen, in threads of its own.

        Raises:
            OSError: the port is taken.
        """
        silence_pynetdicom()
        entity = self._entity
        entity.require_calling_aet = list(self._listening.allowed)
        entity.require_called_aet = True
        entity.maximum_associations = self._listening.associations
        entity.add_supported_context(VERIFICATION)
        entity.add_supported_context(MG_FOR_PRESENTATION, list(TRANSFER_SYNTAXES))
        address = (self._listening.host, self._listening.port)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._bound),
            (evt.EVT_C_STORE, self._take),
            (evt.EVT_REJECTED, self._rejected),
        ]
        self._server = entity.start_server(address, block=False, evt_handlers=handlers)

    def stop(self) -> None:
        """Take no more calls and end those that are open; what was acknowledged is on disk."""
        self._entity.shutdown()

    def _bound(self, event: evt.Event) -> None:
        _bound_socket(event.assoc.dul.socket, self._log)

    def _rejected(self, event: evt.Event) -> None:
        # Not the title that it gave: a stranger decides what stands there
        self._log("rejected a caller that is not allowed, or one too many")

    def _take(self, event: evt.Event) -> int:
        connection: Any = event.assoc.dul.socket
        request: Any = event.request
        if connection is not None:  # else it has hung up meanwhile
            connection.budget.refill()
        try:
            uid = check_uid(str(request.AffectedSOPInstanceUID))
            content = event.encoded_dataset()
            study = _study_of(content, uid)
        except Exception as error:  # pydicom lets many types through; their texts may quote
            self._log(f"refused an object that cannot be read ({type(error).__name__})")
            return CANNOT_UNDERSTAND
        if study is None:
            self._log(f"refused {uid}: header and request differ in class or instance")
            return DOES_NOT_MATCH
        try:
            self._inbox.put(study, uid, content)
        except OSError as error:
            self._log(f"refused {uid} for now: no space ({error.strerror or error})")
            return OUT_OF_RESOURCES
        self._log(f"received {uid}")
        return STORED


def _study_of(content: bytes, uid: str) -> str | None:
    """Return the study of an object; None if it is another one than the request said."""
    header = read_first(content, ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"))
    if header.SOPClassUID != MG_FOR_PRESENTATION or header.SOPInstanceUID != uid:
        return None
    return check_uid(str(header.StudyInstanceUID))


class _Budget:
    """Bytes that a caller may still send before it gets an answer."""

    def __init__(self, log: Log) -> None:
        self._lock, self._log = threading.Lock(), log
        self._over = False
        self.refill()

    def refill(self) -> None:
        """Allow one more object."""
        self.left = MAX_OBJECT

    def spend(self, size: int) -> None:
        """Count bytes.

        Raises:
            OSError: they are too many; pynetdicom then closes the connection.
        """
        with self._lock:
            self.left -= size
            first = not self._over
            self._over = self._over or size > MAX_MESSAGE or self.left < 0
        if self._over:
            if first:
                self._log("hung up on a caller that sends too much")
            raise ConnectionAbortedError("sends too much")


def _bound_socket(connection: Any, log: Log) -> None:
    """Let a connection count what it is asked to read, before it reads it."""
    read = connection.recv
    connection.budget = _Budget(log)

    def recv(size: int) -> bytearray:
        connection.budget.spend(size)
        return read(size)

    connection.recv = recv
