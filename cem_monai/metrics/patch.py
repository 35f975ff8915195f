"""All measures of one pair of patches as one flat table row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.contrast_index import carneiro_contrast_index
from cem_monai.metrics.distances import l1, l2, psnr_frame


def patch_metrics(
    generated: npt.NDArray[np.integer], real: npt.NDArray[np.integer], *, bit_depth: int
) -> dict[str, float]:
    """Measure one generated patch against the real one.

    Args:
        generated, real: (H, W) stored pixel values.
        bit_depth: of the stored values; its range stands for grey levels 0 to 255.

    Returns:
        `l1` (grey levels), `l2` (squared grey levels), `psnr` (dB, infinite for identical patches),
        `cci_real` and `cci_generated` (grey levels), and `cci_ratio`, generated / real, NaN where
        the real patch is constant.

    Raises:
        ValueError: shapes differ.
    """
    whole, data_range = np.ones_like(real), (0.0, float(2**bit_depth - 1))
    distances = {
        name: distance(generated, real, whole, data_range=data_range)
        for name, distance in (("l1", l1), ("l2", l2), ("psnr", psnr_frame))
    }
    of_real, of_generated = (carneiro_contrast_index(one, bit_depth) for one in (real, generated))
    return distances | {
        "cci_real": of_real,
        "cci_generated": of_generated,
        "cci_ratio": of_generated / of_real if of_real else float("nan"),
    }
