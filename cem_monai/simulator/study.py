"""Many simulated exams: a data set that training, tests and benchmarks read like a real one."""

from __future__ import annotations

import math
import os
from functools import partial
from pathlib import Path

from cem_monai.simulator.device import STANDARD
from cem_monai.simulator.dicom_objects import patient_id
from cem_monai.simulator.exam import write_exam
from cem_monai.simulator.grid import Size
from cem_monai.simulator.population import Population
from cem_monai.simulator.predictability import Predictability
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import check_seed
from cem_monai.simulator.recipe import Recipe
from cem_monai.simulator.study_folder import ExamJob, check_positive, fill_study
from cem_monai.simulator.view import SIMULATED_VIEWS

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
    object, masks, the best possible predictions (`read_reference`) and `exam.json`: the parameters
    that were drawn, and the errors of these predictions. Complete exams in `output` are kept, so
    that an interrupted run can be continued and a data set be enlarged. The files of a seed are the
    same, byte for byte, however many workers make them.

    With more than one worker, a script must call this below `if __name__ == "__main__":`.

    Args:
        output: folder to write; made if it is missing.
        exams: number of exams, at least 1.
        seed: of the first exam.
        size: of the images, see `simulate_view`.
        workers: processes, at least 1.
        predictability: how much a low-energy image tells, a value of `Predictability`.
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
    check_positive("exams", exams)
    check_seed(seed)
    check_seed(seed + exams - 1)
    settings = {"protocol": protocol, "device": device, "hidden": hidden, "twin": twin}
    recipe = Recipe.of(size, predictability, population, **settings)
    output = Path(output)
    jobs = {
        patient_id(one): ExamJob(partial(write_exam, output, one, recipe), _exam_bytes(one, recipe))
        for one in range(seed, seed + exams)
    }
    return fill_study(output, recipe.as_dict(), jobs, workers=workers, progress=progress)


def _exam_bytes(seed: int, recipe: Recipe) -> float:
    pixels = math.prod(recipe.exam_grid(seed).shape) * VIEWS_PER_EXAM
    return pixels * (BYTES_PER_PIXEL * (2 + recipe.twin) + REFERENCE_BYTES_PER_PIXEL)
