"""Read the 512-pixel copies of CDD-CESM: pairs, outlines, native sizes, images."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from cem_monai.data.pair import Refused
from cem_monai.data.table import read_table
from cem_monai.data.via import Frame, Outline, read_outlines
from cem_monai.dicom import Laterality, ViewPosition

logger = logging.getLogger(__name__)

FOLDER = "cdd_cesm_512"
OUTLINES = Path("cdd_cesm_annotations") / "Radiology_hand_drawn_segmentations_v2.csv"
SIDE = 512
"""Width and height of every copy in pixels."""

COLUMNS = (
    *("pair", "patient", "side", "view", "le", "des", "age", "acr", "birads_le", "birads_des"),
    *("machine", "path_le", "path_des", "findings_le", "findings_des", "tags_des"),
)
ANNOTATIONS = COLUMNS[COLUMNS.index("age") :]
SIZES_HEADER = "pair\tle_h\tle_w\tdes_h\tdes_w"
UNKNOWN_SIZE = "-"


class ImageFileError(ValueError):
    """An image of the source cannot be used.

    Attributes:
        path: its file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


@dataclass(frozen=True)
class SourcePair:
    """One row of `pairs.tsv`.

    Attributes:
        name: e.g. `P106_L_MLO`.
        patient, laterality, view_position: its parts.
        low_energy, recombined: JPEG files.
        annotations: the other columns, as text.
    """

    name: str
    patient: str
    laterality: Laterality
    view_position: ViewPosition
    low_energy: Path
    recombined: Path
    annotations: dict[str, str]


@dataclass(frozen=True)
class Source:
    """What the source folder lists.

    Attributes:
        pairs: usable rows of `pairs.tsv`.
        refused: the other rows.
        outlines: outlines of each image in native pixels, by file name.
        frames: where each recombined image lies in its 512-pixel copy, by pair; unknown for some.
    """

    pairs: list[SourcePair]
    refused: list[Refused]
    outlines: dict[str, list[Outline]]
    frames: dict[str, Frame]


def read_source(folder: Path) -> Source:
    """Read the tables of the source folder.

    Args:
        folder: holds `cdd_cesm_512/` and, for lesion masks, `cdd_cesm_annotations/` and
            `README.md` with the table of native sizes.

    Raises:
        FileNotFoundError: there is no such folder, or no `pairs.tsv` in it.
        ValueError: a table is damaged, or `pairs.tsv` lists nothing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    pairs, refused = _read_pairs(folder / FOLDER)
    outlines_file, sizes_file = folder / OUTLINES, folder / "README.md"
    outlines = read_outlines(outlines_file) if outlines_file.is_file() else {}
    frames = _read_frames(sizes_file) if sizes_file.is_file() else {}
    if not outlines:
        logger.warning("no lesion masks: no outlines in %s", outlines_file)
    if not frames:
        logger.warning("no lesion masks: no table of native sizes in %s", sizes_file)
    return Source(pairs, refused, outlines, frames)


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Read one copy as (512, 512) gray values, exactly as the JPEG decodes.

    Raises:
        ImageFileError: the file is missing, no whole JPEG, or of another size.
    """
    if not path.is_file():
        raise ImageFileError(path, "no such file")
    try:
        with Image.open(path, formats=["JPEG"]) as image:
            size = image.size
            pixels = np.array(image.convert("L")) if size == (SIDE, SIDE) else None
    except Exception as error:  # Pillow lets many types through
        raise ImageFileError(path, f"cannot be read as JPEG ({type(error).__name__})") from None
    if pixels is None:
        raise ImageFileError(path, f"is {size[0]} x {size[1]} pixels, must be {SIDE} x {SIDE}")
    return pixels


def _read_pairs(folder: Path) -> tuple[list[SourcePair], list[Refused]]:
    table = folder / "pairs.tsv"
    rows = read_table(table, COLUMNS, delimiter="\t")
    if not rows:
        raise ValueError(f"{table}: lists no pair")
    pairs: dict[str, SourcePair] = {}
    refused = []
    for number, row in enumerate(rows, 1):
        reason = _unusable(row)
        if row["pair"] in pairs:
            reason = f"{row['pair']} is listed before"
        if reason:
            refused.append(Refused(table, f"{table}: row {number}: {reason}"))
        else:
            pairs[row["pair"]] = _pair(row, folder)
    return list(pairs.values()), refused


def _unusable(row: dict[str, str]) -> str | None:
    """Say what contradicts the naming scheme, by which alone DM and CM images are told apart."""
    patient, side, view = row["patient"], row["side"], row["view"]
    if not re.fullmatch(r"P\d{1,9}_[LR]_(CC|MLO)", f"{patient}_{side}_{view}", re.ASCII):
        return f"patient, side and view are {patient!r}, {side!r}, {view!r}, not like P1, L, CC"
    if row["pair"] != f"{patient}_{side}_{view}":
        return f"pair is {row['pair']!r}, must be {patient}_{side}_{view}"
    for column, kind in (("le", "DM"), ("des", "CM")):
        wanted = f"images/{patient}_{side}_{kind}_{view}.jpg"
        if row[column] != wanted:
            return f"{column} is {row[column]!r}, must be {wanted}"
    if not re.fullmatch(r"\d{1,3}|_", row["age"], re.ASCII):
        return f"age is {row['age']!r}, must be years or _"
    return None


def _pair(row: dict[str, str], folder: Path) -> SourcePair:
    return SourcePair(
        name=row["pair"],
        patient=row["patient"],
        laterality=Laterality(row["side"]),
        view_position=ViewPosition(row["view"]),
        low_energy=folder / row["le"],
        recombined=folder / row["des"],
        annotations={column: row[column] for column in ANNOTATIONS},
    )


def _read_frames(readme: Path) -> dict[str, Frame]:
    """Parse the fenced table of native sizes; the copies were padded to a centered square."""
    try:
        blocks = re.findall(r"^```\w*\n(.*?)^```", readme.read_text("utf-8"), re.M | re.S)
    except UnicodeDecodeError as error:
        raise ValueError(f"{readme}: cannot be read as text ({error})") from None
    tables = [lines for block in blocks if (lines := block.splitlines())[:1] == [SIZES_HEADER]]
    frames = {}
    for line in tables[0][1:] if tables else []:
        pair, *sizes = line.split("\t")
        if len(sizes) != 4 or not all(re.fullmatch(r"[1-9]\d{0,4}|-", size) for size in sizes):
            raise ValueError(f"{readme}: the table of native sizes holds {line!r}")
        if UNKNOWN_SIZE not in sizes[2:]:
            height, width = map(int, sizes[2:])
            frames[pair] = Frame((SIDE, SIDE), SIDE / height, left=(height - width) / 2)
    return frames
