"""Drawings on disk: one file for each view and reader, so that readers cannot mix."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_monai.atomic import atomic_write
from cem_monai.data.nifti import read_plane, write_plane
from cem_monai.label_app.labelmap import LABELS, Drawing
from cem_monai.label_app.request_error import RequestError
from cem_monai.transport.uid import check_uid

FINAL = "final"
READER = re.compile(r"\w[\w.+@-]{0,63}")
ENDING = ".nii.gz"


class Drawings:
    """`<folder>/<tag>/<reader>/<image id>.nii.gz`, with what the client told beside it as JSON.

    Args:
        folder: made when something is saved.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(
        self,
        image_id: str,
        reader: str,
        drawing: Drawing,
        *,
        tag: str = FINAL,
        spacing: tuple[float, float] | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> str:
        """Keep a drawing in the place of what the same reader drew before.

        Args:
            image_id: SOPInstanceUID of the low-energy image.
            reader: who drew.
            drawing: what.
            tag: of MONAI Label; only `final` drawings are measured.
            spacing: mm, (row, column) of the image.
            info: what the client told.

        Returns:
            label id, `<reader>/<image id>`.

        Raises:
            RequestError: reader or tag is no plain name (422).
        """
        path = self.path(image_id, reader, tag)
        write_plane(drawing.labelmap, path, spacing)
        with atomic_write(path.with_name(f"{image_id}.json"), "w") as file:
            json.dump(dict(info or {}), file, indent=4, default=str)
        return f"{reader}/{image_id}"

    def read(self, image_id: str, reader: str, tag: str = FINAL) -> Drawing:
        """Return what a reader drew.

        Raises:
            RequestError: nothing (404).
        """
        numbers = read_plane(self.existing(image_id, reader, tag))
        return Drawing(numbers == LABELS["mass"], numbers == LABELS["background"])

    def info(self, image_id: str, reader: str, tag: str = FINAL) -> dict[str, Any]:
        """Return what the client told."""
        path = self.existing(image_id, reader, tag).with_name(f"{image_id}.json")
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def readers(self, image_id: str, tag: str = FINAL) -> list[str]:
        """Return who drew on an image, by name."""
        found = self._folder.glob(f"{_name(tag, 'tag')}/*/{check_uid(image_id)}{ENDING}")
        return sorted(path.parent.name for path in found)

    def only_reader(self, image_id: str, tag: str = FINAL) -> str:
        """Return who drew on an image, where that is one.

        Raises:
            RequestError: nobody (404), or several (409).
        """
        readers = self.readers(image_id, tag)
        if len(readers) > 1:
            told = ", ".join(f"{one}/{image_id}" for one in readers)
            raise RequestError(f"{image_id}: {len(readers)} readers drew, name one: {told}", 409)
        if not readers:
            raise RequestError(f"{image_id}: nobody drew on this image ({tag})", 404)
        return readers[0]

    def tags(self, image_id: str) -> list[str]:
        """Return the tags under which anybody drew on an image."""
        found = self._folder.glob(f"*/*/{check_uid(image_id)}{ENDING}")
        return sorted({path.parts[-3] for path in found})

    def remove(self, image_id: str, reader: str, tag: str = FINAL) -> None:
        """Delete a drawing.

        Raises:
            RequestError: there is none (404).
        """
        path = self.existing(image_id, reader, tag)
        path.with_name(f"{image_id}.json").unlink(missing_ok=True)
        path.unlink()

    def existing(self, image_id: str, reader: str, tag: str = FINAL) -> Path:
        """Return the file of a drawing.

        Raises:
            RequestError: there is none (404).
        """
        path = self.path(image_id, reader, tag)
        if not path.is_file():
            raise RequestError(f"{image_id}: reader {reader!r} drew nothing ({tag})", 404)
        return path

    def path(self, image_id: str, reader: str, tag: str = FINAL) -> Path:
        """Return where a drawing is kept."""
        place = self._folder / _name(tag, "tag") / _name(reader, "reader")
        return place / f"{check_uid(image_id)}{ENDING}"


def _name(text: str, what: str) -> str:
    if not READER.fullmatch(text):
        sentence = f"{what} {text!r}: letters, digits and . _ + @ - only, at most 64"
        raise RequestError(sentence)
    return text
