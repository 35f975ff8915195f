"""The workspace as a datastore of MONAI Label."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from monailabel.interfaces.datastore import Datastore

from cem_monai.label_app.drawings import FINAL
from cem_monai.label_app.inference import UNCERTAINTY
from cem_monai.label_app.monai_label_errors import as_http
from cem_monai.label_app.workspace import Workspace

NOT_ALLOWED = 405


class ViewDatastore(Datastore):
    """One image id for each view: the SOPInstanceUID of its low-energy image.

    Images come from the archive or the folder alone: nothing is added or removed here but labels.

    Args:
        workspace: what it shows.
        place: how clients name it.
    """

    def __init__(self, workspace: Workspace, place: str) -> None:
        self.workspace, self._name = workspace, place
        self._description = "mammograms, one image for each view"

    def name(self) -> str:
        return self._name

    def set_name(self, name: str) -> None:
        self._name = name

    def description(self) -> str:
        return self._description

    def set_description(self, description: str) -> None:
        self._description = description

    def datalist(self, full_path: bool = True) -> list[dict[str, Any]]:
        """Return low-energy image and label file of every final drawing, with its reader."""
        with as_http():
            return [
                {
                    "image": str(self.workspace.source.file(view.low_energy)),
                    "label": str(self.workspace.drawings.path(uid, reader)),
                    "reader": reader,
                }
                for uid, view in self.workspace.views.items()
                for reader in self.workspace.drawings.readers(uid)
            ]

    def get_labels_by_image_id(self, image_id: str) -> dict[str, str]:
        with as_http():
            uid = self._uid(image_id)
            return dict.fromkeys(self.workspace.drawings.tags(uid), uid)

    def get_label_by_image_id(self, image_id: str, tag: str) -> str:
        return self.get_labels_by_image_id(image_id).get(tag, "")

    def get_image(self, image_id: str, params: Any = None) -> Any:
        return io.BytesIO(Path(self.get_image_uri(image_id)).read_bytes())

    def get_image_uri(self, image_id: str) -> str:
        """Return the image as NIfTI, which 3D Slicer reads as it is meant."""
        with as_http():
            return str(self.workspace.picture(image_id))

    def get_label(self, label_id: str, label_tag: str, params: Any = None) -> Any:
        return io.BytesIO(Path(self.get_label_uri(label_id, label_tag)).read_bytes())

    def get_label_uri(self, label_id: str, label_tag: str) -> str:
        with as_http():
            uid, reader = self._label(label_id, label_tag)
            return str(self.workspace.drawings.existing(uid, reader, label_tag))

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        with as_http():
            view, _ = self.workspace.find(image_id)
            low = view.low_energy
            return {
                **self.workspace.facts(image_id),
                "view": view.name,
                "StudyInstanceUID": low.study_instance_uid,
                "SeriesInstanceUID": low.series_instance_uid,
                "SOPInstanceUID": low.sop_instance_uid,
                "recombined": view.recombined.sop_instance_uid if view.recombined else None,
                "virtual": {one.sop_instance_uid: one.model for one in view.virtual},
                "readers": self.workspace.drawings.readers(low.sop_instance_uid),
            }

    def get_label_info(self, label_id: str, label_tag: str) -> dict[str, Any]:
        with as_http():
            uid, reader = self._label(label_id, label_tag)
            return {**self.workspace.drawings.info(uid, reader, label_tag), "reader": reader}

    def get_labeled_images(
        self, label_tag: str | None = None, labels: list[str] | None = None
    ) -> list[str]:
        with as_http():
            return self.workspace.drawn(FINAL)  # other tags count for nothing

    def get_unlabeled_images(
        self, label_tag: str | None = None, labels: list[str] | None = None
    ) -> list[str]:
        drawn = set(self.get_labeled_images(label_tag))
        return [uid for uid in self.list_images() if uid not in drawn]

    def list_images(self) -> list[str]:
        with as_http():
            return list(self.workspace.views)

    def get_dataset_archive(self, limit_cases: int | None) -> str:
        return _refuse("images are not handed out in bulk")

    def refresh(self) -> None:
        with as_http():
            self.workspace.refresh()

    def add_image(self, image_id: str, image_filename: str, image_info: dict[str, Any]) -> str:
        return _refuse("images are added to the archive or the folder, not here")

    def remove_image(self, image_id: str) -> None:
        _refuse("images are removed from the archive or the folder, not here")

    def save_label(
        self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any]
    ) -> str:
        with as_http():
            view, reader = self.workspace.draw(
                image_id, Path(label_filename), label_tag, label_info
            )
            return f"{reader}/{view.low_energy.sop_instance_uid}"

    def remove_label(self, label_id: str, label_tag: str) -> None:
        with as_http():
            uid, reader = self._label(label_id, label_tag)
            self.workspace.drawings.remove(uid, reader, label_tag)

    def update_image_info(self, image_id: str, info: dict[str, Any]) -> None:
        if UNCERTAINTY in info:
            _refuse("the uncertainty of a view is measured, not told")
        with as_http():
            self.workspace.add_facts(image_id, info)

    def update_label_info(self, label_id: str, label_tag: str, info: dict[str, Any]) -> None:
        _refuse("what a reader told with a drawing stays as it is; save the drawing again")

    def status(self) -> dict[str, Any]:
        images = self.list_images()
        drawn = self.get_labeled_images()
        readers = {one for uid in drawn for one in self.workspace.drawings.readers(uid)}
        return {"total": len(images), "completed": len(drawn), "readers": sorted(readers)}

    def json(self) -> dict[str, Any]:
        return {"objects": {uid: {"image": self.get_image_info(uid)} for uid in self.list_images()}}

    def _uid(self, image_id: str) -> str:
        return self.workspace.find(image_id)[0].low_energy.sop_instance_uid

    def _label(self, label_id: str, tag: str) -> tuple[str, str]:
        """Return image id and reader; the image id is enough where one reader drew."""
        reader, named, image_id = label_id.rpartition("/")
        uid = self._uid(image_id)
        return uid, reader if named else self.workspace.drawings.only_reader(uid, tag)


def _refuse(sentence: str) -> str:
    raise HTTPException(NOT_ALLOWED, sentence)
