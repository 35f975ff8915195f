"""The app that `monailabel start_server --app <this folder>` starts."""

from __future__ import annotations

import copy
import hashlib
import os
from pathlib import Path
from typing import Any

from cem_monai.label_app import shims

shims.install()

from fastapi import HTTPException  # noqa: E402
from monailabel.config import settings  # noqa: E402
from monailabel.interfaces.app import MONAILabelApp  # noqa: E402
from monailabel.interfaces.tasks.infer_v2 import InferTask  # noqa: E402
from monailabel.interfaces.tasks.scoring import ScoringMethod  # noqa: E402
from monailabel.interfaces.tasks.strategy import Strategy  # noqa: E402

from cem_monai.command_line import check_options  # noqa: E402
from cem_monai.label_app.image_source import ArchiveSource, FolderSource, ImageSource  # noqa: E402
from cem_monai.label_app.labelmap import LABELS  # noqa: E402
from cem_monai.label_app.monai_label_datastore import ViewDatastore  # noqa: E402
from cem_monai.label_app.monai_label_errors import as_http  # noqa: E402
from cem_monai.label_app.monai_label_tasks import (  # noqa: E402
    BATCH,
    CnrScoring,
    MostUncertain,
    VirtualDesTask,
)
from cem_monai.label_app.request_error import RequestError  # noqa: E402
from cem_monai.label_app.scoring import score_reading  # noqa: E402
from cem_monai.label_app.virtual_des_model import find_models, model_options  # noqa: E402
from cem_monai.label_app.workspace import DEFAULT_READER, Workspace  # noqa: E402

DESCRIPTION = (
    "Virtual dual-energy-subtracted mammograms on request, and the CNR of what a radiologist draws."
    " Research software, not a medical device"
)
CONFIG = {
    "models": "all",
    "reader": DEFAULT_READER,
    "output": "",
    "uncertainty": "0",
    "window": "",
    "device": "",
    "trust": "",
}
"""What --conf takes, with the defaults."""


class VirtualDesApp(MONAILabelApp):
    """See docs/how-to/use-monai-label.md."""

    def __init__(self, app_dir: str, studies: str, conf: dict[str, str]) -> None:
        check_options(conf, {*CONFIG, "server_mode"})
        self._options = {**CONFIG, **conf}
        super().__init__(
            app_dir,
            studies,
            conf,
            name="cem_monai virtual DES",
            description=DESCRIPTION,
            labels=list(LABELS),
        )
        # the table is written at every saved drawing; another process for each click is not needed
        self._auto_update_scoring = False

    def init_datastore(self) -> ViewDatastore:
        """Return the views of a folder or of an archive."""
        place = str(self.studies).rstrip("/")
        remote = place.startswith(("http://", "https://"))
        folder = Path(
            self._options["output"] or (_cache(place) if remote else f"{place}/label_app")
        )
        source: ImageSource = FolderSource(Path(place))
        if remote:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # patients' images
            search = dict(settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER)
            search.pop("Modality", None)  # CT by default; here it is always MG
            source = ArchiveSource(place, folder / "dicom", search)
        self._workspace = Workspace(source, folder, reader=self._options["reader"])
        return ViewDatastore(self._workspace, place)

    def init_infers(self) -> dict[str, InferTask]:
        """Return a task for each bundle with weights."""
        models = find_models(
            self._options["models"],
            Path(self.app_dir),
            model_options(self._options),
            trust=self._options["trust"].lower() == "true",
        )
        return {name: VirtualDesTask(model, self._workspace) for name, model in models.items()}

    def init_strategies(self) -> dict[str, Strategy]:
        """Return the one strategy; clients that ask for `random` get it too."""
        strategy = MostUncertain()
        return {"uncertainty": strategy, "random": strategy}

    def init_scoring_methods(self) -> dict[str, ScoringMethod]:
        """Return the scoring method `cnr`."""
        return {"cnr": CnrScoring()}

    def infer(self, request: dict[str, Any], datastore: Any = None) -> dict[str, Any]:
        """Answer with UIDs and a label map; the image id stays an id, since a view is asked for."""
        task = self._infers.get(request.get("model"))
        with as_http():
            if task is None:
                told = f"{request.get('model')}: no such model, there are {', '.join(self._infers)}"
                raise RequestError(told, 404)
        try:
            file, told_json = task(copy.deepcopy(request))
        except HTTPException as refusal:
            if not request.get(BATCH):
                raise
            file, told_json = None, {"problem": refusal.detail}  # the next image may be better
        return {"label": file, "tag": "original", "file": file, "params": told_json}

    def batch_infer(self, request: dict[str, Any], datastore: Any = None) -> Any:
        """Translate one view after the other; MONAI Label would divide by the number of GPUs."""
        return super().batch_infer({**request, "multi_gpu": False}, datastore)

    def on_save_label(self, image_id: str, label_id: str) -> dict[str, Any]:
        """Measure at once; what cannot be measured is told, and the drawing stays saved."""
        reader = label_id.rpartition("/")[0]
        try:
            view, _ = self._workspace.find(image_id)
            rows = score_reading(self._workspace, view, reader)
        except ValueError as error:
            return {"cnr": [], "reader": reader, "problem": str(error)}
        return {"cnr": [row.to_json() for row in rows], "reader": reader}

    def _download_dcmqi_tools(self) -> None:
        """Fetch nothing from the network."""


def _cache(url: str) -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    digest = hashlib.sha256(url.encode()).hexdigest()[:16]
    return Path(settings.MONAI_LABEL_DICOMWEB_CACHE_PATH or caches) / "cem_monai" / "label" / digest
