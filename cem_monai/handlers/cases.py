"""The images of one iteration of an evaluator, one dictionary per case."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from ignite.engine import Engine


def engine_cases(engine: Engine) -> list[dict[str, Any]]:
    """Return batch and output of the iteration that has just ended, merged case by case.

    Post-processing leaves some keys in the batch and others in the output; a handler should not
    have to know which.

    Raises:
        ValueError: the engine does not decollate its batches into lists.
    """
    batch, output = engine.state.batch, engine.state.output
    if not isinstance(batch, list) or not isinstance(output, list):
        raise ValueError("the engine must decollate its batches (decollate=True, the default)")
    return [{**item, **result} for item, result in zip(batch, output, strict=True)]


def plane(image: torch.Tensor) -> npt.NDArray[Any]:
    """Return a (1, H, W) tensor as an (H, W) array on the CPU."""
    return np.asarray(image.detach().cpu())[0]


def stored_plane(image: torch.Tensor, name: str) -> npt.NDArray[np.int32]:
    """Return a (1, H, W) tensor of stored values as (H, W) whole numbers.

    Args:
        image: the tensor.
        name: what the image is, for the message.

    Raises:
        ValueError: a pixel is not finite; as an integer it would be a number like any other.
    """
    values = plane(image)
    if bad := int(values.size - np.isfinite(values).sum()):
        raise ValueError(f"{name}: {bad} of {values.size} pixels are not finite")
    return values.round().astype(np.int32)


def known_spacing(image: torch.Tensor) -> tuple[float, float] | None:
    """Return mm at the detector, (row, column), of an image on any grid; None if unknown."""
    if not getattr(image, "meta", {}).get("spacing_known", False):
        return None
    row, column = (float(value) for value in image.pixdim[:2])  # type: ignore[attr-defined]
    return row, column
