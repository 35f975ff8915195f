"""Printed nodules and clusters of granules that lie in the phantom for dose pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from cem_monai.simulator.dose_box import CENTER, RADIUS, distance_to_rim
from cem_monai.simulator.random_streams import Stream, dose_stream
from cem_monai.simulator.tubes import Tube

EACH_MODEL = 2
"""Nodules printed from each of the two models (assumed)."""
NODULE_RADIUS = (3.0, 6.0)
"""In mm."""
SPICULES, SPICULE_RADIUS = 9, 0.5
"""Number per nodule, and mm."""
SPICULE_REACH = 1.9
"""Relative to the nodule's radius."""
CLUSTERS = 4
GRANULES = (6, 14)
"""Per cluster."""
GRANULE_RADIUS = (0.10, 0.25)
"""In mm."""
CLUSTER_RADIUS = 5.0
"""In mm."""
RIM, GAP = 12.0, 3.0
"""In mm, that an insert keeps from the edge of the box and from another one."""


class InsertKind(str, Enum):
    """What lies in the phantom."""

    CIRCUMSCRIBED = "circumscribed nodule"
    SPICULATED = "spiculated nodule"
    CLUSTER = "cluster of granules"


@dataclass(frozen=True)
class Insert:
    """One object, made of balls (tubes without length) and rods.

    Args:
        kind: nodules are of resin, granules of hydroxyapatite.
        x: mm, center.
        y: mm, center.
        radius: mm, of the circle around everything.
        body: mm, radius of a nodule's ball, without spicules; 0 for a cluster.
        tubes: its parts.
    """

    kind: InsertKind
    x: float
    y: float
    radius: float
    body: float
    tubes: tuple[Tube, ...]

    @property
    def is_nodule(self) -> bool:
        """Whether it is one of the printed ones."""
        return self.kind is not InsertKind.CLUSTER

    def as_dict(self) -> dict[str, Any]:
        """Return where it lies, for JSON."""
        names = {"x_mm": self.x, "y_mm": self.y, "radius_mm": self.radius, "body_mm": self.body}
        return {"kind": self.kind.value} | names


def draw_inserts(seed: int) -> list[Insert]:
    """Draw the inserts of a phantom, all around the origin."""
    rng = dose_stream(seed, Stream.DOSE_INSERTS)
    kinds = EACH_MODEL * [InsertKind.SPICULATED] + EACH_MODEL * [InsertKind.CIRCUMSCRIBED]
    return [_nodule(rng, kind) for kind in kinds] + [_cluster(rng) for _ in range(CLUSTERS)]


def _nodule(rng: np.random.Generator, kind: InsertKind) -> Insert:
    body = rng.uniform(*NODULE_RADIUS)
    ball = Tube(0, 0, 0, 0, body)
    if kind is InsertKind.CIRCUMSCRIBED:
        return Insert(kind, 0, 0, body, body, (ball,))
    reach = SPICULE_REACH * body
    ends = reach * np.exp(1j * rng.uniform(0, 2 * np.pi, SPICULES))
    spicules = (Tube(0, 0, end.real, end.imag, SPICULE_RADIUS) for end in ends)
    return Insert(kind, 0, 0, reach + SPICULE_RADIUS, body, (ball, *spicules))


def _cluster(rng: np.random.Generator) -> Insert:
    number = int(rng.integers(*GRANULES, endpoint=True))
    places = CLUSTER_RADIUS * np.sqrt(rng.uniform(0, 1, number))
    places = places * np.exp(1j * rng.uniform(0, 2 * np.pi, number))
    radii = rng.uniform(*GRANULE_RADIUS, number)
    granules = (
        Tube(place.real, place.imag, place.real, place.imag, radius)
        for place, radius in zip(places, radii, strict=True)
    )
    outermost = CLUSTER_RADIUS + GRANULE_RADIUS[1]
    return Insert(InsertKind.CLUSTER, 0, 0, outermost, 0, tuple(granules))


def place_inserts(inserts: Iterable[Insert], rng: np.random.Generator) -> list[Insert]:
    """Lay inserts anywhere in the box, turned at random, none over another."""
    placed: list[Insert] = []
    for insert in inserts:
        moved = _move(insert, rng)
        # ends: widest first, and even the largest leave a quarter of the places free
        while not _fits(moved, placed):
            moved = _move(insert, rng)
        placed.append(moved)
    return placed


def _move(insert: Insert, rng: np.random.Generator) -> Insert:
    x, y = rng.uniform(0, RADIUS), rng.uniform(CENTER - RADIUS, CENTER + RADIUS)
    turn = np.exp(1j * rng.uniform(0, 2 * np.pi))

    def moved(along: float, down: float) -> tuple[float, float]:
        point = complex(along, down) * turn
        return x + point.real, y + point.imag

    tubes = tuple(
        Tube(*moved(tube.x0, tube.y0), *moved(tube.x1, tube.y1), tube.radius)
        for tube in insert.tubes
    )
    return replace(insert, x=x, y=y, tubes=tubes)


def _fits(insert: Insert, placed: list[Insert]) -> bool:
    edge = insert.radius + RIM
    if insert.x < edge or distance_to_rim(insert.x, insert.y) < edge:
        return False
    return all(
        np.hypot(insert.x - other.x, insert.y - other.y) > insert.radius + other.radius + GAP
        for other in placed
    )
