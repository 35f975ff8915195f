"""The outlines of a second reader, who sees the same lesions and draws them a little differently.

The differences are assumptions: an inclination of the reader to draw wide or tight, the same for
all lesions of an exam; and for each lesion a bias, a shift and slow waves of the contour, mostly
within a millimeter, so that a few percent of the second outline may lie in the surround of the
first. They belong to what is hidden: readers outline the recombined image.
"""

from __future__ import annotations

import numpy as np

from cem_monai.simulator.grid import BoolImage, FloatImage
from cem_monai.simulator.lesion_maps import offsets
from cem_monai.simulator.lesion_projection import LesionProjection
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.random_streams import Stream, ViewKey

READER_BIAS, LESION_BIAS = 0.5, 0.5
"""In mm, standard deviations of the distance between both outlines."""
SHIFT, LARGEST_SHIFT = 0.4, 0.9
"""In mm, standard deviation per direction, and limit."""
ORDERS, WAVE = (2, 3, 4, 5), 0.3
"""Of the waves of the contour, and their standard deviation in mm."""
TIGHTEST, WIDEST = 0.7, 1.4
"""Relative to the first outline; a small lesion is not drawn a millimeter smaller."""


def second_reader_mask(key: ViewKey, phantom: Phantom) -> BoolImage:
    """Return what a second reader outlines, (H, W); every lesion that the first one outlines."""
    mask = np.zeros(phantom.grid.shape, bool)
    inclination = key.patient_stream(Stream.HIDDEN_READING).normal(0, READER_BIAS)
    for projection in phantom.lesions:
        if projection.lesion.enhancing:
            rng = key.view_stream(Stream.HIDDEN_READING, projection.number)
            box, y, x = offsets(projection, phantom.grid)
            first = np.hypot(x, y) < projection.radius(np.arctan2(y, x))
            second = _inside(rng, projection, y, x, inclination) & phantom.breast[box]
            # a lesion of few pixels can slip between them
            mask[box] |= second if second.any() else first & phantom.breast[box]
    return mask


def _inside(
    rng: np.random.Generator,
    projection: LesionProjection,
    y: FloatImage,
    x: FloatImage,
    inclination: float,
) -> BoolImage:
    shift = rng.normal(0, SHIFT, 2)
    shift *= min(1, LARGEST_SHIFT / float(np.hypot(*shift)))
    y, x = y - np.float32(shift[0]), x - np.float32(shift[1])
    angle = np.arctan2(y, x)
    change = inclination + rng.normal(0, LESION_BIAS) + _waves(rng, angle)
    radius = projection.radius(angle)
    outline = np.clip(radius + change, TIGHTEST * radius, WIDEST * radius)
    return np.asarray(np.hypot(x, y) < outline)


def _waves(rng: np.random.Generator, angle: FloatImage) -> FloatImage:
    waves = np.zeros_like(angle)
    for order in ORDERS:
        waves += WAVE * rng.normal() * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    return waves
