"""Small patches of recombined images: on lesions, and on tissue without any at the same depth."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from cem_monai.evaluation.breast_coordinates import depth_from_skin
from cem_monai.evaluation.case_masks import Mask
from cem_monai.evaluation.evaluation_case import EvaluationCase
from cem_monai.metrics.distances import grey_per_unit
from cem_monai.metrics.lesion import split_lesions
from cem_monai.metrics.regions import finite_plane

Floats = npt.NDArray[np.float64]

SIDE = 0.3
"""Side of a patch, in square roots of the breast's area: 40 mm in a breast of 180 cm². Public
images have no pixel spacing, or lost it when they were resized; the breast is always there."""
CELLS = 32
"""Per side; 1.25 mm where the patch has 40 mm. What is smaller is averaged away, so that images of
256 and of 4000 rows give patches of one kind."""
CANDIDATES = 6
"""Positions without lesion drawn per image, of which `matched_patches` keeps the fitting ones."""
NEGATIVES = 2
"""Patches without lesion per patch with one."""


@dataclass(frozen=True)
class Position:
    """Where a patch is cut out.

    Attributes:
        row, column: pixels, of the center.
        depth: from the skin, 0 to 1, see `depth_from_skin`.
        is_lesion: whether the center is that of a lesion; else no lesion reaches the circle
            inscribed in the patch.
    """

    row: int
    column: int
    depth: float
    is_lesion: bool


@dataclass(frozen=True, eq=False)
class Patch:
    """One patch, seen in one or several images of the same case.

    Attributes:
        case, patient: what it was cut out of.
        position: of its center.
        pixels: (images, CELLS, CELLS) grey levels of 0..255; NaN outside of the breast.
    """

    case: str
    patient: str
    position: Position
    pixels: Floats


def lesion_patches(
    case: EvaluationCase,
    images: Sequence[npt.NDArray[Any]],
    *,
    data_range: tuple[float, float],
    seed: int = 0,
) -> list[Patch]:
    """Cut the patches of one case out of its images.

    Grey levels are those of `data_range`, the same for all patients. Nothing is normalized by
    patch, image or patient: a virtual image with a tenth of the contrast must not look like a real
    one after its own noise or maximum was divided out.

    Args:
        case: a lesion is a connected piece of the first reader's mass inside the breast.
        images: (H, W) stored pixel values, canonical like those of the case.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.
        seed: of the positions without lesion; other cases do not change them.

    Returns:
        One patch for each lesion, largest first, then up to `CANDIDATES` without; fewer or none
        where lesions leave no room.

    Raises:
        ValueError: an image has another shape than the breast mask or a pixel that is not finite,
            the range is empty, or the breast fills the whole image.
    """
    planes = [finite_plane(image, case.name) for image in images]
    side = SIDE * float(np.sqrt(case.breast.sum()))
    return [
        Patch(
            case.name,
            case.patient,
            position,
            np.stack([_cut(image, case.breast, position, side, data_range) for image in planes]),
        )
        for position in _positions(case, side, seed)
    ]


def matched_patches(patches: Iterable[Patch]) -> list[Patch]:
    """Keep all patches with a lesion, and for each the `NEGATIVES` without that match it in depth.

    Tissue under the skin and at the chest wall looks unlike that where lesions are; without
    matching, a classifier could tell lesions by their place. Each patch without lesion is used
    once; where there are too few, all are kept. The order of the patches does not matter.

    Args:
        patches: of `lesion_patches`, of all cases.
    """
    ordered = sorted(patches, key=lambda one: (one.case, one.position.row, one.position.column))
    lesions = [one for one in ordered if one.position.is_lesion]
    candidates = [one for one in ordered if not one.position.is_lesion]
    depths = np.array([one.position.depth for one in candidates])
    chosen: list[Patch] = []
    for lesion in lesions * NEGATIVES:
        if len(chosen) < len(candidates):
            nearest = int(np.argmin(np.abs(depths - lesion.position.depth)))
            chosen.append(candidates[nearest])
            depths[nearest] = np.inf
    return lesions + chosen


def _positions(case: EvaluationCase, side: float, seed: int) -> list[Position]:
    depth = np.zeros(case.breast.shape)
    depth[case.breast] = depth_from_skin(case.breast)
    centers = _lesion_centers(case)
    rng = np.random.default_rng([seed, zlib.crc32(case.name.encode())])
    room = np.argwhere(_room(case, side / 2))
    drawn = rng.permutation(len(room))[:CANDIDATES]
    return [
        Position(int(row), int(column), float(depth[row, column]), is_lesion)
        for places, is_lesion in ((centers, True), (room[drawn], False))
        for row, column in places
    ]


def _lesion_centers(case: EvaluationCase) -> list[npt.NDArray[np.int64]]:
    """Return the pixel of each lesion that is nearest to its center of mass: never outside."""
    centers = []
    for lesion in split_lesions(case.readers[0].mass & case.breast) if case.readers else []:
        pixels = np.argwhere(lesion)
        distances = ((pixels - pixels.mean(axis=0)) ** 2).sum(axis=1)
        centers.append(pixels[np.argmin(distances)])
    return centers


def _room(case: EvaluationCase, margin: float) -> Mask:
    """Return the pixels of the breast that are farther than the margin from any reader's mass."""
    room = case.breast.copy()
    if case.readers:
        masses = np.any([reading.mass for reading in case.readers], axis=0)
        # Farther away is far enough: a transform of the whole image takes ten times as long
        box = tuple(
            slice(max(int(line[0] - margin), 0), int(line[-1] + margin) + 2)
            for line in (np.flatnonzero(masses.any(axis=axis)) for axis in (1, 0))
        )
        room[box] &= distance_transform_edt(~masses[box]) > margin
    return room


def _cut(
    image: npt.NDArray[Any],
    breast: Mask,
    position: Position,
    side: float,
    data_range: tuple[float, float],
) -> Floats:
    """Return the mean grey level of the breast's part of each cell, NaN where there is none."""
    if image.shape != breast.shape:
        raise ValueError(f"image {image.shape} and breast {breast.shape} differ in shape")
    scale = grey_per_unit(data_range)
    rows, down = _overlaps(position.row, side, image.shape[0])
    columns, across = _overlaps(position.column, side, image.shape[1])
    tissue = breast[rows, columns].astype(np.float64)
    values = np.where(breast[rows, columns], image[rows, columns], 0).astype(np.float64)
    area, total = (down @ one @ across.T for one in (tissue, values))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(area > 0, total / area, np.nan)
    return (mean - data_range[0]) * scale


def _overlaps(center: int, side: float, length: int) -> tuple[slice, Floats]:
    """Return the pixels under the patch along one axis, and (CELLS, pixels) overlaps in pixels."""
    edges = center + 0.5 + side * (np.arange(CELLS + 1) / CELLS - 0.5)
    first, last = max(int(edges[0]), 0), min(int(np.ceil(edges[-1])), length)
    pixels = np.arange(first, last)
    ends = np.minimum(edges[1:, np.newaxis], pixels + 1)
    starts = np.maximum(edges[:-1, np.newaxis], pixels)
    return slice(first, last), np.clip(ends - starts, 0, None)
