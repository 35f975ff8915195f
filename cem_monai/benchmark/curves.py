"""The trainings of an experiment as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cem_monai.atomic import atomic_write
from cem_monai.benchmark.experiment import Experiment, Model
from cem_monai.benchmark.training import LOSSES_FILE, trainings
from cem_monai.evaluation.training_curves import read_losses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES_FILE, COLUMN = "losses.png", "g_l1"


def write_curves(experiment: Experiment, output: Path, models: Sequence[Model]) -> Path:
    """Draw the pixel loss of the generators over epochs: mean of all folds, and their range.

    Args:
        experiment: one that trains.
        output: folder of the suite.
        models: those of which no part is missing.

    Returns:
        the PNG.
    """
    path = output / experiment.name / CURVES_FILE
    figure = _figure({model.name: _folds(experiment, output, model) for model in models})
    with atomic_write(path, "wb") as file:
        figure.savefig(file, format="png")
    return path


def _folds(experiment: Experiment, output: Path, model: Model) -> list[list[float]]:
    return [
        read_losses(training.folder(output) / LOSSES_FILE)[COLUMN]
        for training in trainings(experiment, model)
    ]


def _figure(curves: dict[str, list[list[float]]]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained", facecolor="white")
    axes = figure.subplots()
    for name, folds in curves.items():
        epochs = np.arange(1, len(folds[0]) + 1)
        (line,) = axes.plot(epochs, np.mean(folds, axis=0), "o-", markersize=3, label=name)
        bounds = np.min(folds, axis=0), np.max(folds, axis=0)
        axes.fill_between(epochs, *bounds, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set(xlabel="epoch", ylabel="pixel loss of the generator (range 2)")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
