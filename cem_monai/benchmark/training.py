"""One training of a suite, and its evaluation, by the bundle runner."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

from cem_monai.benchmark.experiment import Experiment, Model
from cem_monai.bundle_run import run_bundle

METRICS_FILE, LOSSES_FILE, DONE_FILE = "metrics.csv", "losses.csv", "done"


class Training(NamedTuple):
    """One training, or the judgment of one.

    Attributes:
        experiment, model: what.
        part: one of the experiment's `parts`.
    """

    experiment: Experiment
    model: Model
    part: str

    @property
    def name(self) -> str:
        """For the screen."""
        return f"{self.model.name} {self.part}".strip()

    def folder(self, output: Path) -> Path:
        """Return where its results go."""
        return output / self.experiment.name / self.model.name / self.part

    def done(self, output: Path) -> bool:
        """Return whether it is trained and judged."""
        folder = self.folder(output)
        return (folder / METRICS_FILE).exists() and (folder / DONE_FILE).exists()


def trainings(experiment: Experiment, model: Model) -> list[Training]:
    """Return all trainings of a model."""
    return [Training(experiment, model, part) for part in experiment.parts]


def train_and_evaluate(training: Training, output: Path) -> None:
    """Train, from the last checkpoint if there is one, and judge."""
    experiment, model, part = training
    started = time.perf_counter()
    if experiment.trains:
        resume = (experiment.weights_folder(output, model, part) / "checkpoint.pt").exists()
        datalist = experiment.datalist(output, part)
        options = _options(training, output, training.folder(output), datalist)
        run_bundle(model.bundle, "training", ["train", *_run(model)], {**options, "resume": resume})
    evaluate(training, output, training.folder(output), experiment.datalist(output, part))
    (training.folder(output) / DONE_FILE).touch()  # tables alone may be of one that was cut off
    print(f"{training.name} took {(time.perf_counter() - started) / 60:.1f} min", flush=True)


def evaluate(training: Training, output: Path, folder: Path, datalist: Path) -> None:
    """Judge what was trained.

    Args:
        training: which.
        output: folder of the suite.
        folder: where the results go.
        datalist: whose section `test` is judged; the trivial predictors learn from its `training`.
    """
    options = _options(training, output, folder, datalist)
    configs = ["train", "evaluate", *_run(training.model)]
    run_bundle(training.model.bundle, "evaluating", configs, options)


def _run(model: Model) -> list[str]:
    return [model.run] if model.run else []


def _options(training: Training, output: Path, folder: Path, datalist: Path) -> dict[str, Any]:
    experiment, model, part = training
    return {
        **experiment.options,
        **model.options,
        "seed": experiment.seed,
        "dataset_dir": str(experiment.data_folder(output)),
        "datalist": str(datalist),
        "ckpt_dir": str(experiment.weights_folder(output, model, part)),
        "output_dir": str(folder),
    }
