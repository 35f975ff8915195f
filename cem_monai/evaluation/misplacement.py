"""Find out that an image was saved mirrored, upside down or transposed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]

SAMPLES = 128
"""Per side; the outline of a breast needs no more."""
LEAST_CORRELATION, MARGIN = 0.5, 0.3
"""What a turned image must reach, and by how much it must beat the image as it is. No prediction of
the right outline does, however bad; a nearly symmetric breast may pass upside down."""


def misplacement(image: Image, real: Image) -> str | None:
    """Return how an image was turned, or None if it lies as the real one or nothing tells.

    Compared are the correlations with the real image, which are mostly that of both outlines.

    Args:
        image: (H, W).
        real: (H, W), of the same view.
    """
    step = max(1, min(real.shape) // SAMPLES)
    turned = {"mirrored": image[:, ::-1], "upside down": image[::-1], "turned": image[::-1, ::-1]}
    if image.shape[0] == image.shape[1]:
        turned["transposed"] = image.T
    straight = _correlation(image[::step, ::step], real[::step, ::step])
    found = {
        name: _correlation(one[::step, ::step], real[::step, ::step])
        for name, one in turned.items()
    }
    best = max(found, key=found.__getitem__)
    # inverted gray values turn air and tissue around as a mirror does, but less exactly
    beaten = max(LEAST_CORRELATION, straight + MARGIN, -straight)
    return best if found[best] > beaten else None


def _correlation(first: Image, second: Image) -> float:
    """Return Pearson's coefficient, or 0 where an image is constant."""
    if first.min() == first.max() or second.min() == second.max():
        return 0.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
