"""Independent streams of random numbers: one per decision, so that a new one disturbs no other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream decides. Append only: renumbering changes every simulated breast.

    Streams named HIDDEN decide what a low-energy image cannot reveal (uptake, occult lesions).
    """

    PATIENT = 1
    BREAST = 2
    OUTLINE = 3
    GLAND = 4
    MUSCLE = 5
    VESSELS = 6
    TEXTURE = 7
    LESION = 8
    LESION_SHAPE = 9
    HIDDEN_PATIENT = 10
    HIDDEN_LESION = 11
    HIDDEN_OCCULT = 12
    HIDDEN_TEXTURE = 13
    LOW_ENERGY_NOISE = 14
    HIGH_ENERGY_NOISE = 15
    MOTION = 16


@dataclass(frozen=True)
class ViewKey:
    """Identity of one simulated compression.

    Args:
        seed: exam (patient) seed, not negative.
        right: right breast instead of the left one.
        oblique: mediolateral oblique view instead of the craniocaudal one.
    """

    seed: int
    right: bool
    oblique: bool

    def patient_stream(self, stream: Stream) -> np.random.Generator:
        """Return the stream that all four views of the exam share."""
        return np.random.default_rng([self.seed, stream])

    def breast_stream(self, stream: Stream, *keys: int) -> np.random.Generator:
        """Return the stream that both views of this breast share."""
        return np.random.default_rng([self.seed, stream, 1 + self.right, *keys])

    def view_stream(self, stream: Stream, *keys: int) -> np.random.Generator:
        """Return the stream of this view alone."""
        return np.random.default_rng([self.seed, stream, 3 + self.right, 1 + self.oblique, *keys])
