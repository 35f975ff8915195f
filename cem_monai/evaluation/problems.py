"""All that is wrong with a folder of predictions or its cases, told at once."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

IDS_SHOWN = 5


class ProblemKind(Enum):
    """What it happens to, and how the sentence about it goes on."""

    DUPLICATED_CASE = ("case", "more than once in the datalist")
    SHARED_IMAGE = ("image", "in several cases of the datalist")
    FOREIGN_MASK = ("mask", "of another case")
    NO_TWIN = ("case", "without a low-energy image without contrast agent in the datalist")
    MISSING = ("case", "without a prediction")
    EXTRA = ("prediction", "of no case of the datalist")
    AMBIGUOUS = ("prediction", "with a name that fits several cases")
    REPEATED = ("case", "with several predictions")
    UNREADABLE = ("prediction", "that cannot be read")
    COLOR = ("prediction", "with color or transparency instead of one gray channel")
    SIZE = ("prediction", "of another size than the recombined image")
    SPACING = ("prediction", "of another pixel spacing than the recombined image")
    BIT_DEPTH = ("prediction", "of another bit depth than the recombined image")
    RANGE = ("prediction", "with another range of values than the recombined image")
    NOT_FINITE = ("prediction", "with NaN or infinite pixels")
    VIEW = ("prediction", "of another view than the case")
    MISPLACED = ("prediction", "not oriented like the recombined image")
    UNUSABLE_CASE = ("case", "with unusable images")
    UNREADABLE_MASK = ("mask", "that cannot be read")
    MASK_SIZE = ("mask", "of another size than the image")
    EMPTY_MASK = ("mask", "without a pixel")
    MASK_OUTSIDE = ("mask", "outside of the breast")
    FOREIGN_BREAST = ("breast mask", "of another breast than the low-energy image shows")
    LONE_SECOND = ("case", "with a mass of the second reader only")


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: problems of one kind share a sentence.
        subject: case or file.
        detail: what was found, e.g. `"64 x 32, not 64 x 64"`; may be empty.
    """

    kind: ProblemKind
    subject: str
    detail: str = ""


class PredictionsError(ValueError):
    """Predictions, or the cases that they are judged by, cannot be used.

    The message has one clause for each kind of problem, with the number of cases (or files) and the
    first five of them.

    Attributes:
        problems: all of them, each once.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("; ".join(_clauses(self.problems)))

    def __reduce__(self) -> tuple[type[PredictionsError], tuple[tuple[Problem, ...]]]:
        """Survive the way out of a worker process."""
        return type(self), (self.problems,)


def _clauses(problems: tuple[Problem, ...]) -> Iterable[str]:
    for kind in ProblemKind:
        if found := [one for one in problems if one.kind is kind]:
            noun, what = kind.value
            shown = [_told(one) for one in found[:IDS_SHOWN]]
            if more := len(found) - len(shown):
                shown.append(f"and {more} more")
            plural = "s" if len(found) > 1 else ""
            yield f"found {len(found)} {noun}{plural} {what}: {', '.join(shown)}"


def _told(problem: Problem) -> str:
    return f"{problem.subject} ({problem.detail})" if problem.detail else problem.subject
