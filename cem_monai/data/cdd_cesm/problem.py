"""What an import leaves out: each thing named with one sentence, and counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from cem_monai.data.pair import Refused


class ProblemKind(Enum):
    """Why something was left out; the value names several of its kind."""

    STRAY = "stray files"
    NO_PARTNER = "images without partner"
    ABSENT = "listed pairs that are not there"
    UNUSABLE = "pairs with an unusable image"
    UNREGISTERED = "pairs that cannot be registered"
    OUTLINES = "problems with outlines"
    ANNOTATIONS = "problems with annotations"


@dataclass(frozen=True)
class Problem(Refused):
    """One thing that was left out.

    Attributes:
        kind: of problem.
    """

    kind: ProblemKind


def count_problems(problems: Iterable[Problem]) -> str:
    """Return e.g. `2 stray files, 1 images without partner`; empty without problems."""
    counts = Counter(problem.kind for problem in problems)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in ProblemKind if counts[kind])
