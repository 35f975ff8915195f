"""A folder of predictions of any origin: which file predicts which case, and all of them read."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cem_monai.data import (
    REGIONS,
    VIRTUAL_SUFFIX,
    looks_like_dicom,
    mask_path,
    pixels_sha256,
    virtual_marks,
)
from cem_monai.data.datalist import FILE_KEYS
from cem_monai.data.dicom_folder import DICOM_SUFFIXES
from cem_monai.dicom import (
    MammogramError,
    decode,
    is_uncertainty_map,
    open_header,
    open_mammogram,
    sources_of_generated,
)
from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.prediction_formats import plane_suffix
from cem_monai.evaluation.prediction_pixels import FloatImage, read_prediction
from cem_monai.evaluation.problems import PredictionsError, Problem, ProblemKind

Items = Sequence[Mapping[str, Any]]


def find_predictions(folder: str | os.PathLike[str], items: Items) -> dict[str, Path]:
    """Return the one prediction of each case.

    All DICOM, NIfTI, PNG and NPY files below the folder must be predictions; hidden ones and files
    of other formats are left alone.

    * An image that this package generated belongs to the case whose low-energy image it names as
      its source, whatever its file name: DICOM by SourceImageSequence, PNG by the hash of the
      source's pixels. A PNG whose source has other pixels than any case is found by its name,
      without `_VIRTUAL_DES`.
    * Any other file belongs to the case that it is named like, without the end `.npy` and so on, or
      else to the one whose low-energy file it is named like: by folder and name
      (`SIM-000003/L_CC_LE.npy`), or by name alone where only one case has such a file.

    Args:
        folder: of the predictions.
        items: of `load_datalist`.

    Returns:
        case → file, in the order of the datalist.

    Raises:
        FileNotFoundError: there is no such folder.
        PredictionsError: a case has no prediction or several; a prediction has no case; a case or
            an image is in the datalist twice, or a case has the mask of another. It tells all of
            that at once.
    """
    matching = match_predictions(folder, items)
    if matching.problems:
        raise PredictionsError(matching.problems)
    return matching.found


def read_predictions(
    folder: str | os.PathLike[str], items: Items
) -> Iterator[tuple[EvaluationCase, FloatImage]]:
    """Yield each case with its prediction, one after the other.

    As soon as anything is wrong, nothing more is yielded: the rest is only read, so that the error
    at the end tells everything that must be mended.

    Args:
        folder, items: see `find_predictions`.

    Yields:
        a case, and its prediction as `read_prediction` returns it.

    Raises:
        FileNotFoundError: there is no such folder.
        PredictionsError: see `find_predictions`, `load_evaluation_case` and `read_prediction`.
    """
    matching = match_predictions(folder, items)
    problems = matching.problems
    for name, item in {str(item["case"]): item for item in items}.items():
        try:
            case = load_evaluation_case(item)
            if name in matching.found:
                prediction = read_prediction(matching.found[name], case)
        except PredictionsError as error:
            problems += error.problems
        if not problems:
            yield case, prediction
    if problems:
        raise PredictionsError(problems)


@dataclass(frozen=True)
class Matching:
    """Which file predicts which case.

    Attributes:
        found: case → file, of the cases that have one.
        problems: all that is wrong with names.
    """

    found: dict[str, Path]
    problems: list[Problem]


def match_predictions(folder: str | os.PathLike[str], items: Items) -> Matching:
    """Return what `find_predictions` finds, and what is wrong with it, without raising.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    problems = list(_datalist_problems(items))
    files: dict[str, list[str]] = {str(item["case"]): [] for item in items}
    lookup = _Lookup(items)
    for path in sorted(_prediction_files(folder)):
        name = path.relative_to(folder).as_posix()
        try:
            cases = lookup.cases_of(path)
        except MammogramError as error:
            problems.append(Problem(ProblemKind.UNREADABLE, name, str(error)))
            continue
        if len(cases) == 1:
            files[cases[0]].append(name)
        elif cases:
            problems.append(Problem(ProblemKind.AMBIGUOUS, name, f"{len(cases)} cases"))
        else:
            problems.append(Problem(ProblemKind.EXTRA, name))
    problems += _count_problems(files)
    return Matching({case: folder / one[0] for case, one in files.items() if one}, problems)


class _Lookup:
    """Cases by what their predictions may be named like, and by the image that they come from."""

    def __init__(self, items: Items) -> None:
        self.items = {str(item["case"]): item for item in items}
        self.by_file: dict[str, list[str]] = defaultdict(list)
        for case, item in self.items.items():
            image = Path(item["image"])
            for key in (f"{image.parent.name}/{image.stem}", image.stem):
                self.by_file[key].append(case)

    def cases_of(self, path: Path) -> Sequence[str]:
        if suffix := plane_suffix(path):
            stem = path.name[: -len(suffix)]
            if marks := virtual_marks(path):
                stem = stem.removesuffix(VIRTUAL_SUFFIX)
                if cases := self.by_pixels.get(marks["SourcePixelsSHA256"]):
                    return cases
            return self._named(path.parent.name, stem)
        sources = sources_of_generated(path)
        if sources is None:
            named = path.stem if path.suffix.lower() in DICOM_SUFFIXES else path.name
            return self._named(path.parent.name, named)
        return [self.by_uid[uid] for uid in sources if uid in self.by_uid]

    def _named(self, folder: str, stem: str) -> Sequence[str]:
        if stem in self.items:
            return [stem]
        return self.by_file.get(f"{folder}/{stem}") or self.by_file.get(stem, [])

    @cached_property
    def by_uid(self) -> dict[str, str]:
        uids = {}
        for case, item in self.items.items():
            with suppress(MammogramError):  # told with the case's other problems
                uids[str(open_header(Path(item["image"])).SOPInstanceUID)] = case
        return uids

    @cached_property
    def by_pixels(self) -> dict[str, list[str]]:
        cases = defaultdict(list)
        for case, item in self.items.items():
            path = Path(item["image"])
            with suppress(MammogramError):  # told with the case's other problems
                cases[pixels_sha256(decode(open_mammogram(path), path))].append(case)
        return cases


def _datalist_problems(items: Items) -> Iterator[Problem]:
    names = Counter(str(item["case"]) for item in items)
    yield from (Problem(ProblemKind.DUPLICATED_CASE, name) for name in names if names[name] > 1)
    for key in FILE_KEYS:
        cases = defaultdict(list)
        for item in items:
            cases[str(item[key])].append(str(item["case"]))
        for path, several in cases.items():
            if len(set(several)) > 1:
                yield Problem(ProblemKind.SHARED_IMAGE, path, ", ".join(several))
    yield from _foreign_masks(items)


def _foreign_masks(items: Items) -> Iterator[Problem]:
    """Find masks named after the image of another case, or that another case has too."""
    owners: dict[Path, list[str]] = {}
    for item in items:
        for region in REGIONS:
            owners.setdefault(mask_path(item["label"], region), []).append(str(item["case"]))
    for item in items:
        case = str(item["case"])
        for region in filter(item.get, REGIONS):
            known = owners.setdefault(Path(item[region]), [case])
            if case not in known:
                yield Problem(ProblemKind.FOREIGN_MASK, f"{case} {region}", known[0])


def _count_problems(files: Mapping[str, list[str]]) -> Iterator[Problem]:
    for case, found in files.items():
        if not found:
            yield Problem(ProblemKind.MISSING, case)
        elif len(found) > 1:
            yield Problem(ProblemKind.REPEATED, case, ", ".join(found))


def _prediction_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file():
            continue
        if plane_suffix(path) or (looks_like_dicom(path) and not _is_map(path)):
            yield path


def _is_map(path: Path) -> bool:
    with suppress(MammogramError):  # told with the other problems
        return is_uncertainty_map(path)
    return False
