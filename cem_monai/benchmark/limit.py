"""The simulator's limit as rows of `metrics.csv`: what the best possible predictors would score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cem_monai.data import read_mask
from cem_monai.dicom import Mammogram, read_mammogram
from cem_monai.metrics import case_metrics
from cem_monai.simulator import read_reference

PREDICTORS = {"limit_median": "median", "limit_mean": "mean", "clean": "clean"}
"""Name in the table → image of the reference."""


def limit_rows(
    cases: Iterable[Mapping[str, Any]], *, data_range: Sequence[float], **window: Any
) -> list[dict[str, object]]:
    """Measure the best possible predictions of simulated images as a model is measured.

    Args:
        cases: of a datalist, not resized.
        data_range: stored values that stand for grey levels 0 and 255.
        **window: `patch_size`, `stride` and `edge` of the breast CNR.
    """
    rows: list[dict[str, object]] = []
    for case in tqdm(list(cases), desc="the simulator's limit", unit="case"):
        real = read_mammogram(case["label"])
        reference = read_reference(case["label"])
        masks: dict[str, Any] = {
            region: _mask(case, region, real) for region in ("breast", "mass", "surround")
        }
        for predictor, name in PREDICTORS.items():
            measures = case_metrics(
                _stored(getattr(reference, name), real),
                real.pixels.astype(np.int32),
                data_range=(float(data_range[0]), float(data_range[1])),
                **masks,
                **window,
            )
            identity = {"case": case["case"], "patient": case["patient"]}
            rows.append({"predictor": predictor, **identity, **measures})
    return rows


def _stored(image: npt.NDArray[np.float32], real: Mammogram) -> npt.NDArray[np.int32]:
    """Return an image as it would be stored, turned as the reader turns the real one."""
    turned = image[:, ::-1] if real.flipped else image
    return np.rint(turned).clip(*real.value_range).astype(np.int32)


def _mask(case: Mapping[str, Any], region: str, real: Mammogram) -> npt.NDArray[np.bool_]:
    if region not in case:
        return np.zeros(real.pixels.shape, bool)
    mask = read_mask(case[region])
    return mask[:, ::-1] if real.flipped else mask
