"""Are there lesions and patients enough for an experiment to say anything?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class TooFewError(ValueError):
    """The data are too few for the experiment; an evaluation goes on without it."""


def check_enough(
    is_lesion: npt.NDArray[np.bool_],
    patients: npt.NDArray[np.generic],
    *,
    what: str,
    least: int,
    least_patients: int,
) -> None:
    """Raise unless there are enough patches with and without a lesion, of enough patients.

    Args:
        is_lesion: (N,) of each patch.
        patients: (N,) of each patch.
        what: whose patches these are, for the message.
        least: patches needed of either kind.
        least_patients: patients needed who have a patch of that kind.

    Raises:
        TooFewError: there are not; the message holds all numbers.
    """
    numbers = [
        (int(kind.sum()), np.unique(patients[kind]).size) for kind in (is_lesion, ~is_lesion)
    ]
    if all(patches >= least and owners >= least_patients for patches, owners in numbers):
        return
    (lesions, with_lesion), (others, without) = numbers
    raise TooFewError(
        f"the substitution experiment needs at least {least} lesions and {least} lesion-free "
        f"positions of {least_patients} patients each in the {what} images, found {lesions} "
        f"lesions of {with_lesion} patients and {others} positions of {without} patients"
    )
