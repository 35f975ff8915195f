"""A radiologist asks for the virtual DES of one view."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread

from cem_monai.data import breast_mask
from cem_monai.dicom import VIRTUAL_DES, from_canonical, read_for_comparison, read_mammogram
from cem_monai.evaluation.prediction_pixels import without_banner
from cem_monai.infer.bundle_inference import WARNING
from cem_monai.label_app.nrrd_file import write_nrrd
from cem_monai.label_app.picture import write_picture
from cem_monai.label_app.region_proposal import propose_region
from cem_monai.label_app.views import View
from cem_monai.label_app.virtual_des_model import Generated, VirtualDesModel
from cem_monai.label_app.workspace import Workspace

PROPOSAL = "proposal"
"""Name of the segment that viewers get; its number is 1. No mass, so that nobody measures it."""
UNCERTAINTY = "uncertainty"


@dataclass(frozen=True)
class Answer:
    """What a client gets.

    Attributes:
        told: UIDs of the stored image, JSON.
        proposal: (H, W) mask in the stored orientation of the low-energy image.
        spacing: mm, (row, column), or None.
    """

    told: dict[str, Any]
    proposal: npt.NDArray[np.bool_]
    spacing: tuple[float, float] | None

    def write(self, path: Path) -> None:
        """Write the proposal as a label map: NIfTI or NRRD by the name's ending."""
        numbers = self.proposal.astype(np.uint8)
        if path.suffix == ".nrrd":
            write_nrrd(numbers, path, self.spacing or (1.0, 1.0))
        else:
            write_picture(numbers, path, self.spacing)


def answer(workspace: Workspace, model: VirtualDesModel, image_id: str) -> Answer:
    """Generate the virtual DES of a view, and store it where the low-energy image lies.

    Args:
        workspace: where the view is looked up.
        model: what generates.
        image_id: of any image of the view; always its low-energy image is translated.

    Raises:
        RequestError: there is no such image, or the gate refuses it.
        DeliveryError: the archive does not give or take an image.
    """
    view, image = workspace.find(image_id)
    # who asks for a generated or recombined image by its own id means the view
    source = workspace.source.file(view.low_energy)
    with tempfile.TemporaryDirectory(prefix="cem_label_") as folder:
        made = model.generate(source, Path(folder))
        proposal, spacing = _proposal(source, made.image)
        told = {
            **_identity(made.image),
            "image": view.low_energy.sop_instance_uid,
            "requested": image.sop_instance_uid,
            "model": model.name,
            "bundle": model.bundle.name,
            "weights_sha256": made.weights_sha256,
            "uncertainty": made.uncertainty,
            "label_names": {PROPOSAL: 1},
            "warning": WARNING.replace("\n", " "),
            "stored": _keep(workspace, view, model, made),
        }
    workspace.refresh()
    return Answer(told, proposal, spacing)


def _keep(workspace: Workspace, view: View, model: VirtualDesModel, made: Generated) -> str:
    """Store the image, and its map of uncertainty if there is one; return where the image is."""
    place = workspace.source.keep(made.image, view.low_energy, f"{VIRTUAL_DES}_{model.variant}")
    if made.map is not None:
        workspace.source.keep(made.map, view.low_energy, f"UNCERTAINTY_{model.variant}")
        uid = view.low_energy.sop_instance_uid
        known = workspace.facts(uid).get(UNCERTAINTY, {})
        workspace.add_facts(uid, {UNCERTAINTY: {**known, model.name: made.uncertainty}})
    return place


def _identity(path: Path) -> dict[str, str]:
    header = dcmread(path, stop_before_pixels=True)
    keys = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SeriesDescription")
    return {key: str(header[key].value) for key in keys}


def _proposal(
    source: Path, virtual: Path
) -> tuple[npt.NDArray[np.bool_], tuple[float, float] | None]:
    low_energy, image = read_mammogram(source), read_for_comparison(virtual)
    pixels = without_banner(
        image.pixels, image.value_range, low_energy.pixels, flipped=image.flipped
    )
    spacing = low_energy.attributes.imager_pixel_spacing
    region = propose_region(pixels, breast_mask(low_energy.pixels), spacing)
    return from_canonical(region, chest_wall_at_right=image.flipped), spacing
