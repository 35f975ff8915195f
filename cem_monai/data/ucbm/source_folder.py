"""Which files of CESM@UCBM belong together: only their names tell."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from cem_monai.data.pair import Refused
from cem_monai.dicom import ImageContent, Laterality, ViewPosition

FOLDERS = {ImageContent.LOW_ENERGY: "Low Energy", ImageContent.RECOMBINED: "Recombined"}
ENDINGS = {ImageContent.LOW_ENERGY: "LOW_ENERGY", ImageContent.RECOMBINED: "RECOMBINED"}
PAIR_NAME = re.compile(r"P(\d{1,6})_(\d{1,6})_([LR])(CC|MLO)", re.ASCII)
SUFFIXES = (".nrrd", ".dcm")
Files = dict[str, dict[ImageContent, Path]]
"""Pair name → its files."""


@dataclass(frozen=True)
class UcbmPair:
    """The two files of one compression.

    Attributes:
        name: e.g. `P96_76_RMLO`.
        patient: e.g. `P96`.
        number: running number of the pair, e.g. 76; tells repeated views of a patient apart.
        laterality, view_position: which view.
        low_energy, recombined: `.nrrd` or `.dcm` files.
    """

    name: str
    patient: str
    number: int
    laterality: Laterality
    view_position: ViewPosition
    low_energy: Path
    recombined: Path


def find_ucbm_pairs(source: Path) -> tuple[list[UcbmPair], list[Refused]]:
    """Return the pairs below a folder by patient and number, and the files that make none.

    Args:
        source: the folder that holds `Low Energy` and `Recombined`, or one above it.

    Raises:
        FileNotFoundError: there is no such folder, or one of the two is not in it.
        ValueError: several folders of that name lie in it, or neither holds a file.
    """
    dataset = _dataset_folder(source)
    files: Files = defaultdict(dict)
    refused = []
    for content in FOLDERS:
        refused += _sort_files(dataset / FOLDERS[content], content, files)
    if not files and not refused:
        raise ValueError(f"{dataset}: {' and '.join(FOLDERS.values())} hold no file")
    pairs = []
    for name, found in files.items():
        if len(found) == len(FOLDERS):
            pairs.append(_pair(name, found))
        else:
            refused += [_without_partner(name, content, path) for content, path in found.items()]
    return sorted(pairs, key=lambda pair: (int(pair.patient[1:]), pair.number, pair.name)), refused


def _dataset_folder(source: Path) -> Path:
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder")
    low_energy, recombined = FOLDERS.values()
    found = sorted(path for path in source.rglob(low_energy) if path.is_dir())
    if not found:
        raise FileNotFoundError(f"{source}: holds no folder {low_energy}")
    if len(found) > 1:
        raise ValueError(f"{source}: holds {len(found)} folders {low_energy}; name the one to read")
    if not (found[0].parent / recombined).is_dir():
        raise FileNotFoundError(f"{found[0].parent}: holds no folder {recombined}")
    return found[0].parent


def _sort_files(folder: Path, content: ImageContent, files: Files) -> list[Refused]:
    """Add the files of one folder to `files`; return those that cannot be used."""
    refused = []
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        name = _pair_name(path, content)
        if name:
            by_name[name].append(path)
        elif not path.name.startswith("."):
            wanted = f"P<n>_<k>_<R|L><CC|MLO>_{ENDINGS[content]}{' or '.join(SUFFIXES)}"
            refused.append(Refused(path, f"{path}: the name is not {wanted}"))
    for name, paths in by_name.items():
        if len(paths) == 1:
            files[name][content] = paths[0]
        else:
            names = ", ".join(path.name for path in paths)
            reason = f"there are {len(paths)} files of this image ({names}); keep one"
            refused += [Refused(path, f"{path}: {reason}") for path in paths]
    return refused


def _pair_name(path: Path, content: ImageContent) -> str | None:
    name = path.stem.strip().removesuffix(f"_{ENDINGS[content]}")
    usable = name != path.stem.strip() and path.suffix.lower() in SUFFIXES and path.is_file()
    return name if usable and PAIR_NAME.fullmatch(name) else None


def _pair(name: str, files: dict[ImageContent, Path]) -> UcbmPair:
    patient, number, side, view = PAIR_NAME.fullmatch(name).groups()  # type: ignore[union-attr]
    return UcbmPair(
        name=name,
        patient=f"P{patient}",
        number=int(number),
        laterality=Laterality(side),
        view_position=ViewPosition(view),
        low_energy=files[ImageContent.LOW_ENERGY],
        recombined=files[ImageContent.RECOMBINED],
    )


def _without_partner(name: str, content: ImageContent, path: Path) -> Refused:
    (other,) = set(FOLDERS) - {content}
    return Refused(path, f"{path}: has no usable {name}_{ENDINGS[other]} in {FOLDERS[other]}")
