"""Calcifications: their volume on any grid, their place, what they do to both images."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cem_monai.simulator import LesionKind, Protocol, SimulatedView, simulate_view
from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.calcifications import Speck, place_specks
from cem_monai.simulator.grid import Grid
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.recombination import calibrate
from cem_monai.simulator.speck_pixels import draw_specks
from cem_monai.simulator.spectra import technique
from populations import only_kind

STILL = Protocol(noise=False, motion=0.0, contrast_agent=False)
SEED = 21


@cache
def view(calcified: float, size: int = 512) -> SimulatedView:
    population = only_kind(LesionKind.NON_MASS, calcified=calcified)
    return simulate_view(
        SEED,
        laterality="L",
        view_position="CC",
        size=size,
        population=population,
        protocol=STILL,
    )


def image(specks: list[Speck], grid: Grid):
    rows, columns, path = draw_specks(specks, grid)
    path_map = np.zeros(grid.shape)
    path_map[rows, columns] = path
    return path_map


@pytest.mark.parametrize("pixel", [0.05, 0.1, 0.28125, 0.5625, 2.25])
@pytest.mark.parametrize(("diameter", "aspect"), [(0.12, 1.0), (0.3, 1.7), (0.5, 2.0)])
def test_speck_keeps_its_volume_and_place_on_every_grid(pixel, diameter, aspect):
    speck = Speck(x=5.03, y=4.91, diameter=diameter, aspect=aspect, angle=0.7)
    grid = Grid(int(10 / pixel), int(10 / pixel), pixel)
    volume = image([speck], grid) * 10 * pixel**2  # cm to mm
    y, x = grid.coordinates()

    assert volume.sum() == pytest.approx(np.pi / 6 * diameter**3, rel=1e-5)
    assert (volume * x).sum() / volume.sum() == pytest.approx(speck.x, abs=pixel / 2)
    assert (volume * y).sum() / volume.sum() == pytest.approx(speck.y, abs=pixel / 2)


def test_path_through_the_middle_is_the_diameter():
    speck = Speck(x=5.05, y=5.05, diameter=0.5, aspect=1.5, angle=0.3)

    assert image([speck], Grid(100, 100, 0.1)).max() == pytest.approx(0.05, rel=0.05)


def test_specks_in_one_pixel_add_up():
    speck = Speck(x=5.0, y=5.0, diameter=0.3, aspect=1.0, angle=0.0)
    grid = Grid(20, 20, 0.5)

    np.testing.assert_allclose(image([speck, speck], grid), 2 * image([speck], grid), rtol=1e-6)


def test_specks_beyond_the_border_are_left_out():
    speck = Speck(x=-3.0, y=5.0, diameter=0.3, aspect=1.0, angle=0.0)

    assert not image([speck], Grid(20, 20, 0.5)).any()


def test_cluster_lies_within_its_lesion():
    specks = place_specks(np.random.default_rng(0), (0.2,) * 500, (50.0, 80.0), (15.0, 6.0), 0.8)
    dx, dy = np.array([(one.x - 50, one.y - 80) for one in specks]).T
    along, across = dx * np.cos(0.8) + dy * np.sin(0.8), dy * np.cos(0.8) - dx * np.sin(0.8)

    assert np.hypot(along / 15, across / 6).max() < 1


def test_clusters_hold_five_to_thirty_specks_of_a_tenth_to_half_a_millimeter():
    population = only_kind(LesionKind.SPICULATED, calcified=1.0)
    breasts = [draw_breast(ViewKey(seed, False, False), population) for seed in range(200)]
    clusters = [lesion.specks for one in breasts for lesion in one.lesions if lesion.density]
    counts, diameters = [len(one) for one in clusters], np.concatenate(clusters)

    assert 5 <= min(counts) < 8
    assert 25 < max(counts) <= 30
    assert 0.1 <= diameters.min() < 0.15
    assert 0.4 < diameters.max() <= 0.5


def test_only_a_share_of_spiculated_masses_is_calcified():
    population = only_kind(LesionKind.SPICULATED, calcified=0.3)
    breasts = [draw_breast(ViewKey(seed, False, False), population) for seed in range(400)]
    found = [bool(lesion.specks) for one in breasts for lesion in one.lesions if lesion.density]

    assert np.mean(found) == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / len(found)))


def test_calcifications_are_bright_in_the_low_energy_image_and_faint_in_the_recombined_one():
    low, recombined = (
        getattr(view(1.0), name).astype(float) - getattr(view(0.0), name)
        for name in ("low_energy", "recombined")
    )
    specks = low > 100

    assert low[specks].max() > 300
    assert not (specks & ~(view(1.0).mass | view(1.0).decoy)).any()
    assert np.abs(recombined[specks]).max() < 0.05 * low[specks].max()
    assert np.abs(recombined[~specks]).max() < 3


@pytest.mark.parametrize(("name", "thickness"), [("MoRh28", 2.5), ("RhRh29", 5.3), ("RhRh31", 8.0)])
def test_recombination_cancels_four_fifths_of_a_calcification(name, thickness):
    low, high = technique(name), technique("RhCu49")
    calibration = calibrate(low, high, thickness)
    path = np.array([0.0, 0.03])
    fat, gland = 0.8 * (thickness - 0.3) - path, 0.2 * (thickness - 0.3) + 0 * path
    tissues = {"skin": 0.3 + 0 * path, "adipose": fat, "gland": gland, "calc": path}
    logarithms = [np.log(transmit(one, tissues, 0.0)) for one in (low, high)]
    low_alone = calibration.subtract(logarithms[0], np.float32(0))
    recombined = calibration.subtract(*logarithms)

    assert abs(np.diff(recombined)[0]) < 0.25 * abs(np.diff(low_alone)[0])


def test_number_of_specks_is_told_for_every_lesion():
    assert all(5 <= lesion["specks"] <= 30 for lesion in view(1.0).parameters["lesions"])
    assert all(lesion["specks"] == 0 for lesion in view(0.0).parameters["lesions"])
