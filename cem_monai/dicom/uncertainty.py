"""How much a generated image varies, as a DICOM object that nobody can take for an image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import UNCERTAINTY_MAP
from cem_monai.dicom.equipment import GeneratingModel
from cem_monai.dicom.marks import GeneratedMarks
from cem_monai.dicom.virtual import generated_dataset

UNCERTAINTY_STEPS = 16
"""Stored values of a map that stand for one stored value of the generated image."""
UNCERTAINTY_BITS = 16
SHOWN_SHARE = 0.02
"""The window of a map begins at 0 and ends at this share of the generated image's range, the same
for all images of a model, so that maps can be compared."""


def uncertainty_map_dataset(
    source: Dataset,
    deviation: npt.NDArray[np.floating],
    breast: npt.NDArray[np.bool_],
    *,
    model: GeneratingModel,
    passes: int,
    image_range: float,
    banner: bool = True,
) -> Dataset:
    """Return the map of the standard deviation of a virtual image over passes with dropout.

    Geometry, identity and marks are those of the virtual image, in a series of its own.

    Args:
        source: the low-energy mammogram.
        deviation: (H, W) standard deviation, in stored values of the virtual image, in the stored
            orientation of the source.
        breast, model, banner: see `generated_dataset`.
        passes: number of passes.
        image_range: stored values of the virtual image from the lowest to the highest that the
            network can generate.

    Raises:
        ValueError: size of `deviation` or `breast` differs from the source's.
    """
    stored = np.rint(deviation * UNCERTAINTY_STEPS).clip(0, 2**UNCERTAINTY_BITS - 1)
    width = max(2.0, round(SHOWN_SHARE * image_range * UNCERTAINTY_STEPS))
    return generated_dataset(
        source,
        stored.astype(np.uint16),
        breast,
        marks=_marks(passes),
        model=model,
        bits_stored=UNCERTAINTY_BITS,
        window=(width / 2, width),
        banner=banner,
    )


def _marks(passes: int) -> GeneratedMarks:
    return GeneratedMarks(
        image_type=UNCERTAINTY_MAP,
        image_content=None,
        banner="AI UNCERTAINTY - NO IMAGE",
        series_number=9003,
        series_description="AI UNCERTAINTY of VIRTUAL DES - no image",
        comment=(
            "UNCERTAINTY MAP OF AN AI GENERATED IMAGE - NOT CALIBRATED, LOW VALUES DO NOT MEAN "
            "THAT THE IMAGE IS RIGHT - RESEARCH ONLY, NOT FOR DIAGNOSIS"
        ),
        derivation=(
            f"low-energy image in {passes} passes with dropout: standard deviation of the virtual "
            f"dual-energy-subtracted image; {UNCERTAINTY_STEPS} stored values are 1 stored value "
            "of that image. It tells how much the network depends on single features, not how "
            "wrong it is"
        ),
        identity=(UNCERTAINTY_MAP, str(passes)),
    )
