"""One arrangement of the phantom, exposed with every dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.dose_box import dose_grid
from cem_monai.simulator.dose_exposure import DoseLevel, expose_phantom, radiation
from cem_monai.simulator.dose_phantom import DosePhantom, draw_dose_phantom
from cem_monai.simulator.grid import NATIVE_PIXEL
from cem_monai.simulator.random_streams import Stream, dose_stream


@dataclass(frozen=True, eq=False)
class DoseSeries:
    """Raw images of one arrangement that was not moved; all (H, W) of 14 bits.

    Args:
        phantom: what was exposed, with masks of nodules and their surroundings.
        raw: by dose, with independent noise.
        noise_free: the high dose without noise, the mean of all its possible images: what no
            prediction from a lower dose can surpass.
    """

    phantom: DosePhantom
    raw: dict[DoseLevel, npt.NDArray[np.uint16]]
    noise_free: npt.NDArray[np.uint16]


def simulate_dose_series(
    arrangement: int, *, seed: int = 0, pixel: float = NATIVE_PIXEL
) -> DoseSeries:
    """Expose one arrangement with every dose.

    Args:
        arrangement: number, 1 to 99.
        seed: of the phantom, its films and inserts.
        pixel: mm, 0.1 (2294 x 1914 pixels) to 2.

    Raises:
        ValueError: an argument outside its range.
    """
    phantom = draw_dose_phantom(seed, arrangement, dose_grid(pixel))
    source = radiation(phantom)
    raw = {
        level: expose_phantom(
            source,
            level.entrance_dose,
            dose_stream(seed, Stream.DOSE_NOISE, arrangement, number),
        )
        for number, level in enumerate(DoseLevel, start=1)
    }
    return DoseSeries(phantom, raw, expose_phantom(source, DoseLevel.HIGH.entrance_dose, None))
