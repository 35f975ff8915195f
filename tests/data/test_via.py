from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cem_monai.data.via import Frame, Outline, outlines_mask, read_outlines

FRAME = Frame((60, 80), scale=0.5, left=20, top=10)
SQUARE = {"name": "polygon", "all_points_x": [21, 61, 61, 21], "all_points_y": [11, 11, 41, 41]}


def _read(folder: Path, *shapes: dict[str, Any] | str) -> list[Outline]:
    path = folder / "outlines.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["#filename", "file_size", "region_shape_attributes"])
        for shape in shapes:
            text = shape if isinstance(shape, str) else json.dumps(shape)
            writer.writerow(["a.jpg", 1, text])
    return read_outlines(path).outlines.get("a.jpg", [])


def _native(frame: Frame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return x and y in native pixels of every pixel of the frame."""
    y, x = np.indices(frame.shape).astype(float)
    return x / frame.scale - frame.left, y / frame.scale - frame.top


@pytest.mark.parametrize(
    ("shape", "x0", "y0", "rx", "ry"),
    [
        ({"name": "ellipse", "cx": 50.3, "cy": 40, "rx": 30, "ry": 12.6}, 50.3, 40, 30, 12.6),
        ({"name": "circle", "cx": 71, "cy": 33, "r": 20.2}, 71, 33, 20.2, 20.2),
        ({"name": "point", "cx": 61, "cy": 48}, 61, 48, 25, 25),
        ({"name": "circle", "cx": -15, "cy": 100, "r": 24.7}, -15, 100, 24.7, 24.7),  # clipped
    ],
)
def test_round_shape_equals_distance_formula(
    tmp_path: Path, shape: dict[str, Any], x0: float, y0: float, rx: float, ry: float
) -> None:
    x, y = _native(FRAME)
    expected = ((x - x0) / rx) ** 2 + ((y - y0) / ry) ** 2 < 1
    assert expected.any()
    np.testing.assert_array_equal(outlines_mask(_read(tmp_path, shape), FRAME), expected)


@pytest.mark.parametrize("name", ["polygon", "polyline"])
def test_convex_polygon_equals_half_planes(tmp_path: Path, name: str) -> None:
    # clockwise on the screen; the second corner lies outside the frame
    corners = np.array([[10.3, 5.1], [170.7, 20.2], [90.9, 95.4], [15.2, 80.6]])
    columns, rows = corners.T.tolist()
    outlines = _read(tmp_path, {"name": name, "all_points_x": columns, "all_points_y": rows})
    x, y = _native(FRAME)
    expected = np.ones(FRAME.shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        expected &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    assert expected[:, -1].any()
    np.testing.assert_array_equal(outlines_mask(outlines, FRAME), expected)


def test_mask_is_the_union_of_all_outlines(tmp_path: Path) -> None:
    circle = {"name": "circle", "cx": 100, "cy": 60, "r": 9}
    one, two, both = (
        outlines_mask(_read(tmp_path, *shapes), FRAME)
        for shapes in ([SQUARE], [circle], [SQUARE, circle])
    )
    assert one.any()
    assert two.any()
    np.testing.assert_array_equal(both, one | two)


def test_outline_outside_the_frame_gives_an_empty_mask(tmp_path: Path) -> None:
    far = {"name": "circle", "cx": 1e9, "cy": -1e9, "r": 5}
    assert not outlines_mask(_read(tmp_path, far), FRAME).any()


def test_outline_without_extent_gives_an_empty_mask(tmp_path: Path) -> None:
    nothing = {"name": "ellipse", "cx": 50, "cy": 40, "rx": 0, "ry": 5}
    assert not outlines_mask(_read(tmp_path, nothing), FRAME).any()


def test_image_without_regions_has_no_outline(tmp_path: Path) -> None:
    assert _read(tmp_path, {}) == []


@pytest.mark.parametrize(
    "shape",
    [
        "no json",
        "[]",
        {"name": "spiral", "cx": 1, "cy": 1},
        {"name": "circle", "cx": 1, "cy": 1},
        {"name": "circle", "cx": 1, "cy": None, "r": 3},
        {"name": "circle", "cx": "NaN", "cy": 1, "r": 3},
        {"name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [1, 2]},
        {"name": "polygon", "all_points_x": [], "all_points_y": []},
        {"name": "polyline", "all_points_x": [1, 2]},
    ],
)
def test_damaged_outline_is_named_and_the_rest_read(
    tmp_path: Path, shape: dict[str, Any] | str
) -> None:
    outlines = _read(tmp_path, SQUARE, shape, SQUARE)
    assert len(outlines) == 2
    table = read_outlines(tmp_path / "outlines.csv")
    (problem,) = table.problems
    assert "outlines.csv: row 2 (a.jpg) holds no usable outline: " in problem
    assert table.shapes == {"polygon": 2}


def test_short_row_is_named_and_the_rest_read(tmp_path: Path) -> None:
    _read(tmp_path, SQUARE)
    with (tmp_path / "outlines.csv").open("a") as file:
        file.write("b.jpg,1\n")
    table = read_outlines(tmp_path / "outlines.csv")
    assert list(table.outlines) == ["a.jpg"]
    assert table.problems[0].endswith("outlines.csv: row 2 has 2 cells, the header has 3")


@pytest.mark.parametrize(("size", "expected"), [("7", {"a.jpg": 7}), ("-1", {}), ("x", {})])
def test_size_of_the_file_that_was_drawn_on(
    tmp_path: Path, size: str, expected: dict[str, int]
) -> None:
    path = tmp_path / "outlines.csv"
    path.write_text(f"#filename,file_size,region_shape_attributes\na.jpg,{size},{{}}\n")
    assert read_outlines(path).file_sizes == expected
