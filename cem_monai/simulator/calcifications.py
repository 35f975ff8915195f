"""Clusters of calcifications: how many specks of which size, and where a view shows them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cem_monai.simulator.population import LesionKind, Population
from cem_monai.simulator.random_streams import Stream, ViewKey

MEDIAN_COUNT, LOG_COUNT_SPREAD, COUNTS = 13.0, 0.5, (5, 30)
"""Specks per cluster: median, standard deviation of the logarithm, limits."""
MEDIAN_DIAMETER, LOG_DIAMETER_SPREAD, DIAMETERS = 0.26, 0.4, (0.1, 0.5)
"""In mm, the same of their diameters."""
MOST_FOCI = 3
FOCUS_DISTANCE, FOCUS_SPREAD = 0.6, 0.22
"""Largest distance of a focus from the center, standard deviation of its specks around it; both
relative to the lesion's contour."""
FARTHEST = 0.9
LARGEST_ASPECT = 2.0


class Speck(NamedTuple):
    """One calcification: an ellipsoid, as deep as its mean diameter.

    Args:
        x: mm from the chest wall.
        y: mm from the upper border.
        diameter: mm, mean diameter in the image.
        aspect: length over width.
        angle: rad, of its long axis.
    """

    x: float
    y: float
    diameter: float
    aspect: float
    angle: float


def draw_cluster(
    key: ViewKey, number: int, kind: LesionKind, score: float, population: Population
) -> tuple[float, ...]:
    """Return the diameters in mm of a lesion's specks; empty if it has none.

    Their number tells the score of a non-mass, which has no density that could tell it.
    """
    rng = key.breast_stream(Stream.SPECKS, number)
    if rng.random() >= population.morphologies[kind].calcified:
        return ()
    deviation = rng.normal()
    if kind is LesionKind.NON_MASS:
        deviation = score
    count = np.clip(MEDIAN_COUNT * np.exp(LOG_COUNT_SPREAD * deviation), *COUNTS)
    diameters = MEDIAN_DIAMETER * np.exp(LOG_DIAMETER_SPREAD * rng.normal(size=round(count)))
    return tuple(float(diameter) for diameter in np.clip(diameters, *DIAMETERS))


def place_specks(
    rng: np.random.Generator,
    diameters: tuple[float, ...],
    center: tuple[float, float],
    axes: tuple[float, float],
    direction: float,
) -> tuple[Speck, ...]:
    """Scatter specks around a few foci within an ellipse.

    Args:
        rng: of the view.
        diameters: mm, one per speck.
        center: mm, (x, y) of the ellipse.
        axes: mm, half length and half width of the ellipse.
        direction: rad, of its length.
    """
    count = len(diameters)
    foci = _in_disk(rng, FOCUS_DISTANCE, int(rng.integers(1, MOST_FOCI + 1)))
    place = foci[rng.integers(0, len(foci), count)] + rng.normal(0, FOCUS_SPREAD, (count, 2))
    place *= np.minimum(1, FARTHEST / np.maximum(np.hypot(*place.T), 1e-9))[:, None]
    along, across = place.T * np.reshape(axes, (2, 1))
    x = center[0] + along * np.cos(direction) - across * np.sin(direction)
    y = center[1] + along * np.sin(direction) + across * np.cos(direction)
    aspects, angles = rng.uniform(1, LARGEST_ASPECT, count), rng.uniform(0, np.pi, count)
    return tuple(
        Speck(*(float(value) for value in values))
        for values in zip(x, y, diameters, aspects, angles, strict=True)
    )


def _in_disk(rng: np.random.Generator, radius: float, count: int) -> np.typing.NDArray[np.float64]:
    """Return (count, 2) points, uniform in a disk around the origin."""
    distance, angle = radius * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    return np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=-1)
