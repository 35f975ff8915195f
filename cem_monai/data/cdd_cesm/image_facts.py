"""What radiologists wrote about one image of CDD-CESM, and what follows for its breast."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cem_monai.data.cdd_cesm.image_name import ImageName, PairName
from cem_monai.dicom import ImageContent, Laterality

PATHOLOGIES = ("Normal", "Benign", "Malignant")
"""From harmless to serious."""
UNKNOWN = ("", "_")
PATTERNS = {
    "age": r"\d{1,3}",
    "density": r"[A-D]",
    "birads": r"[0-6][A-C]?(\s*\$\s*[0-6][A-C]?)*",
    "machine": r"\d{1,3}",
    "pathology": "|".join(PATHOLOGIES),
}


@dataclass(frozen=True)
class ImageFacts:
    """Annotations of one image; empty is unknown.

    Attributes:
        age: years.
        density: ACR letter, A to D.
        birads: categories, several for several findings.
        findings, tags: free text, as spelt by the source.
        machine: number.
        pathology: one of `PATHOLOGIES`.
        descriptions: rows of the sheets on one kind of finding, e.g. shape and margin of a mass.
    """

    age: str = ""
    density: str = ""
    birads: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    machine: str = ""
    pathology: str = ""
    descriptions: tuple[dict[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what is told of the image itself, ready for JSON."""
        shared = ("age", "machine")  # of the patient
        return {key: value for key, value in asdict(self).items() if key not in shared}

    def contradicts(self, other: ImageFacts) -> list[str]:
        """Return the names of the annotations that both tell, and tell differently."""
        mine, theirs = asdict(self), asdict(other)
        names = [field.name for field in fields(self) if field.name != "descriptions"]
        return [
            name for name in names if mine[name] and theirs[name] and mine[name] != theirs[name]
        ]


@dataclass(frozen=True)
class Annotations:
    """Facts of images, and of breasts that several images show.

    Attributes:
        images: facts by image.
        density: ACR letter of each breast that has one, from its low-energy images: the source
            leaves it open on the others.
        pathology: of each breast, the most serious of all its images: the source labels images, and
            often only the one that shows the lesion.
    """

    images: dict[ImageName, ImageFacts]
    density: dict[tuple[int, Laterality], str]
    pathology: dict[tuple[int, Laterality], str]

    def of(self, pair: PairName) -> tuple[ImageFacts, ImageFacts]:
        """Return the facts of the low-energy and of the recombined image."""
        nothing = ImageFacts()
        return self.images.get(pair.low_energy, nothing), self.images.get(pair.recombined, nothing)


def annotate(images: Mapping[ImageName, ImageFacts]) -> Annotations:
    """Find out what the facts of the images say of their breasts."""
    density: dict[tuple[int, Laterality], str] = {}
    pathology: dict[tuple[int, Laterality], str] = {}
    for name, facts in sorted(images.items(), key=lambda item: item[0]):
        breast = name.pair.breast
        if facts.density and name.content is ImageContent.LOW_ENERGY:
            density.setdefault(breast, facts.density)
        if facts.pathology:
            both = (facts.pathology, pathology.get(breast, facts.pathology))
            pathology[breast] = max(both, key=PATHOLOGIES.index)
    return Annotations(dict(images), density, pathology)


def read_image_facts(cells: Mapping[str, str]) -> tuple[ImageFacts, list[str]]:
    """Read the cells of one row.

    Args:
        cells: texts by the names of `ImageFacts`; compounds joined by `$`, tags by commas.

    Returns:
        the facts, and one text on each cell that cannot be understood; it counts as unknown.
    """
    told = {key: "" if text in UNKNOWN else text for key, text in cells.items()}
    told["pathology"] = told.get("pathology", "").capitalize()
    problems = []
    for key, pattern in PATTERNS.items():
        if told.get(key) and not re.fullmatch(pattern, told[key], re.ASCII):
            problems.append(f"{key} is {cells[key]!r}")
            told[key] = ""
    facts = ImageFacts(
        age=told.get("age", ""),
        density=told.get("density", ""),
        birads=_parts(told.get("birads", ""), "$"),
        findings=_parts(told.get("findings", ""), "$"),
        tags=_parts(told.get("tags", ""), "$,"),
        machine=told.get("machine", ""),
        pathology=told["pathology"],
    )
    return facts, problems


def lesion_kind(tags: Iterable[str]) -> str:
    """Sort the tags of a recombined image: `mass`, `non_mass`, or neither; spelling varies."""
    text = ", ".join(tags).lower()
    if re.search(r"non[ -]?mass", text):
        return "non_mass"
    return "mass" if "mass" in text else ""


def _parts(text: str, separators: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in re.split(f"[{separators}]", text))
    return tuple(part for part in parts if part not in UNKNOWN)
