"""Verbs that turn archives into what models learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cem_monai.command_line import PARTLY_DONE

if TYPE_CHECKING:
    from cem_monai.data import Refused


def import_cdd_cesm(
    source: str, output: str, register: bool = True, folds: int = 5, seed: int = 0
) -> None:
    """Turn the public CDD-CESM pairs into DICOM studies that `index` and the bundles read.

    What cannot be used is listed in refused.csv of the output, with the reason.

    Args:
        source: folder with the full data set, or with its 512-pixel copies; the annotations may lie
            anywhere in it. docs/how-to/import-cdd-cesm.md tells the layouts.
        output: folder to write.
        register: move the subtracted images onto the low-energy ones.
        folds: of a cross-validation by patient, fold_0.json and so on; 0 for none.
        seed: of the folds.
    """
    from cem_monai.data import import_cdd_cesm as run

    summary = run(source, output, register=register, folds=folds, seed=seed)
    print(summary)
    _write_qc(output, summary.refused)
    if summary.refused:
        raise SystemExit(PARTLY_DONE)


def import_ucbm(source: str, output: str, folds: int = 5, seed: int = 0) -> None:
    """Turn the pairs of CESM@UCBM into DICOM studies and folds by patient.

    What cannot be used is listed in refused.csv of the output, with the reason.

    Args:
        source: folder that holds "Low Energy", Recombined, and the tables that came with them.
        output: folder to write.
        folds: of a cross-validation by patient, fold_0.json and so on; 0 for none.
        seed: of the folds.
    """
    from cem_monai.data import check_folds, find_pairs, report_refused, write_folds
    from cem_monai.data import import_ucbm as run
    from cem_monai.data.ucbm import TERMS
    from cem_monai.qc import write_qc

    check_folds(folds, seed)
    print(TERMS)
    summary = run(source, output)
    print(summary)
    pairs, unpaired = find_pairs(output)
    refused = summary.refused + unpaired
    report_refused(refused, Path(output, "refused.csv"))
    patients = len({pair.patient for pair in pairs})
    if folds > patients:
        print(f"{patients} patients are too few for {folds} folds: none written")
    elif folds:
        write_folds(pairs, output, folds=folds, seed=seed)
    write_qc(Path(output, "qc.html"), pairs, refused)
    if refused:
        raise SystemExit(PARTLY_DONE)


def index(
    folder: str,
    datalist: str | None = None,
    test_fraction: float = 0.05,
    validation_fraction: float = 0.0,
    folds: int = 0,
    seed: int = 0,
    allow_implants: bool = False,
) -> None:
    """Pair low-energy and recombined images and split them by patient into a MONAI datalist.

    What cannot be used is listed in refused.csv beside the datalist, with the reason. qc.html shows
    the archive: counts, duplicates, a contact sheet.

    Args:
        folder: DICOM files, in any arrangement.
        datalist: JSON file to write; FOLDER/datalist.json by default.
        test_fraction: share of the patients kept for the evaluation.
        validation_fraction: share of the patients kept for validation while training.
        folds: of a cross-validation by patient; writes fold_0.json and so on beside the datalist.
        seed: of the split and the folds.
        allow_implants: take breasts with an implant, which are refused by default.
    """
    from cem_monai.data import (
        check_folds,
        check_split,
        find_pairs,
        report_refused,
        write_datalist,
        write_folds,
    )
    from cem_monai.qc import write_qc

    check_split(test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed)
    check_folds(folds, seed)
    path = Path(datalist) if datalist else Path(folder, "datalist.json")
    pairs, refused = find_pairs(folder, allow_implants=allow_implants)
    counts = write_datalist(
        pairs,
        path,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )
    report_refused(refused, path.with_name("refused.csv"))
    if folds:
        write_folds(pairs, path.parent, folds=folds, seed=seed)
    write_qc(path.with_name("qc.html"), pairs, refused, datalist=path)
    patients = len({pair.patient for pair in pairs})
    sections = ", ".join(f"{count} {section}" for section, count in counts.items())
    print(f"{len(pairs)} pairs of {patients} patients in {path}: {sections}")
    print(f"{path.with_name('qc.html')} shows the archive; it must not leave it")
    if refused:
        print(f"{len(refused)} images left out, see {path.with_name('refused.csv')}")
        raise SystemExit(PARTLY_DONE)


def dose_patches(
    folder: str,
    output: str,
    conversion: str = "raw_fixed",
    label: str = "high",
    patch_size: int = 150,
    stride: int = 150,
    min_foreground: float = 0.5,
    split: str = "arrangement",
    test_fraction: float = 0.25,
    validation_fraction: float = 0.0,
    seed: int = 0,
) -> None:
    """Cut dose pairs into 8-bit patches (PNG) and split them into a MONAI datalist.

    Args:
        folder: what simulate_dose writes, or folders of the same form.
        output: folder to write: datalist.json, patches/.
        conversion: of raw values to 8 bits: raw_fixed, log_fixed or per_image.
        label: the target's file in each folder: high, auto or high_noise_free.
        patch_size: pixels.
        stride: pixels between the first pixels of neighbors.
        min_foreground: share of a patch that must show the phantom.
        split: arrangement, or patch as published, which puts neighbors in training and test.
        test_fraction: share of the arrangements or patches kept for the evaluation.
        validation_fraction: share of them kept for validation while training.
        seed: of the split.
    """
    from cem_monai.data import eight_bit_pairs, find_dose_pairs, write_patches

    pairs, refused = find_dose_pairs(folder, label=label)
    counts = write_patches(
        eight_bit_pairs(pairs, conversion),
        output,
        patch_size=patch_size,
        stride=stride,
        min_foreground=min_foreground,
        split=split,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )
    sections = ", ".join(f"{count} {section}" for section, count in counts.items())
    print(f"patches of {len(pairs)} pairs in {output}: {sections}")
    for one in refused:
        print(f"left out: {one.reason}")


def _write_qc(folder: str, refused: Sequence[Refused]) -> None:
    """Write the page on what an importer wrote and refused; its datalist is used where it is."""
    from cem_monai.data import find_pairs
    from cem_monai.qc import write_qc

    datalist = Path(folder, "datalist.json")
    pairs, unpaired = find_pairs(folder)
    write_qc(
        Path(folder, "qc.html"),
        pairs,
        [*refused, *unpaired],
        datalist=datalist if datalist.is_file() else None,
    )
