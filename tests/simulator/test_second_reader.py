"""Outlines of a second reader beside the true ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.simulator import LesionKind, Population
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.grid import Grid
from cem_monai.simulator.lesion_maps import draw_lesion_maps
from cem_monai.simulator.lesion_projection import LesionProjection
from cem_monai.simulator.lesions import Lesion
from cem_monai.simulator.masks import mass_mask
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.second_reader import second_reader_mask
from cem_monai.simulator.speck_pixels import draw_specks

SIDE = 80.0
"""In mm, of a square field that is breast everywhere."""


@cache
def enhancing_lesions(count: int) -> list[Lesion]:
    population = Population(normal_exams=0.0)
    keys = (ViewKey(seed, False, False) for seed in range(10 * count))
    lesions = (lesion for key in keys for lesion in draw_breast(key, population).lesions)
    return [lesion for lesion in lesions if lesion.enhancing][:count]


def phantom_with(lesion: Lesion, pixel: float, seed: int = 0) -> Phantom:
    """A lesion in the middle of a field of uniform thickness."""
    grid = Grid(int(SIDE / pixel), int(SIDE / pixel), pixel)
    harmonics = ((2, 0.1, float(seed)), (3, 0.05, 0.0))
    projection = LesionProjection(lesion, SIDE / 2, SIDE / 2, 0.0, harmonics, (), (), 0)
    five = np.full(grid.shape, 5, np.float32)
    maps = draw_lesion_maps(ViewKey(seed, False, False), [projection], five, grid)
    return Phantom(
        grid=grid,
        tissues={"skin": 0 * five},
        parenchyma=five,
        iodine=maps.iodine,
        thickness=five,
        distance=five,
        label=maps.label,
        lesions=(projection,),
        calcifications=draw_specks([], grid),
    )


def masks(lesion: Lesion, pixel: float = 0.5, seed: int = 0):
    phantom = phantom_with(lesion, pixel, seed)
    return mass_mask(phantom), second_reader_mask(ViewKey(seed, False, False), phantom)


def dice(one, other) -> float:
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@cache
def readings():
    return [masks(lesion, seed=seed) for seed, lesion in enumerate(enhancing_lesions(100))]


def test_two_readers_agree_as_readers_do():
    found = [dice(*pair) for pair in readings()]

    assert 0.80 < np.mean(found) < 0.92
    assert min(found) > 0.5
    assert max(found) < 1


def test_neither_reader_outlines_more_on_average():
    ratios = [np.log(second.sum() / first.sum()) for first, second in readings()]

    assert abs(np.mean(ratios)) < 4 * np.std(ratios) / np.sqrt(len(ratios))


def test_outlines_differ_by_a_few_millimeters_at_most():
    for first, second in readings()[:30]:
        for one, other in ((first, second), (second, first)):
            away = ndimage.distance_transform_edt(~one) * 0.5

            assert away[other].max() < 5


@pytest.mark.parametrize("pixel", [0.5, 2.25, 8.0])
def test_both_readers_outline_the_same_lesions(pixel):
    small = replace(enhancing_lesions(1)[0], diameter=5.0, elongation=1.0)
    for seed in range(30):
        first, second = masks(small, pixel, seed)

        assert first.any() == second.any()


def test_second_outline_is_the_same_at_every_size():
    fine, coarse = (masks(enhancing_lesions(1)[0], pixel)[1] for pixel in (0.25, 0.5))
    blocks = fine.reshape(len(coarse), 2, len(coarse), 2).mean((1, 3)) > 0.4

    assert dice(blocks, coarse) > 0.95


def test_lesion_without_uptake_is_outlined_by_no_reader():
    first, second = masks(replace(enhancing_lesions(1)[0], concentration=0.0))

    assert not first.any()
    assert not second.any()


def test_each_draw_of_what_is_hidden_is_read_anew():
    phantom = phantom_with(replace(enhancing_lesions(1)[0], kind=LesionKind.ROUND), 0.5)
    readings = [
        second_reader_mask(ViewKey(0, False, False, hidden), phantom).sum() for hidden in range(4)
    ]

    assert len(set(readings)) == 4
