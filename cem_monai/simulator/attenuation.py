"""Polychromatic Beer-Lambert law over the spectral nodes of a technique."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.spectra import Technique

PADDLE = 0.25
"""In cm, compression paddle and breast support (PMMA); every ray crosses them."""


def transmit(
    technique: Technique, tissues: Mapping[str, npt.ArrayLike], iodine: npt.ArrayLike
) -> FloatImage:
    r"""Return the primary signal of an energy-integrating detector.

    .. math:: S = \sum_k w_k \exp\left(-\sum_m \mu_{mk} t_m - \mu_{Ik} I\right)

    Args:
        technique: weights and attenuations at the nodes k.
        tissues: cm, path length for each tissue m; arrays of one shape.
        iodine: mg/cm2.

    Returns:
        keV/(cm2 mAs), signal of the shape of the arrays.
    """
    paths = {"pmma": PADDLE, **tissues, "iodine": iodine}
    arrays = {name: np.asarray(path, np.float32) for name, path in paths.items()}
    signal: npt.NDArray[np.floating] = np.zeros((), np.float32)
    for node, weight in enumerate(technique.weights):
        depth = sum(
            np.float32(technique.attenuation[name][node]) * path for name, path in arrays.items()
        )
        signal = signal + np.float32(weight) * np.exp(-depth)
    return np.asarray(signal, np.float32)
