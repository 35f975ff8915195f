"""One simulated exam as a folder: two breasts, two views each, with masks and the truth."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

from cem_monai.data import mask_path, write_mask
from cem_monai.dicom import Laterality, save_dataset
from cem_monai.simulator.dicom_objects import (
    RECOMBINED_CODE,
    ViewIdentity,
    patient_id,
    view_datasets,
)
from cem_monai.simulator.exam_folder import SOURCE, exam_folder, write_truth
from cem_monai.simulator.floors import floors
from cem_monai.simulator.recipe import Recipe
from cem_monai.simulator.reference_files import write_reference
from cem_monai.simulator.view import SIMULATED_VIEWS, SimulatedView, simulate_view


def write_exam(output: Path, seed: int, recipe: Recipe) -> None:
    """Write the exam of a seed as `output/SIM-<seed>`, completely or not at all.

    Args:
        output: existing folder.
        seed: of the exam.
        recipe: of the data set.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    with exam_folder(output, patient_id(seed)) as folder:
        views = {}
        for number, (laterality, position) in enumerate(product(Laterality, SIMULATED_VIEWS)):
            identity = ViewIdentity(seed, recipe, laterality, position, number)
            views[identity.name] = _write_view(folder, identity)
        exam = {"patient": patient_id(seed), "source": SOURCE, "seed": seed}
        write_truth(folder, exam | {"recipe": recipe.as_dict(), "views": views})


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
