"""Measures of the breast of one image pair: contrast to noise, and the histogram."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.case_regions import CaseRegions, Mask
from cem_monai.metrics.cnr import CNREdge
from cem_monai.metrics.delta_cnr import BreastDeltaCNR
from cem_monai.metrics.distances import distances
from cem_monai.metrics.histogram import wasserstein_distance
from cem_monai.metrics.measure_options import MeasureOptions


class BreastMeasures:
    """Columns `breast_*` that are no distance, and `rest_*`: the breast without its mass.

    Args:
        real: (H, W) stored pixel values.
        regions: masks of the same shape.
        options: see `MeasureOptions`.
        frame_pixels: of the whole frame, see `distances`.
    """

    def __init__(
        self,
        real: npt.ArrayLike,
        regions: CaseRegions,
        options: MeasureOptions,
        frame_pixels: int,
    ) -> None:
        self._real, self._options, self._breast = real, options, regions.inside
        self._frame_pixels = frame_pixels
        self._rest = np.zeros_like(regions.inside)
        if regions.mass.any():
            self._rest = regions.inside & ~regions.mass
        self._delta = self._windows(self._breast, options.edge)
        self._masked = self._windows(self._breast, CNREdge.MASKED)
        self._delta_of_rest = self._windows(self._rest, options.edge)

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        """See `cem_monai.metrics.case.Measures`."""
        data_range = self._options.data_range
        found, masked = self._delta.of(generated), self._masked.of(generated)
        rest = distances(
            generated,
            self._real,
            self._rest,
            data_range=data_range,
            frame_pixels=self._frame_pixels,
        )
        return {
            "breast_cnr_real": found.real,
            "breast_cnr_generated": found.generated,
            "breast_delta_cnr": found.delta,
            "breast_abs_delta_cnr": abs(found.delta),
            "breast_cnr_windows": float(found.windows),
            "breast_cnr_dropped": float(found.dropped),
            "breast_masked_cnr_real": masked.real,
            "breast_masked_cnr_generated": masked.generated,
            "breast_masked_delta_cnr": masked.delta,
            "breast_wasserstein": wasserstein_distance(
                generated, self._real, self._breast, data_range=data_range
            ),
            "rest_pixels": float(self._rest.sum()),
            **{f"rest_{name}": value for name, value in rest.items()},
            "rest_delta_cnr": self._delta_of_rest.of(generated).delta,
        }

    def _windows(self, area: Mask, edge: CNREdge | str) -> BreastDeltaCNR:
        size, stride = self._options.patch_size, self._options.stride
        return BreastDeltaCNR(self._real, area, patch_size=size, stride=stride, edge=edge)
