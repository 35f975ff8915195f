"""Which results a run made, from which inputs, as the audit tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cem_monai.data import dicom_files
from cem_monai.dicom import MammogramError, open_header, read_provenance


@dataclass(frozen=True)
class Translation:
    """What the translation of one folder made.

    Attributes:
        refused: number of files that cannot be used; `refused.csv` lists them.
        written: DICOM files that it wrote, or found as it would write them.
    """

    refused: int
    written: Sequence[Path]


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


@dataclass(frozen=True)
class Results:
    """What came of a folder.

    Attributes:
        made: the objects.
        unused: SOPInstanceUIDs of the inputs that none of them was made from.
    """

    made: list[Result]
    unused: frozenset[str]


def find_results(source: Path, written: Sequence[Path]) -> Results:
    """Return the objects that a run generated from objects in `source`.

    Args:
        source: DICOM file or folder.
        written: files that this run wrote; what others left beside them is none of its results.
    """
    inputs = dict(_instances(source))
    made, used = [], set()
    for path in written:
        provenance = read_provenance(path)
        for uid in sorted(provenance.source_uids & set(inputs)):
            facts = {
                "input_sha256": _sha256(inputs[uid]),
                "weights_sha256": provenance.weights_sha256,
                "config_sha256": provenance.config_sha256,
                "output_sha256": _sha256(path),
            }
            made.append(Result(path, provenance.sop_instance_uid, facts))
            used.add(uid)
            break
    return Results(made, frozenset(set(inputs) - used))


def count_made_from(output: Path, sources: Collection[str]) -> int:
    """Count the generated objects in a folder that come from certain inputs.

    Args:
        output: folder of results, of earlier runs too.
        sources: SOPInstanceUIDs.
    """
    wanted = frozenset(sources)
    files = [*output.glob("*.dcm"), *output.glob("uncertainty/*.dcm")] if wanted else []
    return sum(bool(_sources(path) & wanted) for path in files)


def _sources(path: Path) -> frozenset[str]:
    try:
        return read_provenance(path).source_uids
    except MammogramError:
        return frozenset()


def _instances(source: Path) -> Iterator[tuple[str, Path]]:
    for path in dicom_files(source):
        try:
            yield str(open_header(path).SOPInstanceUID), path
        except (MammogramError, AttributeError):  # refused before, with its reason
            continue


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()  # the gate has bounded its size
