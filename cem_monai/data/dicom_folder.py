"""Look through a folder of DICOM files for contrast-enhanced mammograms."""

from __future__ import annotations

import csv
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cem_monai.atomic import atomic_write
from cem_monai.checksums import read_checksums
from cem_monai.data.breast import BreastMaskError, Mask, breast_mask, chest_wall_side
from cem_monai.data.checksums import check_checksum
from cem_monai.data.intensity import trained_intensity, unlike_training
from cem_monai.data.pair import CEMPair, Refused
from cem_monai.data.pairing import pair_images
from cem_monai.dicom import (
    ImageContent,
    Laterality,
    MammogramAttributes,
    MammogramError,
    RefusalCode,
    attribute_label,
    check_implant,
    damaged_otherwise,
    decode,
    image_content,
    open_mammogram,
    read_attributes,
    value_range,
)

logger = logging.getLogger(__name__)

DICOM_SUFFIXES = {".dcm", ".dicom", ".ima"}
REASONS_SHOWN = 10


class NoLowEnergyError(ValueError):
    """A folder holds nothing to translate, which is no fault of what would translate it."""


@dataclass(frozen=True)
class FolderScan:
    """What a folder holds.

    Attributes:
        images: usable mammograms with their content.
        refused: DICOM files that cannot be used, each with one sentence.
    """

    images: list[tuple[ImageContent, MammogramAttributes]]
    refused: list[Refused]

    def of(self, content: ImageContent) -> list[MammogramAttributes]:
        """Return the mammograms that show `content`."""
        return [image for kind, image in self.images if kind is content]


def scan_folder(
    folder: str | os.PathLike[str],
    *,
    allow_implants: bool = False,
    trained: Mapping[str, Any] | None = None,
) -> FolderScan:
    """Read every DICOM file below a folder (or one file) and sort out what cannot be used.

    Where a `SHA256SUMS` lies in the folder, files that it does not list as they are are refused.

    Args:
        folder: DICOM folder or file.
        allow_implants: take breasts with an implant.
        trained: what low-energy images must be like (see `trained_intensity`); None for anything.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: no DICOM file lies in it.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    files = sorted(dicom_files(folder))
    if not files:
        raise ValueError(f"{folder}: holds no DICOM file")
    checksums = read_checksums(folder)
    scan = FolderScan([], [])
    seen: dict[str, Path] = {}
    for path in tqdm(files, desc="reading DICOM", unit="file"):
        try:
            if checksums is not None:
                check_checksum(path, checksums)
            content, image = inspect_file(path, allow_implants=allow_implants, trained=trained)
            _check_unique(image, seen)
            scan.images.append((content, image))
        except MammogramError as error:
            scan.refused.append(Refused(path, str(error), code=error.code))
    return scan


def inspect_file(
    path: Path, *, allow_implants: bool = False, trained: Mapping[str, Any] | None = None
) -> tuple[ImageContent, MammogramAttributes]:
    """Look at one DICOM file as closely as it can be done without a network.

    Args:
        path: DICOM file.
        allow_implants: take a breast with an implant.
        trained: what a low-energy image must be like; None for anything.

    Raises:
        MammogramError: it is no mammogram that can be used.
    """
    with damaged_otherwise(path):
        dataset = open_mammogram(path)
        if not allow_implants:
            check_implant(dataset, path)
        image = read_attributes(dataset, path)
        content = image_content(dataset, path)
        pixels = decode(dataset, path)  # only this tells whether a compressed image is whole
    if content is ImageContent.LOW_ENERGY:
        try:  # found again in training; wrong polarity is found out here
            breast = breast_mask(pixels)
        except BreastMaskError as error:
            raise MammogramError(f"{path}: {error}", RefusalCode.BREAST) from None
        _check_side(breast, image, path)
        if trained and (unlike := unlike_training(pixels, breast, value_range(dataset), trained)):
            raise MammogramError(f"{path}: {unlike}", RefusalCode.INTENSITY)
    return content, image


def _check_side(breast: Mask, image: MammogramAttributes, path: Path) -> None:
    """Refuse pixels that were mirrored without their header, or the other way round."""
    seen, _ = chest_wall_side(breast)  # of a breast that fills its image none is clear
    expected = Laterality.RIGHT if image.chest_wall_at_right else Laterality.LEFT
    if seen not in (None, expected):
        sides = {Laterality.LEFT: "left", Laterality.RIGHT: "right"}
        raise MammogramError(
            f"{path}: the breast is cut off straight at the {sides[seen]} of its pixels, but the "
            f"chest wall must lie at the {sides[expected]} by "
            f"{attribute_label('PatientOrientation')} and {attribute_label('ImageLaterality')}",
            RefusalCode.ORIENTATION,
        )


def find_pairs(
    folder: str | os.PathLike[str], *, allow_implants: bool = False
) -> tuple[list[CEMPair], list[Refused]]:
    """Return the low-energy/recombined pairs below a folder, and every file that was left out.

    Twins of simulated exams belong to their pairs.

    Args:
        folder: DICOM folder.
        allow_implants: take breasts with an implant.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it holds no DICOM file, or no pair can be made of what it holds.
    """
    scan = scan_folder(folder, allow_implants=allow_implants)
    pairs, unpaired = pair_images(scan.images)
    twins = {pair.twin for pair in pairs}
    refused = scan.refused + [one for one in unpaired if one.path not in twins]
    if not pairs:
        raise ValueError(f"{folder}: no low-energy/recombined pair; {count_refused(refused)}")
    return pairs, refused


def find_low_energy(
    folder: str | os.PathLike[str],
    refused_csv: str | os.PathLike[str],
    *,
    weights: str | os.PathLike[str] | None = None,
    allow_implants: bool = False,
) -> list[dict[str, str]]:
    """Return the low-energy images below a folder as MONAI data items `{"image", "case"}`.

    Recombined and high-energy images are passed over; what cannot be used is logged and listed.

    Args:
        folder: DICOM folder or file.
        refused_csv: file that lists what was left out and why.
        weights: of the model; an image far from its training images is left out, as far as the JSON
            file beside the weights tells what they were like.
        allow_implants: take breasts with an implant.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it holds no DICOM file; a `NoLowEnergyError`, if none of its files can be used.
    """
    trained = None if weights is None else trained_intensity(weights)
    scan = scan_folder(folder, allow_implants=allow_implants, trained=trained)
    low_energy = scan.of(ImageContent.LOW_ENERGY)
    report_refused(scan.refused, refused_csv)
    if not low_energy:
        raise NoLowEnergyError(
            f"{folder}: no usable low-energy image; {count_refused(scan.refused)}"
        )
    logger.info("%d low-energy images found, %d files refused", len(low_energy), len(scan.refused))
    return [{"image": str(image.path), "case": image.sop_instance_uid} for image in low_energy]


def report_refused(refused: Sequence[Refused], path: str | os.PathLike[str]) -> None:
    """Write `refused.csv` (columns path, reason, code) and log the first reasons."""
    with atomic_write(path, "w") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "reason", "code"])
        writer.writerows([one.path, one.reason, one.code] for one in refused)
    for one in refused[:REASONS_SHOWN]:
        logger.warning("left out: %s", one.reason)
    if len(refused) > REASONS_SHOWN:
        logger.warning("left out: %d more, see %s", len(refused) - REASONS_SHOWN, path)


def dicom_files(folder: Path) -> Iterator[Path]:
    """Yield every DICOM file below a folder, or the one file that it is."""
    for path in files_below(folder):
        if path == folder or looks_like_dicom(path):
            yield path


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that is not hidden, or the one file that it is.

    Nor is what a hidden folder holds: `simulate` writes an exam there before it gets its name.
    """
    if folder.is_file():
        yield folder
        return
    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        # a link back to a folder above would never end
        shown = (name for name in folders if not name.startswith("."))
        folders[:] = [name for name in shown if _is_new(os.path.join(parent, name), seen)]
        for path in (Path(parent, name) for name in names if not name.startswith(".")):
            if path.is_file():
                yield path


def looks_like_dicom(path: Path) -> bool:
    """Tell by the name, or by the mark after the preamble (PS3.10 7.1)."""
    if path.suffix.lower() in DICOM_SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM" and path.name != "DICOMDIR"


def _is_new(folder: str, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    new = real not in seen
    seen.add(real)
    return new


def _check_unique(image: MammogramAttributes, seen: dict[str, Path]) -> None:
    first = seen.setdefault(image.sop_instance_uid, image.path)
    if first != image.path:
        raise MammogramError(
            f"{image.path}: has the same SOPInstanceUID (0008,0018) {image.sop_instance_uid} "
            f"as {first}",
            RefusalCode.DUPLICATE,
        )


def count_refused(refused: list[Refused]) -> str:
    """Return how many files were refused, with the first reason."""
    if not refused:
        return "nothing was refused"
    return f"{len(refused)} files were refused, the first: {refused[0].reason}"
