"""Outline of the compressed breast and its thickness, as functions of position in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.breast import Breast
from cem_monai.simulator.grid import FIELD_OF_VIEW, FloatImage
from cem_monai.simulator.random_streams import Stream, ViewKey

SKIN_THICKNESS = 1.5
"""In mm."""
ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 4097)


@dataclass(frozen=True, eq=False)
class Outline:
    """Skin line of one view, in polar coordinates around the middle of the chest wall.

    Distances come from a table over the angle, so that they do not depend on any pixel grid.

    Args:
        center: mm, y of the origin on the chest wall.
        depth: mm, from the chest wall to the nipple.
        half_height: mm, half the length of the chest wall side (lower half in an oblique view).
        tilt: rad, direction of the nipple.
        radius: mm, distance of the skin from the origin at `ANGLES`.
        reach: mm, distance to the skin per unit of `1 - r / radius` at `ANGLES`, to first order.
    """

    center: float
    depth: float
    half_height: float
    tilt: float
    radius: npt.NDArray[np.float64]
    reach: npt.NDArray[np.float64]

    @property
    def nipple(self) -> tuple[float, float]:
        """(x, y) in mm."""
        return self.depth * np.cos(self.tilt), self.center + self.depth * np.sin(self.tilt)

    def distance_to_skin(self, x: npt.ArrayLike, y: npt.ArrayLike) -> FloatImage:
        """Return the distance to the skin in mm: positive inside, negative outside the breast."""
        dx, dy = np.asarray(x), np.asarray(y) - self.center
        angle = np.arctan2(dy, dx)
        radius, reach = (np.interp(angle, ANGLES, table) for table in (self.radius, self.reach))
        return np.asarray((1 - np.hypot(dx, dy) / radius) * reach, np.float32)


class Thickness(NamedTuple):
    """Path lengths in cm, each of the shape of the image.

    Args:
        total: all of the breast.
        inner: without skin.
    """

    total: FloatImage
    inner: FloatImage

    def with_skin(self, path: FloatImage) -> Thickness:
        """Return the same with more skin, `path` in cm."""
        return Thickness(self.total + path, self.inner)


def draw_outline(key: ViewKey, breast: Breast) -> Outline:
    """Draw the outline of a view: a superellipse with a nipple and slow irregularities.

    An oblique view reaches up into the axilla and its nipple points down.
    """
    rng = key.view_stream(Stream.OUTLINE)
    depth = 96 * breast.scale * rng.uniform(0.93, 1.07)
    half_height = 98 * breast.scale * rng.uniform(0.95, 1.05)
    center = FIELD_OF_VIEW / 2 * (1.06 if key.oblique else 1.0) + rng.normal(0, 3)
    tilt = rng.uniform(0.10, 0.22) if key.oblique else rng.normal(0, 0.05)
    upper = half_height * (1.75 if key.oblique else 1.0)
    radius = _radius(rng, depth, (upper, half_height), tilt)
    slope = np.gradient(radius, ANGLES)
    reach = radius**2 / np.hypot(radius, slope)
    return Outline(center, depth, half_height, tilt, radius, reach)


def _radius(
    rng: np.random.Generator, depth: float, half_heights: tuple[float, float], tilt: float
) -> npt.NDArray[np.float64]:
    turned = ANGLES - tilt
    exponent = rng.uniform(2.0, 2.35)
    half_height = np.where(turned < 0, *half_heights)
    across = np.abs(np.cos(turned) / depth) ** exponent
    along = np.abs(np.sin(turned) / half_height) ** exponent
    radius = (across + along) ** (-1 / exponent)
    for order in range(2, 6):
        radius = radius * (1 + 0.012 * rng.normal() * np.cos(order * turned + rng.uniform(0, 6.3)))
    nipple = 3.2 * np.exp(-((turned / 0.045) ** 2) / 2)
    return np.asarray(radius + nipple, np.float64)


def compressed_thickness(
    key: ViewKey, breast: Breast, outline: Outline, distance: FloatImage, x: FloatImage
) -> Thickness:
    """Return the thickness between the paddles: flat inside, rounded towards the skin line.

    Args:
        key: which view.
        breast: its nominal thickness.
        outline: its depth.
        distance: (H, W), mm to the skin line.
        x: (1, W), mm from the chest wall; the paddle is slightly inclined along it.
    """
    rng = key.view_stream(Stream.OUTLINE, 1)
    roll_off = breast.thickness * 10 / 2 * rng.uniform(0.95, 1.2)
    paddle = 1 + rng.normal(0, 0.025) * (x / outline.depth - 0.5)
    skin = 2 * SKIN_THICKNESS / 10
    total = breast.thickness * _rounded(distance, roll_off) * paddle
    inner = _rounded(distance - SKIN_THICKNESS, roll_off - SKIN_THICKNESS)
    inner = (breast.thickness - skin) * inner * paddle
    return Thickness(total.astype(np.float32), np.minimum(inner, total).astype(np.float32))


def _rounded(distance: FloatImage, radius: float) -> FloatImage:
    """Profile of a quarter circle: 0 at the skin line, 1 from `radius` on."""
    return np.sqrt(1 - (1 - np.clip(distance / radius, 0, 1)) ** 2)
