"""Masks of a view: enhancing lesions, the ring of tissue around them, and decoys."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cem_monai.simulator.grid import BoolImage, FloatImage
from cem_monai.simulator.lesion_maps import OCCULT, VISIBLE, WITHOUT_UPTAKE
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.resampling import upsample

RING = (1.5, 9.0)
"""In mm from any lesion, and from an enhancing one."""
SKIN_MARGIN = 2.0
"""In mm; the ring keeps off the skin."""
COARSEST_DISTANCE_PIXEL = 0.4


def mass_mask(phantom: Phantom) -> BoolImage:
    """Return the enhancing lesions, (H, W): what a reader outlines in the recombined image."""
    return phantom.breast & ((phantom.label == VISIBLE) | (phantom.label == OCCULT))


def lesion_mask(phantom: Phantom) -> BoolImage:
    """Return the lesions that the low-energy image shows, (H, W): the same for every draw."""
    return phantom.breast & ((phantom.label == VISIBLE) | (phantom.label == WITHOUT_UPTAKE))


def decoy_mask(phantom: Phantom) -> BoolImage:
    """Return the lesions that the low-energy image shows although they do not enhance, (H, W)."""
    return phantom.breast & (phantom.label == WITHOUT_UPTAKE)


def surround_mask(phantom: Phantom, mass: BoolImage) -> BoolImage:
    """Return the tissue around enhancing lesions, (H, W); it holds no lesion of any kind."""
    if not mass.any():
        return np.zeros_like(mass)
    to_lesion = _distance_to(phantom.label > 0, phantom.grid.pixel)
    ring = (to_lesion > RING[0]) & (_distance_to(mass, phantom.grid.pixel) < RING[1])
    return ring & (phantom.distance > SKIN_MARGIN)


def _distance_to(mask: BoolImage, pixel: float) -> FloatImage:
    """Return the distance in mm to the nearest pixel of the mask, (H, W)."""
    step = max(1, int(COARSEST_DISTANCE_PIXEL / pixel))
    coarse = ndimage.distance_transform_edt(~mask[::step, ::step]).astype(np.float32)
    return upsample(coarse * np.float32(pixel * step), (mask.shape[0], mask.shape[1]), step)
