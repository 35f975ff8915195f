"""Keep the weights of the epoch whose lesions are nearest to the real ones."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events

from cem_monai.networks import save_weights


class BestWeights:
    """Write `path` at the end of each validation whose metric is nearer to 0 than any before.

    A metric that is not finite (no mass in the validation cases) is never the best. The best value
    belongs to the training's checkpoint, so that a resumed training does not overwrite better
    weights.

    Args:
        path: file of the weights.
        network: the generator.
        preprocessing: settings that the weights are bound to.
        validator: evaluator whose epoch is that of the training.
        metric: name among the metrics of the evaluator, e.g. a mean ΔCNR.
        facts: see `TrainingCheckpoint`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        network: torch.nn.Module,
        preprocessing: Mapping[str, Any],
        validator: Engine,
        metric: str,
        facts: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self.path = Path(path)
        self.network = network
        self.preprocessing = dict(preprocessing)
        self.validator = validator
        self.metric = metric
        self.facts = facts
        self.best = math.inf
        self.epoch = 0

    def attach(self, engine: Engine) -> None:
        """Look at the metric whenever the validator of this trainer completes."""
        self.validator.add_event_handler(Events.COMPLETED, self._keep)

    def _keep(self, engine: Engine) -> None:
        value = abs(float(engine.state.metrics[self.metric]))
        if value < self.best:  # never true for NaN
            self.best, self.epoch = value, int(engine.state.epoch)
            facts = self.facts() if self.facts else None
            save_weights(self.network, self.path, self.preprocessing, facts)

    def state_dict(self) -> dict[str, float]:
        """Return the best magnitude and its epoch."""
        return {"best": self.best, "epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Restore both."""
        self.best, self.epoch = float(state["best"]), int(state["epoch"])
