"""Import CDD-CESM (DOI 10.7937/29kw-ae92) as DICOM study folders."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from cem_monai.data.cdd_cesm.image_file import ImageFileError
from cem_monai.data.cdd_cesm.image_name import PairName
from cem_monai.data.cdd_cesm.import_pair import ImportedPair, import_pair, remove_pair
from cem_monai.data.cdd_cesm.material import Material, read_material
from cem_monai.data.cdd_cesm.problem import Problem, ProblemKind, count_problems
from cem_monai.data.cdd_cesm.records import remove_exams, write_exams, write_registrations
from cem_monai.data.dicom_folder import report_refused
from cem_monai.data.folds import check_folds, remove_folds, write_folds
from cem_monai.data.pair_registration import RegistrationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImportSummary:
    """What an import has written.

    Attributes:
        pairs, patients: how many.
        with_mass: pairs that got a lesion mask; the others have no outline or no known native size.
        folds: number of folds that were written.
        refused: what was left out, each with one sentence.
    """

    pairs: int
    patients: int
    with_mass: int
    folds: int
    refused: list[Problem]

    def __str__(self) -> str:
        """Return one sentence."""
        counts = f": {count_problems(self.refused)}" if self.refused else ""
        return (
            f"{self.pairs} pairs of {self.patients} patients imported, {self.with_mass} with a "
            f"lesion mask and {self.pairs - self.with_mass} without, in {self.folds} folds; "
            f"{len(self.refused)} left out{counts}"
        )


def import_cdd_cesm(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    register: bool = True,
    folds: int = 5,
    seed: int = 0,
) -> ImportSummary:
    """Convert real low-energy/subtracted pairs into DICOM study folders with lesion masks.

    The low-energy pixels stay as the JPEG files decode; nothing is stretched. Both images of a pair
    get the matrix of the low-energy one. Running it again writes the same bytes. `refused.csv` in
    the output lists what was left out, `registration.csv` how each pair was registered.

    * Mass: union of the outlines drawn on the subtracted image. Pairs whose native size is unknown,
      or a source without outlines or sizes, give no masks.
    * Surround: ring around the mass, inside the breast of the low-energy image.

    Args:
        source: folder with the full data set, or its 512-pixel copies; see `find_source`.
        output: folder to write; `<patient>/<view>_{LE,DES}.dcm`, masks, `exam.json`, and a datalist
            for each fold.
        register: move the subtracted images onto the low-energy ones, and leave out pairs whose
            registration fails; else they are only padded and cut to the same matrix.
        folds: of a cross-validation by patient; 0 for none.
        seed: of the folds.

    Raises:
        FileNotFoundError: the source is missing, or holds no image of CDD-CESM.
        ValueError: the output is a file, the source holds both layouts, no pair can be imported, or
            folds or seed are out of range.
    """
    check_folds(folds, seed)
    source, output = Path(source), Path(output)
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output}: is a file, the output must be a folder")
    material = read_material(source)
    remove_folds(output)  # until the end, older lists do not tell what lies in the folder
    imported, refused = _import_pairs(material, output, register)
    problems = material.problems + list(refused.values())
    report_refused(problems, output / "refused.csv")
    if not imported:
        raise ValueError(f"{source}: no pair can be imported; the first: {problems[0].reason}")
    _write_records(imported, refused, material, output)
    patients = len({one.name.patient for one in imported})
    if folds > patients:
        logger.warning("%d patients are too few for %d folds: none written", patients, folds)
        folds = 0
    if folds:
        write_folds([one.files for one in imported], output, folds=folds, seed=seed)
    with_mass = sum(one.has_mass for one in imported)
    return ImportSummary(len(imported), patients, with_mass, folds, problems)


def _import_pairs(
    material: Material, output: Path, register: bool
) -> tuple[list[ImportedPair], dict[PairName, Problem]]:
    imported: list[ImportedPair] = []
    refused: dict[PairName, Problem] = {}
    for pair in tqdm(material.pairs, desc="importing CDD-CESM", unit="pair"):
        try:
            imported.append(import_pair(pair, material, output, register))
        except ImageFileError as error:
            refused[pair] = Problem(error.path, str(error), ProblemKind.UNUSABLE)
        except RegistrationError as error:
            path = material.images[pair.recombined]
            refused[pair] = Problem(path, f"{path}: {error}", ProblemKind.UNREGISTERED)
    return imported, refused


def _write_records(
    imported: list[ImportedPair], refused: dict[PairName, Problem], material: Material, output: Path
) -> None:
    for pair in refused:
        remove_pair(pair, output)
    remove_exams(refused, imported, output)
    write_exams(imported, material.annotations, material.layout, output)
    unregistered = [
        pair for pair, problem in refused.items() if problem.kind is ProblemKind.UNREGISTERED
    ]
    write_registrations(imported, unregistered, output / "registration.csv")
