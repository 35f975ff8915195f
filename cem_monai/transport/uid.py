"""UIDs that others send: checked before they become part of an address or a file name."""

from __future__ import annotations

import hashlib
import re

VALID_UID = re.compile(r"[0-9.]{1,64}")


def check_uid(text: str) -> str:
    """Return a UID.

    Raises:
        ValueError: it holds something else than digits and dots, or more than 64 characters.
    """
    if not VALID_UID.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no UID: 1 to 64 digits and dots")
    return text


def file_stem(uid: str) -> str:
    """Return a file name for an object of another's UID: two UIDs never share one."""
    return hashlib.sha256(uid.encode()).hexdigest()[:32]
