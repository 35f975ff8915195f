"""Find the images and tables of CDD-CESM in a folder, in either of their two layouts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cem_monai.data.cdd_cesm.image_name import ImageName
from cem_monai.data.cdd_cesm.problem import Problem, ProblemKind
from cem_monai.dicom import ImageContent

REDUCED_IMAGES = Path("cdd_cesm_512") / "images"
PAIRS_TABLE = Path("cdd_cesm_512") / "pairs.tsv"
SIZES = Path("README.md")
FULL_FOLDERS = {
    "low energy images of cdd-cesm": ImageContent.LOW_ENERGY,
    "subtracted images of cdd-cesm": ImageContent.RECOMBINED,
}
WORKBOOK = re.compile(r"radiology[ _-]manual[ _-]annotations.*\.(xlsx|csv)", re.IGNORECASE)
OUTLINES = re.compile(r"radiology[ _-]hand[ _-]drawn[ _-]segmentations.*\.csv", re.IGNORECASE)
SUFFIXES = (".jpg", ".jpeg")

Contents = dict[Path, ImageContent | None]
"""What the folder of a file says of its content."""


@dataclass(frozen=True)
class Layout:
    """How the images of a source were stored.

    Attributes:
        name: what sets its objects apart from those of other layouts.
        side: width and height of every image in pixels; None for images of native size.
        derivation: what happened to the pixels before.
    """

    name: str
    side: int | None
    derivation: str


FULL = Layout(
    "CDD-CESM",
    None,
    "From the 8-bit JPEG of CDD-CESM (DOI 10.7937/29kw-ae92), already windowed and cropped by the "
    "source",
)
REDUCED = Layout(
    "CDD-CESM, 512-pixel copies",
    512,
    "From the 8-bit JPEG of CDD-CESM (DOI 10.7937/29kw-ae92), already windowed, cropped, "
    "padded to square and scaled to 512 by the source",
)


@dataclass(frozen=True)
class Source:
    """What lies in a source folder.

    Attributes:
        layout: of the images.
        images: files by name.
        workbook, outlines: annotation files; None if absent.
        pairs_table, sizes: `pairs.tsv` and the page with native sizes of the reduced layout.
        problems: stray files.
    """

    layout: Layout
    images: dict[ImageName, Path]
    workbook: Path | None
    outlines: Path | None
    pairs_table: Path | None
    sizes: Path | None
    problems: list[Problem]


def find_source(folder: Path) -> Source:
    """Look through a folder for one of the two layouts.

    * Full: folders `Low energy images of CDD-CESM` and `Subtracted images of CDD-CESM`, anywhere.
    * Reduced: `cdd_cesm_512/images`, `cdd_cesm_512/pairs.tsv` and `README.md` with native sizes.

    The annotation workbook and the outlines may lie anywhere.

    Raises:
        FileNotFoundError: there is no such folder, or no image of CDD-CESM in it.
        ValueError: it holds both layouts.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    files = sorted(_files(folder))
    full: Contents = {one: kind for one in files if (kind := _full_content(one, folder))}
    reduced: Contents = {one: None for one in files if one.is_relative_to(folder / REDUCED_IMAGES)}
    if full and reduced:
        raise ValueError(f"{folder}: holds both the full CDD-CESM and its 512-pixel copies")
    images, problems = _images(full or reduced)
    if not images:
        raise FileNotFoundError(
            f"{folder}: holds no CDD-CESM image, neither in cdd_cesm_512/images nor in the "
            f"folders 'Low energy images of CDD-CESM' and 'Subtracted images of CDD-CESM'"
        )
    return Source(
        layout=FULL if full else REDUCED,
        images=images,
        workbook=_annotation(files, WORKBOOK),
        outlines=_annotation(files, OUTLINES),
        pairs_table=_if_file(folder / PAIRS_TABLE) if reduced else None,
        sizes=_if_file(folder / SIZES) if reduced else None,
        problems=problems,
    )


def _files(folder: Path) -> Iterable[Path]:
    for parent, _, names in os.walk(folder):
        # hidden files are the operating system's own
        yield from (Path(parent, name) for name in names if not name.startswith((".", "~$")))


def _full_content(path: Path, folder: Path) -> ImageContent | None:
    for parent in path.relative_to(folder).parents:
        if content := FULL_FOLDERS.get(parent.name.strip().lower()):
            return content
    return None


def _images(files: Contents) -> tuple[dict[ImageName, Path], list[Problem]]:
    images: dict[ImageName, Path] = {}
    problems = []
    for path, folder_content in files.items():
        name = ImageName.parse(path.name)
        if name is None or not path.name.strip().lower().endswith(SUFFIXES):
            reason = "is not named like an image of CDD-CESM, e.g. P1_L_DM_CC.jpg"
        elif folder_content not in (None, name.content):
            reason = f"is named as {name.content.value} but lies in the folder of the others"
        elif name in images:
            reason = f"has the same name, {name}, as {images[name]}"
        else:
            images[name] = path
            continue
        problems.append(Problem(path, f"{path}: {reason}", ProblemKind.STRAY))
    return images, problems


def _annotation(files: Iterable[Path], pattern: re.Pattern[str]) -> Path | None:
    """Return the file of that name: a workbook goes before its CSV, a high version before a low."""
    found = [path for path in files if pattern.fullmatch(path.name.strip())]
    return max(found, key=lambda path: (path.suffix.lower(), path.name), default=None)


def _if_file(path: Path) -> Path | None:
    return path if path.is_file() else None
