"""Archives that studies are fetched from, told apart by how their address is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from cem_monai.transport.association import OWN_AE_TITLE
from cem_monai.transport.dicomweb import DicomwebSource
from cem_monai.transport.dimse import DimseSource
from cem_monai.transport.peer import parse_peer
from cem_monai.transport.uid import check_uid

DIMSE_STUDY = re.compile(r"(?P<peer>[^@/]+@[^@:/\s]+:\d+)(?:/(?P<uid>.*))?")


class Source(Protocol):
    """An archive and a question."""

    def studies(self) -> Iterator[str]:
        """Yield the StudyInstanceUID (0020,000D) of every study that answers the question."""

    def fetch(self, study_instance_uid: str, folder: Path) -> int:
        """Write the mammograms of a study to a folder and return how many."""


def archive_source(text: str, *, ae_title: str = OWN_AE_TITLE) -> Source | None:
    """Read an address of studies.

    Args:
        text: `https://host/dicom-web/studies/<uid>`, a search like
            `https://host/dicom-web/studies?StudyDate=20260101-`, or `AE@host:port/<uid>`.
        ae_title: what the DICOM protocol calls us.

    Returns:
        the source; None if the text is none of these: a file or folder.

    Raises:
        ValueError: the address lacks something.
    """
    if re.match(r"https?://", text):
        return DicomwebSource(text)
    match = DIMSE_STUDY.fullmatch(text)
    if match is None or Path(text).exists():
        return None
    if not match["uid"]:
        raise ValueError(f"{text}: which study? Write {text.rstrip('/')}/<StudyInstanceUID>")
    return DimseSource(parse_peer(match["peer"]), check_uid(match["uid"]), ae_title=ae_title)
