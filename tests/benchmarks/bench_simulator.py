"""Cost of one simulated pair, and how it falls with the number of workers.

Run: python tests/benchmarks/bench_simulator.py [--rounds N] [--exams N] [--workers W ...]

A pair is one view: both images and the limit, in memory; written, it is a quarter of an exam. Times
are processor seconds where one process works, wall seconds where several do.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import resource
import statistics
import tempfile
import time

import numpy as np

from cem_monai.simulator import simulate_exams, simulate_view
from cem_monai.simulator.grid import Size

SIZES: tuple[Size, ...] = (512, 1024, "native")
VIEWS = (("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, help="exams per size, and repetitions")
    parser.add_argument("--exams", type=int, default=8, help="written per number of workers")
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2))
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {multiprocessing.cpu_count()} cores, NumPy {np.__version__}\n")
    print("| pixels | images only, s per pair | with the limit, s per pair | ratio | peak MB |")
    print("|---|---|---|---|---|")
    for size in SIZES:
        print(cost_row(size, arguments.rounds))
    print("\n| workers | s per exam of 1024 x 1024, written | against one worker |")
    print("|---|---|---|")
    for row in worker_rows(arguments.workers, arguments.exams, arguments.rounds):
        print(row)


def cost_row(size: Size, rounds: int) -> str:
    """Time both ways alternately in one fresh process, whose peak memory is read at its end."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        plain, limit, peak = pool.apply(measure, (size, rounds))
    ratio = statistics.median(b / a for a, b in zip(plain, limit, strict=True))
    times = f"{statistics.median(plain):.2f} | {statistics.median(limit):.2f}"
    return f"| {size} | {times} | {ratio:.2f} | {peak:.0f} |"


def measure(size: Size, rounds: int) -> tuple[list[float], list[float], float]:
    simulate_view(0, laterality="L", view_position="CC", size=128, reference=True)  # imports
    plain, limit = [], []
    for seed in range(rounds):
        for laterality, view_position in VIEWS:
            for reference, times in ((False, plain), (True, limit)):
                started = time.process_time()
                simulate_view(
                    seed,
                    laterality=laterality,
                    view_position=view_position,
                    size=size,
                    reference=reference,
                )
                times.append(time.process_time() - started)
    return plain, limit, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def worker_rows(workers: list[int], exams: int, rounds: int) -> list[str]:
    times: dict[int, list[float]] = {number: [] for number in workers}
    for _ in range(rounds):
        for number in workers:
            times[number].append(written(exams, number) / exams)
    return [
        f"| {number} | {statistics.median(times[number]):.2f} "
        f"| {statistics.median(a / b for a, b in zip(times[workers[0]], one, strict=True)):.2f} |"
        for number, one in times.items()
    ]


def written(exams: int, workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        simulate_exams(folder, exams=exams, size=1024, workers=workers, progress=False)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
