"""Where the datalist has each pair: section and fold."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cem_monai.data import CEMPair


@dataclass(frozen=True)
class Place:
    """One pair's place; empty texts where the datalist has it nowhere, or has no folds.

    Attributes:
        section: e.g. `training`.
        fold: number of its fold, as text.
    """

    section: str = ""
    fold: str = ""


@dataclass(frozen=True)
class Places:
    """Places of all pairs.

    Attributes:
        by_label: recombined file → place.
    """

    by_label: Mapping[Path, Place] = field(default_factory=dict)

    def of(self, pair: CEMPair) -> Place:
        """Return the place of a pair."""
        return self.by_label.get(pair.recombined.path.resolve(), Place())


def read_places(datalist: str | os.PathLike[str] | None) -> Places:
    """Read what `write_datalist` wrote; without a datalist no pair has a place."""
    if datalist is None:
        return Places()
    path = Path(datalist)
    sections = json.loads(path.read_text(encoding="utf-8"))
    return Places(
        {
            Path(path.parent, item["label"]).resolve(): Place(section, str(item.get("fold", "")))
            for section, items in sections.items()
            for item in items
        }
    )
