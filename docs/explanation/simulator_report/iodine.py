"""What iodine and normal tissue do to both images of one view, and what its masses hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from cem_monai.simulator import SimulatedView
from simulator_report.views import Image, Mask, depth_below_skin

RIM, INTERIOR = 6.0, 20.0
"""In mm below the skin: within the first the rim of the peripheral correction dominates, beyond
the second the breast has nearly its full thickness."""
SMALLEST_MASS = 30
"""In pixels."""


class Mass(NamedTuple):
    """One enhancing mass.

    Args:
        iodine: mg/cm2, mean over its mask.
        iodine_contrast: mg/cm2, the same minus the mean of the surround.
        contrast: pixel values, that of the recombined image without noise and motion.
        low_energy_contrast: pixel values of the low-energy image for presentation.
        twin_contrast: the same without contrast agent.
    """

    iodine: float
    iodine_contrast: float
    contrast: float
    low_energy_contrast: float
    twin_contrast: float


def slope_and_offset(x: Image, y: Image) -> tuple[float, float]:
    """Fit y = slope x + offset by least squares."""
    slope, offset = np.polyfit(x.astype(np.float64), y.astype(np.float64), 1)
    return float(slope), float(offset)


def sensitivity(still: SimulatedView, blank: SimulatedView) -> float:
    """Return pixel values per mg/cm2: what the same view gains with its iodine.

    Args:
        still: without noise and motion.
        blank: without contrast agent either.
    """
    inside = depth_below_skin(still.breast, still.spacing) > RIM
    gain = still.recombined.astype(np.float64) - blank.recombined
    return slope_and_offset(still.iodine[inside], gain[inside])[0]


def residual(blank: SimulatedView, gland: Image) -> dict[str, float]:
    """Return what normal tissue leaves, as if it were iodine, in mg/cm2.

    Args:
        blank: a view without noise, motion and contrast agent.
        gland: (H, W), cm, path length of glandular tissue.

    Returns:
        Standard deviation in the interior and in the whole breast but its rim, root mean square
        around the nominal level of 2000 in the interior, and change per cm of gland there.
    """
    depth = depth_below_skin(blank.breast, blank.spacing)
    scale = blank.parameters["pixel_values_per_mg_per_cm2"]
    values = (blank.recombined - 2000.0) / scale
    interior, whole = depth > INTERIOR, depth > RIM
    return {
        "residual interior": float(values[interior].std()),
        "residual whole": float(values[whole].std()),
        "residual around 2000": float(np.sqrt((values[interior] ** 2).mean())),
        "residual per cm gland": slope_and_offset(gland[interior], values[interior])[0],
    }


def leak(seen: SimulatedView) -> dict[str, float]:
    """Return how contrast agent changes the low-energy image for presentation.

    Args:
        seen: with its twin.
    """
    change = seen.low_energy.astype(np.float64) - _twin(seen)
    inside = depth_below_skin(seen.breast, seen.spacing) > RIM
    return {
        "leak slope": slope_and_offset(seen.iodine[inside], change[inside])[0],
        "leak rms": float(np.sqrt((change[inside] ** 2).mean())),
        "low-energy sd": float(seen.low_energy[inside].std()),
    }


def _twin(seen: SimulatedView) -> Image:
    if seen.low_energy_without_contrast is None:
        raise ValueError("the leak needs a view with its twin: simulate_view(twin=True).")
    return seen.low_energy_without_contrast


def masses(seen: SimulatedView, still: SimulatedView) -> list[Mass]:
    """Return the enhancing masses of a view; none if there is no tissue around them.

    Args:
        seen: with its twin.
        still: the same view without noise and motion.
    """
    labels, count = ndimage.label(seen.mass)
    found = []
    for number in range(1, count + 1):
        mass = labels == number
        if mass.sum() < SMALLEST_MASS or not seen.surround.any():
            continue
        found.append(
            Mass(
                iodine=float(seen.iodine[mass].mean(dtype=np.float64)),
                iodine_contrast=contrast(seen.iodine, mass, seen.surround),
                contrast=contrast(still.recombined, mass, seen.surround),
                low_energy_contrast=contrast(seen.low_energy, mass, seen.surround),
                twin_contrast=contrast(_twin(seen), mass, seen.surround),
            )
        )
    return found


def contrast(image: Image, mass: Mask, surround: Mask) -> float:
    """Return the mean of the mass minus that of its surround."""
    return float(image[mass].mean(dtype=np.float64) - image[surround].mean(dtype=np.float64))
