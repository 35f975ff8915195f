"""What the status of a storage request means (PS3.4 table B.2-1, PS3.7 annex C)."""

from __future__ import annotations

from cem_monai.transport.delivery_error import Fault

DUPLICATE = 0x0111
"""The archive has an object of this UID: ours, since its UID follows from its content."""
WARNINGS = (0x0107, 0x0116)
"""Attribute list error and attribute value out of range: stored all the same (PS3.7 C.4)."""
PROCESSING_FAILURE = 0x0110
NOT_AUTHORIZED = 0x0124


def is_stored(status: int) -> bool:
    """Tell success, with or without a warning, from failure."""
    return status in (0x0000, DUPLICATE, *WARNINGS) or 0xB000 <= status <= 0xBFFF


def fault_of_status(status: int) -> Fault:
    """Return what to do after a status that is a failure."""
    if status == NOT_AUTHORIZED:
        return Fault.MISCONFIGURED
    out_of_resources = 0xA700 <= status <= 0xA7FF
    return Fault.BUSY if out_of_resources or status == PROCESSING_FAILURE else Fault.REFUSED
