"""The phantom for dose pairs: what lies in it, and that all arrangements hold the same things."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cem_monai.simulator import dose_phantom
from cem_monai.simulator.dose_box import CENTER, RADIUS, THICKNESS, box_thickness, dose_grid
from cem_monai.simulator.dose_film import draw_film, lay_film
from cem_monai.simulator.dose_inserts import InsertKind, draw_inserts
from cem_monai.simulator.dose_phantom import draw_dose_phantom
from cem_monai.simulator.grid import Grid
from cem_monai.simulator.tubes import Tube, draw_tubes

GRID = dose_grid(0.8)
BOX = 180


@pytest.fixture(scope="module")
def phantoms():
    return {number: draw_dose_phantom(0, number, GRID) for number in (1, 2, 12)}


def test_detector_is_that_of_the_paper():
    assert dose_grid(0.1) == Grid(2294, 1914, 0.1)


@pytest.mark.parametrize("pixel", [0.0, -1.0, 0.05, 2.5, float("nan")])
def test_impossible_pixel_is_refused(pixel):
    with pytest.raises(ValueError, match=f"pixel must lie between 0.1 and 2.0 mm, got {pixel}"):
        dose_grid(pixel)


def test_rim_of_the_box_is_a_quarter_ellipse():
    distance = np.array([-5, 0, 3, 6, 50], np.float32)
    half_way = THICKNESS * np.sqrt(1 - 0.5**2)

    assert box_thickness(distance) == pytest.approx([0, 0, half_way, THICKNESS, THICKNESS])


def test_box_is_a_half_disc(phantoms):
    area = phantoms[1].inside.sum() * GRID.pixel**2

    assert area == pytest.approx(np.pi * RADIUS**2 / 2, rel=0.005)


@pytest.mark.parametrize("number", [1, 2, 12])
def test_paths_add_up_to_the_thickness(phantoms, number):
    phantom = phantoms[number]
    total = np.sum(list(phantom.materials.values()), axis=0)

    assert total == pytest.approx(phantom.thickness, abs=1e-5)
    assert all(path.min() >= 0 for path in phantom.materials.values())
    assert all(not path[~phantom.inside].any() for path in phantom.materials.values())


def test_film_lies_in_one_piece_elsewhere():
    film = draw_film(0, 1, BOX)
    laid = lay_film(film, np.random.default_rng(3))

    assert np.array_equal(np.sort(laid, axis=None), np.sort(film, axis=None))
    assert np.abs(laid - film).max() > 0.01
    # one of the eight ways to lay a square, displaced, is the film itself
    ways = [np.rot90(way, turn) for way in (laid, laid.T) for turn in range(4)]
    spectra = [np.fft.fft2(film) * np.conj(np.fft.fft2(way)) for way in ways]
    best = max(np.fft.ifft2(spectrum).real.max() for spectrum in spectra)
    assert best == pytest.approx((film.astype(float) ** 2).sum(), rel=1e-4)


def test_films_differ_from_each_other_and_between_phantoms():
    films = [draw_film(seed, number, BOX).ravel() for seed, number in ((0, 1), (0, 2), (1, 1))]

    assert np.abs(np.corrcoef(films) - np.eye(3)).max() < 0.3


def test_arrangements_hold_the_same_films_laid_anew(monkeypatch):
    seen = []

    def watched(film, rng):
        laid = lay_film(film, rng)
        seen.append((film, laid))
        return laid

    monkeypatch.setattr(dose_phantom, "lay_film", watched)
    grid = dose_grid(2.0)
    draw_dose_phantom(0, 1, grid)
    draw_dose_phantom(0, 2, grid)
    half = len(seen) // 2
    for (film, laid), (again, relaid) in zip(seen[:half], seen[half:], strict=True):
        assert np.array_equal(film, again)
        assert not np.array_equal(laid, relaid)


def test_arrangements_look_different(phantoms):
    inner = phantoms[1].distance > 12
    paths = [phantom.materials["pvc"][inner] for phantom in phantoms.values()]

    assert np.abs(np.corrcoef(paths) - np.eye(3)).max() < 0.3


def test_phantom_is_the_same_at_every_resolution(phantoms):
    fine, coarse = phantoms[1], draw_dose_phantom(0, 1, dose_grid(1.6))
    rows, columns = (n // 2 for n in GRID.shape)
    blocks = fine.materials["pvc"][: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    means = blocks.mean((1, 3))

    assert coarse.inserts == fine.inserts
    corner = coarse.materials["pvc"][:rows, :columns]
    assert np.corrcoef(means.ravel(), corner.ravel())[0, 1] > 0.98


def shape(insert):
    """Distances of an insert's parts from its center: they do not change when it is moved."""
    ends = [(tube.x1 - insert.x) + 1j * (tube.y1 - insert.y) for tube in insert.tubes]
    return insert.kind, np.abs(ends), [tube.radius for tube in insert.tubes]


@pytest.mark.parametrize("number", [1, 2, 12])
def test_arrangements_hold_the_same_inserts(phantoms, number):
    for insert, drawn in zip(phantoms[number].inserts, draw_inserts(0), strict=True):
        kind, distances, radii = shape(insert)
        same_kind, same_distances, same_radii = shape(drawn)

        assert kind is same_kind
        assert distances == pytest.approx(same_distances, abs=1e-9)
        assert radii == same_radii


def test_inserts_are_two_models_of_nodules_and_four_clusters():
    kinds = [insert.kind for insert in draw_inserts(5)]

    assert kinds.count(InsertKind.CIRCUMSCRIBED) == kinds.count(InsertKind.SPICULATED) == 2
    assert kinds.count(InsertKind.CLUSTER) == 4


@pytest.mark.parametrize("number", [1, 2, 12])
def test_inserts_lie_apart_in_the_full_thickness(phantoms, number):
    inserts = phantoms[number].inserts
    for index, insert in enumerate(inserts):
        assert insert.x > insert.radius
        assert np.hypot(insert.x, insert.y - CENTER) + insert.radius < RADIUS - 6
        for other in inserts[:index]:
            apart = np.hypot(insert.x - other.x, insert.y - other.y)
            assert apart > insert.radius + other.radius


def test_inserts_are_moved_between_arrangements(phantoms):
    first, second = phantoms[1].inserts, phantoms[2].inserts

    assert all(a.x != b.x and a.y != b.y for a, b in zip(first, second, strict=True))


def test_ball_has_the_volume_of_a_ball():
    path = draw_tubes([Tube(5, 5, 5, 5, 3)], Grid(100, 100, 0.1))

    assert path.sum() * 10 * 0.1**2 == pytest.approx(4 / 3 * np.pi * 3**3, rel=1e-3)


@pytest.mark.parametrize("number", [1, 12])
def test_masks_tell_nodules_from_their_surroundings(phantoms, number):
    phantom = phantoms[number]
    bodies = [insert.body for insert in phantom.inserts if insert.is_nodule]
    resin, granules = phantom.materials["resin"], phantom.materials["calc"]

    assert phantom.nodules.sum() * GRID.pixel**2 == pytest.approx(
        np.pi * np.square(bodies).sum(), rel=0.05
    )
    assert (resin[phantom.nodules] > 0).all()
    assert not resin[phantom.surround].any()
    assert not granules[phantom.surround].any()
    assert (phantom.thickness[phantom.surround] == np.float32(THICKNESS)).all()


@pytest.mark.parametrize("arrangement", [0, -1, 100, 1.5, True, "1"])
def test_impossible_arrangement_is_refused(arrangement):
    message = "arrangement must be a whole number from 1 to 99"
    with pytest.raises(ValueError, match=message):
        draw_dose_phantom(0, arrangement, GRID)


@pytest.mark.slow
def test_texture_is_that_of_a_breast():
    """Exponent of the power spectrum, 0.15 to 0.7 per mm: 3.2 +/- 0.2 in mammograms (Chen 2012)."""
    pixel, side = 0.2, 128
    exponents = []
    for number in (1, 2, 3):
        path = draw_dose_phantom(0, number, dose_grid(pixel)).materials["pvc"]
        power = np.zeros((side, side))
        window = np.hanning(side)[:, None] * np.hanning(side)[None]
        for row in range(320, 700, side // 2):
            patch = path[row : row + side, 60 : 60 + side]
            power += np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
        frequency = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(side, pixel)]))
        edges = np.arange(0.15, 0.7, 1 / side / pixel)
        rings = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
        logs = [(np.log(frequency[ring]).mean(), np.log(power[ring].mean())) for ring in rings]
        exponents.append(-np.polyfit(*np.transpose(logs), 1)[0])

    assert 2.8 < np.mean(exponents) < 3.6
