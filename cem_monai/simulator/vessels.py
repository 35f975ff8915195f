"""Vessel trees: random walks from the chest wall towards the nipple."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cem_monai.simulator.outline import Outline
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.tubes import Tube

STEP = 2.0
"""In mm."""
SKIN_DISTANCE = 2.5
BRANCHING = 0.05
MOST_BRANCHINGS = 2


@dataclass(frozen=True)
class Branch:
    """Beginning of a vessel: position and radius in mm, direction in rad, length in mm."""

    x: float
    y: float
    direction: float
    radius: float
    length: float
    level: int = 0


def grow_vessels(key: ViewKey, outline: Outline) -> list[Tube]:
    """Draw the vessels of a view as short straight tubes.

    The walk never looks at a pixel grid: one seed gives the same vessels at every resolution.
    """
    tubes: list[Tube] = []
    for tree in range(int(key.view_stream(Stream.VESSELS).integers(5, 10))):
        rng = key.view_stream(Stream.VESSELS, 1 + tree)
        _grow(rng, _root(rng, key, outline), outline, tubes)
    return tubes


def _root(rng: np.random.Generator, key: ViewKey, outline: Outline) -> Branch:
    reach = outline.half_height * (1.2 if key.oblique else 1.0)
    return Branch(
        x=rng.uniform(0, 12),
        y=outline.center + rng.uniform(-0.85, 0.85) * reach,
        direction=rng.normal(0, 0.4),
        radius=rng.uniform(0.35, 0.95),
        length=rng.uniform(50, 130),
    )


def _grow(rng: np.random.Generator, branch: Branch, outline: Outline, tubes: list[Tube]) -> None:
    nipple_x, nipple_y = outline.nipple
    for _ in range(int(branch.length / STEP)):
        wanted = np.arctan2(nipple_y - branch.y, nipple_x - branch.x)
        direction = branch.direction + 0.10 * np.sin(wanted - branch.direction)
        direction += rng.normal(0, 0.16)
        x, y = branch.x + STEP * np.cos(direction), branch.y + STEP * np.sin(direction)
        if x < 0 or outline.distance_to_skin(x, y) < SKIN_DISTANCE:
            return
        tubes.append(Tube(branch.x, branch.y, x, y, branch.radius))
        branch = replace(branch, x=x, y=y, direction=direction, radius=branch.radius * 0.992)
        if branch.level < MOST_BRANCHINGS and rng.random() < BRANCHING:
            _grow(rng, _side_branch(rng, branch), outline, tubes)


def _side_branch(rng: np.random.Generator, branch: Branch) -> Branch:
    return replace(
        branch,
        direction=branch.direction + rng.choice([-1, 1]) * rng.uniform(0.3, 0.8),
        radius=branch.radius * 0.7,
        length=branch.length * 0.5,
        level=branch.level + 1,
    )
