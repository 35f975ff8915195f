"""Lesions as one view shows them: place, contour, spicules and calcifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.breast import Breast
from cem_monai.simulator.calcifications import Speck, place_specks
from cem_monai.simulator.gland import GlandCone, gland_envelope
from cem_monai.simulator.grid import FIELD_OF_VIEW, FloatImage
from cem_monai.simulator.lesions import Lesion
from cem_monai.simulator.outline import Outline
from cem_monai.simulator.pectoral import PectoralMuscle
from cem_monai.simulator.population import LesionKind, Population
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.tubes import Tube

CANDIDATES = 600
DEPTH_SPREAD = 4.0
"""In mm; both views show a lesion at about the same distance from the nipple."""
Harmonic = tuple[int, float, float]


@dataclass(frozen=True)
class LesionProjection:
    """One lesion in one view.

    Args:
        lesion: what both views share.
        x: mm from the chest wall.
        y: mm from the upper border.
        direction: rad, of an elongated lesion: it points to the nipple.
        harmonics: order, relative amplitude and phase of the irregularities of the contour.
        spicules: thin strands that leave the lesion.
        specks: its calcifications.
        number: position in the list of lesions; selects its random streams.
    """

    lesion: Lesion
    x: float
    y: float
    direction: float
    harmonics: tuple[Harmonic, ...]
    spicules: tuple[Tube, ...]
    specks: tuple[Speck, ...]
    number: int

    def radius(self, angle: FloatImage) -> FloatImage:
        """Return the distance of the contour from the center in mm."""
        waves = sum(a * np.cos(order * angle + phase) for order, a, phase in self.harmonics)
        contour = np.asarray(self.lesion.diameter / 2 * (1 + waves), np.float32)
        return contour if self.lesion.elongation == 1 else contour * self._ellipse(angle)

    def _ellipse(self, angle: FloatImage) -> FloatImage:
        """Return the contour of an ellipse relative to its mean radius."""
        elongation, turned = np.float32(self.lesion.elongation), angle - np.float32(self.direction)
        return np.sqrt(elongation) / np.hypot(np.cos(turned), elongation * np.sin(turned))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Where lesions may lie in a view: in its gland, away from skin and muscle."""

    key: ViewKey
    outline: Outline
    cone: GlandCone
    muscle: PectoralMuscle | None


def project_lesions(
    surroundings: Surroundings, breast: Breast, population: Population
) -> list[LesionProjection]:
    """Place all lesions of a breast in one view; their distance from the nipple is kept."""
    placed: list[LesionProjection] = []
    for number, lesion in enumerate(breast.lesions):
        x, y = _place(surroundings, lesion, number, placed)
        occult = lesion.kind is LesionKind.OCCULT
        stream = Stream.HIDDEN_OCCULT_SHAPE if occult else Stream.LESION_SHAPE
        rng = surroundings.key.view_stream(stream, number)
        morphology = population.morphologies[lesion.kind]
        harmonics = _draw_harmonics(rng, morphology.irregularity, morphology.orders)
        spicules = _draw_spicules(rng, lesion, x, y)
        nipple_x, nipple_y = surroundings.outline.nipple
        direction = float(np.arctan2(nipple_y - y, nipple_x - x))
        specks = _draw_specks(surroundings.key, lesion, number, (x, y), direction)
        placed.append(
            LesionProjection(lesion, x, y, direction, harmonics, spicules, specks, number)
        )
    return placed


def _place(
    surroundings: Surroundings, lesion: Lesion, number: int, placed: list[LesionProjection]
) -> tuple[float, float]:
    """Choose among random points by `suitability`, without a look at pixels."""
    occult = lesion.kind is LesionKind.OCCULT
    stream = Stream.HIDDEN_OCCULT_PLACE if occult else Stream.LESION
    rng = surroundings.key.view_stream(stream, number)
    outline = surroundings.outline
    x = outline.nipple[0] - lesion.depth * outline.depth + rng.normal(0, DEPTH_SPREAD, CANDIDATES)
    x = np.maximum(x, lesion.length / 3)
    y = rng.uniform(0, FIELD_OF_VIEW, CANDIDATES)
    weight = suitability(surroundings, lesion.length, x.astype(np.float32), y.astype(np.float32))
    weight = (weight * apart(lesion.length, placed, x, y)).astype(np.float64)
    if not weight.any():  # no room beside the other lesions
        weight = np.maximum(outline.distance_to_skin(x, y), 1e-6)
    chosen = rng.choice(CANDIDATES, p=weight / weight.sum())
    return float(x[chosen]), float(y[chosen])


def suitability(
    surroundings: Surroundings, diameter: float, x: FloatImage, y: FloatImage
) -> FloatImage:
    """Return how likely the center of a lesion lies at a point, relative to other points.

    Args:
        surroundings: gland, skin and muscle of the view.
        diameter: mm, longest of the lesion.
        x: mm.
        y: mm, broadcastable to `x`.
    """
    oblique, outline = surroundings.key.oblique, surroundings.outline
    distance = outline.distance_to_skin(x, y)
    weight = gland_envelope(surroundings.cone, outline, x, y, distance, oblique=oblique) + 0.15
    # a small weight keeps the place inside the breast where no place is good
    weight = weight * np.maximum(distance > 11 + diameter / 3, 1e-3 * (distance > 0))
    if surroundings.muscle is not None:
        weight = weight * (surroundings.muscle.depth(x, y) < -diameter / 2)
    return weight


def apart(
    diameter: float, placed: Sequence[LesionProjection], x: npt.ArrayLike, y: npt.ArrayLike
) -> FloatImage:
    """Return 1 where a lesion would touch no other, 0 elsewhere; arguments as `suitability`."""
    free = np.ones(np.broadcast_shapes(np.shape(x), np.shape(y)), np.float32)
    for other in placed:
        distance = (diameter + other.lesion.length) * 0.6 + 3
        free *= np.hypot(np.subtract(x, other.x), np.subtract(y, other.y)) > distance
    return free


def _draw_harmonics(
    rng: np.random.Generator, irregularity: float, orders: tuple[int, ...]
) -> tuple[Harmonic, ...]:
    return tuple(
        (order, irregularity * rng.normal() * (2.5 / order) ** 0.7, rng.uniform(0, 2 * np.pi))
        for order in orders
    )


def _draw_specks(
    key: ViewKey, lesion: Lesion, number: int, center: tuple[float, float], direction: float
) -> tuple[Speck, ...]:
    axes = lesion.length / 2, lesion.length / lesion.elongation / 2
    rng = key.view_stream(Stream.SPECKS, number)
    return place_specks(rng, lesion.specks, center, axes, direction)


def _draw_spicules(
    rng: np.random.Generator, lesion: Lesion, x: float, y: float
) -> tuple[Tube, ...]:
    if lesion.kind is not LesionKind.SPICULATED:
        return ()
    return tuple(_spicule(rng, lesion.diameter / 2, x, y) for _ in range(int(rng.integers(10, 22))))


def _spicule(rng: np.random.Generator, radius: float, x: float, y: float) -> Tube:
    angle, length, thickness = rng.uniform(0, 6.3), rng.uniform(0.5, 1.3), rng.uniform(0.12, 0.3)
    inner, outer = 0.6 * radius, (1 + length) * radius
    return Tube(
        x0=x + inner * np.cos(angle),
        y0=y + inner * np.sin(angle),
        x1=x + outer * np.cos(angle + 0.1),
        y1=y + outer * np.sin(angle + 0.1),
        radius=1.6 * thickness,
    )
