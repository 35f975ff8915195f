"""A folder of simulated exams: what is complete is kept, what is missing is made, all is listed."""

from __future__ import annotations

import errno
import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from cem_monai.atomic import atomic_write
from cem_monai.simulator.exam_folder import SOURCE, read_exam

MANIFEST = "manifest.json"
DIFFERENCES = 3
"""Named when exams of another recipe are refused."""


class ExamJob(NamedTuple):
    """How to make one exam.

    Args:
        write: writes its folder; picklable.
        size: bytes that it takes on disk, roughly.
    """

    write: Callable[[], None]
    size: float


def fill_study(
    output: Path,
    recipe: dict[str, Any],
    jobs: Mapping[str, ExamJob],
    *,
    workers: int,
    progress: bool,
) -> Path:
    """Do the jobs whose exams `output` lacks, and list all exams in it.

    Args:
        output: folder to write; made if it is missing.
        recipe: parameters that all exams share, ready for JSON.
        jobs: by the exam's folder name.
        workers: processes, at least 1.
        progress: show a bar with the time left.

    Returns:
        Path of the manifest: recipe, and what each exam's `exam.json` says.

    Raises:
        ValueError: `workers` is outside its range, `output` is a file or holds exams of another
            recipe; nothing is written then.
        OSError: the disk is too small for all exams (nothing is written then) or full, or `output`
            cannot be written. Complete exams stay; nothing half-written does.
    """
    check_positive("workers", workers)
    present = _present_exams(output, recipe)
    missing = [job for name, job in jobs.items() if name not in present]
    _check_space(output, missing)
    output.mkdir(parents=True, exist_ok=True)
    with tqdm(
        total=len(jobs),
        initial=len(jobs) - len(missing),
        desc="simulating",
        unit="exam",
        disable=not progress,
    ) as bar:
        for _ in _run(missing, min(workers, len(missing))):
            bar.update()
    return _write_manifest(output, recipe)


def check_positive(name: str, value: int) -> None:
    """Refuse what is not a whole number of at least 1.

    Raises:
        ValueError: `value` is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}.")


def _present_exams(output: Path, recipe: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the complete exams in `output` by folder name, after checking that they fit."""
    existing = _nearest_existing(output)
    if not existing.is_dir():
        raise ValueError(f"output must be a folder, {existing} is a file.")
    found = {folder.name: read_exam(folder) for folder in sorted(output.glob("SIM-*"))}
    present = {name: exam for name, exam in found.items() if exam is not None}
    for name, exam in present.items():
        if exam["recipe"] != recipe:
            raise ValueError(
                f"{output / name} was simulated with other parameters "
                f"({_difference(exam['recipe'], recipe)}); choose another output folder."
            )
    return present


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _check_space(output: Path, jobs: list[ExamJob]) -> None:
    """Refuse what the disk cannot hold, before hours of work."""
    needed = sum(job.size for job in jobs)
    free = shutil.disk_usage(_nearest_existing(output)).free
    if needed > free:
        raise OSError(
            errno.ENOSPC,
            f"{len(jobs)} exams need about {_amount(needed)}, {_amount(free)} are free",
            str(output),
        )


def _amount(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the first few parameters that differ, e.g. `size 512 instead of 1024`."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    changed = [key for key in after if before.get(key) != after[key]]
    told = [f"{key} {before.get(key)} instead of {after[key]}" for key in changed[:DIFFERENCES]]
    more = len(changed) - DIFFERENCES
    return "; ".join([*told, f"{more} more"] if more > 0 else told)


def _leaves(recipe: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _run(jobs: list[ExamJob], workers: int) -> Iterator[None]:
    """Do the jobs, yielding after each."""
    if workers <= 1:
        for job in jobs:
            job.write()
            yield
        return
    # a fresh interpreter per worker: forking a process that holds threads (torch) can hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running = [pool.submit(job.write) for job in jobs]
        try:
            for done in as_completed(running):
                done.result()
                yield
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_manifest(output: Path, recipe: dict[str, Any]) -> Path:
    exams = [
        {key: value for key, value in exam.items() if key not in ("source", "recipe", "bytes")}
        for exam in _present_exams(output, recipe).values()
    ]
    # seeds beyond six digits make longer names
    exams.sort(key=lambda exam: (len(exam["patient"]), exam["patient"]))
    manifest = {"source": SOURCE, "recipe": recipe, "exams": exams}
    path = output / MANIFEST
    with atomic_write(path, "w") as file:
        file.write(json.dumps(manifest, indent=1) + "\n")
    return path
