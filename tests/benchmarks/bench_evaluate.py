"""Time `cem-monai evaluate`, from the start of the command to the report, on simulated exams.

Run: python tests/benchmarks/bench_evaluate.py [--exams N] [--size S] [--workers W] [--folder DIR]

Wall-clock seconds. An exam has four views, each a case; a fifth as many exams more teach the
trivial predictors. With --folder, exams that are there already are used again. A prediction is
the real image blurred.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pydicom
from scipy.ndimage import gaussian_filter

from cem_monai.data import find_pairs, load_datalist, write_datalist
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
        datalist = write_exams(folder, arguments.exams, arguments.size, arguments.workers)
        test, training = (load_datalist(datalist, section) for section in ("test", "training"))
        predictions = predict(folder / "predictions", test)
        seconds = timed(predictions, datalist, folder / "result", arguments.workers)
        with (folder / "result" / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
    predictors = len({row["predictor"] for row in rows})
    lesions = len({(row["case"], row["lesion"]) for row in rows if row["lesion"]})
    print(
        "| cases | lesions | side | training cases | predictors | processes | s | s / case |\n"
        "|---|---|---|---|---|---|---|---|\n"
        f"| {len(test)} | {lesions} | {arguments.size} | {len(training)} | {predictors} "
        f"| {arguments.workers} | {seconds:.0f} | {seconds / len(test):.2f} |"
    )


def write_exams(folder: Path, number: int, size: int, workers: int) -> Path:
    """Simulate exams; return their datalist."""
    exams = number + max(1, number // 5)
    simulate_exams(folder / "exams", exams=exams, seed=0, size=size, workers=workers)
    datalist = folder / "datalist.json"
    write_datalist(find_pairs(folder / "exams")[0], datalist, test_fraction=number / exams)
    return datalist


def predict(folder: Path, items: Items) -> Path:
    """Write a prediction of each case as NPY."""
    folder.mkdir(exist_ok=True)
    for item in items:
        image = pydicom.dcmread(item["label"]).pixel_array
        np.save(folder / f"{item['case']}.npy", gaussian_filter(image.astype(np.float32), 1.5))
    return folder


def timed(predictions: Path, datalist: Path, output: Path, workers: int) -> float:
    """Run the command; the start of its processes counts."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "cem_monai", "evaluate", predictions, datalist, output]
    options = ["--data_range", "1900,2200", "--workers", str(workers)]
    subprocess.run([*map(str, command), *options], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
