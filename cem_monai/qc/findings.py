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


KINDS = (
    (
        "leaking",
        "Images with the same pixels under different patients or in different sections or folds, "
        "which flatters every evaluation",
        "duplicates",
        True,
    ),
    ("twice", "Other images that are there twice", "duplicates", True),
    ("in_sections", "Patients in several sections or folds", "split", True),
    ("shared", "Studies that name several patients", "split", True),
    ("nameless", "Pairs without PatientID (0010,0020), split by study", "split", True),
    ("refused", "Files refused", "refused", False),
    ("split", "Patients with several studies or dates, in one section and fold", "split", False),
    (
        "windowless",
        "Images without a window that can be used, shown over the whole range of their format",
        "images",
        False,
    ),
)
"""Name, sentence, section of the page, and whether it is loud."""


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
    in_sections = sum(one.leaks for one in split_patients)
    counts = {
        "leaking": leaking,
        "twice": len(duplicates) - leaking,
        "in_sections": in_sections,
        "split": len(split_patients) - in_sections,
        "shared": len(shared_studies),
        "nameless": sum(not pair.pair.low_energy.patient_id for pair in facts),
        "refused": refused,
        "windowless": sum(not image.window for _, image in all_images(facts)),
    }
    return [
        Finding(f"{text}: {counts[name]}", anchor, loud)
        for name, text, anchor, loud in KINDS
        if counts[name]
    ]
