"""Measures of the breast of one image pair: contrast to noise, and the histogram."""

from __future__ import annotations

import numpy.typing as npt

from cem_monai.metrics.case_regions import CaseRegions, Mask
from cem_monai.metrics.cnr import CNREdge
from cem_monai.metrics.delta_cnr import BreastDeltaCNR
from cem_monai.metrics.histogram import WassersteinDistance
from cem_monai.metrics.measure_options import MeasureOptions


class BreastMeasures:
    """Columns `breast_*` that are no distance, and `rest_delta_cnr`.

    Args:
        real: (H, W) stored pixel values.
        regions: masks of the same shape.
        options: see `MeasureOptions`.
    """

    def __init__(self, real: npt.ArrayLike, regions: CaseRegions, options: MeasureOptions) -> None:
        self._real, self._options = real, options
        self._delta = self._windows(regions.inside, options.edge)
        self._masked = self._windows(regions.inside, CNREdge.MASKED)
        self._delta_of_rest = self._windows(regions.rest, options.edge)
        self._wasserstein = WassersteinDistance(real, regions.inside, data_range=options.data_range)

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        """See `cem_monai.metrics.case.Measures`."""
        found, masked = self._delta.of(generated), self._masked.of(generated)
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
            "breast_wasserstein": self._wasserstein.of(generated),
            "rest_delta_cnr": self._delta_of_rest.of(generated).delta,
        }

    def _windows(self, area: Mask, edge: CNREdge | str) -> BreastDeltaCNR:
        size, stride = self._options.patch_size, self._options.stride
        return BreastDeltaCNR(self._real, area, patch_size=size, stride=stride, edge=edge)
