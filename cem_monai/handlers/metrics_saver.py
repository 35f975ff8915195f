"""Measures of every case and predictor in one table: the file that all reports are made from."""

from __future__ import annotations

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events

from cem_monai.atomic import atomic_write
from cem_monai.handlers.cases import engine_cases


class MetricsSaver(ABC):
    """Write `metrics.csv`: one row for each case and predictor; NaN becomes an empty field.

    Args:
        path: CSV file; written when the evaluation is complete, not before.
        predictors: name in the table → key of the generated image, (1, H, W) stored values.
    """

    def __init__(self, path: str | os.PathLike[str], predictors: Mapping[str, str]) -> None:
        self.path = Path(path)
        self.predictors = dict(predictors)
        self.rows: list[dict[str, object]] = []

    def attach(self, engine: Engine) -> None:
        """Collect at each iteration of `engine`, write at its end."""
        engine.add_event_handler(Events.STARTED, lambda: self.rows.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._collect)
        engine.add_event_handler(Events.COMPLETED, self._write)

    @abstractmethod
    def _row(self, case: Mapping[str, Any], predictor: str, key: str) -> dict[str, object]:
        """Measure the image `key` of one case; all rows have the same columns."""

    def _collect(self, engine: Engine) -> None:
        for case in engine_cases(engine):
            self.rows += [self._row(case, name, key) for name, key in self.predictors.items()]

    def _write(self) -> None:
        if not self.rows:
            raise ValueError(f"{self.path}: no case was evaluated")
        with atomic_write(self.path, "w") as file:
            writer = csv.DictWriter(file, self.rows[0])
            writer.writeheader()
            for row in self.rows:
                writer.writerow({key: _text(value) for key, value in row.items()})


def _text(value: object) -> object:
    if isinstance(value, float):
        return "" if value != value else f"{value:.9g}"  # NaN is the one value unlike itself
    return value
