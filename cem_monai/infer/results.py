"""Which results a run made, from which inputs, as the audit tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cem_monai.data import dicom_files
from cem_monai.dicom import MammogramError, open_header, read_provenance


@dataclass(frozen=True)
class Result:
    """One generated DICOM object.

    Attributes:
        path: its file.
        uid: its SOPInstanceUID (0008,0018).
        facts: its part of an audit line.
    """

    path: Path
    uid: str
    facts: dict[str, str]


def find_results(source: Path, output: Path) -> Iterator[Result]:
    """Yield the objects in `output` that were generated from objects in `source`.

    Args:
        source: DICOM file or folder.
        output: folder of the results; what else lies in it is passed over.
    """
    inputs = dict(_instances(source))
    for path in sorted(output.glob("*.dcm")):
        try:
            provenance = read_provenance(path)
        except MammogramError:
            continue
        for uid in sorted(provenance.source_uids & set(inputs)):
            facts = {
                "input_sha256": _sha256(inputs[uid]),
                "weights_sha256": provenance.weights_sha256,
                "config_sha256": provenance.config_sha256,
                "output_sha256": _sha256(path),
            }
            yield Result(path, provenance.sop_instance_uid, facts)
            break


def _instances(source: Path) -> Iterator[tuple[str, Path]]:
    for path in dicom_files(source):
        try:
            yield str(open_header(path).SOPInstanceUID), path
        except (MammogramError, AttributeError):  # refused before, with its reason
            continue


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()  # the gate has bounded its size
