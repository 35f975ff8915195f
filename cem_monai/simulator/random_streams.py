"""Independent streams of random numbers: one per decision, so that a new one disturbs no other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream decides. Append only: renumbering changes every simulated breast.

    Streams of `HIDDEN` decide what a low-energy image cannot reveal (uptake, occult lesions ...).
    Those from 101 belong to the phantom for dose pairs.
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
    HIDDEN_OCCULT_BUILD = 17
    HIDDEN_OCCULT_PLACE = 18
    HIDDEN_OCCULT_SHAPE = 19
    SPECKS = 20
    HIDDEN_READING = 21
    NIPPLE = 22
    DOSE_FILM = 101
    DOSE_INSERTS = 102
    DOSE_ARRANGEMENT = 103
    DOSE_NOISE = 104


HIDDEN = frozenset(
    {
        Stream.HIDDEN_PATIENT,
        Stream.HIDDEN_LESION,
        Stream.HIDDEN_OCCULT,
        Stream.HIDDEN_TEXTURE,
        Stream.HIDDEN_OCCULT_BUILD,
        Stream.HIDDEN_OCCULT_PLACE,
        Stream.HIDDEN_OCCULT_SHAPE,
        Stream.HIDDEN_READING,
        Stream.HIGH_ENERGY_NOISE,
        Stream.MOTION,
    }
)
LARGEST_SEED = 10**9
REDRAW_STEP = 1000
"""Re-draw k of a hidden stream is the stream with a number larger by k times this."""
LARGEST_HIDDEN = 10**6
"""Keeps the number of a stream within 32 bits, so that no two streams are the same."""


@dataclass(frozen=True)
class ViewKey:
    """Identity of one simulated compression.

    Args:
        seed: exam (patient) seed, not negative.
        right: right breast instead of the left one.
        oblique: mediolateral oblique view instead of the craniocaudal one.
        hidden: which draw of what the low-energy image cannot reveal, 0 to `LARGEST_HIDDEN`.
    """

    seed: int
    right: bool
    oblique: bool
    hidden: int = 0

    def patient_stream(self, stream: Stream) -> np.random.Generator:
        """Return the stream that all four views of the exam share."""
        return np.random.default_rng([self.seed, self._number(stream)])

    def breast_stream(self, stream: Stream, *keys: int) -> np.random.Generator:
        """Return the stream that both views of this breast share."""
        return np.random.default_rng([self.seed, self._number(stream), 1 + self.right, *keys])

    def view_stream(self, stream: Stream, *keys: int) -> np.random.Generator:
        """Return the stream of this view alone."""
        view = (3 + self.right, 1 + self.oblique)
        return np.random.default_rng([self.seed, self._number(stream), *view, *keys])

    def _number(self, stream: Stream) -> int:
        return stream + (REDRAW_STEP * self.hidden if stream in HIDDEN else 0)


def dose_stream(seed: int, stream: Stream, *keys: int) -> np.random.Generator:
    """Return a stream of the phantom for dose pairs; `keys` are positive."""
    return np.random.default_rng([seed, stream, *keys])


def check_seed(seed: int) -> None:
    """Refuse what is not a whole number from 0 to 10**9.

    Raises:
        ValueError: `seed` is something else.
    """
    _check_whole("seed", seed, LARGEST_SEED)


def check_hidden(hidden: int) -> None:
    """Refuse what is not a whole number from 0 to 10**6.

    Raises:
        ValueError: `hidden` is something else.
    """
    _check_whole("hidden", hidden, LARGEST_HIDDEN)


def _check_whole(name: str, value: int, largest: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not 0 <= value <= largest:
        raise ValueError(f"{name} must be a whole number from 0 to {largest}, got {value!r}.")
