"""Crumpled plastic films: the breast-like background of the phantom for dose pairs."""

from __future__ import annotations

from functools import partial

import numpy as np

from cem_monai.simulator.grid import FIELD_OF_VIEW, FloatImage
from cem_monai.simulator.random_streams import Stream, dose_stream
from cem_monai.simulator.texture import PowerSpectrum, gaussian_field, smoothstep

FILMS = 9
SHEET = 0.011
"""In cm, path through one flat layer of a film (assumed)."""
COVERAGE = PowerSpectrum(3.2, coarsest=60, cutoff=0.4)
FOLDS = PowerSpectrum(5.4, coarsest=40, cutoff=0.6)
WRINKLES = PowerSpectrum(3.0, coarsest=10, cutoff=1.8)
FOLD, FOLD_WIDTH = 3.0, 1.5
"""Additional layers at a fold, and mm over which they thin out."""
WRINKLE, WRINKLE_WIDTH = 2.1, 0.8
EDGE = 0.2
"""In mm, half the width of the other, sharp side of a fold."""
FLATTEST = 0.03
"""Per mm; keeps the distance to a fold finite where its field has no slope."""


def draw_film(seed: int, number: int, box: int) -> FloatImage:
    """Return the path through one crumpled film, (box, box), in cm, periodic over 288 mm.

    It covers a part of the area. Folds (long) and wrinkles (short) add layers: sharply on one
    side, thinning out on the other.

    Args:
        seed: of the phantom.
        number: of the film, from 1.
        box: pixels per side.
    """
    coverage, folds, wrinkles = (
        gaussian_field(partial(dose_stream, seed, Stream.DOSE_FILM, number, part), box, spectrum)
        for part, spectrum in enumerate((COVERAGE, FOLDS, WRINKLES), start=1)
    )
    pixel = FIELD_OF_VIEW / box
    # each kind is strongest where the other field is high, so that no line runs on for ever
    layers = 1 + smoothstep(folds, 0, 1.5) + 0.5 * np.abs(wrinkles)
    layers += FOLD * _creases(folds, FOLD_WIDTH, pixel) * smoothstep(wrinkles, -0.5, 1.5)
    layers += WRINKLE * _creases(wrinkles, WRINKLE_WIDTH, pixel) * smoothstep(folds, -0.5, 1.5)
    return np.float32(SHEET) * smoothstep(coverage, -0.6, 1.0) * layers


def lay_film(film: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Turn a film by quarters, maybe upside down, and displace it: the same film, elsewhere."""
    turned = np.rot90(film, int(rng.integers(4)))
    turned = turned.T if rng.integers(2) else turned
    down, right = (rng.uniform(0, 1, 2) * film.shape[0]).astype(int)
    return np.ascontiguousarray(np.roll(turned, (down, right), (0, 1)))


def _creases(field: FloatImage, width: float, pixel: float) -> FloatImage:
    """Return 1 beside the zero crossings of a field, thinning out over `width` mm."""
    down, right = np.gradient(field, np.float32(pixel))
    distance = field / np.sqrt(down**2 + right**2 + np.float32(FLATTEST**2))
    return smoothstep(distance, -EDGE, EDGE) * np.exp(-np.maximum(distance, 0) / np.float32(width))
