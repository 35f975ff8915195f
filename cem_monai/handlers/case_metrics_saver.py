"""Every measure of the breast and the mass of every case."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from cem_monai.handlers.cases import plane, stored_plane
from cem_monai.handlers.metrics_saver import MetricsSaver
from cem_monai.metrics import CNREdge, case_metrics

IDENTITY = ("case", "patient", "laterality", "view_position")


class CaseMetricsSaver(MetricsSaver):
    """Write `metrics.csv`: one row for each case and predictor.

    Columns: predictor, identity of the case, size of the grid, and what
    `cem_monai.metrics.case_metrics` returns. An empty field means that the case has no such value,
    e.g. no mass. The trivial predictors stand beside the model on the same pixels.

    Args:
        path: CSV file; written when the evaluation is complete, not before.
        predictors: name in the table → key of the generated image, (1, H, W) stored values.
        data_range: stored values (low, high) that stand for grey levels 0 and 255; None for the
            whole range of the format of the real image.
        real_key: key of the real image, stored values.
        patch_size, stride, edge: see `cem_monai.metrics.breast_cnr`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        predictors: Mapping[str, str],
        *,
        data_range: Sequence[float] | None = None,
        real_key: str = "label",
        patch_size: int = 64,
        stride: int = 16,
        edge: CNREdge | str = CNREdge.STRICT,
    ) -> None:
        super().__init__(path, predictors)
        self.data_range = data_range
        self.real_key = real_key
        self.window: dict[str, Any] = {"patch_size": patch_size, "stride": stride, "edge": edge}

    def _row(self, case: Mapping[str, Any], predictor: str, key: str) -> dict[str, object]:
        name = f"case {case.get('case', '')}"
        real = stored_plane(case[self.real_key], f"{name}, {self.real_key}")
        measures = case_metrics(
            stored_plane(case[key], f"{name}, {predictor}").clip(min=0),
            real,
            breast=plane(case["breast"]) > 0,
            mass=plane(case["mass"]) > 0,
            surround=plane(case["surround"]) > 0,
            data_range=self._range(case[self.real_key]),
            **self.window,
        )
        identity = {name: case.get(name, "") for name in IDENTITY}
        grid = {"grid_rows": real.shape[0], "grid_columns": real.shape[1]}
        return {"predictor": predictor, **identity, **grid, **measures}

    def _range(self, real: torch.Tensor) -> tuple[float, float]:
        if self.data_range is not None:
            low, high = self.data_range
        else:
            low, high = real.meta["value_low"], real.meta["value_high"]  # type: ignore[attr-defined]
        return float(low), float(high)
