"""Numbers as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = Sequence[float] | npt.NDArray[np.float64]


def mean_and_spread(values: Values, digits: int = 2) -> str:
    """Return mean ± standard deviation of the values that are numbers."""
    known = finite(values)
    if len(known) == 0:
        return "–"
    return f"{known.mean():.{digits}f} ± {known.std():.{digits}f}"


def percentiles(values: Values, digits: int = 2) -> str:
    """Return the range from the 5th to the 95th percentile."""
    known = finite(values)
    if len(known) == 0:
        return "–"
    low, high = np.percentile(known, (5, 95))
    return f"{low:.{digits}f} to {high:.{digits}f}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share of 1 in percent."""
    return f"{100 * share:.{digits}f} %"


def finite(values: Values) -> npt.NDArray[np.float64]:
    """Return the values that are numbers."""
    array = np.asarray(values, np.float64)
    return array[np.isfinite(array)]
