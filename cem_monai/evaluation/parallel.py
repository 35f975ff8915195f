"""Run one job per case in several processes, with progress."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

CHUNK = 4
"""Jobs that one process takes at once: the views of one exam, which have files in common."""
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str(2**30)),
}
"""One core for each process: several threads each would get in each other's way. And memory that
one array leaves is kept for the next, since pages are dear to get (glibc only)."""
Job = TypeVar("Job")
Result = TypeVar("Result")


class Processes:
    """Processes that are started once and used for several kinds of jobs.

    Args:
        workers: number of processes; 1 works in this process.

    Raises:
        ValueError: there is no worker.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    @contextmanager
    def started(self) -> Iterator[Processes]:
        """Have the processes until the end of the block."""
        if self.workers == 1:
            yield self
            return
        # Forked processes would inherit the locks of torch's threads.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_leave_interrupts_to_the_parent
        )
        with _environment(), pool as self._pool:
            yield self

    def map(
        self, function: Callable[[Job], Result], jobs: Sequence[Job], label: str
    ) -> Iterator[Result]:
        """Start all jobs, and yield the results in their order as they are asked for.

        Args:
            function: of one job; of a module, since another process must find it.
            jobs: one per case.
            label: of the progress bar.
        """
        results: Iterable[Result] = map(function, jobs)
        if self._pool is not None:
            results = self._pool.map(function, jobs, chunksize=CHUNK)
        return iter(tqdm(results, desc=label, total=len(jobs), unit="case"))


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _environment() -> Iterator[None]:
    """Have new processes started with `ENVIRONMENT`, which libraries read when they are loaded."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
