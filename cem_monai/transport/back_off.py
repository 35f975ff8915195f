"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Iterator


def growing_pauses(
    first: float = 1.0, longest: float = 60.0, generator: random.Random | None = None
) -> Iterator[float]:
    """Yield pauses without end, each about twice as long as the one before.

    Every pause is shortened by chance to between half and all of its length, so that many senders
    do not come back in the same moment when an archive starts again.

    Args:
        first: s, the first pause.
        longest: s, no pause is longer.
        generator: of the chance; a new one by default.

    Yields:
        s, more than 0.
    """
    generator = generator or random.Random()
    pause = first
    while True:
        yield generator.uniform(pause / 2, pause)
        pause = min(2 * pause, longest)
