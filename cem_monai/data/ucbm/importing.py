"""Import CESM@UCBM (Rofena et al. 2024, arXiv 2308.00471) as DICOM study folders."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cem_monai.data.breast import BreastMaskError, breast_mask
from cem_monai.data.dicom_folder import report_refused
from cem_monai.data.exam_file import write_exam_file
from cem_monai.data.imported_study import CODES, UNKNOWN_DATE, ImportedPair, write_imported
from cem_monai.data.pair import Refused
from cem_monai.data.ucbm.image_file import UcbmImage, UcbmImageError, read_ucbm_image
from cem_monai.data.ucbm.source_folder import UcbmPair, find_ucbm_pairs
from cem_monai.data.ucbm.tables import UcbmTables, Window, read_ucbm_tables
from cem_monai.dicom import ImageContent, Laterality

logger = logging.getLogger(__name__)

COLLECTION = "CESM-UCBM"
TERMS = (
    "CESM@UCBM: its license and the format of its archive could not be verified. By going on you "
    "confirm that its terms (www.cosbi-lab.it/cesmucbm) allow what you do with it. The folds that "
    "its authors released split by image, with the same patients in training and test: they are "
    "not used."
)
ORIGIN = "From CESM@UCBM (Rofena et al. 2024, arXiv 2308.00471), pixel values unchanged"
TRANSPOSED = "rows and columns exchanged, since the source stores columns first"
DEFAULT_WINDOWS: dict[ImageContent, Window] = {
    ImageContent.LOW_ENERGY: (2536, 1722),
    ImageContent.RECOMBINED: (2105, 380),
}
"""For images without a window of their own: of low-energy images what covers the windows of all
others (centers 2125 to 2947, widths mostly up to 900), of recombined ones the most frequent one."""
MIN_CHEST_SHARE = 0.45
"""Share of the breast in its half next to the chest wall, below which the image is mirrored. Of 193
low-energy images of CDD-CESM the smallest is 0.49; mirrored, 186 of them are below 0.45."""


@dataclass(frozen=True)
class UcbmSummary:
    """What an import has written.

    Attributes:
        pairs, patients: how many.
        with_window: pairs whose windows the source tells.
        transposed: pairs whose rows and columns were exchanged.
        refused: what was left out, each with one sentence.
    """

    pairs: int
    patients: int
    with_window: int
    transposed: int
    refused: list[Refused]

    def __str__(self) -> str:
        """Return one sentence."""
        return (
            f"{self.pairs} pairs of {self.patients} patients imported, {self.with_window} with "
            f"windows of the source, {self.transposed} with rows and columns exchanged, "
            f"{len(self.refused)} refused"
        )


def import_ucbm(source: str | os.PathLike[str], output: str | os.PathLike[str]) -> UcbmSummary:
    """Convert the pairs of CESM@UCBM into DICOM study folders.

    * Values are stored as they are, 12 bits where they fit, else 16.
    * Both images of a pair must have one matrix: the source needs no registration.
    * Mammograms are taller than wide. A pair that is not was stored columns first, as the authors'
      own code reads it, and its rows and columns are exchanged.
    * The breast must be at the side of the chest wall that its laterality tells, or the pair is
      refused.
    * Window of the source's fold lists, else `DEFAULT_WINDOWS`. The folds themselves are ignored.
    * Pixel spacing only where the files tell a plausible one.

    Running it again writes the same bytes. `refused.csv` in the output lists what was left out.

    Args:
        source: folder that holds `Low Energy` and `Recombined`, or one above it; fold lists and
            `file_dataset.xlsx` anywhere in it.
        output: folder to write; `<patient>/<view>_<number>_{LE,DES}.dcm` and `exam.json`.

    Raises:
        FileNotFoundError: the source or one of its two folders is missing.
        ValueError: the output is a file, or no pair can be imported.
    """
    source, output = Path(source), Path(output)
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output}: is a file, the output must be a folder")
    pairs, refused = find_ucbm_pairs(source)
    tables = read_ucbm_tables(source)
    refused += tables.refused
    imported, transposed = [], 0
    for pair in tqdm(pairs, desc="importing CESM@UCBM", unit="pair"):
        try:
            transposed += _import_pair(pair, tables, output)
            imported.append(pair)
        except UcbmImageError as error:
            refused.append(Refused(error.path, str(error)))
            for content in CODES:  # of an earlier import, with another source
                _identity(pair).path(content, output).unlink(missing_ok=True)
    report_refused(refused, output / "refused.csv")
    if not imported:
        raise ValueError(f"{source}: no pair can be imported; the first: {refused[0].reason}")
    patients = _write_exams(imported, tables, output)
    with_window = sum(pair.name in tables.windows for pair in imported)
    return UcbmSummary(len(imported), patients, with_window, transposed, refused)


def _import_pair(pair: UcbmPair, tables: UcbmTables, output: Path) -> bool:
    """Write one pair; return whether its rows and columns were exchanged."""
    images = {
        ImageContent.LOW_ENERGY: read_ucbm_image(pair.low_energy),
        ImageContent.RECOMBINED: read_ucbm_image(pair.recombined),
    }
    _check_same_matrix(pair, *images.values())
    rows, columns = images[ImageContent.LOW_ENERGY].pixels.shape
    if exchange := columns > rows:
        images = {content: image.transposed() for content, image in images.items()}
    _check_chest_wall(pair, images[ImageContent.LOW_ENERGY])
    windows = {**DEFAULT_WINDOWS, **tables.windows.get(pair.name, {})}
    for content, image in images.items():
        eight_bits = image.bits_stored == 8  # already windowed
        write_imported(
            image.pixels,
            _identity(pair, with_window=pair.name in tables.windows),
            content,
            output,
            bits_stored=image.bits_stored,
            spacing=image.spacing,
            window=(128, 256) if eight_bits else windows[content],
            derivation=f"{ORIGIN}; {TRANSPOSED}" if exchange else ORIGIN,
        )
    return exchange


def _check_same_matrix(pair: UcbmPair, low_energy: UcbmImage, recombined: UcbmImage) -> None:
    for name, ours, theirs in (
        ("matrix", recombined.pixels.shape, low_energy.pixels.shape),
        ("pixel spacing", recombined.spacing, low_energy.spacing),
    ):
        if ours != theirs:
            reason = f"the {name} is {ours}, but {theirs} in its low-energy partner"
            raise UcbmImageError(pair.recombined, f"{reason} {pair.low_energy}")


def _check_chest_wall(pair: UcbmPair, low_energy: UcbmImage) -> None:
    try:
        share = chest_wall_share(breast_mask(low_energy.pixels), pair.laterality)
    except BreastMaskError as error:
        raise UcbmImageError(pair.low_energy, str(error)) from None
    if share < MIN_CHEST_SHARE:
        side = "left" if pair.laterality is Laterality.LEFT else "right"
        reason = f"only {share:.0%} of the breast are in its {side} half, where the chest wall of a"
        raise UcbmImageError(
            pair.low_energy, f"{reason} {side} breast must be: mirrored, or mislabeled"
        )


def chest_wall_share(breast: npt.NDArray[np.bool_], laterality: Laterality) -> float:
    """Return the share of a breast in the half where its chest wall must be.

    Args:
        breast: (H, W) mask.
        laterality: a left breast has its chest wall at the left.
    """
    columns = breast.sum(axis=0)
    if laterality is Laterality.RIGHT:
        columns = columns[::-1]
    inside = columns.nonzero()[0]
    middle = (inside[0] + inside[-1] + 1) // 2
    return float(columns[:middle].sum() / columns.sum())


def _identity(pair: UcbmPair, *, with_window: bool = True) -> ImportedPair:
    laterality, view = pair.laterality, pair.view_position
    return ImportedPair(
        collection=COLLECTION,
        patient=pair.patient,
        view=f"{laterality.value}_{view.value}_{pair.number}",
        laterality=laterality,
        view_position=view,
        number=pair.number,
        comments=(
            f"The source tells no dates: {UNKNOWN_DATE:%Y-%m-%d} stands for an unknown one. "
            "It tells no patient orientation: that of a mammogram with this laterality is written. "
            + ("" if with_window else "It tells no window of this image: a usual one is written.")
        ).strip(),
    )


def _write_exams(pairs: list[UcbmPair], tables: UcbmTables, output: Path) -> int:
    exams: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for pair in pairs:
        identity = _identity(pair)
        exams[identity.patient_id][identity.view] = tables.of(pair)
    for patient, views in exams.items():
        write_exam_file(output / patient, patient=patient, source=ORIGIN, views=views)
    return len(exams)
