"""Images with the same pixels, whatever their headers say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cem_monai.qc.pair_facts import CONTENT_NAMES, PairFacts, all_images


@dataclass(frozen=True)
class Duplicate:
    """Images with the same pixels.

    Attributes:
        problem: what is wrong with it, the worst first: two sections, two patients, two names.
        images: name of the pair, content, section and file of each.
    """

    problem: str
    images: tuple[tuple[str, str, str, str], ...]


def find_duplicates(facts: Sequence[PairFacts]) -> list[Duplicate]:
    """Return all groups of images with equal pixel values, the worst first.

    Polarity, mirroring and compression make no difference: pixel values are compared as the network
    would see them.
    """
    groups = defaultdict(list)
    for pair, image in all_images(facts):
        groups[image.pixel_hash].append((pair, image))
    found = [
        Duplicate(
            problem=_problem([pair for pair, _ in group]),
            images=tuple(
                (
                    pair.pair.name,
                    CONTENT_NAMES[image.content],
                    pair.place.section,
                    str(image.attributes.path),
                )
                for pair, image in group
            ),
        )
        for group in groups.values()
        if len(group) > 1
    ]
    return sorted(found, key=lambda one: list(PROBLEMS).index(one.problem))


ACROSS_SECTIONS = "in different sections or folds"
ACROSS_PATIENTS = "under different patients"
WITHIN_PAIR = "as low-energy and as recombined image of one pair"
TWO_NAMES = "twice for one patient"
PROBLEMS = (ACROSS_SECTIONS, ACROSS_PATIENTS, WITHIN_PAIR, TWO_NAMES)


def _problem(pairs: Sequence[PairFacts]) -> str:
    sections = {pair.place.section for pair in pairs} - {""}
    folds = {pair.place.fold for pair in pairs} - {""}
    if max(len(sections), len(folds)) > 1:
        return ACROSS_SECTIONS
    if len({pair.pair.patient for pair in pairs}) > 1:
        return ACROSS_PATIENTS
    one_pair = len({pair.pair.recombined.path for pair in pairs}) == 1
    return WITHIN_PAIR if one_pair else TWO_NAMES
