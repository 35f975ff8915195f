"""Pictures of a model's worst cases, drawn from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cem_monai.evaluation.case_panel import case_panel
from cem_monai.evaluation.cases import case_caption, worst_first
from cem_monai.evaluation.evaluation_case import load_evaluation_case
from cem_monai.evaluation.mirrored_lesion import mirrored_lesion, other_breasts
from cem_monai.evaluation.panels import write_panel
from cem_monai.evaluation.parallel import Processes
from cem_monai.evaluation.prediction_pixels import read_prediction
from cem_monai.evaluation.summary import Row

PICTURES = 10


def draw_worst_cases(
    folder: Path,
    rows: Sequence[Row],
    model: str,
    items: Sequence[Mapping[str, Any]],
    files: Mapping[str, Path | None],
    processes: Processes,
) -> Iterator[tuple[str, Path]]:
    """Begin to draw the worst cases of a model, see `worst_first`.

    Args:
        folder: of the pictures.
        rows: of cases, of `metrics.csv`.
        model: whose cases.
        items: of the datalist.
        files: case → prediction; cases without one are passed over.
        processes: to work in.

    Returns:
        case and PNG, the worst first, each when it is drawn.
    """
    by_case = {str(item["case"]): item for item in items}
    others = other_breasts(items)
    jobs = [
        _Job(by_case[row["case"]], path, others.get(row["case"]), folder, case_caption(row))
        for row in worst_first(rows, model)
        if (path := files.get(row["case"])) is not None
    ][:PICTURES]
    return processes.map(_draw, jobs, "drawing the worst cases")


@dataclass(frozen=True)
class _Job:
    item: Mapping[str, Any]
    prediction: Path
    other_breast: Mapping[str, Any] | None
    folder: Path
    caption: str


def _draw(job: _Job) -> tuple[str, Path]:
    case = load_evaluation_case(job.item)
    mirrored = None
    if job.other_breast is not None:
        mirrored = mirrored_lesion(case, load_evaluation_case(job.other_breast))
    panel = case_panel(case, read_prediction(job.prediction, case), mirrored=mirrored)
    path = job.folder / f"{case.name}.png"
    write_panel(panel, path, title=case.name, caption=job.caption)
    return case.name, path
