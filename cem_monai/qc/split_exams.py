"""Patients in several studies, dates, sections or folds, and studies of several patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cem_monai.qc.pair_facts import PairFacts


@dataclass(frozen=True)
class SplitPatient:
    """A patient whose pairs are not all of one study, date, section and fold.

    Attributes:
        patient: what the split keeps together (see `CEMPair.patient`).
        pairs: how many.
        studies: number of StudyInstanceUIDs.
        dates: of acquisition, sorted.
        sections: of the datalist, sorted.
        folds: that it is held out in, sorted.
    """

    patient: str
    pairs: int
    studies: int
    dates: tuple[str, ...]
    sections: tuple[str, ...]
    folds: tuple[str, ...]

    @property
    def leaks(self) -> bool:
        """Whether training and test share the patient."""
        return max(len(self.sections), len(self.folds)) > 1


def find_split_patients(facts: Sequence[PairFacts]) -> list[SplitPatient]:
    """Return the patients with several studies, dates, sections or folds; leaking ones first."""
    by_patient: dict[str, list[PairFacts]] = defaultdict(list)
    for pair in facts:
        by_patient[pair.pair.patient].append(pair)
    patients = [_patient(name, pairs) for name, pairs in sorted(by_patient.items())]
    split = [one for one in patients if one.leaks or max(one.studies, len(one.dates)) > 1]
    return sorted(split, key=lambda one: not one.leaks)


def find_shared_studies(facts: Sequence[PairFacts]) -> dict[str, tuple[str, ...]]:
    """Return the studies that name several patients: StudyInstanceUID → patients."""
    patients: dict[str, set[str]] = defaultdict(set)
    for pair in facts:
        patients[pair.pair.low_energy.study_instance_uid].add(pair.pair.patient)
    return {study: tuple(sorted(names)) for study, names in patients.items() if len(names) > 1}


def _patient(name: str, pairs: Sequence[PairFacts]) -> SplitPatient:
    images = [pair.pair.low_energy for pair in pairs]
    return SplitPatient(
        patient=name,
        pairs=len(pairs),
        studies=len({image.study_instance_uid for image in images}),
        dates=tuple(sorted({_date(image.acquired) for image in images})),
        sections=tuple(sorted({pair.place.section for pair in pairs} - {""})),
        folds=tuple(sorted({pair.place.fold for pair in pairs} - {""})),
    )


def _date(acquired: object) -> str:
    return str(acquired)[:10] if acquired else "unknown"
