"""Train and judge the models of a suite one after another; interrupted, it goes on from there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.benchmark.limit import limit_rows
from cem_monai.benchmark.suites import Model, Suite
from cem_monai.benchmark.tables import markdown_report, write_rows
from cem_monai.bundle_run import config_files, quiet, run_bundle
from cem_monai.data import find_pairs, load_datalist, write_datalist
from cem_monai.evaluation import read_metrics
from cem_monai.simulator import simulate_exams

SUITE_FILE, LIMIT_FILE, METRICS_FILE, REPORT_FILE = (
    "suite.json",
    "limit.csv",
    "metrics.csv",
    "report.md",
)


def run_suite(
    suite: Suite, output: str | os.PathLike[str], *, workers: int, hours: float | None
) -> Path:
    """Train, evaluate and tabulate; what is done already is kept.

    Args:
        suite: what to run.
        output: folder of exams, models and tables; one suite each.
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
    exams = simulate_exams(
        output / "exams", exams=suite.exams, seed=suite.seed, size=suite.size, workers=workers
    ).parent
    _index(suite, exams)
    _limit(suite, output)
    report = _report(suite, output)
    for number, model in enumerate(_remaining(suite, output, started, hours), start=1):
        print(f"\n[{number}] {model.name}: {model.bundle} {dict(model.options)}", flush=True)
        _train_and_evaluate(suite, model, output)
        report = _report(suite, output)
    return report


def _check(suite: Suite, output: Path, hours: float | None) -> None:
    if hours is not None and not hours > 0:
        raise ValueError(f"hours must be positive, got {hours}")
    for model in suite.models:
        config_files(model.bundle, ["train"])
    path = output / SUITE_FILE
    text = json.dumps(asdict(suite), indent=1, default=dict) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise ValueError(f"{output}: holds another suite or other settings; name another folder")
    if output.is_dir() and any(output.iterdir()) and not path.is_file():
        raise ValueError(f"{output}: holds files that no suite made; name an empty folder")
    with atomic_write(path, "w") as file:
        file.write(text)


def _index(suite: Suite, exams: Path) -> None:
    if not (exams / "datalist.json").exists():
        write_datalist(
            find_pairs(exams)[0],
            exams / "datalist.json",
            test_fraction=suite.test_fraction,
            validation_fraction=suite.validation_fraction,
            seed=suite.seed,
        )


def _limit(suite: Suite, output: Path) -> None:
    if (output / LIMIT_FILE).exists():
        return
    options = suite.options
    rows = limit_rows(
        load_datalist(output / "exams" / "datalist.json", "test"),
        data_range=options["recombined_window"],
        patch_size=options["cnr_patch_size"],
        stride=options["cnr_stride"],
    )
    write_rows(rows, output / LIMIT_FILE)


def _remaining(suite: Suite, output: Path, started: float, hours: float | None) -> Iterator[Model]:
    """Yield the models that are not done, as long as the time allows; tell the time left."""
    remaining = [one for one in suite.models if not _metrics(output, one).exists()]
    longest = 0.0
    for number, model in enumerate(remaining):
        before = time.perf_counter()
        if hours is not None and before - started + longest > 3600 * hours:
            names = ", ".join(one.name for one in remaining[number:])
            print(f"\nthe time is up; run the same command again for: {names}")
            return
        if longest:
            left = longest * (len(remaining) - number) / 60
            print(f"\n{len(remaining) - number} models to go, about {left:.0f} min")
        yield model
        longest = max(longest, time.perf_counter() - before)


def _train_and_evaluate(suite: Suite, model: Model, output: Path) -> None:
    folder = output / model.name
    options = {
        **suite.options,
        **model.options,
        "seed": suite.seed,
        "dataset_dir": str(output / "exams"),
        "ckpt_dir": str(folder / "models"),
        "output_dir": str(folder),
    }
    resume = (folder / "models" / "checkpoint.pt").exists()
    started = time.perf_counter()
    run_bundle(model.bundle, "training", ["train"], {**options, "resume": resume})
    run_bundle(model.bundle, "evaluating", ["train", "evaluate"], options)
    print(f"{model.name} took {(time.perf_counter() - started) / 60:.1f} min", flush=True)


def _metrics(output: Path, model: Model) -> Path:
    return output / model.name / METRICS_FILE


def _report(suite: Suite, output: Path) -> Path:
    """Write the tables of what is done so far."""
    done = {
        one.name: read_metrics(_metrics(output, one))
        for one in suite.models
        if _metrics(output, one).exists()
    }
    path = output / REPORT_FILE
    with atomic_write(path, "w") as file:
        file.write(markdown_report(suite, done, read_metrics(output / LIMIT_FILE)))
    return path
