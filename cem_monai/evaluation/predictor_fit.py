"""What the trivial predictors learn from the training images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.breast_coordinates import Values, depth_from_skin, relative_intensity
from cem_monai.evaluation.predictors import (
    Constant,
    DepthIntensityTable,
    DepthProfile,
    LowEnergyCopied,
    Predictor,
)
from cem_monai.metrics.regions import image_and_mask

TRIVIAL_PREDICTORS = ("constant", "low_energy_copied", "depth_profile", "depth_intensity_table")
"""In the order of the results tables."""

BINS = 20
MIN_IMAGES = 3
"""Training images that must reach a cell of the table, else it holds the profile's value: what one
or two images have there is chance. With the four images of one simulated exam only, the table's L1
in other exams is 0.7 % less than if one image were enough; with those of nine exams it is the same.
"""

Pair = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
"""Low-energy image, recombined image, breast mask."""


def fit_trivial_predictors(pairs: Iterable[Pair]) -> dict[str, Predictor]:
    """Fit all trivial predictors in one pass, one pair in memory at a time.

    Every image counts alike, however large its breast: its pixels weigh 1 / (their number). The
    means are then those of the least squared error in the breast, averaged over images.

    Args:
        pairs: low-energy and recombined image, (H, W) on the [-1, 1] scale in canonical
            orientation, and breast mask, (H, W); of the training split, never of the test split.

    Returns:
        Predictor of each name in `TRIVIAL_PREDICTORS`.

    Raises:
        ValueError: there is no pair; its arrays differ in shape; its breast has no pixel, fills the
            image or holds values that are not finite. The message tells which pair, from 1.
    """
    sums = TrainingSums()
    for number, pair in enumerate(pairs, start=1):
        try:
            sums.add(*pair)
        except ValueError as error:
            raise ValueError(f"training pair {number}: {error}") from error
    return sums.predictors()


class TrainingSums:
    """What training pairs add up to, in each cell of depth and brightness.

    Attributes:
        target: sum of weighted recombined values.
        weight: sum of weights.
        images: number of images that reach the cell.
    """

    def __init__(self) -> None:
        self.target, self.weight, self.images = np.zeros((3, BINS, BINS))

    def add(
        self, low_energy: npt.NDArray[Any], recombined: npt.NDArray[Any], breast: npt.NDArray[Any]
    ) -> None:
        """Add one pair, see `fit_trivial_predictors`.

        Raises:
            ValueError: the arrays differ in shape; the breast has no pixel, fills the image or
                holds values that are not finite.
        """
        image, mask = image_and_mask(low_energy, breast, "breast")
        target, _ = image_and_mask(recombined, breast, "breast")
        values = target[mask].astype(np.float64)
        if bad := int(values.size - np.isfinite(values).sum()):
            raise ValueError(
                f"{bad} of {values.size} recombined pixels in the breast are not finite"
            )
        cells = _bins(depth_from_skin(mask)) * BINS + _bins(relative_intensity(image, mask))
        count = _per_cell(cells)
        self.target += _per_cell(cells, values) / values.size
        self.weight += count / values.size
        self.images += count > 0

    def merge(self, other: TrainingSums) -> None:
        """Add the pairs of another."""
        self.target += other.target
        self.weight += other.weight
        self.images += other.images

    def predictors(self) -> dict[str, Predictor]:
        """Return what the means make of it, by name in `TRIVIAL_PREDICTORS`.

        Raises:
            ValueError: there was no pair.
        """
        if not self.images.any():
            raise ValueError("there is no training pair to fit the trivial predictors to")
        constant = float(self.target.sum() / self.weight.sum())
        profile = _means(self.target.sum(1), self.weight.sum(1), np.full(BINS, constant))
        weight = np.where(self.images < MIN_IMAGES, 0, self.weight)
        table = _means(self.target, weight, profile[:, None])
        return {
            "constant": Constant(constant),
            "low_energy_copied": LowEnergyCopied(),
            "depth_profile": DepthProfile(profile),
            "depth_intensity_table": DepthIntensityTable(table),
        }


def _means(target: Values, weight: Values, instead: Values) -> Values:
    filled = np.broadcast_to(instead, target.shape).copy()
    return np.divide(target, weight, out=filled, where=weight > 0)


def _bins(coordinate: Values) -> npt.NDArray[np.intp]:
    return np.minimum((coordinate * BINS).astype(np.intp), BINS - 1)


def _per_cell(cells: npt.NDArray[np.intp], values: Values | None = None) -> Values:
    sums = np.bincount(cells, values, BINS * BINS)
    return sums.reshape(BINS, BINS).astype(np.float64)
