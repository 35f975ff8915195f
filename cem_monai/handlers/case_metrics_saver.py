"""Every measure of the breast and the lesions of every case."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch

from cem_monai.handlers.cases import known_spacing, plane, stored_plane
from cem_monai.handlers.metrics_saver import MetricsSaver
from cem_monai.metrics import (
    CaseMeasures,
    CaseRegions,
    CNREdge,
    Histograms,
    KnownPosition,
    MeasureOptions,
    Row,
    case_rows,
)
from cem_monai.metrics.metrics_csv import REAL

IDENTITY = ("case", "patient", "laterality", "view_position")


class CaseMetricsSaver(MetricsSaver):
    """Write `metrics.csv` and, beside it, `histograms.csv`.

    For each case and predictor one row of the whole image and one of each lesion; for the columns
    see `docs/reference/metrics.md`. The trivial predictors stand beside the model on the same
    pixels. Masks are read from the keys `breast`, `mass`, `surround`, and where they are there
    `mass_second`, `surround_second`, `decoy` and `mirrored`; `known_lesions` is that of
    `cem_monai.evaluation.EvaluationFactsd`.

    Args:
        path: CSV file; written when the evaluation is complete, not before.
        predictors: name in the table → key of the generated image, (1, H, W) stored values.
        data_range: stored values (low, high) that stand for grey levels 0 and 255; None for the
            whole range of the format of the real image.
        real_key: key of the real image, stored values.
        optional: keys of generated images that a case need not have.
        facts: keys of texts that group cases, which become columns.
        threshold: grey level above which lesion-free tissue enhances; None leaves out what needs
            it.
        patch_size, stride, edge: see `cem_monai.metrics.breast_cnr`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        predictors: Mapping[str, str],
        *,
        data_range: Sequence[float] | None = None,
        real_key: str = "label",
        optional: Sequence[str] = (),
        facts: Sequence[str] = (),
        threshold: float | None = None,
        patch_size: int = 64,
        stride: int = 16,
        edge: CNREdge | str = CNREdge.STRICT,
    ) -> None:
        super().__init__(path, predictors)
        self.data_range = data_range
        self.real_key = real_key
        self.facts, self.optional = tuple(facts), tuple(optional)
        self.options: dict[str, Any] = {
            "patch_size": patch_size,
            "stride": stride,
            "edge": edge,
            "threshold": threshold,
        }
        self.histograms = Histograms()

    def _start(self) -> None:
        super()._start()
        self.histograms = Histograms()

    def _rows(self, case: Mapping[str, Any]) -> list[Row]:
        name = f"case {case.get('case', '')}"
        real = stored_plane(case[self.real_key], f"{name}, {self.real_key}")
        options = MeasureOptions(self._range(case[self.real_key]), **self.options)
        measures = CaseMeasures(real, _regions(case, case[self.real_key]), options)
        self.histograms.add(REAL, measures.histograms(real))
        identity = {name: case.get(name, "") for name in (*IDENTITY, *self.facts)}
        identity |= {"grid_rows": real.shape[0], "grid_columns": real.shape[1]}
        rows: list[Row] = []
        for predictor, key in self.predictors.items():
            if key not in case and key in self.optional:
                continue
            generated = stored_plane(case[key], f"{name}, {predictor}").clip(*options.data_range)
            rows += case_rows(
                measures, generated, {"predictor": predictor, "lesion": "", **identity}
            )
            self.histograms.add(predictor, measures.histograms(generated))
        return rows

    def _write(self) -> None:
        super()._write()
        self.histograms.write(Path(self.path).with_name("histograms.csv"))

    def _range(self, real: torch.Tensor) -> tuple[float, float]:
        if self.data_range is not None:
            low, high = self.data_range
        else:
            low, high = real.meta["value_low"], real.meta["value_high"]  # type: ignore[attr-defined]
        return float(low), float(high)


def _regions(case: Mapping[str, Any], real: torch.Tensor) -> CaseRegions:
    masks = {
        key: plane(case[key]) > 0
        for key in ("breast", "mass", "surround", "mass_second", "surround_second")
        if key in case
    }
    readers = [(masks["mass"], masks["surround"])]
    if "mass_second" in masks:
        readers.append((masks["mass_second"], masks["surround_second"]))
    height, width = real.shape[-2:]
    spacing = known_spacing(real)
    return CaseRegions(
        masks["breast"],
        readers,
        decoy=_optional(case, "decoy"),
        mirrored=_optional(case, "mirrored"),
        pixel_area=spacing[0] * spacing[1] if spacing else None,
        known_lesions=[
            KnownPosition(kind, row * height, column * width)
            for kind, row, column in json.loads(case.get("known_lesions") or "[]")
        ],
    )


def _optional(case: Mapping[str, Any], key: str) -> npt.NDArray[Any] | None:
    return plane(case[key]) > 0 if key in case else None
