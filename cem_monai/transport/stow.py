"""Store objects over DICOMweb: STOW-RS (PS3.18 10.5)."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.http_exchange import Reply, check_url, exchange, public_url
from cem_monai.transport.store_status import DUPLICATE, fault_of_status

ANSWER_LIMIT = 1_000_000
FAILED_SOP_SEQUENCE, FAILURE_REASON = "00081198", "00081197"


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

        Returns:
            what the archive answered, e.g. `"stored"`.

        Raises:
            DeliveryError: it was not stored.
        """
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = head + Path(path).read_bytes() + f"\r\n--{boundary}--\r\n".encode()
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
            also=frozenset({409}),
        )
        return self._outcome(reply)

    def close(self) -> None:
        """Nothing is kept open."""

    def _outcome(self, reply: Reply) -> str:
        reasons = _failure_reasons(reply.body)
        if not reasons and reply.status != 409:
            return "stored"
        if reasons and set(reasons) == {DUPLICATE}:
            return "stored before"
        status = next((one for one in reasons if one != DUPLICATE), None)
        if status is None:
            raise DeliveryError(f"{self.destination}: refuses with 409 Conflict", Fault.REFUSED)
        raise DeliveryError(
            f"{self.destination}: refuses the object, failure reason 0x{status:04X}",
            fault_of_status(status),
        )


def _failure_reasons(body: bytes) -> list[int]:
    """Return the Failure Reasons (0008,1197) of an answer; none of one that is not JSON."""
    try:
        answer = json.loads(body)
        answer = answer[0] if isinstance(answer, list) else answer
        items = answer.get(FAILED_SOP_SEQUENCE, {}).get("Value", [])
        return [_reason(item) for item in items]
    except (ValueError, AttributeError, IndexError, TypeError):
        return []


def _reason(item: dict[str, Any]) -> int:
    values = item.get(FAILURE_REASON, {}).get("Value") or [0x0110]
    return int(values[0])
