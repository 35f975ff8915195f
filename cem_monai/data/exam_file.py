"""`exam.json` beside the images of a patient: what is known of each view."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_monai.atomic import atomic_write
from cem_monai.dicom import MammogramAttributes

EXAM_FILE = "exam.json"


def write_exam_file(
    folder: Path, *, patient: str, source: str, views: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write what a source tells of the views of one patient.

    Args:
        folder: of the patient's images.
        patient: PatientID (0010,0020) of the images.
        source: where they come from, one sentence.
        views: name of a view (its files begin with it, e.g. `L_CC`) → what is known of it.
    """
    exam = {"patient": patient, "source": source, "views": views}
    with atomic_write(folder / EXAM_FILE, "w") as file:
        file.write(json.dumps(exam, indent=2, ensure_ascii=False) + "\n")


def read_exam_view(recombined: MammogramAttributes) -> dict[str, Any]:
    """Return what the file beside a recombined image tells of its view.

    The view goes by the name that the image's file begins with, so that repeated views differ, or
    else by laterality and view position.

    Raises:
        OSError, ValueError, LookupError, TypeError: there is no such file, it is damaged, of
            another patient, or does not tell of the view.
    """
    exam = json.loads(recombined.path.with_name(EXAM_FILE).read_text(encoding="utf-8"))
    if exam["patient"] != recombined.patient_id:
        raise ValueError(f"{recombined.path}: {EXAM_FILE} is of another patient")
    name = recombined.path.stem.removesuffix("_DES")
    view = f"{recombined.laterality.value}_{recombined.view_position.value}"
    return dict(exam["views"].get(name) or exam["views"][view])
