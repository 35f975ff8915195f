"""Bring the recombined image of a pair, and what was drawn on it, onto the low-energy grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cem_monai.data.pair_registration import register_pair
from cem_monai.data.registration import Registration, to_low_energy_frame
from cem_monai.data.via import Frame
from cem_monai.dicom import Laterality

Image = npt.NDArray[np.uint8]

SPLINE_ORDER = 3
"""Cubic: linear interpolation would blur the target that networks learn from."""


@dataclass(frozen=True)
class Placement:
    """Where the source's recombined image lies on the grid of the low-energy image.

    Attributes:
        registration: the pixel (r, c) shows the source's (scale * r + rows, scale * c + columns).
        registered: whether that was estimated from the images; else it only pads and cuts.
        source_shape: (H, W) of the source's recombined image.
    """

    registration: Registration
    registered: bool
    source_shape: tuple[int, int]


def place(
    low_energy: Image,
    recombined: Image,
    frames: tuple[Frame | None, Frame | None],
    *,
    laterality: Laterality,
    register: bool,
) -> Placement:
    """Estimate, or set, where the recombined image lies.

    Args:
        low_energy, recombined: (H, W) in stored orientation, not necessarily of one shape.
        frames: where native pixels lie in each; both known give the scale, which is estimated
            otherwise. The source cropped its images but did not scale them.
        laterality: of the breast; its chest wall is at the left edge of a left breast.
        register: estimate the shift; else chest walls and half heights are put on each other.

    Raises:
        RegistrationError: the images do not resemble each other enough.
    """
    shape = (recombined.shape[0], recombined.shape[1])
    if register:
        low, high = frames
        scale = high.scale / low.scale if low and high else None
        return Placement(register_pair(low_energy, recombined, scale=scale), True, shape)
    rows = (shape[0] - low_energy.shape[0]) // 2
    columns = 0 if laterality is Laterality.LEFT else shape[1] - low_energy.shape[1]
    return Placement(Registration(1.0, float(rows), float(columns), 0.0), False, shape)


def move_image(recombined: Image, placement: Placement, shape: tuple[int, int]) -> Image:
    """Return the recombined image on a grid of `shape`; black where the source shows nothing."""
    if not placement.registered and recombined.shape == shape:
        return recombined
    order = SPLINE_ORDER if placement.registered else 0
    moved = to_low_energy_frame(recombined, placement.registration, shape, order=order)
    return moved.astype(np.uint8)


def move_frame(frame: Frame, placement: Placement, shape: tuple[int, int]) -> Frame:
    """Return where native pixels of the recombined image lie on a grid of `shape`."""
    moves = placement.registration
    return replace(
        frame,
        shape=shape,
        scale=frame.scale / moves.scale,
        left=frame.left - moves.columns / frame.scale,
        top=frame.top - moves.rows / frame.scale,
    )
