"""The deterministic phantom, and the measures once more as plain loops over windows and pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Image = np.ndarray[Any, Any]


@pytest.fixture(scope="session")
def phantom() -> Callable[[int, int], tuple[Image, Image]]:
    """(height, width) -> 12-bit image and breast mask."""

    def make(height: int, width: int) -> tuple[Image, Image]:
        y, x = np.mgrid[:height, :width].astype(float)
        mask = (x / (0.62 * width)) ** 2 + ((y - height / 2) / (0.42 * height)) ** 2 < 1
        tissue = np.rint(4095 * (0.35 + 0.15 * np.sin(x / 97) * np.cos(y / 131)))
        return np.where(mask, tissue, 0).astype(np.uint16), mask

    return make


@pytest.fixture(scope="session")
def loop_windows() -> Callable[..., Image]:
    """Breast CNR as a double loop: mean and population sd of the pixels that the rule counts."""

    def windows(
        image: Image, mask: Image, edge: str = "strict", patch: int = 64, stride: int = 16
    ) -> Image:
        rows = []
        for y in range(patch, image.shape[0] - 2 * patch + 1, stride):
            row = [
                _window(image.astype(float), mask.astype(bool), edge, patch, (y, x))
                for x in range(patch, image.shape[1] - 2 * patch + 1, stride)
            ]
            rows.append(row)
        columns = max(0, (image.shape[1] - 3 * patch) // stride + 1)
        return np.array(rows, dtype=float).reshape(len(rows), columns)

    return windows


def _window(image: Image, mask: Image, edge: str, patch: int, corner: tuple[int, int]) -> float:
    y, x = corner
    center: list[Image] = []
    background: list[Image] = []
    inside: list[Image] = []
    for row in range(-1, 2):
        for column in range(-1, 2):
            rows = slice(y + row * patch, y + (row + 1) * patch)
            columns = slice(x + column * patch, x + (column + 1) * patch)
            is_center = row == column == 0
            (center if is_center else background).append(image[rows, columns].ravel())
            inside.append(mask[rows, columns].ravel())
    in_center, in_background = inside.pop(4), np.concatenate(inside)
    pixels = np.concatenate(background)
    counts = (
        in_center.all()
        and {
            "strict": in_background.all(),
            "masked": in_background.mean() >= 0.5,
            "image": True,
        }[edge]
    )
    if edge == "masked":
        pixels = pixels[in_background]
    if not counts or pixels.min() == pixels.max():
        return math.nan
    return float((np.mean(center[0]) - np.mean(pixels)) / np.std(pixels))
