"""ΔCNR as a metric of an evaluator."""

from __future__ import annotations

from typing import Any

import torch
from ignite.engine import Engine
from ignite.metrics.metric import reinit__is_reduced
from monai.handlers import IgniteMetricHandler

from cem_monai.handlers.cases import engine_cases
from cem_monai.metrics import CNREdge, DeltaCNRMetric

REGIONS = ("breast", "mass")


class DeltaCNR(IgniteMetricHandler):
    """Mean ΔCNR = CNR(generated) − CNR(real) over the images of an evaluation.

    MONAI's `IgniteMetricHandler` takes prediction and target only; this one also takes the masks.
    The per-image values are in `engine.state.metric_details`, (N, 2): breast, mass. Images without
    a mass (or without a valid window) have NaN there and do not count.

    Args:
        region: `"mass"` or `"breast"`: which mean is the value of the metric.
        keys: images and masks of one case in the batch or output of the engine, (1, H, W) each:
            generated and real image in stored values, breast, mass and surround.
        patch_size, stride, edge: see `cem_monai.metrics.breast_cnr`.

    References:
        Hosseinipour et al., HC@AIxIA 2024, Eq. 9-12.
    """

    def __init__(
        self,
        region: str = "mass",
        keys: tuple[str, str, str, str, str] = ("pred", "label", "breast", "mass", "surround"),
        patch_size: int = 64,
        stride: int = 16,
        edge: CNREdge | str = CNREdge.STRICT,
    ) -> None:
        if region not in REGIONS:
            raise ValueError(f"region must be one of {', '.join(REGIONS)}, got {region!r}")
        super().__init__(DeltaCNRMetric(patch_size=patch_size, stride=stride, edge=edge))
        self.column = REGIONS.index(region)
        self.keys = tuple(keys)

    def iteration_completed(self, engine: Engine) -> None:
        """Collect the images and masks; ignite would pass the output of the engine only."""
        cases = engine_cases(engine)
        self.update([[case[key] for case in cases] for key in self.keys])

    @reinit__is_reduced
    def update(self, output: Any) -> None:
        """Add one iteration.

        Args:
            output: generated, real, breast, mass, surround: a list of (1, H, W) tensors each.
        """
        generated, real, *masks = output
        self.metric_fn([image.round() for image in generated], real, *masks)

    def compute(self) -> float:
        """Return the mean ΔCNR of the region; NaN if no image has a value."""
        means: torch.Tensor = super().compute()
        return float(means[self.column])
