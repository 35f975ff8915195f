"""Time the contrast index by sums of shifted images against loops over pixels.

Run: python tests/benchmarks/bench_contrast_index.py [--size H W] [--bits B] [--rounds N]

Processor seconds. Two loops: `window` cuts out each neighborhood as an array, as one writes it
down; `numbers` adds up Python numbers, the fastest that a loop can do. Stops if a value differs.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.metrics import carneiro_contrast_index

Array = npt.NDArray[Any]
Index = Callable[[Array], float]
FAST_CALLS = 9
"""Per call of a loop, which takes a thousand times as long; their median counts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 1024), metavar=("H", "W"))
    parser.add_argument("--bits", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    image = rng.integers(0, 2**arguments.bits, arguments.size).astype(np.uint16)
    print(f"{platform.machine()}, NumPy {np.__version__}, {image.shape}, {arguments.bits} bits")
    print("| loop | loop s | shifted images ms | ratio | min ratio | relative difference |")
    print("|---|---|---|---|---|---|")

    def fast(pixels: Array) -> float:
        return carneiro_contrast_index(pixels, arguments.bits, normalize="none")

    for name, loop in (("window", loop_windows), ("numbers", loop_numbers)):
        print(row(name, loop, fast, image, arguments.rounds))


def row(name: str, loop: Index, fast: Index, image: Array, rounds: int) -> str:
    """Time both ways alternately, so that a busy machine slows both."""
    fast(image)  # the first call of a process waits for its memory
    slow_times, fast_times = [], []
    for _ in range(rounds):
        expected, seconds = timed(loop, image)
        slow_times.append(seconds)
        values, times = zip(*(timed(fast, image) for _ in range(FAST_CALLS)), strict=True)
        fast_times.append(statistics.median(times))
    difference = abs(values[0] - expected) / expected
    assert difference < 1e-12, f"{name}: {values[0]} instead of {expected}"
    ratios = [slow / quick for slow, quick in zip(slow_times, fast_times, strict=True)]
    cells = (
        name,
        f"{statistics.median(slow_times):.2f}",
        f"{statistics.median(fast_times) * 1e3:.1f}",
        f"{statistics.median(ratios):.0f}",
        f"{min(ratios):.0f}",
        f"{difference:.1e}",
    )
    return "| " + " | ".join(cells) + " |"


def timed(call: Index, image: Array) -> tuple[float, float]:
    start = time.process_time()
    value = call(image)
    return value, time.process_time() - start


def loop_windows(image: Array) -> float:
    """Average the deviations of all neighborhoods; their sums are exact integers."""
    pixels, deviations = image.astype(np.int64), []
    for y in range(1, image.shape[0] - 1):
        for x in range(1, image.shape[1] - 1):
            window = pixels[y - 1 : y + 2, x - 1 : x + 2]
            numerator = 9 * int((window**2).sum()) - int(window.sum()) ** 2
            deviations.append(math.sqrt(numerator) / 9)
    return math.fsum(deviations) / len(deviations)


def loop_numbers(image: Array) -> float:
    rows, deviations = image.tolist(), []
    for above, here, below in zip(rows, rows[1:], rows[2:], strict=False):
        for x in range(1, len(here) - 1):
            values = above[x - 1 : x + 2] + here[x - 1 : x + 2] + below[x - 1 : x + 2]
            numerator = 9 * sum([value * value for value in values]) - sum(values) ** 2
            deviations.append(math.sqrt(numerator) / 9)
    return math.fsum(deviations) / len(deviations)


if __name__ == "__main__":
    main()
