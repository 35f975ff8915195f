"""Fibroglandular tissue: cone-shaped envelope, superposed layers with streaks, web of ligaments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from cem_monai.simulator.breast import Breast
from cem_monai.simulator.grid import FloatImage, Grid
from cem_monai.simulator.outline import Outline
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.resampling import block_mean, upsample
from cem_monai.simulator.texture import ridge, smoothstep
from cem_monai.simulator.tissue_texture import LayerTextures, TissueTextures

LAYERS = 3
WEB, STRAND, THINNEST = 0.02, 0.05, 0.012
"""Share of a ray that is tissue: in walls between fat lobules, in ligaments that run to the nipple,
and everywhere."""
STRAND_WIDTH, STRAND_SLOPE = 0.2, 0.65
"""Of the field behind ligaments: half width of a line in its values, and values per mm."""
LARGEST_SHARE = 0.8
"""Of a ray; fat lies before and behind the gland."""
LARGEST_STRAND_SHARE = 0.35
"""Of the fibroglandular volume."""
STREAK_PIXEL = 0.56
"""In mm; streaks are sampled no finer than this and interpolated."""


@dataclass(frozen=True)
class GlandCone:
    """Region that holds most of the glandular tissue, in units of the breast's depth and height.

    Args:
        center: distance of its center from the nipple.
        half_depth: along the line from nipple to chest wall.
        half_width: across that line.
        offset: of the center across that line.
    """

    center: float
    half_depth: float
    half_width: float
    offset: float

    def distance(self, outline: Outline, x: FloatImage, y: FloatImage) -> FloatImage:
        """Return the elliptic distance from the center: 1 on the border of the cone."""
        nipple_x, nipple_y = outline.nipple
        depth = np.clip((nipple_x - x) / outline.depth, -0.2, 1.2)
        across = (y - nipple_y) / outline.half_height - self.offset
        opening = 0.35 + 0.9 * np.sqrt(np.clip(depth + 0.1, 0.02, 1))
        along = (depth - self.center) / self.half_depth
        return np.hypot(along, across / (self.half_width * opening)).astype(np.float32)


def draw_cone(key: ViewKey, breast: Breast) -> GlandCone:
    """Draw the cone of a view; dense breasts have a larger one."""
    rng = key.view_stream(Stream.GLAND)
    return GlandCone(
        center=0.46 + 0.05 * rng.normal(),
        half_depth=0.44 + 0.25 * breast.density,
        half_width=0.48 + 0.35 * breast.density,
        offset=0.05 * rng.normal(),
    )


def gland_envelope(
    cone: GlandCone,
    outline: Outline,
    x: FloatImage,
    y: FloatImage,
    distance: FloatImage,
    *,
    oblique: bool,
    wobble: FloatImage | float = 0.0,
) -> FloatImage:
    """Return how likely glandular tissue is at a point, 0 to 1.

    Args:
        cone: region of the tissue.
        outline: of the breast.
        x: mm.
        y: mm, broadcastable to `x`.
        distance: mm to the skin at these points; keeps tissue away from it.
        oblique: less tissue in the axilla of an oblique view.
        wobble: random field that makes the border of the cone irregular.
    """
    inside = smoothstep(1.36 - cone.distance(outline, x, y) + wobble, -0.15, 0.95)
    envelope = inside * smoothstep(distance, 2, 20)
    if oblique:
        axilla = smoothstep(y, 0.25 * outline.center, 0.75 * outline.center)
        envelope = envelope * (0.25 + 0.75 * axilla)
    return envelope


class GlandMap(NamedTuple):
    """Where a view's tissue lies.

    Args:
        envelope: (H, W), 0 to 1.
        distance: (H, W), mm to the skin.
        outline: of the breast.
    """

    envelope: FloatImage
    distance: FloatImage
    outline: Outline


def gland_fraction(
    region: GlandMap,
    breast: Breast,
    grid: Grid,
    textures: TissueTextures,
    layers: list[LayerTextures],
    inner: FloatImage,
) -> FloatImage:
    """Return the share of fibroglandular tissue along each ray, (H, W), 0 to 1.

    Args:
        region: where tissue may lie.
        breast: its volumetric density is met exactly.
        grid: of the view.
        textures: random fields of the view.
        layers: displaced fields, one per superposed layer.
        inner: (H, W), cm, thickness without skin.
    """
    web = _ligament_web(textures)
    tissue, strands = np.zeros(grid.shape, np.float32), WEB * web
    for number, layer in enumerate(layers):
        coarse, fine = _streaks(region.outline, grid, textures, number)
        tissue += _tissue_layer(region.envelope, layer, coarse, fine, number)
        strands += STRAND * _thin_ridge(fine, grid.pixel) * smoothstep(coarse, -0.8, 1)
    tissue *= np.exp(0.35 * textures.warp + 0.22 * textures.fine) / len(layers)
    tissue += 0.06 * region.envelope * web
    strands = (THINNEST + strands) * smoothstep(region.distance, 1, 9)
    strands = np.minimum(strands * np.exp(0.3 * textures.warp + 0.2 * textures.fine), 0.5)
    return _meet_density(tissue, strands, inner, breast.density, round(2.25 / grid.pixel) or 1)


def _ligament_web(textures: TissueTextures) -> FloatImage:
    """Cooper's ligaments and septa: bright curves along the zero crossings of random fields."""
    ligaments = ridge(textures.lobules, 0.15) * smoothstep(textures.clouds, -1.2, 0.8)
    septa = ridge(textures.septa, 0.20) * smoothstep(textures.warp - textures.clouds, -1, 1.2)
    return 0.65 * ligaments + 0.35 * septa


def _thin_ridge(field: FloatImage, pixel: float) -> FloatImage:
    """Return lines that keep their mean where they are thinner than a pixel of `pixel` mm."""
    width = float(np.hypot(STRAND_WIDTH, STRAND_SLOPE * pixel))
    # over a standard normal field, the mean of a ridge is w / sqrt(w^2 + 2)
    means = [value / np.sqrt(value**2 + 2) for value in (STRAND_WIDTH, width)]
    return np.float32(means[0] / means[1]) * ridge(field, width)


def _streaks(
    outline: Outline, grid: Grid, textures: TissueTextures, layer: int
) -> tuple[FloatImage, FloatImage]:
    """Random fields sampled at (angle, logarithm of distance) converge on the nipple."""
    step = max(1, round(STREAK_PIXEL / grid.pixel))
    coarse_grid = Grid(-(-grid.rows // step), -(-grid.columns // step), grid.pixel * step)
    y, x = coarse_grid.coordinates()
    nipple_x, nipple_y = outline.nipple
    angle = np.arctan2(y - nipple_y, nipple_x - x)
    log_distance = np.log(np.hypot(x - nipple_x, y - nipple_y) + 7)
    slow = block_mean(textures.clouds, step)
    bend = 1.6 * block_mean(textures.warp, step) + 0.5 * slow

    def sample(box: FloatImage, turns: float, stretch: float, offset: float) -> FloatImage:
        rows = (angle * turns + bend + offset) / grid.pixel - 0.5
        columns = (log_distance * stretch + 0.7 * slow + 1.7 * offset) / grid.pixel - 0.5
        values = ndimage.map_coordinates(box, [rows, columns], order=1, mode="grid-wrap")
        return upsample(values, grid.shape, step)

    coarse = sample(textures.coarse_streaks, 50 + 14 * layer, 13, 37.0 * layer)
    return coarse, sample(textures.fine_streaks, 85 + 20 * layer, 18, 53.0 * layer)


def _tissue_layer(
    envelope: FloatImage, layer: LayerTextures, coarse: FloatImage, fine: FloatImage, number: int
) -> FloatImage:
    """One sheet: log-normal clouds with carved fat lobules, striped to the nipple."""
    extent = envelope * (1 + 0.20 * coarse + 0.10 * layer.clouds)
    fat = 0.7 * smoothstep(0.7 * layer.lobules + 0.7 * layer.clouds, 0.3, 1.4)
    stripes = 0.30 + 0.45 * smoothstep(coarse, -0.8, 1.4)
    stripes = stripes + 0.30 * ridge(fine, 0.42) + 0.20 * smoothstep(fine, -0.5, 1.5)
    return smoothstep(extent, 0.06 * number, 0.9) * np.exp(0.45 * layer.warp) * (1 - fat) * stripes


def _meet_density(
    tissue: FloatImage, strands: FloatImage, inner: FloatImage, density: float, step: int
) -> FloatImage:
    """Return the share of tissue with the wanted mean over every `step`-th pixel.

    Of a ray, `most * a / (1 + a)` with `a = scale * tissue` is gland; strands take their share of
    the rest. In the fattest breasts they are thinned out.
    """
    sample = (slice(step // 2, None, step), slice(step // 2, None, step))
    weight = inner[sample] / inner[sample].sum()
    mean = float((strands[sample] * weight).sum())
    rest = 1 - np.float32(min(1, LARGEST_STRAND_SHARE * density / mean)) * strands
    most, scale = np.float32(max(LARGEST_SHARE, density + 0.2)), np.float32(1)
    for _ in range(20):
        fat = rest[sample] * (1 - most + most / (1 + scale * tissue[sample]))
        mean = float(((1 - fat) * weight).sum())
        scale *= np.float32((density / max(mean, 1e-4)) ** 0.9)
    return np.asarray(1 - rest * (1 - most + most / (1 + scale * tissue)), np.float32)
