"""`metrics.csv` and `histograms.csv`: the files that summaries and reports are made from."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cem_monai.atomic import atomic_write
from cem_monai.metrics.case import CaseMeasures
from cem_monai.metrics.case_regions import CaseRegions
from cem_monai.metrics.histogram import BINS

Row = dict[str, object]
REAL = "real"
"""Stands for the predictor in the histograms of the real images."""


def case_rows(
    measures: CaseMeasures,
    generated: npt.ArrayLike,
    identity: Mapping[str, object],
) -> list[Row]:
    """Return the rows of one case and predictor: that of the whole image, then of each lesion.

    Args:
        measures: of the case.
        generated: (H, W) stored pixel values.
        identity: columns that tell predictor, case, patient and whatever groups cases.

    Raises:
        ValueError: see `CaseMeasures.case_row`.
    """
    of_case, *of_lesions = missing_rows(measures.regions, identity)
    rows = [of_case | measures.case_row(generated)]
    for known, lesion in zip(of_lesions, measures.lesion_rows(generated), strict=True):
        rows.append(known | lesion | {"lesion": known["lesion"]})
    return rows


def missing_rows(regions: CaseRegions, identity: Mapping[str, object]) -> list[Row]:
    """Return the rows of a case without a prediction: no measures, but all that groups lesions.

    Every denominator then counts the case and its lesions.

    Args:
        regions: of the case.
        identity: see `case_rows`.
    """
    masses = [next(iter(readers.values()))[0] for readers in regions.single_lesions]
    diameters = [{"lesion_diameter_mm": regions.diameter(mass)} for mass in masses]
    largest = diameters[0] if diameters else {}
    rows: list[Row] = [{**identity, "lesion": "", **largest}]
    for kind, diameter in zip(regions.lesion_kinds, diameters, strict=True):
        of_lesion = {"lesion_kind": kind} if kind else {}
        rows.append({**identity, **of_lesion, "lesion": len(rows), **diameter})
    return rows


def write_metrics_csv(path: str | os.PathLike[str], rows: Sequence[Row]) -> None:
    """Write the rows, completely or not at all; NaN becomes an empty field.

    Args:
        path: CSV file.
        rows: of all cases; a column that a row lacks is empty there.

    Raises:
        ValueError: there is no row.
    """
    if not rows:
        raise ValueError(f"{path}: no case was evaluated")
    columns = dict.fromkeys(name for row in rows for name in row)
    with atomic_write(path, "w") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _text(value) for key, value in row.items()})


class Histograms:
    """Mean over images of their grey-level histograms, for each setting and predictor."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
        self._images: Counter[tuple[str, str]] = Counter()

    def add(self, predictor: str, shares: Mapping[str, npt.NDArray[np.float64]]) -> None:
        """Add one image.

        Args:
            predictor: its name, or `REAL`.
            shares: of `CaseMeasures.histograms`.
        """
        for setting, bins in shares.items():
            self._add((setting, predictor), bins, 1)

    def merge(self, other: Histograms) -> None:
        """Add the images of another."""
        for key, bins in other._sums.items():
            self._add(key, bins, other._images[key])

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write `histograms.csv`: setting, predictor, and the mean share of each bin."""
        with atomic_write(path, "w") as file:
            writer = csv.writer(file)
            writer.writerow(["setting", "predictor", *(f"bin_{number}" for number in range(BINS))])
            for (setting, predictor), sums in sorted(self._sums.items()):
                means = sums / self._images[setting, predictor]
                writer.writerow([setting, predictor, *(f"{share:.6g}" for share in means)])

    def _add(self, key: tuple[str, str], bins: npt.NDArray[np.float64], images: int) -> None:
        self._sums[key] = self._sums.get(key, np.zeros(BINS)) + bins
        self._images[key] += images


def _text(value: object) -> object:
    if isinstance(value, float):
        return "" if value != value else f"{value:.9g}"  # NaN is the one value unlike itself
    return value
