"""Save everything that a training consists of, completely or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events

from cem_monai.atomic import atomic_write


class TrainingCheckpoint:
    """Write `checkpoint.pt` (all states) and `model.pt` (weights of the generator alone).

    `checkpoint.pt` is a dictionary of state dicts plus `epoch` and `iteration`; `model.pt` is the
    flat state dict that MONAI Label, MONAI Deploy and the model zoo expect; `model.json` beside it
    says how its images were preprocessed, and `load_weights` refuses other settings. MONAI's own
    `CheckpointSaver` removes the old file before it writes the new one, so a killed run may end
    with neither; here the old file stays until the new one is complete.

    Args:
        directory: folder to write to.
        network: the generator.
        states: name → object with `state_dict()`: networks, optimizers, schedulers.
        preprocessing: settings that the weights are bound to.
        interval: epochs between two checkpoints; the last epoch is always saved.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        network: torch.nn.Module,
        states: Mapping[str, Any],
        preprocessing: Mapping[str, Any],
        interval: int = 1,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval must be at least 1 epoch, got {interval}")
        self.directory = Path(directory)
        self.network = network
        self.states = dict(states)
        self.preprocessing = dict(preprocessing)
        self.interval = interval
        self.saved_epoch = 0

    def attach(self, engine: Engine) -> None:
        """Save at the end of every `interval`-th epoch and of the training."""
        engine.add_event_handler(Events.STARTED, self._sweep)
        engine.add_event_handler(Events.EPOCH_COMPLETED(every=self.interval), self._save)
        engine.add_event_handler(Events.COMPLETED, self._save)

    def _sweep(self) -> None:
        """Remove the temporary files of a run that was killed while it saved."""
        for name in ("checkpoint.pt", "model.pt", "model.json"):
            for stale in self.directory.glob(f".{name}.*.tmp"):
                stale.unlink()

    def _save(self, engine: Engine) -> None:
        if engine.state.epoch == self.saved_epoch:
            return  # the last epoch may end an interval too
        checkpoint = {name: item.state_dict() for name, item in self.states.items()}
        checkpoint["epoch"] = engine.state.epoch
        checkpoint["iteration"] = engine.state.iteration
        self._write("checkpoint.pt", checkpoint)
        with atomic_write(self.directory / "model.json", "w") as file:
            json.dump(self.preprocessing, file, indent=4)
        self._write("model.pt", self.network.state_dict())
        self.saved_epoch = engine.state.epoch

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        with atomic_write(self.directory / name) as file:
            torch.save(content, file)
