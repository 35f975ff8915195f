from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text
from scipy.stats import wasserstein_distance

from cem_monai.evaluation.plots_forest import ForestRow, forest_figure, forest_rows
from cem_monai.evaluation.plots_histograms import (
    CENTERS,
    histogram_distance,
    histogram_figure,
    read_shares,
)
from cem_monai.evaluation.plots_lesions import (
    LesionPoints,
    bland_altman_figure,
    contrast_figure,
    lesion_points,
)
from cem_monai.evaluation.plots_substitution import substitution_figure
from cem_monai.evaluation.report_figures import forest_plots, histogram_plots, lesion_plots
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.svg import new_figure, svg
from report_inputs import MODELS, ReportInputs

POINTS = LesionPoints(
    real=np.array([3.0, 4.0, 5.0]),
    generated=np.array([2.0, 4.5, 0.5]),
    occult=np.array([False, False, True]),
    missing=1,
)
LIMIT = {"value": 1.0, "low": 0.5, "high": 1.5}
AGREEMENT = {
    "bias": {"mean": -1.5, "low": -2, "high": -1, "n_values": 3, "n_cases": 4, "n_patients": 3},
    "lower": {"value": None, "low": None, "high": None},
    "upper": LIMIT,
}


def lesion(generated: Any, kind: str = "round", predictor: str = "model") -> dict[str, str]:
    return {
        "predictor": predictor,
        "lesion_kind": kind,
        "lesion_cnr_real": "3.0",
        "lesion_cnr_generated": str(generated),
    }


def offsets(axes: Any) -> list[list[list[float]]]:
    return [np.asarray(drawn.get_offsets()).tolist() for drawn in axes.collections]


def test_points_are_the_lesions_of_one_predictor() -> None:
    rows = [lesion(1.5), lesion(""), lesion("inf"), lesion(2, "occult"), lesion(9, "x", "other")]

    points = lesion_points(rows, "model", "cnr")

    assert points.real.tolist() == [3, 3]
    assert points.generated.tolist() == [1.5, 2]
    assert points.occult.tolist() == [False, True]
    assert points.missing == 2


def test_predictor_without_lesions_has_no_points() -> None:
    assert lesion_points([], "model", "cnr").real.size == 0


def test_contrast_is_drawn_over_the_real_one() -> None:
    (axes,) = contrast_figure({"model": POINTS}).axes

    assert offsets(axes) == [[[3, 2], [4, 4.5]], [[5, 0.5]]]
    assert axes.get_xlabel() == "real contrast (grey levels)"
    assert axes.get_ylabel() == "generated contrast (grey levels)"
    assert axes.get_title() == "model\n3 lesions, 1 without value"
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.lines[0].get_slope() == 1
    assert axes.lines[0].get_xy1() == (0, 0)


def test_bland_altman_is_difference_over_mean() -> None:
    (axes,) = bland_altman_figure({"model": POINTS}, {"model": AGREEMENT}).axes

    assert offsets(axes) == [[[2.5, -1], [4.25, 0.5]], [[2.75, -4.5]]]
    heights = [line.get_ydata()[0] for line in axes.lines]
    assert heights == [0, -1.5, 1]  # a limit that does not exist is not drawn
    bands = [(band.get_y(), band.get_y() + band.get_height()) for band in axes.patches]
    assert bands == [(-2, -1), (0.5, 1.5)]
    assert [text.get_text() for text in axes.texts] == ["bias -1.50", "upper limit +1.00"]
    assert axes.get_xlabel() == "mean of real and generated CNR"
    assert axes.get_ylabel() == "CNR generated - real"


def test_models_have_the_same_scale() -> None:
    far = LesionPoints(POINTS.real * 10, POINTS.generated, POINTS.occult, 0)

    axes = bland_altman_figure({"a": POINTS, "b": far}, {"a": AGREEMENT, "b": AGREEMENT}).axes

    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_four_models_take_two_rows() -> None:
    axes = contrast_figure(dict.fromkeys("abcd", POINTS)).axes

    assert len(axes) == 4
    assert len({round(one.get_subplotspec().rowspan.start) for one in axes}) == 2


def test_histograms_are_the_shares_in_percent(evaluation: ReportInputs) -> None:
    shares = read_shares(evaluation.histograms)

    figure = histogram_figure(shares, {MODELS[0]: "first", MODELS[1]: "second"})

    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Breast with mass", "Breast without mass", "Mass only"]
    for axes, setting in zip(figure.axes, shares, strict=True):
        assert axes.get_xlabel() == "grey level (0 to 255)"
        assert axes.get_ylabel() == "share of the pixels (%)"
        for line, name in zip(axes.lines, MODELS, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), 100 * shares[setting][name])
            np.testing.assert_array_equal(line.get_xdata(), CENTERS)
        filled = axes.collections[0].get_paths()[0].vertices
        assert filled[:, 1].max() == pytest.approx(100 * shares[setting]["real"].max())
        low, high = axes.get_xlim()
        inside = (low < CENTERS) & (high > CENTERS)
        assert shares[setting]["real"][inside].sum() > 0.99


def test_distance_of_histograms(evaluation: ReportInputs) -> None:
    own = read_shares(evaluation.histograms)["mass_only"]

    expected = wasserstein_distance(CENTERS, CENTERS, own[MODELS[0]], own["real"])

    assert histogram_distance(own[MODELS[0]], own["real"]) == pytest.approx(expected)


def interval(mean: float, half: float = 1.0, n_values: int = 4) -> Interval:
    return Interval(mean, mean - half, mean + half, n_values, 2, 0)


def test_forest_draws_means_with_intervals() -> None:
    rows = [
        ForestRow("view", {}),
        ForestRow("CC", {"model": interval(3)}),
        ForestRow("MLO", {"model": interval(math.nan, n_values=0)}),
        ForestRow("OB", {"model": Interval(5, math.nan, math.nan, 1, 1, 1)}),
    ]

    axes = forest_figure(rows, "breast_l1", {"model": interval(3.5)}).axes[0]

    points, arms = axes.containers[0].lines[0], axes.containers[0].lines[2][0]
    assert points.get_xydata().tolist() == [[3, 1], [5, 3]]
    ends = [segment[:, 0].tolist() for segment in arms.get_segments()]
    assert ends == [[2, 4], [5, 5]]
    assert axes.lines[-1].get_xdata() == [3.5, 3.5]
    assert axes.get_xlabel() == "breast L1 (grey levels); dotted: all cases"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["view", "CC", "MLO", "OB"]
    (counts,) = axes.child_axes
    texts = [text.get_text() for text in counts.get_yticklabels()]
    assert texts == ["", "4 / 2", "0 / 2", "1 of 2 / 1"]


def test_forest_counts_of_predictors_that_differ() -> None:
    row = ForestRow("CC", {"a": interval(3, n_values=4), "b": interval(3, n_values=3)})

    assert row.counts == "4 / 2, 3 / 2"


def test_forest_rows_keep_the_order_of_the_summary(evaluation: ReportInputs) -> None:
    labels = dict(zip(MODELS, ("first", "second"), strict=True))

    rows = forest_rows(evaluation.summary["subgroups"], "breast_l1", labels)

    assert [row.text for row in rows if not row.intervals] == [
        "view", "density", "side", "thickness (mm)",
    ]  # fmt: skip
    assert [row.text for row in rows[:3]] == ["view", "CC", "MLO"]
    assert set(rows[1].intervals) == {"first", "second"}
    expected = next(
        one["interval"]["mean"]
        for one in evaluation.summary["subgroups"]
        if (one["predictor"], one["measure"], one["value"]) == (MODELS[1], "breast_l1", "CC")
    )
    assert rows[1].intervals["second"].mean == expected


def test_forest_of_a_share_is_in_percent() -> None:
    axes = forest_figure([ForestRow("x", {"m": interval(0.5, 0.1)})], "false_share", {}).axes[0]

    assert axes.containers[0].lines[0].get_xdata() == [50]


def test_substitution_curves(evaluation: ReportInputs) -> None:
    substitution = evaluation.summary["substitution"]

    axes = substitution_figure(substitution).axes

    assert [one.get_title() for one in axes] == ["AUC", "sensitivity", "F1"]
    for one, name in zip(axes, ("auc", "sensitivity", "f1"), strict=True):
        means = [interval["mean"] for interval in substitution[name]]
        assert one.lines[0].get_xydata().tolist() == [
            [share, mean] for share, mean in zip(substitution["shares"], means, strict=True)
        ]
        vertices = one.collections[0].get_paths()[0].vertices
        assert vertices[:, 1].min() == min(interval["low"] for interval in substitution[name])
        assert one.get_xlabel() == "share of virtual images (%)"


def test_svg_is_the_same_every_time_and_shows_text_as_it_is() -> None:
    pictures = []
    for _ in range(2):
        figure = new_figure(3, 2)
        figure.add_subplot().set_title("a $x^2$ </text>")
        pictures.append(svg(figure))

    assert pictures[0] == pictures[1]
    assert not any(text.get_parse_math() for text in figure.findobj(Text))
    assert b"matplotlib.org" not in pictures[0]
    assert b"<dc:date>" not in pictures[0]


def test_nothing_to_plot(evaluation: ReportInputs) -> None:
    lesions = [row for row in evaluation.rows if row["lesion"]]

    assert lesion_plots(evaluation.summary | {"lesions": {}}, lesions) == []
    assert lesion_plots(evaluation.summary, []) == []
    assert histogram_plots(evaluation.summary, []) == []
    assert forest_plots(evaluation.summary | {"subgroups": []}) == []
