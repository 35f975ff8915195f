"""What an import tells beside the images: `exam.json` of each patient and `registration.csv`."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cem_monai.atomic import atomic_write
from cem_monai.data.cdd_cesm.image_facts import Annotations, lesion_kind
from cem_monai.data.cdd_cesm.image_name import PairName
from cem_monai.data.cdd_cesm.import_pair import ImportedPair
from cem_monai.data.cdd_cesm.placement import Placement
from cem_monai.data.cdd_cesm.source_folder import Layout
from cem_monai.data.exam_file import EXAM_FILE, write_exam_file

REGISTERED, UNREGISTERED, REFUSED = "registered", "not registered", "refused"
COLUMNS = ("case", "scale", "rows", "columns", "quality", "status")


def write_exams(
    imported: Sequence[ImportedPair], annotations: Annotations, layout: Layout, output: Path
) -> None:
    """Write `exam.json` of each patient; see `read_exam_facts` for what others read from it.

    Args:
        imported: all pairs that were written.
        annotations: of the source.
        layout: of the source.
        output: folder of the import.
    """
    exams: dict[str, dict[str, Any]] = defaultdict(dict)
    for one in imported:
        exams[one.name.patient_id][one.name.view] = _view(one, annotations)
    for patient, views in exams.items():
        write_exam_file(output / patient, patient=patient, source=layout.derivation, views=views)


def remove_exams(left_out: Iterable[PairName], kept: Sequence[ImportedPair], output: Path) -> None:
    """Remove what an earlier import said of patients of whom nothing is left."""
    patients = {one.name.patient_id for one in kept}
    for patient in {pair.patient_id for pair in left_out} - patients:
        (output / patient / EXAM_FILE).unlink(missing_ok=True)


def write_registrations(
    imported: Iterable[ImportedPair], refused: Iterable[PairName], path: Path
) -> None:
    """Write one row per pair; numbers read back without loss.

    Args:
        imported: pairs that were written.
        refused: pairs whose registration failed.
        path: CSV file.
    """
    rows = {one.name: _row(one) for one in imported}
    rows |= {pair: ["", "", "", "", REFUSED] for pair in refused}
    with atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([f"{pair.patient_id}_{pair.view}", *rows[pair]] for pair in sorted(rows))


def _view(one: ImportedPair, annotations: Annotations) -> dict[str, Any]:
    low_energy, recombined = annotations.of(one.name)
    return {
        "age": low_energy.age or recombined.age,
        "density": annotations.density.get(one.name.breast, ""),
        "machine": low_energy.machine or recombined.machine,
        "pathology": annotations.pathology.get(one.name.breast, ""),
        "findings": list(recombined.findings),
        "lesion_kind": lesion_kind(recombined.tags),
        "low_energy": low_energy.to_json(),
        "recombined": recombined.to_json(),
        "registration": _registration(one.placement),
    }


def _registration(placement: Placement) -> dict[str, Any]:
    values = asdict(placement.registration)
    if not placement.registered:
        del values["quality"]
    height, width = placement.source_shape
    size = {"source_rows": height, "source_columns": width}
    return {"status": REGISTERED if placement.registered else UNREGISTERED, **values, **size}


def _row(one: ImportedPair) -> list[str]:
    told = _registration(one.placement)
    numbers = [repr(told[key]) if key in told else "" for key in COLUMNS[1:-1]]
    return [*numbers, str(told["status"])]
