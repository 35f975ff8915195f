"""Read back what made a generated object and from what: for audits, never from pixels."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from cem_monai.dicom.attributes import SYNTHESIZING_EQUIPMENT, source_uids
from cem_monai.dicom.errors import refuse
from cem_monai.dicom.gate import open_header

HASHES = re.compile(r"weights sha256 ([0-9a-f]{64}); config sha256 ([0-9a-f]{64})")


@dataclass(frozen=True)
class Provenance:
    """Origin of a generated object.

    Attributes:
        sop_instance_uid: of the object.
        source_uids: SOPInstanceUIDs of what it was generated from.
        weights_sha256: of the weights file, hexadecimal.
        config_sha256: of the settings that the pixels depend on, hexadecimal.
    """

    sop_instance_uid: str
    source_uids: frozenset[str]
    weights_sha256: str
    config_sha256: str


def read_provenance(path: str | os.PathLike[str]) -> Provenance:
    """Read where an object that this package generated comes from.

    Raises:
        MammogramError: the file cannot be read, or does not tell the hashes.
    """
    path = Path(path)
    header = open_header(path)
    for item in header.get("ContributingEquipmentSequence") or []:
        purposes = item.get("PurposeOfReferenceCodeSequence") or []
        found = HASHES.search(str(item.get("ContributionDescription") or ""))
        if found and any(code.get("CodeValue") == SYNTHESIZING_EQUIPMENT for code in purposes):
            uid = str(header.SOPInstanceUID)
            return Provenance(uid, source_uids(header), found[1], found[2])
    wanted = "must tell the SHA-256 of weights and config"
    raise refuse(path, "ContributingEquipmentSequence", None, wanted)
