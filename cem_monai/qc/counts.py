"""How many images and pairs there are of each kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cem_monai.dicom import ImageContent
from cem_monai.qc.pair_facts import ImageFacts, PairFacts, all_images

UNTOLD = "not told"
MAX_ROWS = 25
"""Of one table; an archive of cropped images has a matrix for each."""


@dataclass(frozen=True)
class CountTable:
    """One table.

    Attributes:
        title: its caption.
        headings: of the columns.
        rows: value and counts, the most frequent first.
        left_out: how many more values there are.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0


ImageValue = Callable[[ImageFacts], str]
PairValue = Callable[[PairFacts], Iterable[str]]

IMAGE_VALUES: dict[str, ImageValue] = {
    "Manufacturer and model": lambda image: image.unit or UNTOLD,
    "Bits stored": lambda image: str(image.attributes.bits_stored),
    "Photometric interpretation": lambda image: image.photometric_interpretation,
    "Matrix, rows × columns": lambda image: matrix(image),
    "Pixel spacing at the detector, mm": lambda image: spacing(image) or UNTOLD,
    "Lossy compression before": lambda image: "yes" if image.lossy else "no",
    "Window, center/width": lambda image: image.window or "none that can be used",
}
PAIR_VALUES: dict[str, PairValue] = {
    "View": lambda pair: [pair.pair.low_energy.view_position.value],
    "Laterality": lambda pair: [pair.pair.low_energy.laterality.value],
    "Density": lambda pair: [density(pair) or UNTOLD],
    "Masks": lambda pair: pair.masks or ["none"],
    "Simulated": lambda pair: ["yes" if pair.pair.low_energy.synthetic else "no"],
}
PLACES: dict[str, PairValue] = {
    "Section of the datalist": lambda pair: [pair.place.section or "none"],
    "Fold": lambda pair: [pair.place.fold or "none"],
}


def image_tables(facts: Sequence[PairFacts]) -> list[CountTable]:
    """Count the images of each kind, low-energy and recombined ones apart."""
    return [_image_table(title, value, facts) for title, value in IMAGE_VALUES.items()]


def pair_tables(facts: Sequence[PairFacts]) -> list[CountTable]:
    """Count the pairs of each kind; a pair with several masks counts for each."""
    return [_pair_table(title, value, facts) for title, value in PAIR_VALUES.items()]


def place_tables(facts: Sequence[PairFacts]) -> list[CountTable]:
    """Count the pairs in each section, and in each fold where there are folds."""
    tables = [_pair_table(title, value, facts) for title, value in PLACES.items()]
    return [table for table in tables if [row[0] for row in table.rows] != ["none"]]


def matrix(image: ImageFacts) -> str:
    """Return rows × columns."""
    return f"{image.attributes.rows} × {image.attributes.columns}"


def spacing(image: ImageFacts) -> str:
    """Return mm, once where rows and columns agree; empty if untold."""
    values = image.attributes.imager_pixel_spacing or ()
    return " × ".join(dict.fromkeys(f"{value:g}" for value in values))


def density(pair: PairFacts) -> str:
    """Return the ACR letter; the glandular share of a simulated breast in steps of 10 %."""
    try:
        tens = int(float(pair.density) * 10) * 10
    except ValueError:
        return pair.density
    return f"{tens} to {tens + 10} % glandular"


def _image_table(title: str, value: ImageValue, facts: Sequence[PairFacts]) -> CountTable:
    images: dict[str, list[ImageContent]] = defaultdict(list)
    patients: dict[str, set[str]] = defaultdict(set)
    for pair, image in all_images(facts):
        images[value(image)].append(image.content)
        patients[value(image)].add(pair.pair.patient)
    counts = {
        name: (
            contents.count(ImageContent.LOW_ENERGY),
            contents.count(ImageContent.RECOMBINED),
            len(patients[name]),
        )
        for name, contents in images.items()
    }
    return _table(title, ("", "low-energy", "recombined", "patients"), counts)


def _pair_table(title: str, value: PairValue, facts: Sequence[PairFacts]) -> CountTable:
    patients: dict[str, list[str]] = defaultdict(list)
    for pair in facts:
        for name in value(pair):
            patients[name].append(pair.pair.patient)
    counts = {name: (len(found), len(set(found))) for name, found in patients.items()}
    return _table(title, ("", "pairs", "patients"), counts)


def _table(
    title: str, headings: tuple[str, ...], counts: Mapping[str, tuple[int, ...]]
) -> CountTable:
    ordered = sorted(counts, key=lambda name: (-sum(counts[name][:-1]), name))
    rows = tuple((name, *map(str, counts[name])) for name in ordered[:MAX_ROWS])
    return CountTable(title, headings, rows, len(ordered) - len(rows))
