"""Fetch studies over DICOMweb: QIDO-RS to find, WADO-RS to get (PS3.18 10.4, 10.6)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cem_monai.atomic import atomic_write
from cem_monai.dicom.reading import MAX_FILE_BYTES
from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.http_exchange import check_url, exchange, public_url
from cem_monai.transport.sop_classes import MG_FOR_PRESENTATION
from cem_monai.transport.uid import check_uid, file_stem

JSON_LIMIT = 50_000_000
OBJECT_LIMIT = MAX_FILE_BYTES + 2**20
"""Bytes of an answer with one object: what the gate takes, and the multipart frame."""
STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"
SOP_CLASS, MODALITY = "00080016", "00080060"
STUDIES = re.compile(r"(?P<base>.+)/studies(?:/(?P<uid>[^/]+))?")


class DicomwebSource:
    """Studies of an archive that speaks DICOMweb.

    Args:
        url: of one study, `.../studies/<uid>`, or a search for studies, `.../studies?key=value`.

    Raises:
        ValueError: the address is neither.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(check_url(url))
        place = public_url(url).rstrip("/")
        match = STUDIES.fullmatch(place)
        if match is None:
            raise ValueError(f"{place}: must end in /studies/<StudyInstanceUID> or /studies?...")
        self._base = match["base"]
        self._uid = check_uid(match["uid"]) if match["uid"] else None
        self._question = parse_qsl(parts.query)

    def studies(self) -> Iterator[str]:
        """Yield the StudyInstanceUID of every study found, page by page.

        Raises:
            DeliveryError: the archive does not answer as it should.
        """
        if self._uid is not None:
            yield self._uid
            return
        seen: set[str] = set()
        asked_limit = any(key == "limit" for key, _ in self._question)
        while True:
            page = [("offset", str(len(seen)))] if seen else []
            found = self.search("/studies", [*self._question, *page])
            new = [uid for uid in _uids(found, STUDY_UID, self._base) if uid not in seen]
            yield from new
            seen.update(new)
            if asked_limit or not new:
                return

    def fetch(self, study_instance_uid: str, folder: Path) -> int:
        """Write every mammogram For Presentation of a study to a folder.

        Raises:
            DeliveryError: the archive does not answer as it should.
            OSError: the folder is full.
        """
        study = f"/studies/{check_uid(study_instance_uid)}"
        count = 0
        for series in self.search(f"{study}/series", [("Modality", "MG")]):
            if _value(series, MODALITY) not in ("MG", None):
                continue  # the archive did not filter
            path = f"{study}/series/{_uid(series, SERIES_UID, self._base)}"
            for instance in self.search(f"{path}/instances", []):
                if _value(instance, SOP_CLASS) in (MG_FOR_PRESENTATION, None):
                    uid = _uid(instance, INSTANCE_UID, self._base)
                    self.fetch_object(f"{path}/instances/{uid}", folder / f"{file_stem(uid)}.dcm")
                    count += 1
        return count

    def search(self, path: str, question: Sequence[tuple[str, str]] = ()) -> list[dict[str, Any]]:
        """Ask for DICOM JSON.

        Args:
            path: below the service, e.g. `/studies` or `/studies/<uid>/metadata`.
            question: keys and values.

        Raises:
            DeliveryError: the archive does not answer as it should.
        """
        url = f"{self._base}{path}" + (f"?{urlencode(question)}" if question else "")
        reply = exchange("GET", url, headers={"Accept": "application/dicom+json"}, limit=JSON_LIMIT)
        try:
            found = json.loads(reply.body or b"[]")  # 204: nothing found
        except ValueError:
            found = None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise _nonsense(self._base, "a search with something that is not DICOM JSON")
        return found

    def fetch_object(self, path: str, target: Path) -> None:
        """Write one object to a file.

        Args:
            path: below the service, `/studies/<uid>/series/<uid>/instances/<uid>`.
            target: file.

        Raises:
            DeliveryError: the archive does not answer as it should.
            OSError: the disk is full.
        """
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        url = self._base + path
        reply = exchange("GET", url, headers={"Accept": accept}, limit=OBJECT_LIMIT)
        content = _only_part(reply.content_type, reply.body)
        if content is None:
            raise _nonsense(self._base, "a request for one object with something else")
        with atomic_write(target) as file:
            file.write(content)


def _only_part(content_type: str, body: bytes) -> bytes | None:
    """Return the one part of a multipart answer (RFC 2046), or the whole body if it has none."""
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() == "application/dicom":
        return body
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/related" or not isinstance(boundary, str):
        return None
    mark = b"--" + boundary.encode()
    _, found, rest = body.partition(mark)
    _, blank, content = rest.partition(b"\r\n\r\n")
    content, end, _ = content.rpartition(b"\r\n" + mark)
    return content if found and blank and end else None


def _uids(found: list[dict[str, Any]], tag: str, place: str) -> list[str]:
    return list(dict.fromkeys(_uid(one, tag, place) for one in found))


def _uid(found: dict[str, Any], tag: str, place: str) -> str:
    try:
        return check_uid(str(_value(found, tag)))
    except ValueError:
        raise _nonsense(place, "a search without a valid UID") from None


def _value(found: dict[str, Any], tag: str) -> Any:
    element = found.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None


def _nonsense(place: str, what: str) -> DeliveryError:
    return DeliveryError(f"{place}: answers {what}", Fault.REFUSED)
