"""Train and judge the models of a suite one after another; interrupted, it goes on from there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.benchmark.experiment import Experiment, Model
from cem_monai.benchmark.suites import Suite
from cem_monai.benchmark.tables import Results, markdown_tables, read_losses, write_rows
from cem_monai.bundle_run import config_files, quiet, run_bundle
from cem_monai.evaluation import read_metrics

SUITE_FILE, DATA_FOLDER, LIMIT_FILE, METRICS_FILE, LOSSES_FILE, REPORT_FILE = (
    "suite.json",
    "data",
    "limit.csv",
    "metrics.csv",
    "losses.csv",
    "report.md",
)


def run_suite(
    suite: Suite, output: str | os.PathLike[str], *, workers: int, hours: float | None
) -> Path:
    """Train, evaluate and tabulate; what is done already is kept.

    Args:
        suite: what to run.
        output: folder of data, models and tables; one suite each.
        workers: processes that simulate.
        hours: stop before a model that would probably end later than this; None for no limit. The
            same command goes on another time.

    Returns:
        Markdown file with the tables of all models that are done.

    Raises:
        ValueError: `output` holds another suite, or `hours` is not positive.
        FileNotFoundError: the bundles are not beside the package (not an editable installation).
    """
    started = time.perf_counter()
    output = Path(output).absolute()
    _check(suite, output, hours)
    quiet()
    for experiment in suite.experiments:
        folder = output / experiment.name
        experiment.write_data(folder / DATA_FOLDER, workers=workers)
        if not (folder / LIMIT_FILE).exists():
            write_rows(experiment.limit_rows(folder / DATA_FOLDER), folder / LIMIT_FILE)
    report = _report(suite, output)
    for experiment, model in _remaining(suite, output, started, hours):
        _train_and_evaluate(experiment, model, output / experiment.name)
        report = _report(suite, output)
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
) -> Iterator[tuple[Experiment, Model]]:
    """Yield the models that are not done, as long as the time allows; tell the time left."""
    models = [(one, model) for one in suite.experiments for model in one.models]
    remaining = [
        (one, model)
        for one, model in models
        if not (output / one.name / model.name / METRICS_FILE).exists()
    ]
    longest = 0.0
    for number, (experiment, model) in enumerate(remaining):
        before = time.perf_counter()
        if hours is not None and before - started + longest > 3600 * hours:
            names = ", ".join(one.name for _, one in remaining[number:])
            print(f"\nthe time is up; run the same command again for: {names}")
            return
        left = len(remaining) - number
        estimate = f", about {longest * left / 60:.0f} min" if longest else ""
        print(f"\n{model.name}: {model.bundle}; {left} models to go{estimate}", flush=True)
        yield experiment, model
        longest = max(longest, time.perf_counter() - before)


def _train_and_evaluate(experiment: Experiment, model: Model, folder: Path) -> None:
    output = folder / model.name
    options = {
        **experiment.options,
        **model.options,
        "seed": experiment.seed,
        "dataset_dir": str(folder / DATA_FOLDER),
        "ckpt_dir": str(output / "models"),
        "output_dir": str(output),
    }
    run = [model.run] if model.run else []
    resume = (output / "models" / "checkpoint.pt").exists()
    started = time.perf_counter()
    run_bundle(model.bundle, "training", ["train", *run], {**options, "resume": resume})
    run_bundle(model.bundle, "evaluating", ["train", "evaluate", *run], options)
    print(f"{model.name} took {(time.perf_counter() - started) / 60:.1f} min", flush=True)


def _report(suite: Suite, output: Path) -> Path:
    """Write the tables of what is done so far."""
    tables = [_tables(one, output / one.name) for one in suite.experiments]
    path = output / REPORT_FILE
    with atomic_write(path, "w") as file:
        file.write("\n".join(tables).strip("\n") + "\n")
    return path


def _tables(experiment: Experiment, folder: Path) -> str:
    done = [one.name for one in experiment.models if (folder / one.name / METRICS_FILE).exists()]
    results = {
        name: Results(
            metrics=read_metrics(folder / name / METRICS_FILE, experiment.measures),
            losses=read_losses(folder / name / LOSSES_FILE),
        )
        for name in done
    }
    limit = read_metrics(folder / LIMIT_FILE, experiment.measures)
    return markdown_tables(experiment, results, limit)
