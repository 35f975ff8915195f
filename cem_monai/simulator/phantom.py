"""The compressed breast of one view as path lengths per tissue and an iodine map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.breast import Breast
from cem_monai.simulator.gland import LAYERS, GlandMap, draw_cone, gland_envelope, gland_fraction
from cem_monai.simulator.grid import FloatImage, Grid, anatomy_grid, cropped_detector
from cem_monai.simulator.lesion_maps import LesionMaps, draw_lesion_maps
from cem_monai.simulator.lesion_projection import (
    LesionProjection,
    Surroundings,
    project_lesions,
)
from cem_monai.simulator.nipple import nipple_path
from cem_monai.simulator.outline import Outline, Thickness, compressed_thickness, draw_outline
from cem_monai.simulator.pectoral import PectoralMuscle, draw_pectoral, muscle_path
from cem_monai.simulator.population import LesionKind, Population
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.resampling import upsample
from cem_monai.simulator.speck_pixels import SpeckPixels, draw_specks
from cem_monai.simulator.texture import PowerSpectrum, gaussian_field, smoothstep
from cem_monai.simulator.tissue_texture import draw_textures
from cem_monai.simulator.tubes import draw_tubes
from cem_monai.simulator.vessels import grow_vessels

LESION_EXCESS = 1.12
"""Attenuation of lesion tissue on the line from fat (0) to gland (1): Johns and Yaffe 1987."""
PATCHES = PowerSpectrum(2.8, coarsest=28, cutoff=0.3)
MARGIN = 12.0
"""In mm, open field beyond the nipple."""


@dataclass(frozen=True, eq=False)
class Phantom:
    """One view's object, all maps (H, W) on `grid`, chest wall at the left edge.

    Args:
        grid: pixels.
        tissues: cm, path length per tissue; adds up to the thickness inside the breast.
        parenchyma: cm, glandular tissue outside lesions: the part that enhances in the background.
        iodine: mg/cm2.
        thickness: cm, of the breast.
        distance: mm to the skin, negative outside the breast.
        label: uint8, lesions (`lesion_maps.VISIBLE` ...), 0 elsewhere.
        lesions: as this view shows them.
        calcifications: in a few pixels, where they displace fat.
    """

    grid: Grid
    tissues: dict[str, FloatImage]
    parenchyma: FloatImage
    iodine: FloatImage
    thickness: FloatImage
    distance: FloatImage
    label: npt.NDArray[np.uint8]
    lesions: tuple[LesionProjection, ...]
    calcifications: SpeckPixels

    @property
    def breast(self) -> npt.NDArray[np.bool_]:
        """(H, W), inside the skin line."""
        return self.distance > 0

    @property
    def inner(self) -> FloatImage:
        """(H, W), cm, thickness without skin."""
        return self.thickness - self.tissues["skin"]

    @property
    def visible_lesions(self) -> list[LesionProjection]:
        """Lesions that the low-energy image shows."""
        return [item for item in self.lesions if item.lesion.kind is not LesionKind.OCCULT]


def draw_phantom(key: ViewKey, breast: Breast, population: Population, detector: Grid) -> Phantom:
    """Draw one view of a breast at the detector's pixels, cropped to the columns it covers.

    The anatomy is drawn on pixels of at least 0.2 mm and interpolated from there; calcifications
    are drawn on the detector's own pixels.
    """
    outline = draw_outline(key, breast)
    grid = anatomy_grid(detector, outline.depth * 1.05 + MARGIN)
    phantom = _draw_anatomy(key, breast, population, outline, grid)
    return _resample(phantom, cropped_detector(detector, grid))


def _draw_anatomy(
    key: ViewKey, breast: Breast, population: Population, outline: Outline, grid: Grid
) -> Phantom:
    y, x = grid.coordinates()
    distance = outline.distance_to_skin(x, y)
    thickness = compressed_thickness(key, breast, outline, distance, x)
    thickness = thickness.with_skin(nipple_path(key, outline, distance, grid))
    muscle = draw_pectoral(key, outline)
    gland, muscle_map = _draw_parenchyma(
        key, breast, outline, muscle, grid, distance, thickness.inner
    )
    surroundings = Surroundings(key, outline, draw_cone(key, breast), muscle)
    projections = project_lesions(surroundings, breast, population)
    lesions = draw_lesion_maps(key, projections, thickness.inner, grid)
    vessels = draw_tubes(grow_vessels(key, outline), grid)
    tissues = _fill(thickness, gland, muscle_map, vessels, lesions)
    iodine = _iodine(key, breast, population, tissues, grid) + lesions.iodine
    parenchyma = tissues["gland"]
    tissues = _add_lesions(tissues, lesions)
    return Phantom(
        grid,
        tissues,
        parenchyma,
        iodine,
        thickness.total,
        distance,
        lesions.label,
        tuple(projections),
        _draw_calcifications(projections, thickness.inner, grid),
    )


def _draw_parenchyma(
    key: ViewKey,
    breast: Breast,
    outline: Outline,
    muscle: PectoralMuscle | None,
    grid: Grid,
    distance: FloatImage,
    inner: FloatImage,
) -> tuple[FloatImage, FloatImage]:
    """Return path lengths in cm of glandular tissue and muscle, without lesions."""
    y, x = grid.coordinates()
    textures, layers = draw_textures(key, grid, LAYERS)
    wobble = 0.24 * textures.warp + 0.10 * textures.clouds + 0.04 * textures.fine
    cone = draw_cone(key, breast)
    envelope = gland_envelope(cone, outline, x, y, distance, oblique=key.oblique, wobble=wobble)
    region = GlandMap(envelope, distance, outline)
    fraction = gland_fraction(region, breast, grid, textures, layers, inner)
    if muscle is None:
        return fraction * inner, np.zeros_like(inner)
    muscle_map = muscle_path(muscle, textures, x, y, inner)
    share = np.asarray(muscle_map / np.maximum(inner, 0.05), np.float32)
    behind = 1 - 0.8 * smoothstep(share, 0.1, 0.3)
    return fraction * (inner - muscle_map) * behind, muscle_map


def _fill(
    thickness: Thickness,
    gland: FloatImage,
    muscle: FloatImage,
    vessels: FloatImage,
    lesions: LesionMaps,
) -> dict[str, FloatImage]:
    """Give each tissue its path; lesions and vessels displace gland, fat takes what is left."""
    inserted = lesions.mass + lesions.spicules + vessels
    share = np.clip(inserted / np.maximum(thickness.inner, 0.05), 0, 0.95)
    gland = np.asarray(gland * (1 - share), np.float32)
    blood = np.minimum(vessels, thickness.inner)
    return {
        "adipose": np.maximum(thickness.inner - gland - inserted - muscle, 0),
        "gland": gland,
        "skin": thickness.total - thickness.inner,
        "muscle": muscle,
        "blood": blood,
    }


def _add_lesions(tissues: dict[str, FloatImage], lesions: LesionMaps) -> dict[str, FloatImage]:
    """Describe lesion tissue as a little more than gland, balanced by missing fat."""
    gland = tissues["gland"] + lesions.spicules + LESION_EXCESS * lesions.mass
    adipose = np.maximum(tissues["adipose"] - (LESION_EXCESS - 1) * lesions.mass, 0)
    return tissues | {"gland": gland, "adipose": adipose}


def _iodine(
    key: ViewKey,
    breast: Breast,
    population: Population,
    tissues: dict[str, FloatImage],
    grid: Grid,
) -> FloatImage:
    """Return the iodine outside lesions in mg/cm2: patchy in gland, uniform in blood and muscle."""
    streams = partial(key.view_stream, Stream.HIDDEN_TEXTURE, 0)
    field = gaussian_field(streams, grid.box, PATCHES)[: grid.rows, : grid.columns]
    spread = population.enhancement_patchiness
    patches = np.exp(spread * field - spread**2 / 2)
    iodine: FloatImage = tissues["gland"] * patches * np.float32(breast.gland_concentration)
    iodine = iodine + tissues["blood"] * np.float32(breast.vessel_concentration)
    return iodine + tissues["muscle"] * np.float32(breast.muscle_concentration)


def _resample(phantom: Phantom, detector: Grid) -> Phantom:
    if detector == phantom.grid:
        return phantom
    ratio = phantom.grid.pixel / detector.pixel
    enlarge = partial(upsample, shape=detector.shape, ratio=ratio)
    return Phantom(
        grid=detector,
        tissues={name: enlarge(path) for name, path in phantom.tissues.items()},
        parenchyma=enlarge(phantom.parenchyma),
        iodine=enlarge(phantom.iodine),
        thickness=enlarge(phantom.thickness),
        distance=enlarge(phantom.distance),
        label=_nearest(phantom.label, detector.shape, ratio),
        lesions=phantom.lesions,
        calcifications=_draw_calcifications(phantom.lesions, enlarge(phantom.inner), detector),
    )


def _draw_calcifications(
    projections: Sequence[LesionProjection], inner: FloatImage, grid: Grid
) -> SpeckPixels:
    rows, columns, path = draw_specks((one for item in projections for one in item.specks), grid)
    inside = path < inner[rows, columns]
    return SpeckPixels(rows[inside], columns[inside], path[inside])


def _nearest(
    label: npt.NDArray[np.uint8], shape: tuple[int, int], ratio: float
) -> npt.NDArray[np.uint8]:
    rows, columns = (
        np.minimum((np.arange(wanted) + 0.5) / ratio, available - 1).astype(int)
        for wanted, available in zip(shape, label.shape, strict=True)
    )
    return label[rows[:, None], columns[None]]
