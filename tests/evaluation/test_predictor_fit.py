from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cem_monai.evaluation import (
    LABELS,
    TRIVIAL_PREDICTORS,
    Constant,
    DepthIntensityTable,
    DepthProfile,
    fit_trivial_predictors,
)
from cem_monai.evaluation.predictor_fit import BINS, MIN_IMAGES

Array = npt.NDArray[Any]
Pair = tuple[Array, Array, Array]


def random_pair(seed: int) -> Pair:
    """A breast of another size and other pixels for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:24, :18]
    breast = np.hypot(y - 11, x) < 5 + 2 * seed
    return *rng.uniform(-1, 1, (2, 24, 18)), breast


def row_pair(target: list[float], brightness: list[float]) -> Pair:
    """A breast of one row, air at its right end: the depths are 1, (n - 1) / n ... 1 / n."""
    breast = [True] * len(target) + [False]
    return np.array([[*brightness, -1]]), np.array([[*target, -1]]), np.array([breast])


def fitted(pairs: list[Pair]) -> tuple[float, Array, Array]:
    """Values of the three predictors that learn."""
    predictors = fit_trivial_predictors(pairs)
    constant, profile, table = (predictors[TRIVIAL_PREDICTORS[index]] for index in (0, 2, 3))
    assert isinstance(constant, Constant)
    assert isinstance(profile, DepthProfile)
    assert isinstance(table, DepthIntensityTable)
    return constant.value, profile.values, table.values


def cells_of(pair: Pair) -> list[tuple[int, int, float]]:
    """Depth bin, brightness bin and recombined value of each pixel, one by one."""
    low_energy, recombined, breast = pair
    air = np.argwhere(~breast)
    depth = {tuple(one): min(np.hypot(*(air - one).T)) for one in np.argwhere(breast)}
    low, high = np.percentile(low_energy[breast], (1, 99))
    cells = []
    for pixel, distance in depth.items():
        brightness = (low_energy[pixel] - low) / (high - low)
        edges = np.arange(1, BINS) / BINS
        row = int(np.searchsorted(edges, distance / max(depth.values()), side="right"))
        column = int(np.searchsorted(edges, brightness, side="right"))
        cells.append((row, column, float(recombined[pixel])))
    return cells


def naive_means(pairs: list[Pair], choose: Any) -> dict[Any, tuple[float, int]]:
    """Mean of each group, weighted by 1 / (pixels of the breast), and its number of images."""
    groups: dict[Any, list[tuple[float, float, int]]] = {}
    for number, pair in enumerate(pairs):
        cells = cells_of(pair)
        for row, column, value in cells:
            groups.setdefault(choose(row, column), []).append((value, 1 / len(cells), number))
    means = {}
    for key, members in groups.items():
        values, weights, images = zip(*members, strict=True)
        means[key] = (float(np.average(values, weights=weights)), len(set(images)))
    return means


def test_means_are_those_of_a_naive_count() -> None:
    pairs = [random_pair(seed) for seed in range(6)]

    constant, profile, table = fitted(pairs)

    assert constant == pytest.approx(naive_means(pairs, lambda row, column: 0)[0][0])
    by_depth = naive_means(pairs, lambda row, column: row)
    expected = np.array([by_depth.get(row, (constant, 0))[0] for row in range(BINS)])
    np.testing.assert_allclose(profile, expected)
    by_both = naive_means(pairs, lambda row, column: (row, column))
    enough = {cell: mean for cell, (mean, images) in by_both.items() if images >= MIN_IMAGES}
    assert 100 < len(enough) < len(by_both)
    for cell in np.ndindex(BINS, BINS):
        assert table[cell] == pytest.approx(enough.get(cell, expected[cell[0]])), cell


def test_every_image_counts_alike() -> None:
    small, large = row_pair([0.9], [0.5]), row_pair([0.1, 0.3], [0.5, 0.5])

    # not the mean of the three pixels, which is 0.433
    assert fitted([small, large])[0] == pytest.approx((0.9 + 0.2) / 2)


def test_depth_that_no_image_has_holds_the_constant() -> None:
    constant, profile, _ = fitted([row_pair([0.8, 0.2], [0, 0])])  # depths 1 and 0.5

    expected = np.full(BINS, constant)
    expected[[19, 10]] = 0.8, 0.2
    np.testing.assert_allclose(profile, expected)


def test_cell_of_few_images_holds_the_profile() -> None:
    """Two depths; at the deeper one, the last image alone is dark."""
    bright, dark = row_pair([0.8, 0.2], [1, 0]), row_pair([-0.4, 0.2], [0, 1])

    few = fitted([*[bright] * (MIN_IMAGES - 1), dark])
    enough = fitted([*[bright] * MIN_IMAGES, dark])

    deep = 19
    assert few[2][deep].tolist() == pytest.approx([few[1][deep]] * BINS)
    assert enough[2][deep, :-1].tolist() == pytest.approx([enough[1][deep]] * (BINS - 1))
    assert enough[2][deep, -1] == pytest.approx(0.8)


def test_pixels_outside_the_breast_teach_nothing() -> None:
    pairs = [random_pair(seed) for seed in range(3)]
    others = []
    for low_energy, recombined, breast in pairs:
        others.append([np.where(breast, one, np.nan) for one in (low_energy, recombined)])

    changed = fitted([(*images, pair[2]) for images, pair in zip(others, pairs, strict=True)])

    for one, other in zip(fitted(pairs), changed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_pair_is_taken_once_and_may_be_forgotten() -> None:
    pairs = (random_pair(seed) for seed in range(3))

    predictors = fit_trivial_predictors(pairs)

    assert tuple(predictors) == TRIVIAL_PREDICTORS
    assert next(pairs, None) is None


def test_tables_label_the_predictors_and_keep_their_order() -> None:
    assert tuple(name for name in LABELS if name in TRIVIAL_PREDICTORS) == TRIVIAL_PREDICTORS


def test_no_pair_raises() -> None:
    with pytest.raises(ValueError, match="there is no training pair to fit"):
        fit_trivial_predictors([])


def test_message_names_the_pair() -> None:
    low_energy, recombined, breast = random_pair(1)
    bad = recombined.copy()
    bad[11, :3] = np.nan
    for pair, message in (
        ((low_energy, recombined, 0 * breast), "2: the breast mask has no pixel"),
        ((low_energy, recombined, breast | True), "2: the breast fills all of the 24 x 18 pixels"),
        ((low_energy, recombined[:5], breast), r"2: breast \(24, 18\) and image \(5, 18\) differ"),
        (
            (low_energy, bad, breast),
            f"2: 3 of {breast.sum()} recombined pixels in the breast are not finite",
        ),
        (
            (bad, recombined, breast),
            f"2: 3 of {breast.sum()} low-energy pixels in the breast are not finite",
        ),
    ):
        with pytest.raises(ValueError, match=f"training pair {message}"):
            fit_trivial_predictors([random_pair(1), pair])
