"""One simulated exam as a folder: two breasts, two views each, with masks and the truth."""

from __future__ import annotations

import hashlib
import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

from cem_monai.atomic import atomic_write
from cem_monai.data import mask_path, write_mask
from cem_monai.dicom import Laterality, save_dataset
from cem_monai.simulator.dicom_objects import (
    RECOMBINED_CODE,
    ViewIdentity,
    patient_id,
    view_datasets,
)
from cem_monai.simulator.floors import floors
from cem_monai.simulator.recipe import Recipe
from cem_monai.simulator.reference_files import write_reference
from cem_monai.simulator.view import SIMULATED_VIEWS, SimulatedView, simulate_view

EXAM_FILE = "exam.json"


def write_exam(output: Path, seed: int, recipe: Recipe) -> None:
    """Write the exam of a seed as `output/SIM-<seed>`, completely or not at all.

    It is made in a hidden folder beside, which gets its final name at the end. What an
    interrupted run has left under either name is removed first.

    Args:
        output: existing folder.
        seed: of the exam.
        recipe: of the data set.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    final, temporary = output / patient_id(seed), output / f".{patient_id(seed)}.part"
    for leftover in (final, temporary):
        if leftover.exists():
            shutil.rmtree(leftover)
    try:
        temporary.mkdir()
        _write_views(temporary, seed, recipe)
        temporary.rename(final)
    except OSError as error:  # a full disk does not name the file, and pydicom not the reason
        root = error.__cause__ if isinstance(error.__cause__, OSError) else error
        reason = f"{root.strerror}, {final.name} not written"
        raise OSError(root.errno, reason, str(output)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_exam(folder: Path) -> dict[str, Any] | None:
    """Return what `exam.json` says, or `None` if the exam in this folder is not complete."""
    try:
        exam = json.loads((folder / EXAM_FILE).read_text(encoding="utf-8"))
        complete = all((folder / name).is_file() for name in exam["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(exam) if complete else None


def _write_views(folder: Path, seed: int, recipe: Recipe) -> None:
    views = {}
    for number, (laterality, position) in enumerate(product(Laterality, SIMULATED_VIEWS)):
        identity = ViewIdentity(seed, recipe, laterality, position, number)
        views[identity.name] = _write_view(folder, identity)
    _write_truth(folder, seed, recipe, views)


def _write_view(folder: Path, identity: ViewIdentity) -> dict[str, Any]:
    """Write the files of a view and return its parameters and floors."""
    recipe = identity.recipe
    view = simulate_view(
        identity.seed,
        laterality=identity.laterality,
        view_position=identity.view_position,
        size=recipe.size,
        population=recipe.population,
        protocol=recipe.protocol,
        device=identity.device.name,
        hidden=recipe.hidden,
        twin=recipe.twin,
        reference=True,
    )
    for code, dataset in view_datasets(view, identity).items():
        save_dataset(dataset, folder / f"{identity.name}_{code}.dcm")
    image = folder / f"{identity.name}_{RECOMBINED_CODE}.dcm"
    _write_masks(view, image)
    assert view.reference is not None
    write_reference(view.reference, image, view.spacing, identity.device.values_per_12_bits)
    return view.parameters | {"floors": floors(view)}


def _write_masks(view: SimulatedView, image: Path) -> None:
    for region in ("breast", "mass", "mass_second", "surround", "decoy"):
        mask = getattr(view, region)
        if mask.any():  # no lesion, no file
            write_mask(mask, mask_path(image, region), view.spacing)


def _write_truth(folder: Path, seed: int, recipe: Recipe, views: dict[str, Any]) -> None:
    files = sorted(folder.iterdir())
    exam = {
        "patient": patient_id(seed),
        "source": "cem_monai simulator",
        "seed": seed,
        "recipe": recipe.as_dict(),
        "views": views,
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    with atomic_write(folder / EXAM_FILE, "w") as file:
        file.write(json.dumps(exam, indent=2) + "\n")
