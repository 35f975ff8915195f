"""Apply a function to many jobs in several processes, with a progress bar."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from tqdm import tqdm

Job = TypeVar("Job")
Result = TypeVar("Result")


def measure_all(
    measure: Callable[[Job], Result], jobs: Sequence[Job], *, workers: int, label: str
) -> list[Result]:
    """Return `measure(job)` for each job, in order.

    Args:
        measure: a function of a module, so that other processes find it.
        jobs: what to measure.
        workers: processes; with 1 everything runs in this one.
        label: of the progress bar.
    """
    if workers == 1:
        return list(tqdm(map(measure, jobs), total=len(jobs), desc=label))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        return list(tqdm(pool.map(measure, jobs), total=len(jobs), desc=label))
