from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cem_monai.evaluation.training_curves import read_losses, training_figure

Row = dict[str, str]
WriteTable = Callable[..., Path]

EPOCHS = [
    {"epoch": "1", "iteration": "2", "learning_rate": "0.0002", "loss": "47", "g_gan": "0.98",
     "g_l1": "0.46", "d_real": "1.18", "d_fake": "0.14", "d_loss": "0.66"},
    {"epoch": "2", "iteration": "4", "learning_rate": "1e-05", "loss": "42", "g_gan": "0.75",
     "g_l1": "0.41", "d_real": "0.81", "d_fake": "0.10", "d_loss": "0.46"},
]  # fmt: skip


def test_curves_are_the_columns(write_table: WriteTable) -> None:
    figure = training_figure(read_losses(write_table(EPOCHS, "losses.csv")))

    lines = [[line.get_xydata().tolist() for line in axes.lines] for axes in figure.axes]
    assert lines == [
        [[[1, 0.46], [2, 0.41]]],
        [[[1, 0.98], [2, 0.75]], [[1, 1.18], [2, 0.81]], [[1, 0.14], [2, 0.10]]],
        [[[1, 0.0002], [2, 1e-05]]],
    ]


def test_scales_begin_at_zero(write_table: WriteTable) -> None:
    figure = training_figure(read_losses(write_table(EPOCHS, "losses.csv")))

    assert [axes.get_ylim()[0] for axes in figure.axes] == [0, 0, 0]


def test_one_epoch_is_visible_as_points(write_table: WriteTable) -> None:
    figure = training_figure(read_losses(write_table(EPOCHS[:1], "losses.csv")))

    assert all(line.get_marker() != "None" for axes in figure.axes for line in axes.lines)


def test_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"losses\.csv: no losses; the training writes"):
        read_losses(tmp_path / "losses.csv")


def test_missing_column_is_named(write_table: WriteTable) -> None:
    rows: list[Row] = [{key: value for key, value in EPOCHS[0].items() if key != "d_fake"}]

    with pytest.raises(ValueError, match="lacks the columns d_fake"):
        read_losses(write_table(rows, "losses.csv"))


def test_no_epoch_raises(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("epoch\n")

    with pytest.raises(ValueError, match="holds no epoch"):
        read_losses(tmp_path / "losses.csv")
