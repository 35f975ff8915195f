"""Delta CNR as a MONAI metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
import torch
from monai.metrics import CumulativeIterationMetric

from cem_monai.metrics.cnr import CNREdge
from cem_monai.metrics.delta_cnr import delta_cnr_breast, delta_cnr_mass
from cem_monai.metrics.regions import surround_or_ring
from cem_monai.metrics.tensor_plane import tensor_plane

TensorOrList = torch.Tensor | Sequence[torch.Tensor]


class DeltaCNRMetric(CumulativeIterationMetric):
    """Collect breast and mass delta CNR of every image of an epoch.

    The buffer holds one row [delta breast, delta mass] per image, (N, 2) in float64; NaN where the
    image has none, such as the mass of an image without a mass. A mass without a surround is judged
    against a ring, see `surround_ring`. Values are signed: the best is 0, so as a key metric take
    their magnitude.

    Args:
        patch_size: pixels, side of the sliding patch; a multiple of `stride`.
        stride: pixels between neighboring windows.
        edge: which windows count where the breast ends, see `CNREdge`.
    """

    def __init__(
        self, patch_size: int = 64, stride: int = 16, edge: CNREdge | str = CNREdge.STRICT
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.stride = stride
        self.edge = CNREdge(edge)

    def __call__(
        self,
        y_pred: TensorOrList,
        y: TensorOrList,
        breast: TensorOrList,
        mass: TensorOrList,
        surround: TensorOrList,
    ) -> Any:
        """Compute a batch and add it to the buffer.

        Args:
            y_pred: generated images (B, 1, H, W), or a list of (1, H, W), in stored pixel values.
            y: real images, likewise.
            breast: masks, likewise, nonzero inside.
            mass: masks, likewise; all zero for an image without a mass.
            surround: masks, likewise; all zero where no reader has drawn one.

        Returns:
            (B, 2) tensor in float64, [delta breast, delta mass] per image.

        Raises:
            ValueError: numbers of images or shapes differ, or an image is not (1, H, W).
        """
        return super().__call__(y_pred, y, breast=breast, mass=mass, surround=surround)

    def aggregate(self) -> torch.Tensor:
        """Average the images that have a value.

        Returns:
            (2,) tensor, [delta breast, delta mass]; NaN, never 0, where no image has a value. The
            number of images with a value is that of the finite rows of `get_buffer()`.
        """
        rows = self.get_buffer()
        return (
            torch.full((2,), math.nan, dtype=torch.float64) if rows is None else rows.nanmean(dim=0)
        )

    def _compute_tensor(
        self, y_pred: TensorOrList, y: TensorOrList | None = None, **masks: TensorOrList
    ) -> torch.Tensor:
        if y is None:
            raise ValueError("delta CNR needs the real image y, got None")
        images = zip(y_pred, y, masks["breast"], masks["mass"], masks["surround"], strict=True)
        rows = [self._delta(*(tensor_plane(item) for item in image)) for image in images]
        return torch.tensor(rows, dtype=torch.float64).reshape(-1, 2)

    # A list is walked like a batch, image by image; MONAI's loop would not split the masks.
    _compute_list = _compute_tensor

    def _delta(
        self,
        generated: npt.NDArray[Any],
        real: npt.NDArray[Any],
        breast: npt.NDArray[Any],
        mass: npt.NDArray[Any],
        surround: npt.NDArray[Any],
    ) -> tuple[float, float]:
        of_breast = delta_cnr_breast(
            generated,
            real,
            breast,
            patch_size=self.patch_size,
            stride=self.stride,
            edge=self.edge,
        )
        drawn, _ = surround_or_ring(surround, mass, breast)
        return of_breast.delta, delta_cnr_mass(generated, real, mass, drawn).delta
