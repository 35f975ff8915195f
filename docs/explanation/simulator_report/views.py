"""Which views are simulated for the page, and geometry that all measurements share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator import Population, Protocol, SimulatedView, simulate_view
from cem_monai.simulator.grid import Size

FIRST_SEED = 30_000
"""Beyond the seeds of training (0), validation (10 000) and benchmark (20 000) exams."""
STILL = Protocol(noise=False, motion=0.0)
BLANK = Protocol(noise=False, motion=0.0, contrast_agent=False)
"""Neither noise nor motion, and no contrast agent either."""

Image = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


class ViewJob(NamedTuple):
    """One view to simulate."""

    seed: int
    laterality: str
    view_position: str
    size: Size

    def simulate(
        self,
        population: Population | None = None,
        protocol: Protocol | None = None,
        **extras: Any,
    ) -> SimulatedView:
        """Simulate it; `extras` are those of `simulate_view`."""
        return simulate_view(
            self.seed,
            laterality=self.laterality,
            view_position=self.view_position,
            size=self.size,
            population=population,
            protocol=protocol,
            **extras,
        )


def one_view_per_exam(exams: int, size: Size) -> list[ViewJob]:
    """Return one view of each exam, CC and MLO, left and right in turn: independent samples."""
    return [
        ViewJob(FIRST_SEED + number, "LR"[number // 2 % 2], ("CC", "MLO")[number % 2], size)
        for number in range(exams)
    ]


def both_breasts(exams: int, size: Size) -> list[ViewJob]:
    """Return one view of each breast, CC and MLO in turn: every affected breast is among them."""
    return [
        job._replace(laterality=side) for job in one_view_per_exam(exams, size) for side in "LR"
    ]


def depth_below_skin(breast: Mask, spacing: tuple[float, float]) -> Image:
    """Return the distance to air in mm, (H, W); the chest wall at the border does not count."""
    return np.asarray(ndimage.distance_transform_edt(breast, sampling=spacing), np.float32)
