"""Where the images lie: a folder of DICOM files, or an archive that speaks DICOMweb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from pydicom.dataset import Dataset

from cem_monai.atomic import atomic_write
from cem_monai.data.dicom_folder import dicom_files
from cem_monai.dicom import MammogramError, open_header
from cem_monai.label_app.views import Image, read_image
from cem_monai.transport import DicomwebSource, StowSender
from cem_monai.transport.uid import check_uid

MODALITY = "MG"
Stamp = tuple[int, int]


class ImageSource(Protocol):
    """Mammograms that can be listed, read, and joined by generated ones."""

    def images(self) -> list[Image]:
        """Return all mammography objects that it holds now."""

    def file(self, image: Image) -> Path:
        """Return a DICOM file of one image."""

    def keep(self, result: Path, beside: Image, ending: str) -> str:
        """Store a generated DICOM file with the image that it was made of.

        Args:
            result: the file; it may be moved.
            beside: the low-energy image.
            ending: what its name has more than that of the low-energy image, where there are names.

        Returns:
            where it is now, for people.
        """


class FolderSource:
    """DICOM files of a folder and the folders below; results go beside their low-energy image.

    Args:
        folder: need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[Stamp, Image | None]] = {}

    def images(self) -> list[Image]:
        """See `ImageSource`; only new and changed files are read."""
        paths = sorted(dicom_files(self._folder)) if self._folder.exists() else []
        self._seen = {path: self._read(path) for path in paths}
        return [image for _, image in self._seen.values() if image is not None]

    def file(self, image: Image) -> Path:
        """See `ImageSource`."""
        return Path(image.place)

    def keep(self, result: Path, beside: Image, ending: str) -> str:
        """See `ImageSource`."""
        source = Path(beside.place)
        target = source.with_name(f"{source.stem}_{ending}.dcm")
        with atomic_write(target) as file:
            file.write(result.read_bytes())
        return str(target.relative_to(self._folder))

    def _read(self, path: Path) -> tuple[Stamp, Image | None]:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        before = self._seen.get(path)
        if before is not None and before[0] == stamp:
            return before
        try:
            header = open_header(path)
            return stamp, read_image(header, str(path)) if _is_mammogram(header) else None
        except (MammogramError, AttributeError):  # no id, so nobody can ask for it
            return stamp, None


class ArchiveSource:
    """Studies with mammograms in an archive that speaks DICOMweb; results are stored there.

    Args:
        url: of the service, e.g. `https://host/dicom-web`.
        cache: folder for images that were fetched; patients' data, so it is made private.
        search: what studies must have besides mammograms, as QIDO-RS keys, e.g. a StudyDate.

    Raises:
        ValueError: `url` is no http or https address.
    """

    def __init__(self, url: str, cache: Path, search: Mapping[str, str] | None = None) -> None:
        url = url.rstrip("/")
        question = {"ModalitiesInStudy": MODALITY, **(search or {})}
        self._archive = DicomwebSource(f"{url}/studies?{urlencode(question)}")
        self._sender = StowSender(url)
        self._cache = cache
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)

    def images(self) -> list[Image]:
        """See `ImageSource`.

        Raises:
            DeliveryError: the archive does not answer as it should.
        """
        return [image for study in self._archive.studies() for image in self._of_study(study)]

    def file(self, image: Image) -> Path:
        """See `ImageSource`.

        Raises:
            DeliveryError: the archive does not answer as it should.
        """
        path = self._cache / f"{check_uid(image.sop_instance_uid)}.dcm"
        if not path.is_file():
            self._archive.fetch_object(image.place, path)
        return path

    def keep(self, result: Path, beside: Image, ending: str) -> str:
        """See `ImageSource`.

        Raises:
            DeliveryError: it was not stored.
        """
        return f"{self._sender.destination}: {self._sender.send(result)}"

    def _of_study(self, study: str) -> Iterator[Image]:
        for item in self._archive.search(f"/studies/{study}/metadata"):
            try:
                header = Dataset.from_json(_without_bulk_data(item))
                series, uid = (
                    str(header[key].value) for key in ("SeriesInstanceUID", "SOPInstanceUID")
                )
                place = f"/studies/{study}/series/{check_uid(series)}/instances/{check_uid(uid)}"
            except (KeyError, ValueError, TypeError, AttributeError):  # nothing to ask for it by
                continue
            if _is_mammogram(header):
                yield read_image(header, place)


def _is_mammogram(header: Dataset) -> bool:
    return str(header.get("Modality") or "") == MODALITY


def _without_bulk_data(item: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: one for tag, one in item.items() if not {"BulkDataURI", "InlineBinary"} & set(one)}
