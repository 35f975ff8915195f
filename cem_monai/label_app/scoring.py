"""CNR of everything that was drawn."""

from __future__ import annotations

from collections.abc import Iterator

from cem_monai.data import BreastMaskError
from cem_monai.dicom import MammogramError
from cem_monai.label_app.cnr_table import CnrRow, update_cnr, write_cnr
from cem_monai.label_app.reading_cnr import ViewMeasure
from cem_monai.label_app.request_error import RequestError
from cem_monai.label_app.views import Image, View
from cem_monai.label_app.workspace import Workspace


def score_reading(workspace: Workspace, view: View, reader: str) -> list[CnrRow]:
    """Measure what one reader drew on one view, and put it into the table.

    Returns:
        a row for each virtual image of the view; one without a model if there is none.

    Raises:
        RequestError: nothing was drawn, or sizes differ.
        MammogramError, BreastMaskError: an image cannot be measured.
        DeliveryError: the archive does not hand it out.
    """
    rows = list(_rows(workspace, view, [reader]))
    update_cnr(workspace.table, view.low_energy.sop_instance_uid, reader, rows)
    return rows


def score_all(workspace: Workspace) -> tuple[list[CnrRow], dict[str, str]]:
    """Measure all drawings and write the table anew.

    Returns:
        the rows, and image id → why a view could not be measured.
    """
    rows: list[CnrRow] = []
    problems: dict[str, str] = {}
    workspace.refresh()
    for image_id, view in workspace.views.items():
        if readers := workspace.drawings.readers(image_id):
            try:
                rows += _rows(workspace, view, readers)
            except (MammogramError, BreastMaskError, RequestError) as error:
                problems[image_id] = str(error)
    write_cnr(workspace.table, rows)
    return rows, problems


def _rows(workspace: Workspace, view: View, readers: list[str]) -> Iterator[CnrRow]:
    real = None if view.recombined is None else workspace.source.file(view.recombined)
    measure = ViewMeasure(workspace.source.file(view.low_energy), real)
    virtual: list[Image | None] = [*view.virtual] or [None]
    files = [None if image is None else workspace.source.file(image) for image in virtual]
    for reader in readers:
        drawing = workspace.drawings.read(view.low_energy.sop_instance_uid, reader)
        for image, file in zip(virtual, files, strict=True):
            yield CnrRow(
                image=view.low_energy.sop_instance_uid,
                study=view.low_energy.study_instance_uid,
                view=view.name,
                reader=reader,
                model="" if image is None else image.model,
                virtual="" if image is None else image.sop_instance_uid,
                found=measure.measure(drawing, file),
            )
