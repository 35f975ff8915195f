"""Time breast delta CNR by block sums against loops over windows.

Run: python tests/benchmarks/bench_breast_cnr.py [--size H W] [--rounds N]

Processor seconds for one generated and one real image. Stops if a window of either differs in a
single bit.
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

from cem_monai.metrics import breast_cnr_windows, delta_cnr_breast

Array = npt.NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 1024), metavar=("H", "W"))
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    real, mask = phantom(*arguments.size)
    generated = darker(real)
    print(f"{platform.machine()}, NumPy {np.__version__}, {real.shape} {real.dtype}")
    print("| edge | windows | loop ms | block sums ms | ratio | min ratio | equal bits |")
    print("|---|---|---|---|---|---|---|")
    for edge in ("strict", "masked"):
        check(generated, real, mask, edge)
        print(row(generated, real, mask, edge, arguments.rounds))


def phantom(height: int, width: int) -> tuple[Array, Array]:
    """Make the deterministic 12-bit phantom of the unit tests."""
    y, x = np.mgrid[:height, :width].astype(float)
    mask = (x / (0.62 * width)) ** 2 + ((y - height / 2) / (0.42 * height)) ** 2 < 1
    tissue = np.rint(4095 * (0.35 + 0.15 * np.sin(x / 97) * np.cos(y / 131)))
    return np.where(mask, tissue, 0).astype(np.uint16), mask


def darker(real: Array) -> Array:
    """Make a generated image: darker, noisier, whole numbers."""
    noise = np.random.default_rng(0).integers(0, 90, real.shape)
    return np.where(real > 0, real * 9 // 10 + noise, 0).astype(np.uint16)


def check(generated: Array, real: Array, mask: Array, edge: str) -> None:
    """Compare every window and both means, bit by bit."""
    for image in (generated, real):
        windows = breast_cnr_windows(image, mask, edge=edge)
        np.testing.assert_array_equal(windows, loop_windows(image, mask, edge), strict=True)
    found = delta_cnr_breast(generated, real, mask, edge=edge)
    assert (found.generated, found.real) == loop_means(generated, real, mask, edge)


def row(generated: Array, real: Array, mask: Array, edge: str, rounds: int) -> str:
    """Time both ways alternately, so that a busy machine slows both."""
    loop, fast = [], []
    for _ in range(rounds):
        loop.append(timed(lambda: loop_means(generated, real, mask, edge)))
        fast.append(timed(lambda: delta_cnr_breast(generated, real, mask, edge=edge)))
    ratios = [slow / quick for slow, quick in zip(loop, fast, strict=True)]
    cells = (
        edge,
        delta_cnr_breast(generated, real, mask, edge=edge).windows,
        f"{statistics.median(loop) * 1e3:.1f}",
        f"{statistics.median(fast) * 1e3:.1f}",
        f"{statistics.median(ratios):.1f}",
        f"{min(ratios):.1f}",
        True,  # else `check` had stopped
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def loop_means(generated: Array, real: Array, mask: Array, edge: str) -> tuple[float, float]:
    """Average the windows of each image that both images have."""
    windows = [loop_windows(image, mask, edge) for image in (generated, real)]
    kept = np.isfinite(windows).all(axis=0)
    of_generated, of_real = (float(one[kept].mean()) for one in windows)
    return of_generated, of_real


def loop_windows(image: Array, mask: Array, edge: str, size: int = 64, stride: int = 16) -> Array:
    """Visit every window; the sums are integers, as in the fast way, so that bits can agree."""
    height, width = image.shape
    rows = range(0, height - 3 * size + 1, stride)
    columns = range(0, width - 3 * size + 1, stride)
    windows = np.full((len(rows), len(columns)), np.nan)
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            square = slice(top, top + 3 * size), slice(left, left + 3 * size)
            windows[i, j] = window_cnr(image[square], mask[square], edge, size)
    return windows


def window_cnr(pixels: Array, inside: Array, edge: str, size: int) -> float:
    center = slice(size, 2 * size), slice(size, 2 * size)
    if not inside[center].all() or (edge == "strict" and not inside.all()):
        return math.nan
    n = int(inside.sum()) - size**2
    if 2 * n < 8 * size**2:
        return math.nan
    counted = pixels.astype(np.int64)
    if edge == "masked":
        counted *= inside
    patch = counted[center]
    s1 = int(counted.sum()) - int(patch.sum())
    s2 = int(np.vdot(counted, counted)) - int(np.vdot(patch, patch))
    variance = (n * s2 - s1 * s1) / (n * n)
    return (int(patch.sum()) / size**2 - s1 / n) / math.sqrt(variance) if variance else math.nan


if __name__ == "__main__":
    main()
