"""Where the datalists have each pair: section and fold."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cem_monai.data import CEMPair

FOLD_FILES = re.compile(r"fold_(\d+)\.json")
HELD_OUT = "test"


@dataclass(frozen=True)
class Place:
    """One pair's place; empty texts where the datalist has it nowhere, or where there are no folds.

    Attributes:
        section: e.g. `training`.
        fold: number of the fold that it is held out in, as text.
    """

    section: str = ""
    fold: str = ""


@dataclass(frozen=True)
class Places:
    """Places of all pairs.

    Attributes:
        sections, folds: recombined file → section, fold.
    """

    sections: Mapping[Path, str] = field(default_factory=dict)
    folds: Mapping[Path, str] = field(default_factory=dict)

    def of(self, pair: CEMPair) -> Place:
        """Return the place of a pair."""
        path = pair.recombined.path.resolve()
        return Place(self.sections.get(path, ""), self.folds.get(path, ""))


def read_places(datalist: str | os.PathLike[str] | None, folder: Path) -> Places:
    """Read what `write_datalist` wrote, and the folds of a cross-validation.

    Args:
        datalist: JSON file; None for no sections.
        folder: where `fold_0.json` and so on lie, each a datalist with one fold in `test`.
    """
    sections = {} if datalist is None else dict(_labels(Path(datalist)))
    folds: dict[Path, str] = {}
    for path in sorted(folder.glob("fold_*.json")):
        if number := FOLD_FILES.fullmatch(path.name):
            folds |= {label: number[1] for label, name in _labels(path) if name == HELD_OUT}
    return Places(sections, folds)


def _labels(datalist: Path) -> Iterator[tuple[Path, str]]:
    """Yield every recombined file of a datalist with its section."""
    for section, items in json.loads(datalist.read_text(encoding="utf-8")).items():
        for item in items:
            yield Path(datalist.parent, item["label"]).resolve(), section
