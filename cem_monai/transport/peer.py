"""The address of a DICOM application: AE@host:port."""

from __future__ import annotations

import re
from dataclasses import dataclass

AE_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")
"""PS3.5 6.2, value representation AE: up to 16 characters, no backslash, no blanks at the ends."""
ADDRESS = re.compile(r"(?P<ae>[^@/]+)@(?P<host>[^@:/\s]+):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Peer:
    """A DICOM application on the network.

    Attributes:
        ae_title: its application entity title.
        host: name or address.
        port: TCP port, 1 to 65535.
    """

    ae_title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"


def parse_peer(text: str) -> Peer:
    """Read `AE@host:port`.

    Raises:
        ValueError: it is no such address.
    """
    match = ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError(f"{text!r} is no DICOM address, it must be AE@host:port")
    return Peer(check_ae_title(match["ae"]), match["host"], int(match["port"]))


def check_ae_title(text: str) -> str:
    """Return an application entity title.

    Raises:
        ValueError: it has more than 16 characters, or others than DICOM allows.
    """
    if not AE_TITLE.fullmatch(text):
        raise ValueError(f"{text!r} is no AE title: 1 to 16 printable characters, no backslash")
    return text
