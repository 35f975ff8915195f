"""Time the measuring of a folder of predictions of simulated exams, by two processes.

Run: python tests/benchmarks/bench_evaluate.py [--exams N] [--size S] [--workers W] [--folder DIR]

Wall-clock seconds. An exam has four views, each a case; a quarter as many exams more teach the
trivial predictors. With --folder, exams that are there already are used again. A prediction is the
real image blurred.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pydicom
from scipy.ndimage import gaussian_filter

from cem_monai.data import find_pairs, load_datalist, write_datalist
from cem_monai.evaluation.case_evaluation import MeasureSettings
from cem_monai.evaluation.measure_predictions import Measured, measure_predictions
from cem_monai.evaluation.parallel import Processes
from cem_monai.simulator import simulate_exams

Items = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=50, help="exams that are evaluated")
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="for exams and predictions; else temporary")
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        test, training = exams(folder, arguments.exams, arguments.size, arguments.workers)
        predictions = predict(folder / "predictions", test)
        measured, seconds = timed(predictions, test, training, arguments.workers)
    rows = Counter("lesions" if row["lesion"] else "cases" for row in measured.rows)
    predictors = len({row["predictor"] for row in measured.rows})
    print(f"{platform.machine()}, NumPy {np.__version__}, {arguments.workers} processes")
    print("| cases | side | training cases | predictors | rows (cases, lesions) | s | s / case |")
    print("|---|---|---|---|---|---|---|")
    cells = (
        *(len(test), arguments.size, len(training), predictors),
        f"{rows['cases']}, {rows['lesions']}",
        f"{seconds:.1f}",
        f"{seconds / len(test):.3f}",
    )
    print("| " + " | ".join(map(str, cells)) + " |")


def exams(folder: Path, number: int, size: int, workers: int) -> tuple[Items, Items]:
    """Simulate exams; return the items of the test and of the training section."""
    training = max(1, number // 4)
    simulate_exams(folder / "exams", exams=number + training, seed=0, size=size, workers=workers)
    pairs = find_pairs(folder / "exams")[0]
    path = folder / "datalist.json"
    write_datalist(pairs, path, test_fraction=number / (number + training), validation_fraction=0)
    return load_datalist(path, "test"), load_datalist(path, "training")


def predict(folder: Path, items: Items) -> Path:
    """Write a prediction of each case as NPY."""
    folder.mkdir(exist_ok=True)
    for item in items:
        image = pydicom.dcmread(item["label"]).pixel_array
        np.save(folder / f"{item['case']}.npy", gaussian_filter(image.astype(np.float32), 1.5))
    return folder


def timed(folder: Path, test: Items, training: Items, workers: int) -> tuple[Measured, float]:
    """Measure; the start of the processes counts."""
    start = time.perf_counter()
    with Processes(workers).started() as processes:
        measured = measure_predictions(
            {"model": folder}, test, training, MeasureSettings(), processes
        )
    return measured, time.perf_counter() - start


if __name__ == "__main__":
    main()
