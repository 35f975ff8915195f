"""What is wrong with an archive, in a few sentences at the top of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cem_monai.qc.duplicates import ACROSS_PATIENTS, ACROSS_SECTIONS, Duplicate
from cem_monai.qc.pair_facts import PairFacts, all_images
from cem_monai.qc.split_exams import SplitPatient


@dataclass(frozen=True)
class Finding:
    """One sentence.

    Attributes:
        text: the sentence.
        anchor: section of the page that tells more.
        loud: whether results would be wrong if nothing is done.
    """

    text: str
    anchor: str
    loud: bool


def list_findings(
    facts: Sequence[PairFacts],
    *,
    refused: int,
    duplicates: Sequence[Duplicate],
    split_patients: Sequence[SplitPatient],
    shared_studies: Mapping[str, tuple[str, ...]],
) -> list[Finding]:
    """Return what was found, loud findings first; empty if all is well."""
    leaking = sum(one.problem in (ACROSS_SECTIONS, ACROSS_PATIENTS) for one in duplicates)
    in_sections = sum(len(one.sections) > 1 for one in split_patients)
    nameless = sum(not pair.pair.low_energy.patient_id for pair in facts)
    windowless = sum(not image.window for _, image in all_images(facts))
    counted = (
        (
            "Images with the same pixels under different patients or in different sections, which "
            "flatters every evaluation",
            *(leaking, "duplicates", True),
        ),
        ("Other images that are there twice", len(duplicates) - leaking, "duplicates", True),
        ("Patients in several sections of the datalist", in_sections, "split", True),
        ("Studies that name several patients", len(shared_studies), "split", True),
        ("Pairs without PatientID (0010,0020), split by study", nameless, "split", True),
        ("Files refused", refused, "refused", False),
        (
            "Patients with several studies or dates, in one section",
            *(len(split_patients) - in_sections, "split", False),
        ),
        (
            "Images without a window that can be used, shown over the whole range of their format",
            *(windowless, "images", False),
        ),
    )
    return [
        Finding(f"{text}: {count}", anchor, loud) for text, count, anchor, loud in counted if count
    ]
