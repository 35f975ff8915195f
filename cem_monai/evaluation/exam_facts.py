"""What `exam.json` beside an image tells of its view: density, machine, lesions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cem_monai.data import read_exam_view
from cem_monai.dicom import Mammogram

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
        lesions: of simulated views.
    """

    density: str = ""
    machine: str = ""
    lesion_kind: str = ""
    lesions: tuple[KnownLesion, ...] = ()


def read_exam_facts(recombined: Mammogram) -> ExamFacts:
    """Return what `exam.json` beside a recombined image tells of its view.

    A file that is missing, damaged, of another patient or by another program tells nothing.
    """
    try:
        view = read_exam_view(recombined.attributes)
        if "lesions" in view:
            return _of_simulated(view, recombined)
        return ExamFacts(
            density=view["acr"].strip("_"),
            machine=view["machine"],
            lesion_kind=_kind_of_tags(view["tags_des"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ExamFacts()


def _of_simulated(view: dict[str, Any], recombined: Mammogram) -> ExamFacts:
    lesions = tuple(_lesion(one, recombined) for one in view["lesions"])
    kinds = sorted({lesion.kind for lesion in lesions if lesion.enhancing})
    return ExamFacts(
        density=f"{view['density']:.3f}",
        lesion_kind="+".join(kinds) or NO_LESION,
        lesions=lesions,
    )


def _lesion(lesion: dict[str, Any], recombined: Mammogram) -> KnownLesion:
    column = float(lesion["column"])
    return KnownLesion(
        kind=str(lesion["kind"]),
        enhancing=bool(lesion["enhancing"]),
        diameter_mm=float(lesion["diameter_mm"]),
        row=float(lesion["row"]),
        column=recombined.pixels.shape[1] - 1 - column if recombined.flipped else column,
    )


def _kind_of_tags(tags: str) -> str:
    """Sort free text of CDD-CESM: a mass, or a non-mass enhancement, or neither."""
    if "non mass" in tags:
        return "non_mass"
    return "mass" if "mass" in tags else ""
