"""One arrangement of the phantom as a folder: raw images, masks and the truth."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cem_monai
from cem_monai.data import write_mask
from cem_monai.dicom import save_dataset
from cem_monai.simulator.dose_dicom import RawIdentity, phantom_id, raw_dataset
from cem_monai.simulator.dose_exposure import RAW_BITS, TECHNIQUE, VALUE_PER_QUANTUM, DoseLevel
from cem_monai.simulator.dose_phantom import DosePhantom
from cem_monai.simulator.dose_series import DoseSeries, simulate_dose_series
from cem_monai.simulator.exam_folder import SOURCE, exam_folder, write_truth
from cem_monai.simulator.grid import BoolImage

WITHOUT_HIGH_DOSE = 12
"""The arrangement of which the paper has no high dose."""


@dataclass(frozen=True)
class DoseRecipe:
    """Parameters that all arrangements of a data set share.

    Args:
        seed: of the phantom.
        pixel: mm.
    """

    seed: int
    pixel: float

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe for JSON, with the version of this package."""
        return {
            "version": cem_monai.__version__,
            "seed": self.seed,
            "pixel_mm": float(self.pixel),
            "technique": TECHNIQUE,
            "raw_bits": RAW_BITS,
            "raw_values_per_quantum": VALUE_PER_QUANTUM,
            "entrance_doses_mgy": {level.value: level.entrance_dose for level in DoseLevel},
        }

    def digest(self) -> str:
        """Return a SHA-256 that changes with any parameter or the version."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


def write_arrangement(output: Path, arrangement: int, recipe: DoseRecipe) -> None:
    """Write one arrangement as `output/SIM-DOSE-<number>`, completely or not at all.

    Args:
        output: existing folder.
        arrangement: number, 1 to 99.
        recipe: of the data set.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    series = simulate_dose_series(arrangement, seed=recipe.seed, pixel=recipe.pixel)
    with exam_folder(output, phantom_id(arrangement)) as folder:
        images = _write_images(folder, series, arrangement, recipe)
        for region, mask in _masks(series.phantom).items():
            write_mask(mask, folder / f"{region}.nii.gz", (recipe.pixel, recipe.pixel))
        exam = {"patient": phantom_id(arrangement), "source": SOURCE, "arrangement": arrangement}
        truth = {"images": images, "inserts": [one.as_dict() for one in series.phantom.inserts]}
        write_truth(folder, exam | {"recipe": recipe.as_dict()} | truth)


def _write_images(
    folder: Path, series: DoseSeries, arrangement: int, recipe: DoseRecipe
) -> dict[str, Any]:
    """Write the raw images and return the entrance dose of each in mGy, by file name."""
    images = {
        RawIdentity(arrangement, recipe.digest(), level): raw for level, raw in series.raw.items()
    }
    images[RawIdentity(arrangement, recipe.digest(), DoseLevel.HIGH, noise_free=True)] = (
        series.noise_free
    )
    doses = {}
    for identity, pixels in images.items():
        if arrangement == WITHOUT_HIGH_DOSE and identity.level is DoseLevel.HIGH:
            continue
        name = f"{identity.name}.dcm"
        save_dataset(raw_dataset(pixels, identity, recipe.pixel), folder / name)
        doses[name] = {"entrance_dose_mgy": identity.level.entrance_dose}
    return doses


def _masks(phantom: DosePhantom) -> dict[str, BoolImage]:
    return {"phantom": phantom.inside, "nodules": phantom.nodules, "surround": phantom.surround}
