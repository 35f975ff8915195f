"""The structured phantom for dose pairs: films, nodules and granules in a box of paraffin gel.

In the manner of Sousa, Matheus and Schiabel, "Development of a structured breast phantom for
evaluating CADe/Dx schemes applied on 2D mammography" (2018): layers of PVC film in paraffin gel,
nodules printed from a circumscribed and a spiculated model, hydroxyapatite in four clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.dose_box import box_thickness, distance_to_rim
from cem_monai.simulator.dose_film import FILMS, draw_film, lay_film
from cem_monai.simulator.dose_inserts import Insert, draw_inserts, place_inserts
from cem_monai.simulator.grid import BoolImage, FloatImage, Grid, anatomy_grid
from cem_monai.simulator.random_streams import Stream, check_seed, dose_stream
from cem_monai.simulator.resampling import upsample
from cem_monai.simulator.texture import smoothstep
from cem_monai.simulator.tubes import draw_tubes

LARGEST_ARRANGEMENT = 99
FILM_EDGE = (2.0, 12.0)
"""In mm from the rim: the films end in between."""
RING = (1.5, 7.5)
"""In mm from the circle around a nodule: its surroundings."""


@dataclass(frozen=True, eq=False)
class DosePhantom:
    """One arrangement; all maps (H, W) on `grid`, straight side of the box at the left edge.

    Args:
        grid: pixels.
        materials: cm, path per material; adds up to the thickness.
        thickness: cm, of the box.
        distance: mm to the curved rim, negative outside the box.
        inserts: where they lie.
    """

    grid: Grid
    materials: dict[str, FloatImage]
    thickness: FloatImage
    distance: FloatImage
    inserts: tuple[Insert, ...]

    @property
    def inside(self) -> BoolImage:
        """(H, W), in the box."""
        return self.distance > 0

    @property
    def nodules(self) -> BoolImage:
        """(H, W), balls of the printed nodules, without spicules."""
        nodules = [(insert, insert.body) for insert in self.inserts if insert.is_nodule]
        return self._discs(nodules)

    @property
    def surround(self) -> BoolImage:
        """(H, W), ring 1.5 to 7.5 mm around the nodules and their spicules, without inserts."""
        near, far = RING
        wide = [(one, one.radius + far) for one in self.inserts if one.is_nodule]
        return self._discs(wide) & ~self._discs([(one, one.radius + near) for one in self.inserts])

    def _discs(self, discs: list[tuple[Insert, float]]) -> BoolImage:
        """Return the union of discs of some radii in mm around inserts."""
        y, x = self.grid.coordinates()
        union = np.zeros(self.grid.shape, bool)
        for insert, radius in discs:
            union |= (x - insert.x) ** 2 + (y - insert.y) ** 2 < radius**2
        return union


def draw_dose_phantom(seed: int, arrangement: int, grid: Grid) -> DosePhantom:
    """Draw one arrangement of a phantom.

    All arrangements of a seed hold the same films and inserts, laid anew.

    Args:
        seed: of the phantom.
        arrangement: number, 1 to 99.
        grid: of the detector, see `dose_grid`.

    Raises:
        ValueError: `seed` or `arrangement` is outside its range.
    """
    check_seed(seed)
    check_arrangement(arrangement)
    rng = dose_stream(seed, Stream.DOSE_ARRANGEMENT, arrangement)
    y, x = grid.coordinates()
    distance = distance_to_rim(x, y)
    thickness = box_thickness(distance)
    inserts = place_inserts(draw_inserts(seed), rng)
    materials = {
        "pvc": _films(seed, rng, grid) * smoothstep(distance, *FILM_EDGE),
        "resin": draw_tubes([tube for one in inserts if one.is_nodule for tube in one.tubes], grid),
        "calc": draw_tubes(
            [tube for one in inserts if not one.is_nodule for tube in one.tubes], grid
        ),
    }
    displaced = np.sum(list(materials.values()), axis=0)
    materials["paraffin"] = np.maximum(thickness - displaced, 0)
    return DosePhantom(grid, materials, thickness, distance, tuple(inserts))


def check_arrangement(arrangement: int) -> None:
    """Refuse what is not a whole number from 1 to 99.

    Raises:
        ValueError: `arrangement` is something else.
    """
    whole = isinstance(arrangement, int) and not isinstance(arrangement, bool)
    if not whole or not 1 <= arrangement <= LARGEST_ARRANGEMENT:
        raise ValueError(
            f"arrangement must be a whole number from 1 to {LARGEST_ARRANGEMENT}, "
            f"got {arrangement!r}."
        )


def _films(seed: int, rng: np.random.Generator, grid: Grid) -> FloatImage:
    """Return the path through all films, (H, W), in cm; drawn on pixels of at least 0.2 mm."""
    coarse = anatomy_grid(grid, grid.columns * grid.pixel)
    total = np.zeros(coarse.shape, np.float32)
    for number in range(1, FILMS + 1):
        film = lay_film(draw_film(seed, number, coarse.box), rng)
        total += film[: coarse.rows, : coarse.columns]
    return upsample(total, grid.shape, coarse.pixel / grid.pixel)
