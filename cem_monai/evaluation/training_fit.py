"""What an evaluation learns from the training cases: trivial predictors, enhancement threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.parallel import Processes
from cem_monai.evaluation.predictor_fit import TrainingSums
from cem_monai.evaluation.predictors import Predictor
from cem_monai.metrics import TissueLevels, grey_values

Range = tuple[float, float]
ROUNDING = 1e-3
"""Grey levels. The [-1, 1] scale in single precision blurs a level by 2e-5; without a margin chance
would tell whether the pixels of the threshold's own level exceed it, in 8-bit images several
percent of them. Levels of 16 bits are 4e-3 apart."""


@dataclass(frozen=True)
class TrainingFit:
    """What the training cases teach.

    Attributes:
        predictors: trivial ones by name.
        threshold: grey level that at most 1 % of the real lesion-free tissue exceeds.
    """

    predictors: dict[str, Predictor]
    threshold: float


class TrainingTally:
    """What training cases add up to, one image in memory at a time."""

    def __init__(self) -> None:
        self.sums, self.tissue = TrainingSums(), TissueLevels()

    def add(
        self,
        low_energy: npt.NDArray[Any],
        recombined: npt.NDArray[Any],
        breast: npt.NDArray[Any],
        lesions: npt.NDArray[Any],
    ) -> None:
        """Add one pair.

        Args:
            low_energy, recombined: (H, W) on the [-1, 1] scale, canonical.
            breast, lesions: (H, W) masks.

        Raises:
            ValueError: see `TrainingSums.add`.
        """
        self.sums.add(low_energy, recombined, breast)
        tissue = np.asarray(breast).astype(bool) & ~np.asarray(lesions).astype(bool)
        self.tissue.add(grey_values(recombined, tissue, data_range=(-1, 1)))

    def merge(self, other: TrainingTally) -> None:
        """Add the cases of another."""
        self.sums.merge(other.sums)
        self.tissue.merge(other.tissue)

    def fit(self) -> TrainingFit:
        """Return what the cases teach.

        Raises:
            ValueError: there was no case.
        """
        return TrainingFit(self.sums.predictors(), self.tissue.threshold() + ROUNDING)


def fit_training_cases(
    items: Sequence[Mapping[str, Any]], data_range: Range | None, processes: Processes
) -> TrainingFit:
    """Learn from files.

    Args:
        items: of the training section; never of the test section.
        data_range: stored values that -1 and 1 stand for; None for the whole range of each format.
        processes: to work in.

    Raises:
        ValueError: there is no case, or one is unusable.
    """
    if not items:
        raise ValueError("the datalist has no training case, which trivial predictors learn from")
    total = TrainingTally()
    jobs = [(item, data_range) for item in items]
    for tally in processes.map(_tally, jobs, "learning trivial predictors"):
        total.merge(tally)
    return total.fit()


def scaled(values: npt.NDArray[Any], data_range: Range) -> npt.NDArray[np.float32]:
    """Map stored values to [-1, 1]; what lies beyond the range is clipped."""
    low, high = data_range
    return ((values.astype(np.float32) - low) * (2 / (high - low)) - 1).clip(-1, 1)


def lesions_of(case: EvaluationCase) -> npt.NDArray[np.bool_]:
    """Return what any reader took for a mass."""
    return np.logical_or.reduce([np.zeros_like(case.breast), *(one.mass for one in case.readers)])


def _tally(job: tuple[Mapping[str, Any], Range | None]) -> TrainingTally:
    item, data_range = job
    case = load_evaluation_case(item)
    tally = TrainingTally()
    tally.add(
        scaled(case.low_energy, case.low_energy_range),
        scaled(case.recombined, data_range or case.value_range),
        case.breast,
        lesions_of(case),
    )
    return tally
