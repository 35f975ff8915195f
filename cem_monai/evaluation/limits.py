"""The best predictions that the simulator knows of, beside its recombined images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data import read_plane, reference_path
from cem_monai.dicom import to_canonical
from cem_monai.evaluation.evaluation_case import EvaluationCase

LIMITS = ("mean", "median")
"""Of the simulator's references, the best predictions by squared and by absolute error."""


def has_limits(item: Mapping[str, Any]) -> bool:
    """Return whether the simulator's limit lies beside the recombined image of a case."""
    return all(reference_path(item["label"], name).is_file() for name in LIMITS)


def read_limits(case: EvaluationCase) -> dict[str, npt.NDArray[np.float32]]:
    """Return the limits of a case: name of the predictor → (H, W) pixel values, canonical.

    Raises:
        ValueError: a file is missing or damaged.
    """
    planes = {name: read_plane(reference_path(case.recombined_path, name)) for name in LIMITS}
    return {
        f"limit_{name}": to_canonical(plane.astype(np.float32), chest_wall_at_right=case.flipped)
        for name, plane in planes.items()
    }
