"""Which images belong to one view of one breast, and what a request means by an image id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset

from cem_monai.data import pair_images
from cem_monai.dicom import (
    UNCERTAINTY_MAP,
    VIRTUAL_DES,
    ImageContent,
    MammogramAttributes,
    MammogramError,
    image_content,
    read_attributes,
)
from cem_monai.dicom.attributes import source_uids
from cem_monai.label_app.request_error import RequestError
from cem_monai.transport.uid import check_uid


@dataclass(frozen=True)
class Image:
    """One mammography object of the datastore, as far as its header tells.

    Attributes:
        place: where its source keeps it.
        sop_instance_uid, series_instance_uid, study_instance_uid: identity of the object.
        content: what it shows; None for generated ones and where nothing tells.
        generated: `VIRTUAL_DES`, `UNCERTAINTY_MAP`, or empty.
        model: name of the model that generated it, or of the machine.
        sources: SOP instances that it was generated from.
        attributes: None where laterality, view or geometry cannot be told.
    """

    place: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    content: ImageContent | None
    generated: str
    model: str
    sources: frozenset[str]
    attributes: MammogramAttributes | None


@dataclass
class View:
    """One view of one breast: the low-energy image is what it is called after.

    Attributes:
        low_energy: the input of the models; of an image that nothing tells the content of, itself.
        recombined: the measured image, if there is one.
        virtual: images that models have made of it, by any model.
        maps: of uncertainty.
    """

    low_energy: Image
    recombined: Image | None = None
    virtual: list[Image] = field(default_factory=list)
    maps: list[Image] = field(default_factory=list)

    @property
    def images(self) -> list[Image]:
        """All images of the view."""
        measured = [self.low_energy, *([self.recombined] if self.recombined else [])]
        return [*measured, *self.virtual, *self.maps]

    @property
    def name(self) -> str:
        """Laterality and view, e.g. `L CC`; empty if the header does not tell them."""
        attributes = self.low_energy.attributes
        if attributes is None:
            return ""
        return f"{attributes.laterality.value} {attributes.view_position.value}"


def read_image(dataset: Dataset, place: str) -> Image:
    """Return what the header of one object tells; nothing is refused here but by the gate later.

    Args:
        dataset: header.
        place: where its source keeps it.
    """
    image_type = {str(value) for value in dataset.get("ImageType") or []}
    generated = next((one for one in (VIRTUAL_DES, UNCERTAINTY_MAP) if one in image_type), "")
    path = Path(str(dataset.SOPInstanceUID))
    return Image(
        place=place,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        series_instance_uid=str(dataset.get("SeriesInstanceUID") or ""),
        study_instance_uid=str(dataset.get("StudyInstanceUID") or ""),
        content=None if generated else _content(dataset, path),
        generated=generated,
        model=str(dataset.get("ManufacturerModelName") or ""),
        sources=source_uids(dataset),
        attributes=_attributes(dataset, path),
    )


def find_views(images: Iterable[Image]) -> dict[str, View]:
    """Sort images into views.

    A mammogram that nothing tells the content of is a view of its own, so that who asks for it
    hears from the gate why it cannot be used.

    Returns:
        SOPInstanceUID of the low-energy image → view.
    """
    known = {image.sop_instance_uid: image for image in images}
    views = {
        uid: View(image)
        for uid, image in known.items()
        if not image.generated and image.content in (ImageContent.LOW_ENERGY, None)
    }
    pairs, _ = pair_images(
        [
            (image.content, image.attributes)
            for image in known.values()
            if image.content is not None and image.attributes is not None
        ]
    )
    for pair in pairs:
        views[pair.low_energy.sop_instance_uid].recombined = known[pair.recombined.sop_instance_uid]
    for image in known.values():
        for uid in image.sources & set(views) if image.generated else ():
            (views[uid].virtual if image.generated == VIRTUAL_DES else views[uid].maps).append(
                image
            )
    return views


def find_image(image_id: str, views: Mapping[str, View]) -> tuple[View, Image]:
    """Return the view and the image that an id of a client means.

    Args:
        image_id: SOPInstanceUID of any image of a view; or SeriesInstanceUID, as OHIF asks, if all
            images of that series are of one view.
        views: see `find_views`.

    Raises:
        RequestError: it is no UID (422), there is no such image (404), or the series holds several
            views (409).
    """
    try:
        check_uid(image_id)
    except ValueError as error:
        raise RequestError(f"{error}; images are named, files are not taken") from None
    found: dict[str, tuple[View, Image]] = {}
    for view in views.values():
        for image in view.images:
            if image_id == image.sop_instance_uid:
                return view, image
            if image_id == image.series_instance_uid:
                found.setdefault(view.low_energy.sop_instance_uid, (view, image))
    if not found:
        raise RequestError(f"{image_id}: the datastore holds no mammogram of this UID", 404)
    if len(found) > 1:
        named = ", ".join(f"{uid} ({view.name})" for uid, (view, _) in found.items())
        told = f"this series holds {len(found)} views, name one of its images: {named}"
        raise RequestError(f"{image_id}: {told}", 409)
    return next(iter(found.values()))


def _content(dataset: Dataset, path: Path) -> ImageContent | None:
    try:
        return image_content(dataset, path)
    except MammogramError:
        return None


def _attributes(dataset: Dataset, path: Path) -> MammogramAttributes | None:
    try:
        return read_attributes(dataset, path)
    except (MammogramError, AttributeError, TypeError, ValueError):
        return None
