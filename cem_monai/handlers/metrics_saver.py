"""Measures of every case and predictor in one table: the file that all reports are made from."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events

from cem_monai.handlers.cases import engine_cases
from cem_monai.metrics import Row, write_metrics_csv


class MetricsSaver(ABC):
    """Write `metrics.csv`: rows for each case and predictor; NaN becomes an empty field.

    Args:
        path: CSV file; written when the evaluation is complete, not before.
        predictors: name in the table → key of the generated image, (1, H, W) stored values.
    """

    def __init__(self, path: str | os.PathLike[str], predictors: Mapping[str, str]) -> None:
        self.path = Path(path)
        self.predictors = dict(predictors)
        self.rows: list[Row] = []

    def attach(self, engine: Engine) -> None:
        """Collect at each iteration of `engine`, write at its end."""
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._collect)
        engine.add_event_handler(Events.COMPLETED, self._write)

    def _start(self) -> None:
        self.rows.clear()

    @abstractmethod
    def _rows(self, case: Mapping[str, Any]) -> list[Row]:
        """Measure one case by all predictors."""

    def _collect(self, engine: Engine) -> None:
        for case in engine_cases(engine):
            self.rows += self._rows(case)

    def _write(self) -> None:
        write_metrics_csv(self.path, self.rows)
