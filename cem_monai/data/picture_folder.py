"""Look through a folder of PNG and JPEG files for low-energy images: the 8-bit research mode."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from cem_monai.data.dicom_folder import count_refused, files_below, report_refused
from cem_monai.data.pair import Refused
from cem_monai.data.picture_file import PICTURE_SUFFIXES, PictureError
from cem_monai.data.picture_mammogram import read_picture_mammogram
from cem_monai.data.picture_name import is_subtracted
from cem_monai.dicom import RefusalCode

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureScan:
    """What a folder holds.

    Attributes:
        cases: case → usable low-energy image; the case is its path below the folder, without the
            end `.png`.
        refused: PNG and JPEG files that cannot be used, each with one sentence.
        subtracted: how many subtracted images were passed over.
        sides_seen: how many names do not tell which breast it is, so that the pixels had to.
    """

    cases: dict[str, Path] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    subtracted: list[Path] = field(default_factory=list)
    sides_seen: list[Path] = field(default_factory=list)


def find_picture_low_energy(
    folder: str | os.PathLike[str],
    refused_csv: str | os.PathLike[str],
    source_bits: int | None = None,
) -> list[dict[str, str]]:
    """Return the low-energy images below a folder as MONAI data items `{"image", "case"}`.

    Every PNG and JPEG file is taken for a low-energy image, unless CDD-CESM's naming tells that it
    is a subtracted one (`_CM_`): those are passed over. What cannot be used is logged and listed.

    Args:
        folder: folder, or one PNG or JPEG file.
        refused_csv: file that lists what was left out and why.
        source_bits: see `read_picture`.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: no usable low-energy image lies in it.
    """
    folder = Path(folder)
    if source_bits is not None and not 9 <= source_bits <= 16:
        raise ValueError(f"source_bits must be 9 to 16, got {source_bits}")
    scan = _scan(folder, source_bits)
    report_refused(scan.refused, refused_csv)
    _tell(scan)
    if not scan.cases:
        raise ValueError(
            f"{folder}: no usable low-energy PNG or JPEG image; {count_refused(scan.refused)}, "
            f"{len(scan.subtracted)} subtracted images passed over"
        )
    return [{"image": str(path), "case": case} for case, path in scan.cases.items()]


def picture_files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that is named like a PNG or JPEG, or the one file it is."""
    for path in files_below(folder):
        if path == folder or path.suffix.lower() in PICTURE_SUFFIXES:
            yield path


def _scan(folder: Path, source_bits: int | None) -> PictureScan:
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    scan = PictureScan()
    root = folder if folder.is_dir() else folder.parent
    for path in tqdm(sorted(picture_files(folder)), desc="reading pictures", unit="file"):
        if is_subtracted(path):
            scan.subtracted.append(path)
            continue
        try:
            _add(scan, path.relative_to(root).with_suffix("").as_posix(), path, source_bits)
        except PictureError as error:
            scan.refused.append(Refused(path, str(error), code=RefusalCode.PICTURE))
    return scan


def _add(scan: PictureScan, case: str, path: Path, source_bits: int | None) -> None:
    if case in scan.cases:
        raise PictureError(f"{path}: differs from {scan.cases[case].name} only by the end")
    image = read_picture_mammogram(path, source_bits)
    if image.laterality_from == "pixels":
        scan.sides_seen.append(path)
    scan.cases[case] = path


def _tell(scan: PictureScan) -> None:
    if count := len(scan.subtracted):
        logger.warning("passed over: %d subtracted images (_CM_)", count)
    if count := len(scan.sides_seen):
        logger.warning(
            "%d names do not tell left or right: taken from the side of the chest wall", count
        )
