"""Distances and contrast index of every patch of an image pair."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from cem_monai.handlers.cases import stored_plane
from cem_monai.handlers.metrics_saver import MetricsSaver
from cem_monai.metrics import Row, patch_metrics

IDENTITY = ("case", "patient", "row", "column")


class PatchMetricsSaver(MetricsSaver):
    """Write `metrics.csv`: one row for each patch and predictor.

    Columns: predictor, identity of the patch (its patient is the arrangement), and the measures of
    `patch_metrics`; `cci_ratio` is empty where the real patch is constant.

    Args:
        path, predictors: see `MetricsSaver`.
        bit_depth: of the stored values; its range stands for grey levels 0 to 255.
        real_key: key of the real patch, stored values.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        predictors: Mapping[str, str],
        *,
        bit_depth: int = 8,
        real_key: str = "label",
    ) -> None:
        super().__init__(path, predictors)
        self.bit_depth = bit_depth
        self.real_key = real_key

    def _rows(self, case: Mapping[str, Any]) -> list[Row]:
        return [self._row(case, name, key) for name, key in self.predictors.items()]

    def _row(self, case: Mapping[str, Any], predictor: str, key: str) -> Row:
        name = f"case {case.get('case', '')}"
        real = stored_plane(case[self.real_key], f"{name}, {self.real_key}")
        generated = stored_plane(case[key], f"{name}, {predictor}")
        identity = {column: _plain(case.get(column, "")) for column in IDENTITY}
        measures = patch_metrics(generated, real, bit_depth=self.bit_depth)
        return {"predictor": predictor, **identity, **measures}


def _plain(value: Any) -> object:
    """Return a number that the data loader made a tensor of as a number again."""
    return value.item() if hasattr(value, "item") else value
