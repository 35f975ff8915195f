"""Outlines drawn with the VGG Image Annotator (VIA), from its CSV export to masks."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage import draw

from cem_monai.data.table import scan_table

Mask = npt.NDArray[np.bool_]

FILE, SIZE, SHAPE = "#filename", "file_size", "region_shape_attributes"
POINT_RADIUS = 25.0
"""Native pixels; what the code of CDD-CESM draws for a point."""


@dataclass(frozen=True)
class Frame:
    """Where an image lies in the frame that its masks are wanted in.

    Attributes:
        shape: (H, W) of the frame in pixels.
        scale: frame pixels per native pixel.
        left, top: native pixels of padding before the first column and row.
    """

    shape: tuple[int, int]
    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0


@dataclass(frozen=True)
class Polygon:
    """Closed outline.

    Attributes:
        x, y: native pixels, origin top left.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    def mask(self, frame: Frame) -> Mask:
        """Return the pixels of the frame whose centers lie inside."""
        rows = (np.array(self.y) + frame.top) * frame.scale
        columns = (np.array(self.x) + frame.left) * frame.scale
        return _filled(frame, draw.polygon(rows, columns, shape=frame.shape))


@dataclass(frozen=True)
class Ellipse:
    """Ellipse with axes along rows and columns.

    Attributes:
        x, y: center in native pixels, origin top left.
        radius_x, radius_y: native pixels.
    """

    x: float
    y: float
    radius_x: float
    radius_y: float

    def mask(self, frame: Frame) -> Mask:
        """Return the pixels of the frame whose centers lie inside."""
        row = (self.y + frame.top) * frame.scale
        column = (self.x + frame.left) * frame.scale
        radii = self.radius_y * frame.scale, self.radius_x * frame.scale
        if min(radii) <= 0:
            return np.zeros(frame.shape, bool)
        return _filled(frame, draw.ellipse(row, column, *radii, shape=frame.shape))


Outline = Polygon | Ellipse


@dataclass(frozen=True)
class OutlineTable:
    """What a VIA export holds.

    Attributes:
        outlines: of each image, by its file name.
        file_sizes: bytes of each image file that was drawn on, as far as they are told.
        shapes: number of usable outlines by shape, e.g. `polygon`.
        problems: one sentence on each row that holds no usable outline.
    """

    outlines: dict[str, list[Outline]]
    file_sizes: dict[str, int]
    shapes: Counter[str]
    problems: list[str]


def read_outlines(path: str | os.PathLike[str]) -> OutlineTable:
    """Read a VIA export: polygon, polyline (closed), ellipse, circle and point (radius 25).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no table, or lacks a column.
    """
    scan = scan_table(path, (FILE, SHAPE), delimiter=",")
    outlines: dict[str, list[Outline]] = defaultdict(list)
    sizes: dict[str, int] = {}
    shapes, problems = Counter[str](), list(scan.problems)
    for number, row in scan.rows.items():
        name = row[FILE]
        if re.fullmatch(r"[1-9]\d{0,12}", row.get(SIZE, ""), re.ASCII):  # VIA writes -1 for unknown
            sizes[name] = int(row[SIZE])
        try:
            attributes = json.loads(row[SHAPE])
            if attributes != {}:  # VIA lists an image without regions like this
                outlines[name].append(_outline(attributes))
                shapes[attributes["name"]] += 1
        except (KeyError, TypeError, ValueError):
            place = f"{path}: row {number} ({name})"
            problems.append(f"{place} holds no usable outline: {row[SHAPE][:80]}")
    return OutlineTable(dict(outlines), sizes, shapes, problems)


def outlines_mask(outlines: Iterable[Outline], frame: Frame) -> Mask:
    """Return the union of outlines as an (H, W) mask of the frame; parts outside are cut off."""
    mask = np.zeros(frame.shape, bool)
    for outline in outlines:
        mask |= outline.mask(frame)
    return mask


def _outline(attributes: dict[str, Any]) -> Outline:
    name = attributes["name"]
    if name in ("polygon", "polyline"):
        x, y = (tuple(map(_number, attributes[f"all_points_{axis}"])) for axis in "xy")
        if len(x) != len(y) or not x:
            raise ValueError(f"{len(x)} x and {len(y)} y")
        return Polygon(x, y)
    radius_keys = {"ellipse": ("rx", "ry"), "circle": ("r", "r"), "point": ()}[name]
    radii = [_number(attributes[key]) for key in radius_keys] or [POINT_RADIUS, POINT_RADIUS]
    return Ellipse(_number(attributes["cx"]), _number(attributes["cy"]), *radii)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is no coordinate")
    return number


def _filled(frame: Frame, pixels: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> Mask:
    mask = np.zeros(frame.shape, bool)
    mask[pixels] = True
    return mask
