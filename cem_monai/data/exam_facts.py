"""What `exam.json` beside an image tells of its view: density, machine, findings, lesions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cem_monai.data.exam_file import read_exam_view
from cem_monai.dicom import MammogramAttributes

NO_LESION = "none"


@dataclass(frozen=True)
class KnownLesion:
    """One lesion of a simulated view.

    Attributes:
        kind: value of `cem_monai.simulator.LesionKind`; `"occult"` shows in no low-energy image
            without contrast agent.
        enhancing: whether the recombined image shows it; a decoy does not.
        diameter_mm: mm, in the plane of the breast.
        row, column: pixels, its center in canonical orientation.
    """

    kind: str
    enhancing: bool
    diameter_mm: float
    row: float
    column: float


@dataclass(frozen=True)
class ExamFacts:
    """Facts of one view; an empty text is unknown.

    Attributes:
        density: ACR letter of an imported exam; share of fibroglandular tissue by volume of a
            simulated one.
        machine: number of the machine, where the source tells no more.
        lesion_kind: kinds of the enhancing lesions, sorted and joined by `+`; `"none"` if there is
            none.
        pathology: of an imported breast: `"Normal"`, `"Benign"` or `"Malignant"`.
        findings: of an imported recombined image, joined by `; `.
        lesions: of simulated views.
    """

    density: str = ""
    machine: str = ""
    lesion_kind: str = ""
    pathology: str = ""
    findings: str = ""
    lesions: tuple[KnownLesion, ...] = ()

    def texts(self) -> dict[str, str]:
        """Return what is known, without the lesions."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: text for name, text in told.items() if text and name != "lesions"}


def read_exam_facts(recombined: MammogramAttributes) -> ExamFacts:
    """Return what `exam.json` beside a recombined image tells of its view.

    The file is an object with `patient` and, under `views`, an object for each view. A view is
    named like its DICOM file without `_DES.dcm`, e.g. `L_MLO_2`, or by laterality and view alone.
    That of an importer holds texts named like the attributes of `ExamFacts`, `findings` being a
    list. A file that is missing, damaged, of another patient or by another program tells nothing.
    """
    try:
        view = read_exam_view(recombined)
        if "lesions" in view:
            return _of_simulated(view, recombined)
        return ExamFacts(
            density=str(view.get("density", "")),
            machine=str(view.get("machine", "")),
            lesion_kind=str(view.get("lesion_kind", "")),
            pathology=str(view.get("pathology", "")),
            findings="; ".join(view.get("findings", [])),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ExamFacts()


def _of_simulated(view: dict[str, Any], recombined: MammogramAttributes) -> ExamFacts:
    lesions = tuple(_lesion(one, recombined) for one in view["lesions"])
    kinds = sorted({lesion.kind for lesion in lesions if lesion.enhancing})
    return ExamFacts(
        density=f"{view['density']:.3f}",
        lesion_kind="+".join(kinds) or NO_LESION,
        lesions=lesions,
    )


def _lesion(lesion: dict[str, Any], recombined: MammogramAttributes) -> KnownLesion:
    column = float(lesion["column"])
    return KnownLesion(
        kind=str(lesion["kind"]),
        enhancing=bool(lesion["enhancing"]),
        diameter_mm=float(lesion["diameter_mm"]),
        row=float(lesion["row"]),
        column=recombined.columns - 1 - column if recombined.chest_wall_at_right else column,
    )
