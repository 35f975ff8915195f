"""Everything a reader needs to judge one training, in one HTML file that stands alone."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cem_monai.atomic import atomic_write
from cem_monai.evaluation.cases import number, worst_first
from cem_monai.evaluation.summary import MEASURES, Row, read_metrics, summarize, table_cells
from cem_monai.evaluation.training_curves import training_curves_png
from cem_monai.evaluation.verdict import small_sample_remark, verdict

VERDICTS = ("breast_l1", "mass_l1")
BARS = ("constant", "depth_intensity_table")
"""The trivial predictors that the model is compared with: the lowest bar and the highest."""


@dataclass(frozen=True)
class ShownCase:
    """One case of the report.

    Attributes:
        name: as in `metrics.csv`.
        anchor: id of its heading.
        numbers: real, generated and Δ CNR of the mass, L1 of the breast, as text.
        picture: base64 of the PNG; empty where the case has no panel.
    """

    name: str
    anchor: str
    numbers: tuple[str, str, str, str]
    picture: str


def write_report(
    output_html: str | os.PathLike[str],
    *,
    metrics_csv: str | os.PathLike[str],
    panels: Sequence[tuple[str, str | os.PathLike[str]]],
    facts: Mapping[str, str],
    losses_csv: str | os.PathLike[str] | None = None,
    predictor: str = "model",
) -> None:
    """Write the report of one evaluation.

    The file holds its pictures, needs no script and asks for nothing over the network. It is
    written completely or not at all.

    Args:
        output_html: file to write.
        metrics_csv: of `CaseMetricsSaver`, with the predictors `BARS`.
        panels: case as in `metrics_csv`, and its PNG of `draw_case_panel`.
        facts: what was trained and tested, in this order: label → value.
        losses_csv: of `LossHistory`; None leaves the curves out.
        predictor: whose cases are shown.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a table lacks columns, rows or predictors, or a panel belongs to no case.
    """
    rows = read_metrics(metrics_csv)
    page = _template().render(
        facts=facts,
        verdicts=_verdicts(rows, predictor),
        remark=small_sample_remark(rows),
        summary=table_cells(summarize(rows)),
        curves=_base64(training_curves_png(losses_csv)) if losses_csv is not None else "",
        cases=_cases(worst_first(rows, predictor), panels),
    )
    with atomic_write(output_html, "w") as file:
        file.write(page)


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("cem_monai.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _verdicts(rows: Sequence[Row], predictor: str) -> list[str]:
    measures = {measure.column: measure for measure in MEASURES}
    return [
        verdict(rows, measures[column], predictor=predictor, baseline=baseline)
        for column in VERDICTS
        for baseline in BARS
    ]


def _cases(
    rows: Sequence[Row], panels: Sequence[tuple[str, str | os.PathLike[str]]]
) -> list[ShownCase]:
    pictures = {case: _picture(case, Path(path)) for case, path in panels}
    if unknown := sorted(pictures.keys() - {row["case"] for row in rows}):
        raise ValueError(f"panels of cases that were not evaluated: {', '.join(unknown)}")
    return [_shown(row, pictures.get(row["case"], "")) for row in rows]


def _shown(row: Row, picture: str) -> ShownCase:
    return ShownCase(
        name=row["case"],
        anchor="case-" + re.sub(r"[^\w.-]+", "-", row["case"]),
        numbers=(
            number(row["mass_cnr_real"]),
            number(row["mass_cnr_generated"]),
            number(row["mass_delta_cnr"], sign=True),
            number(row["breast_l1"]),
        ),
        picture=picture,
    )


def _picture(case: str, path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no panel of the case {case}")
    return _base64(path.read_bytes())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
