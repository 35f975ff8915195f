"""The datastore without MONAI Label: views of a source, and the folder with what was drawn."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_monai.atomic import atomic_write
from cem_monai.dicom import from_canonical, read_for_comparison
from cem_monai.label_app.drawings import FINAL, Drawings
from cem_monai.label_app.image_source import ImageSource
from cem_monai.label_app.labelmap import read_drawing
from cem_monai.label_app.picture import write_picture
from cem_monai.label_app.views import Image, View, find_image, find_views
from cem_monai.transport.uid import check_uid

FRESH_SECONDS = 20.0
"""s that a list of images is believed; an archive is not asked at every click."""
DEFAULT_READER = "reader"


class Workspace:
    """Views and drawings.

    Args:
        source: where the images lie.
        folder: for drawings, facts and `cnr.csv`.
        reader: who draws where a client does not tell.
    """

    def __init__(self, source: ImageSource, folder: Path, *, reader: str = DEFAULT_READER) -> None:
        self.source, self.folder, self._reader = source, folder, reader
        self.drawings = Drawings(folder / "labels")
        self._views: dict[str, View] = {}
        self._listed = -FRESH_SECONDS
        self._turn = threading.RLock()

    @property
    def table(self) -> Path:
        """`cnr.csv`."""
        return self.folder / "cnr.csv"

    @property
    def views(self) -> dict[str, View]:
        """SOPInstanceUID of the low-energy image → view."""
        with self._turn:
            if time.monotonic() - self._listed >= FRESH_SECONDS:
                self.refresh()
            return self._views

    def refresh(self) -> None:
        """List the images again."""
        with self._turn:
            self._views = find_views(self.source.images())
            self._listed = time.monotonic()

    def find(self, image_id: str) -> tuple[View, Image]:
        """Return the view and image that an id means; one that is unknown may be new.

        Raises:
            RequestError: see `find_image`.
        """
        with self._turn:
            try:
                return find_image(image_id, self.views)
            except ValueError:
                self.refresh()
                return find_image(image_id, self._views)

    def draw(
        self, image_id: str, label_file: Path, tag: str, told: Mapping[str, Any]
    ) -> tuple[View, str]:
        """Keep what a client sends as drawn on an image.

        Args:
            image_id: of any image of the view.
            label_file: see `read_drawing`.
            tag: of MONAI Label.
            told: by the client: `label_info`, `reader` or `client_id`.

        Returns:
            the view and the reader.

        Raises:
            RequestError: the image is unknown, or the label map cannot be used.
        """
        view, image = self.find(image_id)
        attributes = view.low_energy.attributes or image.attributes
        size = (attributes.rows, attributes.columns) if attributes else self._size(image)
        drawing = read_drawing(label_file, size, told.get("label_info") or ())
        reader = self.reader(told)
        self.drawings.save(
            view.low_energy.sop_instance_uid,
            reader,
            drawing,
            tag=tag,
            spacing=attributes.imager_pixel_spacing if attributes else None,
            info={**told, "ts": int(time.time()), "drawn_on": image.sop_instance_uid},
        )
        return view, reader

    def reader(self, told: Mapping[str, Any]) -> str:
        """Return who draws: `reader`, `client_id` (3D Slicer's setting), or the server's reader."""
        return str(told.get("reader") or told.get("client_id") or self._reader)

    def picture(self, image_id: str) -> Path:
        """Return one image as NIfTI for viewers that are given files.

        Higher is brighter; its pixels lie as stored, so that a drawing on it fits the DICOM image.

        Raises:
            RequestError: there is no such image.
            MammogramError: it cannot be used.
        """
        _, image = self.find(image_id)
        path = self.folder / "images" / f"{check_uid(image.sop_instance_uid)}.nii.gz"
        if not path.is_file():
            mammogram = read_for_comparison(self.source.file(image))
            pixels = from_canonical(mammogram.pixels, chest_wall_at_right=mammogram.flipped)
            write_picture(pixels, path, mammogram.attributes.imager_pixel_spacing)
        return path

    def facts(self, image_id: str) -> dict[str, Any]:
        """Return what is kept about a view besides its images, e.g. the model's uncertainty."""
        path = self._facts_file(image_id)
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def add_facts(self, image_id: str, facts: Mapping[str, Any]) -> None:
        """Keep more about a view."""
        with self._turn, atomic_write(self._facts_file(image_id), "w") as file:
            json.dump({**self.facts(image_id), **facts}, file, indent=4)

    def drawn(self, tag: str = FINAL) -> list[str]:
        """Return the views on which anybody drew."""
        return [image_id for image_id in self.views if self.drawings.readers(image_id, tag)]

    def _facts_file(self, image_id: str) -> Path:
        view, _ = self.find(image_id)
        return self.folder / "facts" / f"{check_uid(view.low_energy.sop_instance_uid)}.json"

    def _size(self, image: Image) -> tuple[int, int]:
        rows, columns = read_for_comparison(self.source.file(image)).pixels.shape
        return rows, columns
