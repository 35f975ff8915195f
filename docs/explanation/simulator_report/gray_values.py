"""Distribution of gray values inside the breast, simulated and real."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage, stats

from cem_monai.data import BreastMaskError, breast_mask
from cem_monai.data.cdd_cesm.image_file import read_image
from cem_monai.data.cdd_cesm.material import read_material
from simulator_report.page import table
from simulator_report.summaries import mean_and_spread
from simulator_report.views import Image, ViewJob

SIZE = 512
"""Pixels a side of simulated and real images."""
MARGIN = 10
"""In pixels, left out along the skin: the real outline is blurred by JPEG."""
DARKEST, BRIGHTEST = 1, 99
"""Percentiles inside the breast that 0 and 1 stand for."""
BINS = np.linspace(-0.1, 1.1, 61)


class GrayValues(NamedTuple):
    """Of one image, normalized inside the breast.

    Args:
        density: histogram over `BINS`, integral 1 but for values outside.
        quartile_range: between the 25th and the 75th percentile.
        skewness: third standardized moment.
    """

    density: npt.NDArray[np.float64]
    quartile_range: float
    skewness: float


class RealPair(NamedTuple):
    """JPEG files of one pair."""

    low_energy: Path
    recombined: Path


class PairValues(NamedTuple):
    """Of one view; `None` if no breast was found."""

    low_energy: GrayValues | None
    recombined: GrayValues | None


def gray_values(image: Image) -> GrayValues | None:
    """Normalize an image inside the breast that is found in it; `None` if there is none.

    The same for simulated and real images, subtracted ones too: real pairs are not registered.
    """
    try:
        breast = breast_mask(image)
    except BreastMaskError:
        return None
    inside = ndimage.binary_erosion(breast, iterations=MARGIN, border_value=1)
    if not inside.any():
        return None
    values = image[inside].astype(np.float64)
    dark, bright = np.percentile(values, (DARKEST, BRIGHTEST))
    if dark == bright:
        return None
    values = (values - dark) / (bright - dark)
    density, _ = np.histogram(values, BINS)
    quarter, three_quarters = np.percentile(values, (25, 75))
    return GrayValues(
        density / (values.size * np.diff(BINS)),
        float(three_quarters - quarter),
        float(stats.skew(values)),
    )


def measure_simulated(job: ViewJob) -> PairValues | None:
    """Measure one simulated view; `None` without an enhancing mass, as all real pairs have one."""
    view = job.simulate()
    if not view.mass.any():
        return None
    return PairValues(gray_values(view.low_energy), gray_values(view.recombined))


def measure_real(pair: RealPair) -> PairValues:
    """Measure one pair of CDD-CESM."""
    low_energy, recombined = (gray_values(read_image(path, SIZE)) for path in pair)
    return PairValues(low_energy, recombined)


def real_pairs(folder: Path) -> list[RealPair]:
    """Return the pairs of 512-pixel copies of CDD-CESM in `folder`; none if it is not there."""
    try:
        material = read_material(folder)
    except FileNotFoundError:
        return []
    images = material.images
    return [RealPair(images[pair.low_energy], images[pair.recombined]) for pair in material.pairs]


def histogram_block(simulated: list[PairValues], real: list[PairValues], folder: str) -> str:
    """Return the block `histograms`; a sentence instead where there are no real pairs."""
    if not real:
        return (
            f"The real pairs were not found at `{folder}` when this page was made: "
            "there is no comparison."
        )
    rows = []
    for image, label in (("low_energy", "LE"), ("recombined", "DES")):
        for name, pairs in (("simulated", simulated), ("CDD-CESM", real)):
            known = [values for pair in pairs if (values := getattr(pair, image)) is not None]
            rows.append(
                [
                    f"{label}, {name}",
                    str(len(known)),
                    mean_and_spread([values.quartile_range for values in known]),
                    mean_and_spread([values.skewness for values in known]),
                ]
            )
    header = ["inside the breast", "images", "interquartile range (of 1 to 99 %)", "skewness"]
    figure = "![gray values](../figures/simulator_gray_values.png)"
    return f"{table(header, rows)}\n\n{figure}"
