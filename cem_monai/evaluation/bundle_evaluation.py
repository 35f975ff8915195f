"""The last step of a bundle's evaluation: summary, pictures and report of what was measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cem_monai.checksums import file_sha256
from cem_monai.evaluation.case_evaluation import MeasureSettings
from cem_monai.evaluation.case_panel import CasePanel
from cem_monai.evaluation.cases import case_caption, worst_first
from cem_monai.evaluation.evaluation_files import METRICS, write_evaluation
from cem_monai.evaluation.panels import write_panel
from cem_monai.evaluation.summary import read_metrics

MODEL = "model"
SCALE = (-1.0, 1.0)
"""Of the low-energy image that the network sees."""


class ShownCase(Protocol):
    """One case to draw, see `cem_monai.handlers.KeptCase`."""

    @property
    def name(self) -> str:
        """Of the case."""
        ...

    @property
    def images(self) -> Mapping[str, npt.NDArray[Any]]:
        """Key → (H, W)."""
        ...

    @property
    def spacing(self) -> tuple[float, float] | None:
        """mm, (row, column)."""
        ...


def write_bundle_evaluation(
    output: str | os.PathLike[str],
    *,
    datalist: str | os.PathLike[str],
    bundle_name: str,
    weights: str | os.PathLike[str],
    cases: Sequence[ShownCase],
    threshold: float,
    data_range: Sequence[float] | None = None,
    patch_size: int = 64,
    stride: int = 16,
    edge: str = "strict",
) -> None:
    """Write `summary.json`, `report.html` and `pictures/` beside `metrics.csv`.

    Args:
        output: folder of `metrics.csv` and `histograms.csv`; if `losses.csv` of the training lies
            there too, its curves are shown.
        datalist: whose section `test` was evaluated.
        bundle_name: of the bundle.
        weights: file that was evaluated; its SHA-256 goes into the summary.
        cases: worst first, with `image` on the [-1, 1] scale, `label` and `pred` in stored values,
            and masks.
        threshold: of enhancement, grey level.
        data_range, patch_size, stride, edge: as for `cem_monai.handlers.CaseMetricsSaver`.

    Raises:
        FileNotFoundError: a table, the datalist or the weights are missing.
        ValueError: see `write_evaluation`.
    """
    output = Path(output)
    low_high = None if data_range is None else (float(data_range[0]), float(data_range[1]))
    rows = {row["case"]: row for row in worst_first(read_metrics(output / METRICS), MODEL)}
    pictures = []
    for case in cases:
        path = output / "pictures" / f"{case.name}.png"
        panel = _panel(case, low_high or _extremes(case.images["label"]))
        write_panel(panel, path, title=case.name, caption=case_caption(rows[case.name]))
        pictures.append((case.name, path))
    losses = output / "losses.csv"
    write_evaluation(
        output,
        datalist=datalist,
        section="test",
        models={MODEL: {"predictions": bundle_name, "weights_sha256": file_sha256(weights)}},
        settings=MeasureSettings(low_high, patch_size, stride, edge),
        threshold=threshold,
        pictures=pictures,
        losses_csv=losses if losses.is_file() else None,
    )


def _panel(case: ShownCase, window: tuple[float, float]) -> CasePanel:
    images = case.images
    masks = {
        name: images[name] > 0 if name in images and images[name].any() else None
        for name in ("mass", "mass_second", "surround", "decoy", "mirrored")
    }
    return CasePanel(
        low_energy=images["image"].astype(np.float32),
        recombined=images["label"].astype(np.float32),
        virtual=images["pred"].astype(np.float32),
        breast=images["breast"] > 0,
        low_energy_range=SCALE,
        recombined_range=window,
        spacing=case.spacing,
        **masks,
    )


def _extremes(image: npt.NDArray[Any]) -> tuple[float, float]:
    return float(image.min()), float(image.max())
