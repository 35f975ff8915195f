"""Random objects as path lengths per material: some to fit the nodes to, others to judge them by.

Centimeters; iodine in mg/cm2. Every object lies under the compression paddle.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.attenuation import PADDLE
from cem_monai.simulator.tables.materials import MATERIALS

Floats = npt.NDArray[np.float64]
Paths = dict[str, Floats]
"""(objects,) for each of `MATERIALS` and for iodine."""

FITTED = 600
TEST_OBJECT = {"paraffin": (1.0, 6.0), "pvc": (0.0, 0.15), "resin": (0.0, 1.0)}
"""In cm, from and to."""


def fit_paths() -> Paths:
    """Return the objects that the nodes are fitted to, thicker than any breast; always the same."""
    rng = np.random.default_rng(0)

    def now_and_then(share: float, smallest: float, largest: float) -> Floats:
        return rng.uniform(smallest, largest, FITTED) * (rng.random(FITTED) < share)

    paths = {name: np.zeros(FITTED) for name in MATERIALS} | {"pmma": np.full(FITTED, PADDLE)}
    paths["adipose"] = rng.uniform(0, 9, FITTED)
    paths["gland"] = rng.uniform(0, 7, FITTED)
    paths["skin"] = now_and_then(0.9, 0.2, 0.8)
    paths["muscle"] = now_and_then(0.3, 0, 3)
    paths["blood"] = now_and_then(0.3, 0, 0.3)
    paths["calc"] = now_and_then(0.3, 0, 0.05)
    # skipped, because the published nodes were fitted to the random numbers that follow
    rng.random(3 * FITTED)
    paths["iodine"] = now_and_then(0.7, 0, 6)
    for name in ("adipose", "gland", "skin"):
        paths[name][:20] = 0
    _replace_by_test_objects(paths, rng.random(FITTED) < 0.15, rng)
    return paths


def clinical_paths(seed: int, count: int) -> Paths:
    """Return an open field, breasts of 1 to 10 cm and, in every sixth place, a test object."""
    rng = np.random.default_rng(seed)
    paths = {name: np.zeros(count) for name in MATERIALS} | {"pmma": np.full(count, PADDLE)}
    thickness = rng.uniform(1, 10, count)
    paths["skin"] = rng.uniform(0.2, 0.5, count)
    rest = thickness - paths["skin"]
    paths["muscle"] = rest * rng.uniform(0, 0.4, count) * (rng.random(count) < 0.25)
    paths["blood"] = rest * rng.uniform(0, 0.05, count) * (rng.random(count) < 0.5)
    rest -= paths["muscle"] + paths["blood"]
    paths["gland"] = rest * rng.beta(1, 2, count)
    paths["adipose"] = rest - paths["gland"]
    paths["calc"] = rng.uniform(0, 0.05, count) * (rng.random(count) < 0.3)
    paths["iodine"] = rng.uniform(0, 6, count) * (rng.random(count) < 0.8)
    _replace_by_test_objects(paths, np.arange(count) % 6 == 5, rng)
    for name in paths.keys() - {"pmma"}:
        paths[name][0] = 0
    return {name: path.round(4) for name, path in paths.items()}


def _replace_by_test_objects(
    paths: Paths, chosen: npt.NDArray[np.bool_], rng: np.random.Generator
) -> None:
    for name in ("adipose", "gland", "skin", "muscle", "blood", "iodine"):
        paths[name][chosen] = 0
    for name, (smallest, largest) in TEST_OBJECT.items():
        paths[name][chosen] = rng.uniform(smallest, largest, chosen.sum())
