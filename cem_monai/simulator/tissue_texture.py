"""The random fields that one view's glandular tissue and muscle are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from cem_monai.simulator.grid import FIELD_OF_VIEW, FloatImage, Grid
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.texture import PowerSpectrum, gaussian_field

# Order matters: the position in this table selects the random stream.
SPECTRA = {
    "warp": PowerSpectrum(3.6, coarsest=80, cutoff=0.10),
    "clouds": PowerSpectrum(2.8, coarsest=30, high_pass=60, cutoff=0.12),
    "lobules": PowerSpectrum(3.0, coarsest=14, high_pass=40, cutoff=0.20),
    "septa": PowerSpectrum(2.6, coarsest=6, high_pass=14, cutoff=0.45),
    "fine": PowerSpectrum(2.9, coarsest=25, high_pass=40),
    "coarse_streaks": PowerSpectrum(2.4, coarsest=14, high_pass=40, cutoff=0.22),
    "fine_streaks": PowerSpectrum(2.4, coarsest=9, high_pass=40, cutoff=0.40),
}
LAYER_SHIFT = (FIELD_OF_VIEW * 27 / 128, FIELD_OF_VIEW * -37 / 128)
"""mm; whole pixels on all grids of a multiple of 128 pixels."""


@dataclass(frozen=True, eq=False)
class TissueTextures:
    """Gaussian random fields of unit variance; all but the streaks have the shape of the view.

    Args:
        warp: slowest variation, bends streaks and outlines.
        clouds: centimeter-sized clouds of tissue.
        lobules: fat lobules.
        septa: thin walls between them (its zero crossings).
        fine: everything down to the finest visible scale.
        coarse_streaks: whole periodic box, sampled in polar coordinates around the nipple.
        fine_streaks: the same, finer.
    """

    warp: FloatImage
    clouds: FloatImage
    lobules: FloatImage
    septa: FloatImage
    fine: FloatImage
    coarse_streaks: FloatImage
    fine_streaks: FloatImage


@dataclass(frozen=True, eq=False)
class LayerTextures:
    """The three slow fields, displaced for one of the superposed tissue layers."""

    warp: FloatImage
    clouds: FloatImage
    lobules: FloatImage


def draw_textures(
    key: ViewKey, grid: Grid, layers: int
) -> tuple[TissueTextures, list[LayerTextures]]:
    """Draw all fields of a view and the displaced copies for `layers` tissue layers."""
    boxes = {
        name: gaussian_field(partial(key.view_stream, Stream.TEXTURE, index), grid.box, spectrum)
        for index, (name, spectrum) in enumerate(SPECTRA.items())
    }
    streaks = {name: boxes.pop(name) for name in ("coarse_streaks", "fine_streaks")}
    textures = TissueTextures(
        **{name: _window(box, grid, layer=0) for name, box in boxes.items()}, **streaks
    )
    slow = ("warp", "clouds", "lobules")
    displaced = [
        LayerTextures(*(_window(boxes[name], grid, layer) for name in slow))
        for layer in range(layers)
    ]
    return textures, displaced


def _window(box: FloatImage, grid: Grid, layer: int) -> FloatImage:
    """Cut the view out of the periodic box, displaced by `layer` times `LAYER_SHIFT`."""
    shift_y, shift_x = (round(layer * shift / grid.pixel) for shift in LAYER_SHIFT)
    rows = (np.arange(grid.rows) - shift_y) % grid.box
    columns = (np.arange(grid.columns) - shift_x) % grid.box
    return box.take(rows, 0).take(columns, 1)
