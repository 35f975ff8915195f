"""The plots of the report, each with what to read off it."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cem_monai.evaluation.plots_forest import forest_figure, forest_rows
from cem_monai.evaluation.plots_histograms import histogram_figure, read_shares
from cem_monai.evaluation.plots_lesions import (
    bland_altman_figure,
    contrast_figure,
    lesion_points,
)
from cem_monai.evaluation.plots_substitution import substitution_figure
from cem_monai.evaluation.report_columns import column_of
from cem_monai.evaluation.report_predictors import model_names, predictor_label
from cem_monai.evaluation.report_tables import read_interval
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.svg import svg
from cem_monai.evaluation.training_curves import read_losses, training_figure


@dataclass(frozen=True)
class Plot:
    """One drawing of the report.

    Attributes:
        title: heading.
        source: base64 of the SVG.
        text: what to read off it; also read out in place of it.
    """

    title: str
    source: str
    text: str


def lesion_plots(summary: Mapping[str, Any], lesions: Sequence[Row]) -> list[Plot]:
    """Return the plots of single lesions; none without lesions or models."""
    found = summary.get("lesions") or {}
    names = [name for name in model_names(summary) if name in found]
    if not names or not lesions:
        return []
    contrast, cnr = (
        {predictor_label(name): lesion_points(lesions, name, quantity) for name in names}
        for quantity in ("contrast", "cnr")
    )
    agreements = {predictor_label(name): found[name]["bland_altman"] for name in names}
    return [
        _plot(
            "Real and generated contrast",
            contrast_figure(contrast),
            "One point for each lesion. On the line the generated contrast is the real one, below "
            "it contrast is lost, at zero the lesion is missing.",
        ),
        _plot(
            "Bland-Altman of lesion CNR",
            bland_altman_figure(cnr, agreements),
            "One point for each lesion, both CNR by the noise of the real image. Solid: bias; "
            "dashed: limits between which 95 % of new lesions are expected; gray: their intervals. "
            "Points that fall to the right mean that strong contrast is lost.",
        ),
    ]


def histogram_plots(summary: Mapping[str, Any], histograms: Sequence[Row]) -> list[Plot]:
    """Return the histograms of the three settings; none without `histograms.csv`."""
    if not histograms:
        return []
    labels = {name: predictor_label(name) for name in model_names(summary)}
    return [
        _plot(
            "Grey levels",
            histogram_figure(read_shares(histograms), labels),
            "Each image weighs alike. W: Wasserstein-1 distance of the two mean histograms in grey "
            "levels; that of single images is in the table of the breast.",
        )
    ]


def forest_plots(summary: Mapping[str, Any]) -> list[Plot]:
    """Return one forest plot for each measure in subgroups."""
    subgroups = summary.get("subgroups") or []
    labels = {name: predictor_label(name) for name in model_names(summary)}
    plots = []
    for measure in dict.fromkeys(one["measure"] for one in subgroups):
        rows = forest_rows(subgroups, measure, labels)
        overall = {
            label: read_interval(summary["measures"].get(name, {}).get(measure))
            for name, label in labels.items()
        }
        figure = forest_figure(rows, measure, overall)
        heading = column_of(measure).heading
        text = f"{heading}: means with intervals; n counts images or lesions, and patients."
        plots.append(_plot(heading, figure, text))
    return plots


def substitution_plots(summary: Mapping[str, Any]) -> list[Plot]:
    """Return the curve of the substitution experiment; none if it was not made."""
    substitution = summary.get("substitution")
    if not substitution:
        return []
    text = (
        f"{substitution['classifier']}, trained on real images, tested on "
        f"{substitution['positives']} patches with and {substitution['negatives']} without a "
        f"lesion, of which a share is virtual; decision threshold {substitution['threshold']:.3f}."
    )
    return [_plot("Virtual in place of real images", substitution_figure(substitution), text)]


def training_plots(losses_csv: str | os.PathLike[str] | None) -> list[Plot]:
    """Return losses and learning rate of a training; none without `losses.csv`."""
    if losses_csv is None:
        return []
    figure = training_figure(read_losses(losses_csv))
    return [_plot("Losses and learning rate", figure, "Losses and learning rate of each epoch.")]


def _plot(title: str, figure: Any, text: str) -> Plot:
    return Plot(title, base64.b64encode(svg(figure)).decode("ascii"), text)
