"""Many simulated exams: a data set that training, tests and benchmarks read like a real one."""

from __future__ import annotations

import errno
import json
import math
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cem_monai.atomic import atomic_write
from cem_monai.simulator.device import STANDARD
from cem_monai.simulator.dicom_objects import patient_id
from cem_monai.simulator.exam import read_exam, write_exam
from cem_monai.simulator.grid import Size
from cem_monai.simulator.population import Population
from cem_monai.simulator.predictability import Predictability
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import check_seed
from cem_monai.simulator.recipe import Recipe
from cem_monai.simulator.view import SIMULATED_VIEWS

MANIFEST = "manifest.json"
VIEWS_PER_EXAM = 2 * len(SIMULATED_VIEWS)
BYTES_PER_PIXEL, REFERENCE_BYTES_PER_PIXEL = 2, 1.5
"""Of one DICOM image, and of the compressed limit of one view."""


def simulate_exams(
    output: str | os.PathLike[str],
    *,
    exams: int,
    seed: int = 0,
    size: Size = 512,
    workers: int = 1,
    predictability: Predictability | str = Predictability.CLINICAL,
    population: Population | None = None,
    protocol: Protocol | None = None,
    device: str = STANDARD.name,
    hidden: int = 0,
    twin: bool = False,
    progress: bool = True,
) -> Path:
    """Simulate exams of seeds `seed`, `seed + 1` ... into a study folder.

    Each exam has four views (left and right, CC and MLO) with a low-energy and a recombined DICOM
    object, masks, the best possible predictions (`read_reference`) and `exam.json`: every parameter
    that was drawn, and the errors of these predictions. Complete exams in `output` are kept, so
    that an interrupted run can be continued and a data set be enlarged. The files of a seed are the
    same, byte for byte, however many workers make them.

    With more than one worker, a script must call this below `if __name__ == "__main__":`.

    Args:
        output: folder to write; made if it is missing.
        exams: number of exams, at least 1.
        seed: of the first exam.
        size: of the images, see `simulate_view`.
        workers: processes, at least 1.
        predictability: how much a low-energy image tells: `"clinical"`, `"coupled"` or
            `"uninformative"`.
        population: instead of a preset, which breasts and lesions occur.
        protocol: how the exposures are taken; `None` for the default with the device's anode.
        device: matrix, bit depth, polarity, anode and tags of all exams, a name of `DEVICES`; or
            `"mixed"` for all of them in turn.
        hidden: which draw of what the low-energy image cannot reveal, see `simulate_view`.
        twin: write `<view>_LE_TWIN.dcm` too, the low-energy image without contrast agent: how much
            worse does a model translate it, which can read no iodine there?
        progress: show a bar with the time left.

    Returns:
        Path of `manifest.json`: recipe and all exams in `output`, with parameters and the SHA-256
        of each file.

    Raises:
        ValueError: an argument outside its range, `output` is a file, or it holds exams of another
            recipe; nothing is written then.
        OSError: the disk is too small for all exams (nothing is written then) or full, or `output`
            cannot be written. Complete exams stay; nothing half-written does.
    """
    _check_positive("exams", exams)
    _check_positive("workers", workers)
    check_seed(seed)
    check_seed(seed + exams - 1)
    settings = {"protocol": protocol, "device": device, "hidden": hidden, "twin": twin}
    recipe = Recipe.of(size, predictability, population, **settings)
    output = Path(output)
    present = _present_exams(output, recipe)
    missing = [one for one in range(seed, seed + exams) if patient_id(one) not in present]
    _check_space(output, missing, recipe)
    output.mkdir(parents=True, exist_ok=True)
    with tqdm(
        total=exams,
        initial=exams - len(missing),
        desc="simulating",
        unit="exam",
        disable=not progress,
    ) as bar:
        for _ in _write(output, missing, recipe, min(workers, len(missing))):
            bar.update()
    return _write_manifest(output, recipe)


def _check_positive(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}.")


def _present_exams(output: Path, recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Return the complete exams in `output` by folder name, after checking that they fit."""
    existing = _nearest_existing(output)
    if not existing.is_dir():
        raise ValueError(f"output must be a folder, {existing} is a file.")
    found = {folder.name: read_exam(folder) for folder in sorted(output.glob("SIM-*"))}
    present = {name: exam for name, exam in found.items() if exam is not None}
    for name, exam in present.items():
        if exam["recipe"] != recipe.as_dict():
            raise ValueError(
                f"{output / name} was simulated with other parameters "
                f"({_difference(exam['recipe'], recipe.as_dict())}); choose another output folder."
            )
    return present


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _check_space(output: Path, seeds: list[int], recipe: Recipe) -> None:
    """Refuse what the disk cannot hold, before hours of work."""
    pixels = sum(math.prod(recipe.exam_grid(seed).shape) for seed in seeds) * VIEWS_PER_EXAM
    needed = pixels * (BYTES_PER_PIXEL * (2 + recipe.twin) + REFERENCE_BYTES_PER_PIXEL)
    free = shutil.disk_usage(_nearest_existing(output)).free
    if needed > free:
        raise OSError(
            errno.ENOSPC,
            f"{len(seeds)} exams need about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
            str(output),
        )


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    changed = (key for key in new if old.get(key) != new[key])
    return "; ".join(f"{key} {old.get(key)} instead of {new[key]}" for key in changed)


def _write(output: Path, seeds: list[int], recipe: Recipe, workers: int) -> Iterator[None]:
    """Write the exams of some seeds, yielding after each."""
    if workers <= 1:
        for seed in seeds:
            write_exam(output, seed, recipe)
            yield
        return
    # a fresh interpreter per worker: forking a process that holds threads (torch) can hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = [pool.submit(write_exam, output, seed, recipe) for seed in seeds]
        try:
            for job in as_completed(jobs):
                job.result()
                yield
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_manifest(output: Path, recipe: Recipe) -> Path:
    exams = [
        {key: exam[key] for key in ("patient", "seed", "views", "files")}
        for exam in _present_exams(output, recipe).values()
    ]
    exams.sort(key=lambda exam: int(exam["seed"]))
    manifest = {"source": "cem_monai simulator", "recipe": recipe.as_dict(), "exams": exams}
    path = output / MANIFEST
    with atomic_write(path, "w") as file:
        file.write(json.dumps(manifest, indent=1) + "\n")
    return path
