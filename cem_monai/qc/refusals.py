"""What was refused, by kind of reason."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cem_monai.data import Refused

TAG = r"\([0-9A-F]{4},[0-9A-F]{4}\)"
LABEL = re.compile(rf"\w+ {TAG}")
TAGGED = re.compile(rf"(\w+ {TAG}) (?:is (missing|empty)|is (.*?)), (.+)", re.DOTALL)
"""As `cem_monai.dicom.refuse` words it: attribute, value, what is wanted."""
CONSTANT = re.compile(r"must be [\d.]+(?: to [\d.]+)?(?: \(.*\))?")
"""What is wanted of every image alike."""
VARIABLE = (
    (r"'[^']*'", "…"),
    (r"[^\s(),;]*[/\\].*?\.\w{1,5}(?=[\s,;:)]|$)", "…"),  # a file, with spaces in its path
    (r"\S*/\S+", "…"),
    (r"\b\d+(?:\.\d+){2,}\b", "…"),  # a UID
    (rf"({TAG})|-?\b\d+(?:\.\d+)?%?", lambda match: match[1] or "…"),
    (r"\([^()…]*…[^()]*\)", "(…)"),
    (r"…(?:, …)+", "…"),
)
"""What differs from image to image, in this order."""


@dataclass(frozen=True)
class RefusedFile:
    """One file.

    Attributes:
        file: path below `Refusals.folder`.
        attribute: keyword and tag of the first attribute that the reason names; may be empty.
        value: its value, where the reason is about it.
        sentence: the reason, without the file.
    """

    file: str
    attribute: str
    value: str
    sentence: str


@dataclass(frozen=True)
class Refusals:
    """All of them.

    Attributes:
        folder: in which all refused files lie.
        groups: kind of reason → files, the largest group first.
    """

    folder: str
    groups: dict[str, list[RefusedFile]]


def group_refused(refused: Sequence[Refused]) -> Refusals:
    """Group the reasons that differ only in paths, UIDs, quoted texts and numbers."""
    folder = os.path.commonpath([one.path.parent.absolute() for one in refused] or [Path("/")])
    groups: dict[str, list[RefusedFile]] = defaultdict(list)
    for one in refused:
        sentence = one.reason.removeprefix(f"{one.path}: ")
        groups[_kind(sentence)].append(_refused_file(one.path, sentence, folder))
    largest_first = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return Refusals(folder, dict(largest_first))


def _kind(sentence: str) -> str:
    tagged = TAGGED.fullmatch(sentence)
    if tagged is None:
        return _without_variables(sentence)
    label, wanted = tagged[1], tagged[4]
    return f"{label}: {wanted if CONSTANT.fullmatch(wanted) else _without_variables(wanted)}"


def _without_variables(text: str) -> str:
    for pattern, replacement in VARIABLE:
        text = re.sub(pattern, replacement, text)
    return text


def _refused_file(path: Path, sentence: str, folder: str) -> RefusedFile:
    tagged, label = TAGGED.fullmatch(sentence), LABEL.search(sentence)
    return RefusedFile(
        file=os.path.relpath(path.absolute(), folder),
        attribute=label[0] if label else "",
        value=(tagged[2] or tagged[3]) if tagged else "",
        sentence=sentence,
    )
