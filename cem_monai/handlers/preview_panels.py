"""Pictures of the validation cases in TensorBoard while a training runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ignite.engine import Engine, Events
from torch.utils.tensorboard import SummaryWriter

from cem_monai.handlers.cases import engine_cases, plane

LARGEST = 512
"""Of a picture's side in pixels; larger images are thinned out, for the event file's sake."""


class PreviewPanels:
    """Write real and generated image side by side, one panel per case, at each validation.

    All panels of a training have one gray scale, so that brightness can be compared.

    Args:
        log_dir: folder of the TensorBoard events, which no other writer uses: a running TensorBoard
            follows the newest file of a folder only.
        cases: number of cases, the first ones of the validation.
        data_range: stored values (black, white); None for the whole range of the real image's
            format.
        keys: real and generated image, (1, H, W) in stored values.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        cases: int = 4,
        data_range: Sequence[float] | None = None,
        keys: tuple[str, str] = ("label", "pred"),
    ) -> None:
        self.log_dir = str(log_dir)
        self.cases = cases
        self.data_range = data_range
        self.keys = tuple(keys)
        self.shown = 0
        self.writer: SummaryWriter | None = None

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator whose epoch is that of the training."""
        engine.add_event_handler(Events.STARTED, self._restart)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._show)

    def _restart(self) -> None:
        self.shown = 0
        self.writer = self.writer or SummaryWriter(self.log_dir)

    def _show(self, engine: Engine) -> None:
        assert self.writer is not None  # since the evaluator started
        for case in engine_cases(engine)[: self.cases - self.shown]:
            name = f"preview/{case.get('case', self.shown)}: real, generated"
            self.writer.add_image(name, self._panel(case), engine.state.epoch, dataformats="HW")
            self.shown += 1
        self.writer.flush()

    def _panel(self, case: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        real = case[self.keys[0]]
        low, high = self.data_range or (real.meta["value_low"], real.meta["value_high"])
        images = [plane(case[key]) for key in self.keys]
        step = -(-max(images[0].shape) // LARGEST)
        panel = np.hstack([image[::step, ::step] for image in images])
        return np.clip((panel - low) / (high - low), 0, 1).astype(np.float32)
