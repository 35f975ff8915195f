"""The course of a training: on the screen while it runs, in a table afterwards."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from ignite.handlers import ProgressBar

from cem_monai.atomic import atomic_write


class LossHistory:
    """Show a progress bar with the losses and write their mean of every epoch to a CSV file.

    Columns: epoch, iteration (of its end), learning_rate, then one for each loss. The file is
    written anew after every epoch.

    Args:
        path: CSV file.
        losses: turns `engine.state.output` into a dictionary of numbers.
        optimizer: its learning rate is recorded.
        shown: losses that the progress bar shows.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        losses: Callable[[Any], dict[str, float]],
        optimizer: Any,
        shown: tuple[str, ...] = ("g_l1", "g_gan", "d_loss"),
    ) -> None:
        self.path = Path(path)
        self.losses = losses
        self.optimizer = optimizer
        self.shown = tuple(shown)
        self.rows: list[dict[str, float]] = []
        self.sums: dict[str, float] = defaultdict(float)
        self.learning_rate = 0.0

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._write)
        bar = ProgressBar(desc="training", bar_format=None, ncols=100)
        bar.attach(engine, output_transform=self._visible, event_name=Events.ITERATION_COMPLETED)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far."""
        return {"rows": self.rows}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on below the rows of an earlier run."""
        self.rows = list(state["rows"])

    def _visible(self, output: Any) -> dict[str, float]:
        values = self.losses(output)
        return {name: values[name] for name in self.shown}

    def _start(self) -> None:
        self.sums.clear()
        # of this epoch: schedulers step at its end, before or after this handler
        self.learning_rate = float(self.optimizer.param_groups[0]["lr"])

    def _add(self, engine: Engine) -> None:
        for name, value in self.losses(engine.state.output).items():
            self.sums[name] += value

    def _write(self, engine: Engine) -> None:
        count = engine.state.epoch_length
        means = {name: total / count for name, total in self.sums.items()}
        position = {"epoch": engine.state.epoch, "iteration": engine.state.iteration}
        self.rows.append({**position, "learning_rate": self.learning_rate, **means})
        with atomic_write(self.path, "w") as file:
            writer = csv.DictWriter(file, self.rows[0])
            writer.writeheader()
            writer.writerows(self.rows)
