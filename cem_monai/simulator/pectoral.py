"""Pectoral muscle in the upper corner of an oblique view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.outline import Outline
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.texture import smoothstep
from cem_monai.simulator.tissue_texture import TissueTextures


@dataclass(frozen=True)
class PectoralMuscle:
    """Triangle with a curved edge at the chest wall.

    Args:
        width: mm, along the upper image border.
        height: mm, along the chest wall.
        curvature: exponent of the edge; 1 for a straight one.
        fraction: share of the thickness at its thickest.
    """

    width: float
    height: float
    curvature: float
    fraction: float

    def depth(self, x: FloatImage, y: FloatImage) -> FloatImage:
        """Return how far in mm a point lies within the muscle, negative outside."""
        edge = self.width * np.clip(1 - y / self.height, 0, 1) ** self.curvature
        return np.asarray(edge - x, np.float32)


def draw_pectoral(key: ViewKey, outline: Outline) -> PectoralMuscle | None:
    """Draw the muscle of an oblique view; a craniocaudal one shows none."""
    if not key.oblique:
        return None
    rng = key.view_stream(Stream.MUSCLE)
    return PectoralMuscle(
        width=rng.uniform(0.45, 0.8) * outline.depth,
        height=rng.uniform(0.80, 1.12) * outline.center,
        curvature=rng.uniform(0.75, 1.1),
        fraction=rng.uniform(0.2, 0.38),
    )


def muscle_path(
    muscle: PectoralMuscle,
    textures: TissueTextures,
    x: FloatImage,
    y: FloatImage,
    inner: FloatImage,
) -> FloatImage:
    """Return the path length in muscle in cm, at most `inner` (cm, breast without skin)."""
    share = smoothstep(muscle.depth(x, y) + 0.8 * textures.clouds, -1.5, 14) * muscle.fraction
    fibers = 0.03 * (textures.septa + textures.lobules) + 0.05 * textures.warp
    return np.minimum(share * inner * np.exp(fibers + 0.02 * textures.fine), inner)
