"""The images of the worst cases of an evaluation, for pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from ignite.engine import Engine, Events

from cem_monai.handlers.cases import engine_cases, known_spacing, plane
from cem_monai.handlers.metrics_saver import MetricsSaver
from cem_monai.metrics import Row


class KeptCase(NamedTuple):
    """One case.

    Attributes:
        name: of the case.
        images: key → (H, W).
        spacing: mm, (row, column), or None if unknown.
    """

    name: str
    images: dict[str, npt.NDArray[Any]]
    spacing: tuple[float, float] | None


class WorstCases:
    """Keep the images of the worst cases while an evaluation runs.

    Args:
        saver: which measures the cases; it comes before this handler in the list.
        badness: of a row of `metrics.csv`, the larger the worse; e.g.
            `cem_monai.evaluation.badness`.
        number: of cases.
        predictor: whose rows count.
        keys: images and masks to keep, (1, H, W); those that a case has.
    """

    def __init__(
        self,
        saver: MetricsSaver,
        badness: Callable[[Mapping[str, Any]], tuple[float, float]],
        number: int = 10,
        predictor: str = "model",
        keys: tuple[str, ...] = (
            *("image", "label", "pred", "breast", "mass", "mass_second"),
            *("surround", "decoy", "mirrored"),
        ),
    ) -> None:
        self.saver, self.badness, self.number = saver, badness, number
        self.predictor, self.keys = predictor, tuple(keys)
        self._kept: list[tuple[tuple[float, float], KeptCase]] = []

    def attach(self, engine: Engine) -> None:
        """Follow the evaluator that `saver` follows."""
        engine.add_event_handler(Events.STARTED, lambda: self._kept.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._collect)

    @property
    def cases(self) -> list[KeptCase]:
        """The worst first."""
        return [case for _, case in self._kept]

    def _collect(self, engine: Engine) -> None:
        rows = {row["case"]: row for row in self.saver.rows if self._counts(row)}
        for case in engine_cases(engine):
            kept = KeptCase(str(case["case"]), self._images(case), known_spacing(case["label"]))
            self._kept.append((self.badness(rows[case["case"]]), kept))
        self._kept.sort(key=lambda one: one[0], reverse=True)
        del self._kept[self.number :]

    def _counts(self, row: Row) -> bool:
        return row["predictor"] == self.predictor and not row["lesion"]

    def _images(self, case: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
        return {key: np.array(plane(case[key])) for key in self.keys if key in case}
