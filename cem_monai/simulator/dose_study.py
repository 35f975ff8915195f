"""Many arrangements of the phantom at every dose: the data set for translating low to high dose."""

from __future__ import annotations

import math
import os
from functools import partial
from pathlib import Path

from cem_monai.simulator.dose_arrangement import DoseRecipe, write_arrangement
from cem_monai.simulator.dose_box import dose_grid
from cem_monai.simulator.dose_dicom import phantom_id
from cem_monai.simulator.dose_exposure import DoseLevel
from cem_monai.simulator.dose_phantom import LARGEST_ARRANGEMENT
from cem_monai.simulator.grid import NATIVE_PIXEL
from cem_monai.simulator.random_streams import check_seed
from cem_monai.simulator.study_folder import ExamJob, check_positive, fill_study

BYTES_PER_PIXEL = 2


def simulate_dose_pairs(
    output: str | os.PathLike[str],
    *,
    arrangements: int = 12,
    seed: int = 0,
    pixel: float = NATIVE_PIXEL,
    workers: int = 1,
    progress: bool = True,
) -> Path:
    """Expose arrangements 1, 2 ... of a structured phantom with a low, an automatic, a high dose.

    Each gets a folder `SIM-DOSE-<number>`: one raw DICOM object (For Processing) per dose,
    `high_noise_free.dcm`, masks of the phantom's inside, of nodules and of their surroundings, and
    `exam.json` with what lies where. As in the paper on dose pairs (pix2pix from low to high dose,
    11 pairs), arrangement 12 has no high dose and so no pair. Complete arrangements in `output` are
    kept; the files are the same, byte for byte, however many workers make them.

    With more than one worker, a script must call this below `if __name__ == "__main__":`.

    Args:
        output: folder to write; made if it is missing.
        arrangements: how many, 1 to 99; the paper has 12.
        seed: of the phantom: its films and inserts, and how they are laid.
        pixel: mm, 0.1 (2294 x 1914 pixels) to 2.
        workers: processes, at least 1.
        progress: show a bar with the time left.

    Returns:
        Path of `manifest.json`: recipe and all arrangements in `output`, with the SHA-256 of each
        file.

    Raises:
        ValueError: an argument outside its range, `output` is a file, or it holds exams of another
            recipe; nothing is written then.
        OSError: the disk is too small for all arrangements (nothing is written then) or full, or
            `output` cannot be written. Complete arrangements stay; nothing half-written does.
    """
    check_positive("arrangements", arrangements)
    if arrangements > LARGEST_ARRANGEMENT:
        raise ValueError(f"arrangements must be at most {LARGEST_ARRANGEMENT}, got {arrangements}.")
    check_seed(seed)
    output, recipe = Path(output), DoseRecipe(seed, pixel)
    size = math.prod(dose_grid(pixel).shape) * BYTES_PER_PIXEL * (len(DoseLevel) + 1)
    jobs = {
        phantom_id(number): ExamJob(partial(write_arrangement, output, number, recipe), size)
        for number in range(1, arrangements + 1)
    }
    return fill_study(output, recipe.as_dict(), jobs, workers=workers, progress=progress)
