"""How often the 95 % intervals of patient_bootstrap hold the truth, in simulation.

Run: python tests/benchmarks/coverage_of_intervals.py [--simulations N]

Every patient has 1 to 8 images. A value is the patient's effect plus that of the image, both of
standard deviation 1 and mean 0, so that the truth is 0. Every data set gets three intervals: that
of patient_bootstrap, the same as plain percentiles, and patient_bootstrap with every image as its
own patient. Numbers are percent, ± one standard error of the simulation.
"""

from __future__ import annotations

import argparse
import math
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from cem_monai.evaluation import Interval, patient_bootstrap

Values = np.ndarray[Any, Any]
Draw = Callable[[np.random.Generator, int], Values]

PATIENTS = (11, 40, 100)
MOST_IMAGES = 8
RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Coverage:
    """Shares of simulated data sets whose interval holds the truth; mean number of images."""

    images: float
    clustered: float
    plain: float
    by_image: float


def normal(rng: np.random.Generator, size: int) -> Values:
    return rng.normal(size=size)


def exponential(rng: np.random.Generator, size: int) -> Values:
    return rng.exponential(size=size) - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2000, help="data sets per row")
    simulations = parser.parse_args().simulations
    print(f"Commit {commit()}, {simulations} data sets per row, {RESAMPLES} resamples.\n")
    print("| values | patients | images, mean | by patient | plain percentiles | by image |")
    print("|---|---|---|---|---|---|")
    for name, draw in (("normal", normal), ("exponential", exponential)):
        for patients in PATIENTS:
            measured = coverage(patients, simulations, draw)
            shares = (measured.clustered, measured.plain, measured.by_image)
            cells = " | ".join(share_text(share, simulations) for share in shares)
            print(f"| {name} | {patients} | {measured.images:.0f} | {cells} |", flush=True)


def coverage(patients: int, simulations: int, draw: Draw = normal, seed: int = 0) -> Coverage:
    """Simulate data sets of so many patients; the seed decides on all of them."""
    rng = np.random.default_rng(seed)
    hits, images = np.zeros(3), 0
    for number in range(simulations):
        owners = np.repeat(np.arange(patients), rng.integers(1, MOST_IMAGES + 1, patients))
        values = draw(rng, patients)[owners] + draw(rng, owners.size)
        hits += [holds_truth(interval) for interval in intervals(values, owners, number)]
        images += owners.size
    return Coverage(images / simulations, *(hits / simulations))


def intervals(values: Values, owners: Values, seed: int) -> list[Interval]:
    own_patients = np.arange(values.size)
    return [
        patient_bootstrap(values, labels, resamples=RESAMPLES, confidence=confidence, seed=seed)
        for labels, confidence in (
            (owners, CONFIDENCE),
            (owners, not_expanded(owners.max() + 1)),
            (own_patients, CONFIDENCE),
        )
    ]


def not_expanded(patients: int) -> float:
    """Return the confidence at which the expanded interval is the plain one of CONFIDENCE."""
    quantile = stats.norm.ppf((1 - CONFIDENCE) / 2) * math.sqrt((patients - 1) / patients)
    return 1 - 2 * float(stats.t.cdf(quantile, patients - 1))


def holds_truth(interval: Interval) -> bool:
    return interval.low <= 0 <= interval.high


def share_text(share: float, simulations: int) -> str:
    return f"{100 * share:.1f} ± {100 * math.sqrt(share * (1 - share) / simulations):.1f}"


def commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    folder = Path(__file__).parent
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
