"""What an archive says about one object that it was sent over DICOMweb (PS3.18 10.5.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from cem_monai.transport.store_status import PROCESSING_FAILURE

REFERENCED_SOP_SEQUENCE, REFERENCED_SOP_INSTANCE, WARNING_REASON = (
    "00081199",
    "00081155",
    "00081196",
)
FAILED_SOP_SEQUENCE, FAILURE_REASON = "00081198", "00081197"

Item = dict[str, list[Any]]
"""Values by tag, eight hexadecimal digits."""


@dataclass(frozen=True)
class StowAnswer:
    """What became of the objects of a request.

    Attributes:
        stored: Warning Reason (0008,1196) of each stored object by its SOPInstanceUID; 0 for none.
        reasons: Failure Reason (0008,1197) of each object that was not stored.
    """

    stored: dict[str, int]
    reasons: list[int]


def read_stow_answer(body: bytes) -> StowAnswer:
    """Read an answer in DICOM JSON or in the XML of PS3.19 A.1.

    Anything else tells nothing: neither that an object was stored, nor that it was not.
    """
    try:
        answer = _from_xml(body) if body.lstrip().startswith(b"<") else _from_json(json.loads(body))
        stored = [
            (uid, int(next(iter(item.get(WARNING_REASON, [])), 0)))
            for item in answer.get(REFERENCED_SOP_SEQUENCE, [])
            for uid in item.get(REFERENCED_SOP_INSTANCE, [])
        ]
        failed = answer.get(FAILED_SOP_SEQUENCE, [])
        reasons = [int((item.get(FAILURE_REASON) or [PROCESSING_FAILURE])[0]) for item in failed]
    except (ValueError, AttributeError, IndexError, TypeError, RecursionError):
        return StowAnswer({}, [])
    return StowAnswer({str(uid): warning for uid, warning in stored}, reasons)


def _from_json(answer: Any) -> Item:
    answer = answer[0] if isinstance(answer, list) else answer
    return {
        tag: [
            _from_json(value) if isinstance(value, dict) else value
            for value in element.get("Value") or []
        ]
        for tag, element in answer.items()
    }


def _from_xml(body: bytes) -> Item:
    """Read the Native DICOM Model.

    Raises:
        ValueError: it is no XML, or declares entities, which could grow without bound.
    """
    if b"<!" in body.replace(b"<!--", b""):
        raise ValueError("holds a declaration")
    try:
        return _from_element(ElementTree.fromstring(body))
    except ElementTree.ParseError as error:
        raise ValueError("is no XML") from error


def _from_element(element: ElementTree.Element) -> Item:
    return {
        one.get("tag", ""): list(_values(one))
        for one in element
        if one.tag.rpartition("}")[2] == "DicomAttribute"
    }


def _values(attribute: ElementTree.Element) -> Iterator[Any]:
    for one in attribute:
        kind = one.tag.rpartition("}")[2]
        if kind == "Item":
            yield _from_element(one)
        elif kind == "Value":
            yield (one.text or "").strip()
