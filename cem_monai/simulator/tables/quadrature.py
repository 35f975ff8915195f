"""A few spectral nodes that give the same detector signal as the full spectrum."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from cem_monai.simulator.tables.path_lengths import Floats, Paths

LARGEST_ERROR = 1.2e-4
"""Root mean square of the relative error at which no node is added any more."""
MOST_NODES = 16
IODINE_EDGE_BIN = 33.75
"""In keV, a candidate more above the K edge of iodine (33.17), where 33.25 is already one."""
ITERATIONS = 4000


def transmission(attenuation: Mapping[str, npt.ArrayLike], paths: Paths) -> Floats:
    """Return the share of the photons that pass, (objects, energies).

    Args:
        attenuation: 1/cm, (energies,), for each material.
        paths: cm, (objects,), for each material.
    """
    depth = np.stack([paths[name] for name in attenuation]).T
    return np.exp(-depth @ np.stack([np.asarray(mu) for mu in attenuation.values()]))


def candidates(energies: Floats) -> npt.NDArray[np.intp]:
    """Return which bins may become nodes: one per keV and one at the K edge of iodine."""
    inside = (energies > np.ceil(energies[0])) & (energies < energies[-1])
    per_kev = np.isclose(energies % 1, 0.25) & inside
    return np.flatnonzero(per_kev | np.isclose(energies, IODINE_EDGE_BIN))


def fit_nodes(transmitted: Floats, weights: Floats, bins: npt.NDArray[np.intp]) -> Floats:
    """Add the node that helps most until the signal is right, fitting all weights each time.

    Args:
        transmitted: share of the photons that pass, (objects, energies).
        weights: detector signal without attenuation, (energies,).
        bins: which energies may become nodes.

    Returns:
        Signal of each candidate, like `weights`; zero where there is no node.
    """
    scale = weights.mean()
    relative = transmitted[:, bins] * scale / (transmitted @ weights)[:, None]
    ones = np.ones(len(relative))
    chosen: list[int] = []
    while len(chosen) < min(MOST_NODES, len(bins)):
        others = [node for node in range(len(bins)) if node not in chosen]
        residuals = [
            nnls(relative[:, [*chosen, node]], ones, maxiter=ITERATIONS)[1] for node in others
        ]
        best = int(np.argmin(residuals))
        chosen.append(others[best])
        if residuals[best] / np.sqrt(len(ones)) < LARGEST_ERROR:
            break
    fitted = np.zeros(len(bins))
    fitted[chosen] = nnls(relative[:, chosen], ones, maxiter=ITERATIONS)[0]
    return fitted * scale
