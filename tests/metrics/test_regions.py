from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import surround_ring
from cem_monai.metrics.regions import (
    components,
    finite_plane,
    finite_region_values,
    surround_or_ring,
)
from naive_case import naive_ring

Image = np.ndarray[Any, Any]


def disk(shape: tuple[int, int], center: tuple[int, int], radius: float) -> Image:
    y, x = np.indices(shape)
    return np.asarray(np.hypot(y - center[0], x - center[1]) <= radius)


@given(seed=st.integers(0, 2**32 - 1), gap=st.sampled_from([0, 1, 2, 3.5]))
@settings(max_examples=40, deadline=None)
def test_ring_matches_a_loop(seed: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    breast, mass = rng.random((20, 24)) < 0.9, rng.random((20, 24)) < 0.02
    mass[rng.integers(20), rng.integers(24)] = True
    np.testing.assert_array_equal(
        surround_ring(mass, breast, gap=gap), naive_ring(mass, breast, gap)
    )


@given(
    rows=st.lists(st.integers(0, 59), min_size=1, max_size=2),
    columns=st.lists(st.integers(0, 49), min_size=2, max_size=2),
    radius=st.floats(0, 6),
    breast=st.tuples(*[st.integers(1, 60)] * 4),
    gap=st.sampled_from([0, 2.0, 3.5]),
)
@settings(max_examples=40, deadline=None)
def test_neighborhood_is_enough(
    rows: list[int], columns: list[int], radius: float, breast: tuple[int, ...], gap: float
) -> None:
    """Small masses in a large image: at its borders, far apart, in breasts with little room."""
    mass = np.logical_or.reduce(
        [disk((60, 50), center, radius) for center in zip(rows, columns, strict=False)]
    )
    inside = np.zeros(mass.shape, bool)
    top, height, left, width = breast
    inside[top // 2 : top // 2 + height, left // 2 : left // 2 + width] = True
    np.testing.assert_array_equal(
        surround_ring(mass, inside, gap=gap), naive_ring(mass, inside, gap)
    )


def test_ring_reaches_tissue_far_from_the_mass() -> None:
    """The nearest tissue may lie beyond any neighborhood."""
    mass, breast = disk((90, 200), (45, 10), 3), np.zeros((90, 200), bool)
    breast[:, 150:] = True
    ring = surround_ring(mass, breast)
    np.testing.assert_array_equal(ring, naive_ring(mass, breast))
    assert ring.sum() >= mass.sum()


def test_ring_is_as_large_as_the_mass() -> None:
    mass = disk((200, 200), (100, 100), 25)
    ring = surround_ring(mass, np.ones(mass.shape))
    assert 1 <= ring.sum() / mass.sum() < 1.02
    assert not (ring & disk(mass.shape, (100, 100), 26)).any()


def test_ring_stays_in_the_breast_and_off_other_masses() -> None:
    mass = disk((200, 200), (20, 100), 15) | disk((200, 200), (60, 100), 15)
    breast = disk((200, 200), (20, 100), 90)
    ring = surround_ring(mass, breast)
    assert ring.sum() >= mass.sum()
    assert not (ring & ~breast).any()
    assert not (ring & mass).any()


def test_ring_is_smaller_without_room() -> None:
    mass = disk((60, 60), (30, 30), 15)
    breast = disk((60, 60), (30, 30), 18)
    ring = surround_ring(mass, breast)
    assert 0 < ring.sum() < mass.sum()
    np.testing.assert_array_equal(ring, naive_ring(mass, breast))


def test_ring_without_breast_or_mass_is_empty() -> None:
    mass = disk((60, 60), (30, 30), 5)
    assert not surround_ring(mass, mass).any()
    assert not surround_ring(np.zeros((60, 60)), np.ones((60, 60))).any()


@pytest.mark.parametrize("surround", [None, np.zeros((60, 60))])
def test_missing_surround_becomes_a_ring(surround: Image | None) -> None:
    mass, breast = disk((60, 60), (30, 30), 5), np.ones((60, 60))
    ring, is_ring = surround_or_ring(surround, mass, breast)
    assert is_ring
    np.testing.assert_array_equal(ring, surround_ring(mass, breast))


def test_drawn_surround_is_kept() -> None:
    mass, surround = disk((60, 60), (30, 30), 5), disk((60, 60), (10, 10), 5)
    kept, is_ring = surround_or_ring(surround.astype(np.uint8), mass, np.ones((60, 60)))
    assert not is_ring
    np.testing.assert_array_equal(kept, surround)


def test_no_ring_without_mass() -> None:
    surround, is_ring = surround_or_ring(None, np.zeros((60, 60)), np.ones((60, 60)))
    assert not surround.any()
    assert not is_ring


def test_breast_of_another_shape_raises() -> None:
    with pytest.raises(ValueError, match=r"mass \(3, 3\) and image \(4, 3\)"):
        surround_ring(np.ones((3, 3)), np.ones((4, 3)))


def test_gap_is_euclidean() -> None:
    mass = np.zeros((9, 9), bool)
    mass[4, 4] = True
    ring = surround_ring(mass, np.ones((9, 9)), gap=1)
    assert sorted(map(tuple, np.argwhere(ring) - 4)) == [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    assert math.isclose(np.hypot(*(np.argwhere(ring) - 4).T).max(), math.sqrt(2))


# Pieces and finite pixels


def test_components_meet_at_corners_and_come_in_reading_order() -> None:
    labels, areas = components(np.array([[0, 2, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1]]))
    np.testing.assert_array_equal(labels, [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2]])
    np.testing.assert_array_equal(areas, [2, 1])


def test_empty_mask_has_no_components() -> None:
    labels, areas = components(np.zeros((3, 4)))
    assert labels.shape == (3, 4)
    assert areas.shape == (0,)


def test_integers_are_finite() -> None:
    image = np.full((2, 3), 65535, np.uint16)
    assert finite_plane(image, "real") is image


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_pixels_that_are_not_finite_raise_where_they_count(value: float) -> None:
    image, mask = np.array([[1.0, value, 2.0]]), np.array([[1, 0, 1]])
    with pytest.raises(ValueError, match=r"real image \(1, 3\) holds 1 NaN"):
        finite_plane(image, "real")
    np.testing.assert_array_equal(finite_region_values(image, mask), [1, 2])
    with pytest.raises(ValueError, match="1 NaN or infinite pixels in the 3 of mass"):
        finite_region_values(image, np.ones((1, 3)), "mass")
