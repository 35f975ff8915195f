"""Save everything that a training consists of, completely or not at all, and go on from there."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events

from cem_monai.atomic import atomic_write
from cem_monai.networks import save_weights

logger = logging.getLogger(__name__)

CHECKPOINT, PREVIOUS, WEIGHTS = "checkpoint.pt", "checkpoint_previous.pt", "model.pt"


class TrainingCheckpoint:
    """Write `checkpoint.pt` (all states) and `model.pt` (weights of the generator alone).

    `checkpoint.pt` is a dictionary of state dicts plus `epoch`, `iteration` and `settings`; the one
    before is kept as `checkpoint_previous.pt`. `model.pt` is the flat state dict of `save_weights`.
    MONAI's own `CheckpointSaver` removes the old file before it writes the new one, so a killed run
    may end with neither; here the old file stays until the new one is complete.

    List this handler last: what draws random numbers after it in the epoch would not be repeated by
    a resumed training.

    Args:
        directory: folder to write to.
        network: the generator.
        states: name → object with `state_dict()` and `load_state_dict()`: networks, optimizers,
            schedulers, random generators, handlers. Those of the trainer's scalers are added.
        preprocessing: settings that the weights are bound to.
        settings: what a resumed training must have in common with the one before.
        interval: epochs between two checkpoints; the last epoch is always saved.
        resume: start from `checkpoint.pt`, or from the one before if that cannot be read.
        facts: returns what else `model.json` tells, e.g. `cem_monai.data.TrainingIntensity`.

    Raises:
        ValueError: `interval` is below 1; when the training starts: no checkpoint can be read, or
            it comes from other settings or another architecture.
        FileNotFoundError: when the training starts: there is no checkpoint to resume from.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        network: torch.nn.Module,
        states: Mapping[str, Any],
        preprocessing: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
        interval: int = 1,
        resume: bool = False,
        facts: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval must be at least 1 epoch, got {interval}")
        self.directory = Path(directory)
        self.network = network
        self.states = dict(states)
        self.preprocessing = dict(preprocessing)
        self.settings = json.loads(json.dumps({**(settings or {}), **preprocessing}))
        self.interval = interval
        self.resume = resume
        self.facts = facts
        self.saved_epoch = 0

    def attach(self, engine: Engine) -> None:
        """Save at the end of every `interval`-th epoch and of the training."""
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.EPOCH_COMPLETED(every=self.interval), self._save)
        engine.add_event_handler(Events.COMPLETED, self._save)

    def _start(self, engine: Engine) -> None:
        self._sweep()
        if self.resume:
            self._restore(engine)

    def _sweep(self) -> None:
        """Remove the temporary files of a run that was killed while it saved."""
        for name in (CHECKPOINT, WEIGHTS, Path(WEIGHTS).with_suffix(".json").name):
            for stale in self.directory.glob(f".{name}.*.tmp"):
                stale.unlink()

    def _restore(self, engine: Engine) -> None:
        checkpoint = self._newest()
        self._check_settings(checkpoint["settings"])
        for name, item in self._all_states(engine).items():
            self._load(name, item, checkpoint[name])
        engine.state.epoch = self.saved_epoch = checkpoint["epoch"]
        engine.state.iteration = checkpoint["iteration"]
        # a run that was killed between the two files left the weights of an older epoch
        self._save_weights()
        print(f"resumed after epoch {checkpoint['epoch']} of {engine.state.max_epochs}")

    def _load(self, name: str, item: Any, state: Any) -> None:
        try:
            item.load_state_dict(state)
        except RuntimeError:  # torch lists every weight
            raise ValueError(
                f"{self.directory / CHECKPOINT} holds the {name} of another architecture: resume "
                "with the options that it was trained with, or train without resume"
            ) from None

    def _newest(self) -> dict[str, Any]:
        """Return the newest checkpoint that can be read."""
        paths = [self.directory / name for name in (CHECKPOINT, PREVIOUS)]
        present = [path for path in paths if path.is_file()]
        if not present:
            raise FileNotFoundError(f"no checkpoint in {self.directory}: train without resume")
        for path in present:
            try:
                return dict(torch.load(path, map_location="cpu", weights_only=True))
            except Exception as error:  # a damaged file fails in a dozen ways
                logger.warning("%s cannot be read (%s)", path, type(error).__name__)
        raise ValueError(f"{present[0]} is damaged, and no checkpoint before it can be read")

    def _check_settings(self, trained: Mapping[str, Any]) -> None:
        for name, value in self.settings.items():
            if name in trained and trained[name] != value:
                raise ValueError(
                    f"{self.directory / CHECKPOINT} comes from {name} {trained[name]}, now it is "
                    f"{value}: resume with the same, or train without resume"
                )

    def _save(self, engine: Engine) -> None:
        if engine.state.epoch == self.saved_epoch:
            return  # the last epoch may end an interval too
        checkpoint = {name: one.state_dict() for name, one in self._all_states(engine).items()}
        checkpoint["epoch"] = engine.state.epoch
        checkpoint["iteration"] = engine.state.iteration
        checkpoint["settings"] = self.settings
        self._write(checkpoint)
        self._save_weights()
        self.saved_epoch = engine.state.epoch

    def _save_weights(self) -> None:
        facts = self.facts() if self.facts else None
        save_weights(self.network, self.directory / WEIGHTS, self.preprocessing, facts)

    def _all_states(self, engine: Engine) -> dict[str, Any]:
        return self.states | getattr(engine, "scalers", {})

    def _write(self, content: Mapping[str, Any]) -> None:
        path = self.directory / CHECKPOINT
        with atomic_write(path) as file:
            torch.save(content, file)
            if path.is_file():
                os.replace(path, self.directory / PREVIOUS)
