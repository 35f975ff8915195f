"""Difference in contrast-to-noise ratio between a generated and the real image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.cnr import (
    CNREdge,
    breast_cnr_valid_windows,
    breast_cnr_windows,
    contrast_to_noise_ratio,
    mean_of_windows,
)
from cem_monai.metrics.regions import plane


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
