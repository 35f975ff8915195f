"""Time SSIM and MS-SSIM of one generated image against scikit-image's SSIM alone.

Run: python tests/benchmarks/bench_similarity.py [--size H W] [--rounds N]

Processor seconds of one process. What depends on the real image alone is computed once for all
predictors and stands in a column of its own. Stops if a mean SSIM is off by 1e-4.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

from cem_monai.metrics import Similarity

Array = npt.NDArray[Any]
PEAK = 4095


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 1024), metavar=("H", "W"))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    generated, real, regions = case(*arguments.size)
    print(f"{platform.machine()}, NumPy {np.__version__}, {real.shape}, regions {list(regions)}")
    similarity = Similarity(real, regions, data_range=(0, PEAK))
    ways: dict[str, Callable[[], Any]] = {
        "scikit-image SSIM ms": lambda: scikit_image_map(generated, real),
        "real image, once ms": lambda: Similarity(real, regions, data_range=(0, PEAK)),
        "SSIM and MS-SSIM ms": lambda: similarity.measure(generated),
    }
    times = timed(ways, arguments.rounds)
    row, values = similarity.measure(generated), scikit_image_map(generated, real)
    errors = [row[f"{name}_ssim"] - values[inside].mean() for name, inside in regions.items()]
    assert max(map(abs, errors)) < 1e-4
    print("| " + " | ".join(ways) + " | largest SSIM error |")
    print("|---|---|---|---|")
    cells = [f"{statistics.median(seconds) * 1e3:.0f}" for seconds in times.values()]
    print("| " + " | ".join([*cells, f"{max(map(abs, errors)):.1e}"]) + " |")


def case(height: int, width: int) -> tuple[Array, Array, dict[str, Array]]:
    """Make a phantom of 12 bits, a noisier generated image, and three regions."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width].astype(float)
    breast = (x / (0.62 * width)) ** 2 + ((y - height / 2) / (0.42 * height)) ** 2 < 1
    tissue = breast * PEAK * (0.35 + 0.15 * np.sin(x / 97) * np.cos(y / 131))
    generated, real = (
        np.rint((tissue + breast * rng.normal(0, sigma, breast.shape)).clip(0, PEAK))
        for sigma in (120, 80)
    )
    mass = np.hypot(x - 0.2 * width, y - height / 2) < 0.04 * width
    regions = {"image": np.ones_like(breast), "breast": breast, "mass": mass}
    return generated.astype(np.uint16), real.astype(np.uint16), regions


def scikit_image_map(generated: Array, real: Array) -> Array:
    _, values = structural_similarity(
        generated.astype(float),
        real.astype(float),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=PEAK,
        full=True,
    )
    return values


def timed(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Time all ways in turn, so that a busy machine slows all."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            start = time.process_time()
            call()
            times[name].append(time.process_time() - start)
    return times


if __name__ == "__main__":
    main()
