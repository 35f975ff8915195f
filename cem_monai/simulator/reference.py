r"""The limit of every translator: what is known of the recombined image before it is taken.

A translator sees the low-energy image; at best it knows the anatomy and the low-energy noise. All
else is hidden: uptake and patterns, background enhancement, occult lesions, noise and motion of the
high-energy exposure. At each pixel the recombined image is, to first order in the hidden iodine I,

.. math:: D = D_0 + s\,I + n_H, \qquad
          \text{mean} = D_0 + s\,E[I], \quad \text{sd}^2 = s^2\,\mathrm{Var}[I] + \sigma_H^2

with the moments of `iodine_moments` and the median of `iodine_median`. No translator has a lower
squared error than `mean`, none a lower absolute error than `median`: whatever it reads from a
low-energy image without contrast agent is a function of what is taken as known here. With contrast
agent in the low-energy image a model may read the iodine itself; then `clean` is the limit.

Assumptions:

- Known are the true anatomy (of all four views: how many lesions are visible in either breast tells
  which of them is affected), the score of each visible lesion (its density, or how calcified it
  is), the extent of a non-mass around its calcifications, and the patient's density: somewhat more
  than an image can tell, so that the limit is a strict one.
- The response to iodine is that of the mean iodine, which goes through the whole simulation; the
  deviations from it are multiplied with the calibrated sensitivity s.
- Noise of the logarithm and motion to first order; rounding adds 1/12.
- Background enhancement is shared by both breasts and all views of an exam; the limit of one view
  does not use the recombined images of the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cem_monai.simulator.acquisition import Acquisition, acquire, high_energy_spread
from cem_monai.simulator.breast import Breast
from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.iodine_median import median_iodine
from cem_monai.simulator.iodine_moments import IodineMoments, iodine_moments
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.population import Population
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.recombination import GAIN, recombine

ROUNDING_VARIANCE = 1 / 12


@dataclass(frozen=True, eq=False)
class Reference:
    """Predictions of a recombined image, float32 (H, W) in its pixel values; 0 in air.

    Args:
        mean: of the predictions from a low-energy image without contrast agent none has a lower
            squared error.
        median: none of them has a lower absolute error.
        sd: standard deviation of the recombined image around `mean`.
        clean: the recombined image without high-energy noise and motion: the true iodine.
    """

    mean: FloatImage
    median: FloatImage
    sd: FloatImage
    clean: FloatImage


def make_reference(
    key: ViewKey,
    breast: Breast,
    population: Population,
    phantom: Phantom,
    protocol: Protocol,
    acquisition: Acquisition,
    steps: int = 1,
) -> Reference:
    """Return the limit of a view; all but `clean` is the same for every hidden draw.

    Args:
        key: of the view.
        breast: its thickness.
        population: distribution of what is hidden.
        phantom: its anatomy, and its iodine for `clean`.
        protocol: of both exposures.
        acquisition: of `phantom`, for `clean`.
        steps: stored values per pixel value, which are rounded.
    """
    moments = _moments(key, breast, population, phantom, protocol)
    expected = replace(phantom, iodine=moments.mean)
    usual = acquire(key, expected, breast.thickness, protocol)
    mean, gain = _still_image(usual, expected, breast.thickness, protocol)
    noise = np.hypot(
        GAIN * high_energy_spread(usual, phantom, protocol), np.sqrt(ROUNDING_VARIANCE) / steps
    ).astype(np.float32)
    median = mean
    if protocol.contrast_agent:
        iodine = median_iodine(key, population, phantom, noise / gain)
        median = mean + gain * (iodine - moments.mean)
    sd = np.sqrt(gain**2 * moments.variance + noise**2)
    clean, _ = _still_image(acquisition, phantom, breast.thickness, protocol)
    inside = {"mean": mean, "median": median, "sd": sd, "clean": clean}
    return Reference(
        **{name: np.where(phantom.breast, image, np.float32(0)) for name, image in inside.items()}
    )


def _moments(
    key: ViewKey, breast: Breast, population: Population, phantom: Phantom, protocol: Protocol
) -> IodineMoments:
    if protocol.contrast_agent:
        return iodine_moments(key, breast, population, phantom)
    return IodineMoments(*np.zeros((2, *phantom.grid.shape), np.float32))


def _still_image(
    acquisition: Acquisition, phantom: Phantom, thickness: float, protocol: Protocol
) -> tuple[FloatImage, np.float32]:
    """Return the image without high-energy noise and motion, and pixel values per mg/cm2."""
    still = replace(acquisition, high=acquisition.high_still)
    image, calibration = recombine(still, phantom, thickness, protocol)
    return image, np.float32(GAIN * calibration.sensitivity)
