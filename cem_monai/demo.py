"""The main job from end to end on simulated exams: what `make demo` shows a newcomer."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cem_monai.bundle_run import (
    bundle_folder,
    config_files,
    quiet,
    run_bundle,
    runner_command,
)
from cem_monai.data import find_pairs, load_datalist, report_refused, write_datalist
from cem_monai.simulator import simulate_exams

BUNDLE = "breast_cem_compact"
TEST_FRACTION = 0.375  # enough held-out patients that some have a mass
MARKER = ".cem_monai_demo"
"""Lies in folders that the demo made: only in these it replaces what it finds."""
WARNING = (
    "Research software, not a medical device: the virtual images are predictions, lesions can be\n"
    "missed or invented, and these come from a small network that saw simulated exams only."
)


def run_demo(
    output: str | os.PathLike[str], *, exams: int, seed: int, epochs: int, train: bool = False
) -> None:
    """Simulate, index, generate, evaluate and report into one folder.

    Args:
        output: folder to write. Simulated exams in it are used again, all else is replaced.
        exams: number of exams, at least 4.
        seed: of exams, split and training. The shipped weights have seen other exams.
        epochs: of the training, at least 1.
        train: train the network anew instead of taking the shipped weights.

    Raises:
        ValueError: too few exams or epochs, or `output` is a file.
        FileNotFoundError: the bundles are not beside the package (not an editable installation).
    """
    started = time.perf_counter()
    output = Path(output).absolute()
    _check(output, exams=exams, epochs=epochs)
    quiet()
    output.mkdir(parents=True, exist_ok=True)
    (output / MARKER).touch()
    stages = _stages(5 if train else 4)

    stages(f"simulate {exams} exams")
    simulate_exams(output / "exams", exams=exams, seed=seed, size=512, workers=_workers())
    stages("index: pair the images, split by patient")
    counts = _index(output, seed=seed)
    common: dict[str, Any] = {"seed": seed, "bundle_root": str(bundle_folder(BUNDLE))}
    dataset = {"dataset_dir": str(output / "exams"), "output_dir": str(output)}
    if train:
        stages(f"train on {counts['training']} image pairs")
        common["ckpt_dir"] = str(output / "models")
        _bundle("training", ["train"], {**common, **dataset, "max_epochs": epochs})
    stages(f"generate the virtual DES of {counts['test']} held-out images")
    inference = {"dataset_dir": str(output / "held_out"), "output_dir": str(output / "virtual_des")}
    shutil.rmtree(output / "virtual_des", ignore_errors=True)
    _bundle("inference", ["inference"], {**common, **inference})
    stages("evaluate beside trivial predictors and the simulator's limit, and report")
    _bundle("evaluating", ["train", "evaluate"], {**common, **dataset})
    _close(output, time.perf_counter() - started, trained=train)


def _check(output: Path, *, exams: int, epochs: int) -> None:
    if exams < 4:
        raise ValueError(f"exams must be at least 4, so that some can be held out, got {exams}")
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if output.is_file():
        raise ValueError(f"{output}: is a file, the demo needs a folder")
    if output.is_dir() and any(output.iterdir()) and not (output / MARKER).exists():
        raise ValueError(f"{output}: holds files that the demo did not make; name an empty folder")
    config_files(BUNDLE, ["train"])


def _workers() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _stages(total: int) -> Callable[[str], None]:
    """Return what tells of the next of so many stages."""
    numbers = iter(range(1, total + 1))
    return lambda text: print(f"\n[{next(numbers)}/{total}] {text}", flush=True)


def _index(output: Path, *, seed: int) -> dict[str, int]:
    """Write the datalist; lay the held-out low-energy images out as a modality would send them."""
    pairs, refused = find_pairs(output / "exams")
    report_refused(refused, output / "exams" / "refused.csv")
    datalist = _datalist(output)
    counts = write_datalist(pairs, datalist, test_fraction=TEST_FRACTION, seed=seed)
    shutil.rmtree(output / "held_out", ignore_errors=True)
    for case in load_datalist(datalist, "test"):
        target = output / "held_out" / case["patient"] / Path(case["image"]).name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(case["image"], target)
    return counts


def _bundle(run_id: str, configs: list[str], overrides: Mapping[str, Any]) -> None:
    """Run the bundle and show the command that does the same."""
    print(runner_command(BUNDLE, run_id, configs, overrides))
    run_bundle(BUNDLE, run_id, configs, overrides)


def _datalist(output: Path) -> Path:
    return output / "exams" / "datalist.json"


def _close(output: Path, seconds: float, *, trained: bool) -> None:
    print(f"\nDone in {seconds:.0f} s. In {output}:")
    for name, meaning in (
        ("report.html", "tables and every held-out case: open this first"),
        ("pictures/", "low-energy | DES | virtual | difference | masks of the ten worst cases"),
        ("virtual_des/", "the generated images as DICOM"),
        ("metrics.csv", "every measure of every case, lesion and predictor"),
        ("summary.json", "all means with their intervals, tests, subgroups"),
        ("exams/", "the simulated exams as DICOM, with masks"),
        *([("models/", "weights and training checkpoint")] if trained else []),
    ):
        print(f"  {name:14} {meaning}")
    print(f"\n{WARNING}")
