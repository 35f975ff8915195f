"""What MONAI Label lists and runs: models, the scoring method, the strategy."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType
from monailabel.interfaces.tasks.scoring import ScoringMethod
from monailabel.interfaces.tasks.strategy import Strategy

from cem_monai.label_app.inference import PROPOSAL, answer
from cem_monai.label_app.monai_label_datastore import ViewDatastore
from cem_monai.label_app.monai_label_errors import as_http
from cem_monai.label_app.next_view import next_view
from cem_monai.label_app.scoring import score_all
from cem_monai.label_app.virtual_des_model import VirtualDesModel
from cem_monai.label_app.workspace import Workspace

SUFFIXES = {".nrrd", ".nii", ".nii.gz"}
BATCH = "save_label"
"""What MONAI Label asks of a task in a batch only; there is no viewer that wants a label map."""


class VirtualDesTask(InferTask):
    """One model. Viewers list segmentations only, so it says that it is one.

    The virtual DES itself is stored where the low-energy image lies; the label map that viewers
    insist on proposes a region.
    """

    def __init__(self, model: VirtualDesModel, workspace: Workspace) -> None:
        super().__init__(
            type=InferType.SEGMENTATION,
            labels={PROPOSAL: 1},
            dimension=2,
            description=(
                f"Virtual DES by {model.bundle.name}, stored as a new series; proposes where to "
                "look, detects nothing. Research software, not a medical device"
            ),
        )
        self._model, self._workspace = model, workspace

    def is_valid(self) -> bool:
        return self._model.weights.is_file()

    def get_path(self, validate: bool = True) -> str:
        return str(self._model.weights)

    def __call__(self, request: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """Answer; the file is deleted by MONAI Label when it has been sent."""
        with as_http():
            found = answer(self._workspace, self._model, str(request["image"]))
        if request.get(BATCH):
            return None, found.told
        asked = str(request.get("result_extension") or ".nii.gz")
        suffix = asked if asked in SUFFIXES else ".nii.gz"
        with tempfile.NamedTemporaryFile(suffix=suffix, delete=False) as file:
            path = Path(file.name)
        found.write(path)
        return str(path), found.told


class CnrScoring(ScoringMethod):
    """CNR of every drawing on low-energy, real and virtual image; writes cnr.csv."""

    def __init__(self) -> None:
        super().__init__("mass CNR and delta CNR of every reader's drawing; writes cnr.csv")

    def __call__(self, request: dict[str, Any], datastore: ViewDatastore) -> dict[str, Any]:
        rows, problems = score_all(datastore.workspace)
        return {
            "cnr": [row.to_json() for row in rows],
            "problems": problems,
            "table": str(datastore.workspace.table),
        }


class MostUncertain(Strategy):
    """The view without a drawing of this reader on which a model is least certain."""

    def __init__(self) -> None:
        super().__init__("largest uncertainty of the virtual DES among views not drawn on")

    def __call__(self, request: dict[str, Any], datastore: ViewDatastore) -> dict[str, Any] | None:
        workspace = datastore.workspace
        found = next_view(workspace, workspace.reader(request), request.get("model"))
        return None if found is None else {"id": found[0], "model_uncertainty": found[1]}
