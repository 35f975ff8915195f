"""What the maps of a view hold: tissues that fill the breast, nipple, ligaments."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cem_monai.simulator import Population, Protocol, simulate_view
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.grid import detector_grid
from cem_monai.simulator.outline import ANGLES, draw_outline
from cem_monai.simulator.phantom import Phantom, draw_phantom
from cem_monai.simulator.random_streams import ViewKey

NORMAL = Population(normal_exams=1.0)
SIZE = 256
SEEDS = range(6)


@cache
def phantom(seed: int, oblique: bool = False) -> Phantom:
    key = ViewKey(seed, False, oblique)
    return draw_phantom(key, draw_breast(key, NORMAL), NORMAL, detector_grid(SIZE))


def near_the_nipple(seed: int, reach: float):
    """Pixels within `reach` mm of a place 5 mm behind the tip."""
    key = ViewKey(seed, False, False)
    outline = draw_outline(key, draw_breast(key, NORMAL))
    depth = np.interp(outline.tilt, ANGLES, outline.radius) - 5
    y, x = phantom(seed).grid.coordinates()
    x, y = x - depth * np.cos(outline.tilt), y - outline.center - depth * np.sin(outline.tilt)
    return np.hypot(x, y) < reach


@pytest.mark.parametrize("oblique", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_tissues_add_up_to_the_thickness(seed, oblique):
    drawn = phantom(seed, oblique)
    total = sum(drawn.tissues.values())

    assert all((path >= 0).all() for path in drawn.tissues.values())
    np.testing.assert_allclose(total, drawn.thickness, atol=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_gland_fills_the_share_that_the_density_says(seed):
    drawn, breast = phantom(seed), draw_breast(ViewKey(seed, False, False), NORMAL)
    # vessels displace some of it
    share = (drawn.tissues["gland"] + drawn.tissues["blood"]).sum() / drawn.inner.sum()

    assert share == pytest.approx(breast.density, rel=0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_nipple_is_thicker_than_the_breast_around_it(seed):
    skin = phantom(seed).tissues["skin"]
    near, around = near_the_nipple(seed, 6.0), near_the_nipple(seed, 20.0)

    assert skin[near].max() > 0.2 + np.median(skin[around & (phantom(seed).distance > 8)])


@pytest.mark.parametrize("seed", SEEDS)
def test_nipple_is_bright_in_both_images(seed):
    protocol = Protocol(noise=False, motion=0.0, contrast_agent=False)
    view = simulate_view(
        seed,
        laterality="L",
        view_position="CC",
        size=SIZE,
        population=NORMAL,
        protocol=protocol,
    )
    columns = phantom(seed).grid.columns
    near, distance = near_the_nipple(seed, 6.0), phantom(seed).distance
    beside = (distance > 3) & (distance < 7) & ~near_the_nipple(seed, 25.0)
    for image in (view.low_energy[:, :columns], view.recombined[:, :columns]):
        assert image[near].max() > np.percentile(image[beside], 99)


def test_ligaments_cross_the_fat():
    # tissue in fat: thin lines, so that few pixels hold much of it
    shares = []
    for seed in SEEDS:
        drawn = phantom(seed)
        fat = (drawn.distance > 8) & (drawn.distance < 25)
        share = (drawn.tissues["gland"] / np.maximum(drawn.inner, 0.1))[fat]
        shares.append(np.percentile(share, [10, 50, 95]))
    low, middle, high = np.median(shares, axis=0)

    assert 0 < low < middle < high
    assert high > 3 * middle


def test_nipple_has_the_same_size_in_both_views():
    added = []
    for oblique in (False, True):
        key = ViewKey(3, False, oblique)
        drawn = phantom(3, oblique)
        outline = draw_outline(key, draw_breast(key, NORMAL))
        y, x = drawn.grid.coordinates()
        nipple_x, nipple_y = outline.nipple
        near = np.hypot(x - nipple_x, y - nipple_y) < 12
        added.append(drawn.tissues["skin"][near].max())

    assert added[0] == pytest.approx(added[1], abs=0.12)
