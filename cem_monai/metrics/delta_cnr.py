"""Difference in contrast-to-noise ratio between a generated and the real image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from monai.metrics import CumulativeIterationMetric

from cem_monai.metrics.cnr import (
    CNREdge,
    breast_cnr_valid_windows,
    breast_cnr_windows,
    contrast_to_noise_ratio,
    mean_of_windows,
)
from cem_monai.metrics.regions import plane, surround_or_ring, tensor_plane

TensorOrList = torch.Tensor | Sequence[torch.Tensor]


@dataclass(frozen=True)
class DeltaCNR:
    """CNR of both images and their difference.

    Args:
        real: CNR of the real image.
        generated: CNR of the generated image.
        windows: number of windows that both values stand on (for a mass 1, or 0 without a value).
        dropped: number of windows that the masks allow but whose background is constant in the
            real or in the generated image.
    """

    real: float
    generated: float
    windows: int
    dropped: int

    @property
    def delta(self) -> float:
        """Generated minus real: negative for a mass that stands out less than it should."""
        return self.generated - self.real


def delta_cnr_mass(
    generated: npt.ArrayLike, real: npt.ArrayLike, mass: npt.ArrayLike, surround: npt.ArrayLike
) -> DeltaCNR:
    """Compare the CNR of the mass against its surround.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        mass: (H, W) mask, nonzero inside.
        surround: (H, W) mask drawn by the same reader, nonzero inside.

    Returns:
        A value is NaN where a mask is empty or the surround is constant in that image.

    Raises:
        ValueError: the shapes differ or are not (H, W).

    References:
        Hosseinipour et al., HC@AIxIA 2024, Eq. 12.
    """
    real_cnr = contrast_to_noise_ratio(real, mass, surround)
    generated_cnr = contrast_to_noise_ratio(generated, mass, surround)
    allowed = bool(plane(mass, "mass").any() and plane(surround, "surround").any())
    windows = int(math.isfinite(generated_cnr - real_cnr))
    return DeltaCNR(real_cnr, generated_cnr, windows, int(allowed) - windows)


def delta_cnr_breast(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    patch_size: int = 64,
    stride: int = 16,
    edge: CNREdge | str = CNREdge.STRICT,
) -> DeltaCNR:
    """Compare the breast CNR over the same windows of both images.

    The windows follow from the breast mask; one that is dropped in one image (constant background)
    is dropped in both.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        mask: (H, W) breast mask of the real image, nonzero inside.
        patch_size: pixels, side of the patch; a multiple of `stride`.
        stride: pixels between neighboring windows.
        edge: which windows count where the breast ends, see `CNREdge`.

    Returns:
        Values are NaN when no window is left.

    Raises:
        ValueError: see `breast_cnr_windows`.

    References:
        Hosseinipour et al., HC@AIxIA 2024, Eq. 12.
    """
    return BreastDeltaCNR(real, mask, patch_size=patch_size, stride=stride, edge=edge).of(generated)


class BreastDeltaCNR:
    """`delta_cnr_breast` of any number of generated images against one real image."""

    def __init__(
        self,
        real: npt.ArrayLike,
        mask: npt.ArrayLike,
        *,
        patch_size: int = 64,
        stride: int = 16,
        edge: CNREdge | str = CNREdge.STRICT,
    ) -> None:
        self._mask = mask
        self._window: Any = {"patch_size": patch_size, "stride": stride, "edge": edge}
        self._allowed = int(breast_cnr_valid_windows(mask, **self._window).sum())
        self._real = breast_cnr_windows(real, mask, **self._window)

    def of(self, generated: npt.ArrayLike) -> DeltaCNR:
        """Compare one generated image, see `delta_cnr_breast`."""
        found = breast_cnr_windows(generated, self._mask, **self._window)
        kept = np.isfinite(self._real) & np.isfinite(found)
        windows = int(kept.sum())
        return DeltaCNR(
            real=mean_of_windows(self._real, kept),
            generated=mean_of_windows(found, kept),
            windows=windows,
            dropped=self._allowed - windows,
        )


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
