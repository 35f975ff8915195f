"""Train and judge the models of a suite one after another; interrupted, it goes on from there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.benchmark.curves import write_curves
from cem_monai.benchmark.experiment import Experiment, Model
from cem_monai.benchmark.pooled import write_pooled
from cem_monai.benchmark.suites import Suite
from cem_monai.benchmark.tables import Results, markdown_tables, read_losses, write_rows
from cem_monai.benchmark.training import (
    LOSSES_FILE,
    METRICS_FILE,
    Training,
    train_and_evaluate,
    trainings,
)
from cem_monai.bundle_run import config_files, quiet
from cem_monai.evaluation import read_metrics

SUITE_FILE, LIMIT_FILE, REPORT_FILE = "suite.json", "limit.csv", "report.md"


def run_suite(
    suite: Suite,
    output: str | os.PathLike[str],
    *,
    workers: int,
    hours: float | None,
    source: Path | None = None,
) -> Path:
    """Train, evaluate and tabulate; what is done already is kept.

    Args:
        suite: what to run.
        output: folder of data, models and tables; one suite each.
        workers: processes that simulate.
        hours: stop before a model that would probably end later than this; None for no limit. The
            same command goes on another time.
        source: folder of real data, for a suite that needs them.

    Returns:
        Markdown file with the tables of all models that are done.

    Raises:
        ValueError: `output` holds another suite, `hours` is not positive, or the source is missing.
        FileNotFoundError: the bundles are not beside the package (not an editable installation).
    """
    started = time.perf_counter()
    output = Path(output).absolute()
    _check(suite, output, hours)
    quiet()
    for experiment in suite.experiments:
        experiment.write_data(output, workers=workers, source=source)
        limit = output / experiment.name / LIMIT_FILE
        if experiment.limits and not limit.exists():
            write_rows(experiment.limit_rows(experiment.data_folder(output)), limit)
    report = _report(suite, output)
    for training in _remaining(suite, output, started, hours):
        train_and_evaluate(training, output)
        report = _report(suite, output)
        _pool(training.experiment, training.model, output)
    return report


def _check(suite: Suite, output: Path, hours: float | None) -> None:
    if hours is not None and not hours > 0:
        raise ValueError(f"hours must be positive, got {hours}")
    for experiment in suite.experiments:
        for model in experiment.models:
            config_files(model.bundle, ["train"])
    path = output / SUITE_FILE
    text = json.dumps(asdict(suite), indent=1, default=dict) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise ValueError(f"{output}: holds another suite or other settings; name another folder")
    if output.is_dir() and any(output.iterdir()) and not path.is_file():
        raise ValueError(f"{output}: holds files that no suite made; name an empty folder")
    with atomic_write(path, "w") as file:
        file.write(text)


def _remaining(
    suite: Suite, output: Path, started: float, hours: float | None
) -> Iterator[Training]:
    """Yield what is not done, as long as the time allows; tell the time left."""
    remaining = [
        training
        for experiment in suite.experiments
        for model in experiment.models
        for training in trainings(experiment, model)
        if not training.done(output)
    ]
    longest = 0.0
    for number, training in enumerate(remaining):
        before = time.perf_counter()
        if hours is not None and before - started + longest > 3600 * hours:
            names = ", ".join(one.name for one in remaining[number:])
            print(f"\nthe time is up; run the same command again for: {names}")
            return
        left = len(remaining) - number
        estimate = f", about {longest * left / 60:.0f} min" if longest else ""
        what = f"{training.experiment.name}, {training.name}: {training.model.bundle}"
        print(f"\n{what}; {left} to go{estimate}", flush=True)
        yield training
        longest = max(longest, time.perf_counter() - before)


def _report(suite: Suite, output: Path) -> Path:
    """Write tables and curves of what is done so far."""
    tables = []
    results = {one.name: _done(one, output) for one in suite.experiments}
    for experiment in suite.experiments:
        done = results[experiment.name]
        path = output / experiment.name / LIMIT_FILE
        limit = read_metrics(path, experiment.measures) if experiment.limits else []
        rival = results[experiment.rival] if experiment.rival else None
        tables.append(markdown_tables(experiment, done, limit, rival))
        if done and experiment.trains:
            models = [model for model in experiment.models if model.name in done]
            write_curves(experiment, output, models)
    path = output / REPORT_FILE
    with atomic_write(path, "w") as file:
        file.write("\n".join(tables).strip("\n") + "\n")
    return path


def _pool(experiment: Experiment, model: Model, output: Path) -> None:
    """Set the models side by side, all folds as one, whenever another is complete."""
    if len(experiment.parts) > 1 and _complete(experiment, model, output):
        done = [one for one in experiment.models if _complete(experiment, one, output)]
        print(f"all folds: {write_pooled(experiment, output, done)}", flush=True)


def _done(experiment: Experiment, output: Path) -> dict[str, Results]:
    """Return what the models left of which nothing is missing."""
    done = {}
    for model in experiment.models:
        if _complete(experiment, model, output):
            folders = [one.folder(output) for one in trainings(experiment, model)]
            metrics = [read_metrics(one / METRICS_FILE, experiment.measures) for one in folders]
            losses = read_losses(folders[-1] / LOSSES_FILE) if experiment.trains else {}
            done[model.name] = Results([row for rows in metrics for row in rows], losses)
    return done


def _complete(experiment: Experiment, model: Model, output: Path) -> bool:
    return all(one.done(output) for one in trainings(experiment, model))
