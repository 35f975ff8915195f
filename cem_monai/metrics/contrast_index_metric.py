"""The contrast index as a MONAI metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from monai.metrics import CumulativeIterationMetric

from cem_monai.metrics.contrast_index import CCINormalization, carneiro_contrast_index
from cem_monai.metrics.tensor_plane import tensor_plane

TensorOrList = torch.Tensor | Sequence[torch.Tensor]


class CarneiroContrastIndexMetric(CumulativeIterationMetric):
    """Collect the Carneiro Contrast Index of every generated image beside that of the real one.

    The buffer holds one row [real, generated, generated / real] per image, (N, 3) in float64; the
    ratio is NaN where the real image is constant. The best ratio is 1.

    Args:
        bit_depth, normalize: see `carneiro_contrast_index`.
    """

    def __init__(
        self,
        bit_depth: int = 8,
        normalize: CCINormalization | str = CCINormalization.FULL_SCALE,
    ) -> None:
        super().__init__()
        self.bit_depth = bit_depth
        self.normalize = CCINormalization(normalize)

    def aggregate(self) -> torch.Tensor:
        """Average the images that have a value.

        Returns:
            (3,) tensor, [real, generated, ratio]: mean of the images' ratios, not ratio of the
            means; NaN, never 0, where no image has a value.
        """
        rows = self.get_buffer()
        return (
            torch.full((3,), math.nan, dtype=torch.float64) if rows is None else rows.nanmean(dim=0)
        )

    def _compute_tensor(
        self, y_pred: TensorOrList, y: TensorOrList | None = None, **_: Any
    ) -> torch.Tensor:
        """Compute (B, 3) from stored values, (B, 1, H, W) or a list of (1, H, W)."""
        if y is None:
            raise ValueError("the contrast index needs the real image y, got None")
        rows = [self._row(*pair) for pair in zip(y_pred, y, strict=True)]
        return torch.tensor(rows, dtype=torch.float64).reshape(-1, 3)

    # A list is walked like a batch, image by image.
    _compute_list = _compute_tensor

    def _row(self, generated: torch.Tensor, real: torch.Tensor) -> tuple[float, float, float]:
        of_real, of_generated = (
            carneiro_contrast_index(tensor_plane(image), self.bit_depth, normalize=self.normalize)
            for image in (real, generated)
        )
        return of_real, of_generated, of_generated / of_real if of_real else math.nan
