"""Store objects over DICOMweb: STOW-RS (PS3.18 10.5)."""

from __future__ import annotations

import os
import secrets
from io import BytesIO
from pathlib import Path

import pydicom

from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.http_exchange import Reply, check_url, exchange, public_url
from cem_monai.transport.store_status import DUPLICATE, fault_of_status
from cem_monai.transport.stow_answer import read_stow_answer

ANSWER_LIMIT = 1_000_000
CONFLICT = 409


class StowSender:
    """Sends one object in each request, so that one bad object spoils no other.

    Args:
        url: of the service, e.g. `https://host/dicom-web`; `/studies` is added.

    Raises:
        ValueError: `url` is no http or https address.
    """

    def __init__(self, url: str) -> None:
        self._url = check_url(url).removesuffix("/studies") + "/studies"

    @property
    def destination(self) -> str:
        """How messages and the audit name it."""
        return public_url(self._url)

    def send(self, path: str | os.PathLike[str]) -> str:
        """Store one DICOM file.

        It counts as stored only if the answer says so of its SOPInstanceUID (0008,0018).

        Returns:
            what the archive answered, e.g. `"stored"`.

        Raises:
            DeliveryError: it was not stored.
        """
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        content = Path(path).read_bytes()
        body = head + content + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        }
        reply = exchange(
            "POST",
            self._url,
            headers=headers,
            body=body,
            limit=ANSWER_LIMIT,
            also=frozenset({CONFLICT}),
        )
        return self._outcome(reply, _uid(content))

    def close(self) -> None:
        """Nothing is kept open."""

    def _outcome(self, reply: Reply, uid: str) -> str:
        answer = read_stow_answer(reply.body)
        if answer.reasons:
            return self._not_stored(answer.reasons)
        if reply.status == CONFLICT:
            raise DeliveryError(f"{self.destination}: refuses with 409 Conflict", Fault.REFUSED)
        warning = answer.stored.get(uid)
        if warning is None:  # a login page, an answer cut short: what is not confirmed is kept
            sentence = f"{self.destination}: answers {reply.status} without naming the object"
            raise DeliveryError(f"{sentence} as stored", Fault.BUSY)
        return f"stored with warning 0x{warning:04X}" if warning else "stored"

    def _not_stored(self, reasons: list[int]) -> str:
        status = next((one for one in reasons if one != DUPLICATE), None)
        if status is None:
            return "stored before"
        sentence = f"{self.destination}: refuses the object, failure reason 0x{status:04X}"
        raise DeliveryError(sentence, fault_of_status(status))


def _uid(content: bytes) -> str:
    header = pydicom.dcmread(BytesIO(content), specific_tags=["SOPInstanceUID"])
    return str(header.SOPInstanceUID)
