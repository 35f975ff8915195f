"""All that a source of CDD-CESM tells, joined by image: files, annotations, outlines, sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cem_monai.data.cdd_cesm.annotations import read_annotations
from cem_monai.data.cdd_cesm.image_facts import Annotations
from cem_monai.data.cdd_cesm.image_name import ImageName, PairName
from cem_monai.data.cdd_cesm.native_sizes import Sizes, native_frame, read_native_sizes
from cem_monai.data.cdd_cesm.problem import Problem, ProblemKind
from cem_monai.data.cdd_cesm.source_folder import Layout, Source, find_source
from cem_monai.data.via import Frame, Outline, read_outlines


@dataclass(frozen=True)
class Material:
    """What can be imported, and what cannot.

    Attributes:
        layout: of the images.
        pairs: whose two images are there, sorted.
        images: files by name.
        annotations: of images and breasts.
        outlines: native pixels, by image.
        sizes: (H, W) in native pixels of the images that are copies of another size.
        problems: everything that is missing, stray or damaged so far.
    """

    layout: Layout
    pairs: list[PairName]
    images: dict[ImageName, Path]
    annotations: Annotations
    outlines: dict[ImageName, list[Outline]]
    sizes: Sizes
    problems: list[Problem]

    def frame(self, name: ImageName, shape: tuple[int, int]) -> Frame | None:
        """Return where native pixels lie in an image of (H, W), or None where that is unknown."""
        if self.layout.side and name not in self.sizes:
            return None
        return native_frame(self.sizes.get(name), self.layout.side, shape)


def read_material(folder: Path) -> Material:
    """Read everything but the pixels.

    Args:
        folder: see `find_source`.

    Raises:
        FileNotFoundError: there is no such folder, or no image of CDD-CESM in it.
        ValueError: it holds both layouts.
    """
    source = find_source(folder)
    annotations, unread = read_annotations(source.workbook, source.pairs_table)
    outlines, undrawn = _outlines(source)
    sizes, unsized = _sizes(source)
    pairs = [name.pair for name in source.images if name.partner in source.images]
    problems = [*source.problems, *_incomplete(source, annotations, folder)]
    problems += unread + undrawn + unsized
    return Material(
        layout=source.layout,
        pairs=sorted(set(pairs)),
        images=source.images,
        annotations=annotations,
        outlines=outlines,
        sizes=sizes,
        problems=problems,
    )


def _incomplete(source: Source, annotations: Annotations, folder: Path) -> list[Problem]:
    """Name images without partner, and pairs that the source lists but does not hold."""
    problems = []
    for name, path in sorted(source.images.items(), key=lambda item: item[0]):
        if name.partner not in source.images:
            reason = f"{path}: its partner {name.partner} is missing"
            problems.append(Problem(path, reason, ProblemKind.NO_PARTNER))
    if source.layout.side and source.workbook:
        return problems  # the workbook tells of all patients, the copies are of some
    held = {name.pair for name in source.images}
    for pair in sorted({name.pair for name in annotations.images} - held):
        reason = f"{folder}: {pair} has annotations, but neither of its images is there"
        problems.append(Problem(folder, reason, ProblemKind.ABSENT))
    return problems


def _outlines(source: Source) -> tuple[dict[ImageName, list[Outline]], list[Problem]]:
    if source.outlines is None:
        return {}, []
    try:
        table = read_outlines(source.outlines)
    except ValueError as error:
        return {}, [Problem(source.outlines, str(error), ProblemKind.OUTLINES)]
    outlines: dict[ImageName, list[Outline]] = {}
    reasons = list(table.problems)
    for text, found in table.outlines.items():
        name = ImageName.parse(text)
        if name is None:
            reasons.append(f"{source.outlines}: {text!r} is no name of an image")
        elif reason := _other_file(source, name, table.file_sizes.get(text)):
            reasons.append(reason)
        else:
            outlines[name] = outlines.get(name, []) + found
    return outlines, [Problem(source.outlines, reason, ProblemKind.OUTLINES) for reason in reasons]


def _other_file(source: Source, name: ImageName, size: int | None) -> str | None:
    """Say that an image at native size is not the file that its outlines were drawn on."""
    path = source.images.get(name)
    if source.layout.side or path is None or size in (None, path.stat().st_size):
        return None
    return (
        f"{path}: has {path.stat().st_size} bytes, its outlines were drawn on a file of {size}: a "
        f"changed copy, on which they may lie elsewhere"
    )


def _sizes(source: Source) -> tuple[Sizes, list[Problem]]:
    if source.sizes is None:
        return {}, []
    try:
        return read_native_sizes(source.sizes), []
    except ValueError as error:
        return {}, [Problem(source.sizes, str(error), ProblemKind.OUTLINES)]
