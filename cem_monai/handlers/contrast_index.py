"""The Carneiro Contrast Index as a metric of an evaluator."""

from __future__ import annotations

from typing import Any

import torch
from ignite.engine import Engine
from ignite.metrics.metric import reinit__is_reduced
from monai.handlers import IgniteMetricHandler

from cem_monai.handlers.cases import engine_cases
from cem_monai.metrics import CarneiroContrastIndexMetric, CCINormalization


class CarneiroContrastIndex(IgniteMetricHandler):
    """Mean contrast index of the real and of the generated images of an evaluation, and its ratio.

    The value of the metric is the ratio generated / real, 1 at best; `<name>_real` and
    `<name>_generated` stand beside it in `engine.state.metrics`. The per-image values are in
    `engine.state.metric_details`, (N, 3): real, generated, ratio.

    Args:
        bit_depth, normalize: see `cem_monai.metrics.carneiro_contrast_index`.
        keys: generated and real image of one case in the batch or output of the engine, (1, H, W)
            each, in stored values; the generated one is rounded.
    """

    def __init__(
        self,
        bit_depth: int = 8,
        normalize: CCINormalization | str = CCINormalization.FULL_SCALE,
        keys: tuple[str, str] = ("pred", "label"),
    ) -> None:
        super().__init__(CarneiroContrastIndexMetric(bit_depth, normalize))
        self.keys = tuple(keys)

    def iteration_completed(self, engine: Engine) -> None:
        """Collect the images; ignite would pass the output of the engine only."""
        cases = engine_cases(engine)
        self.update([[case[key] for case in cases] for key in self.keys])

    @reinit__is_reduced
    def update(self, output: Any) -> None:
        """Add one iteration.

        Args:
            output: generated and real images: a list of (1, H, W) tensors each.
        """
        generated, real = output
        self.metric_fn([image.round() for image in generated], real)

    def compute(self) -> float:
        """Return the mean ratio; NaN if no image has one."""
        means: torch.Tensor = super().compute()
        return float(means[2])

    def completed(self, engine: Engine, name: str) -> None:
        """Publish the three means as numbers, which every logger takes."""
        super().completed(engine, name)
        real, generated, _ = self.metric_fn.aggregate().tolist()
        engine.state.metrics |= {f"{name}_real": real, f"{name}_generated": generated}
