from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from cem_monai.evaluation import EvaluationCase, Patch, Position, lesion_patches, matched_patches
from cem_monai.evaluation.breast_coordinates import depth_from_skin
from cem_monai.evaluation.lesion_patches import CANDIDATES, CELLS, NEGATIVES, SIDE
from lesion_cases import GREY, TOP, case_of, half_disk, lesion_case

RANGE = (0.0, TOP)


def disk(size: int, row: float, column: float, radius: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return np.asarray(np.hypot(y - row, x - column) <= radius)


def noise(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4096, (size, size), dtype=np.int32)


def patches_of(case: EvaluationCase, seed: int = 0) -> list[Patch]:
    return lesion_patches(case, [case.recombined], data_range=RANGE, seed=seed)


def naive_patch(image: np.ndarray, breast: np.ndarray, position: Position) -> np.ndarray:
    """Cell by cell and pixel by pixel."""
    step = SIDE * breast.sum() ** 0.5 / CELLS
    cells = np.full((CELLS, CELLS), np.nan)
    for i, j in np.ndindex(cells.shape):
        top = position.row + 0.5 + (i - CELLS / 2) * step
        left = position.column + 0.5 + (j - CELLS / 2) * step
        area = total = 0.0
        for row, column in np.argwhere(breast):
            height = min(top + step, row + 1) - max(top, row)
            width = min(left + step, column + 1) - max(left, column)
            if height > 0 and width > 0:
                area += height * width
                total += height * width * image[row, column]
        if area:
            cells[i, j] = total / area / GREY
    return cells


@pytest.mark.parametrize("size", [14, 30])
def test_cells_are_means_by_area_of_the_breast_in_grey_levels(size: int) -> None:
    case = case_of(noise(size), disk(size, size / 2, 0, 1))

    patch = patches_of(case)[0]

    expected = naive_patch(case.recombined, case.breast, patch.position)
    assert np.isnan(expected).any()  # the patch reaches over the edge
    np.testing.assert_allclose(patch.pixels[0], expected, atol=1e-9)


def test_air_and_what_is_beyond_the_range_do_not_disturb() -> None:
    case = case_of(noise(30), disk(30, 15, 11, 1))
    other = np.where(case.breast, case.recombined, 10**6)

    patches = lesion_patches(case, [case.recombined, other], data_range=RANGE)

    for patch in patches:
        np.testing.assert_array_equal(patch.pixels[0], patch.pixels[1])


def test_data_range_gives_the_grey_levels() -> None:
    case = case_of(noise(30), disk(30, 15, 5, 2))

    (whole, *_), (half, *_) = (
        lesion_patches(case, [case.recombined], data_range=one) for one in (RANGE, (100, TOP))
    )

    stored = whole.pixels * GREY
    np.testing.assert_allclose(half.pixels, (stored - 100) / (TOP - 100) * 255)


def test_finer_pixels_give_the_same_patches_of_lesions() -> None:
    coarse = case_of(noise(40), disk(40, 20, 7, 2))
    image, mass, breast = (
        np.kron(one, np.ones((3, 3), one.dtype))
        for one in (coarse.recombined, coarse.readers[0].mass, coarse.breast)
    )

    fine = patches_of(case_of(image, mass, breast=breast))[0]

    np.testing.assert_allclose(fine.pixels, patches_of(coarse)[0].pixels, atol=1e-9)


def test_each_piece_of_the_first_readers_mass_is_a_lesion() -> None:
    first = disk(64, 30, 8, 2) | disk(64, 40, 15, 4)
    case = case_of(noise(64), first, disk(64, 20, 15, 3))

    lesions = [one.position for one in patches_of(case) if one.position.is_lesion]

    assert [(one.row, one.column) for one in lesions] == [(40, 15), (30, 8)]
    depth = np.zeros(case.breast.shape)
    depth[case.breast] = depth_from_skin(case.breast)
    assert [one.depth for one in lesions] == [depth[40, 15], depth[30, 8]]


def test_center_of_a_crescent_lies_in_it() -> None:
    crescent = disk(64, 32, 12, 8) & ~disk(64, 32, 14, 7)
    case = case_of(noise(64), crescent)

    position = patches_of(case)[0].position

    assert crescent[position.row, position.column]


def test_lesion_outside_of_the_breast_has_no_patch() -> None:
    case = case_of(noise(64), disk(64, 32, 10, 2) | disk(64, 3, 60, 2))

    assert sum(one.position.is_lesion for one in patches_of(case)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_circle_of_a_patch_without_lesion_meets_no_readers_mass(seed: int) -> None:
    masses = disk(64, 30, 8, 2) | disk(64, 40, 15, 3), disk(64, 20, 15, 3)
    case = case_of(noise(64), *masses)
    pixels = np.argwhere(masses[0] | masses[1])

    found = [one.position for one in patches_of(case, seed) if not one.position.is_lesion]

    assert len(found) == CANDIDATES == len({(one.row, one.column) for one in found})
    for one in found:
        assert case.breast[one.row, one.column]
        distance = np.hypot(*(pixels - (one.row, one.column)).T).min()
        assert distance > SIDE * case.breast.sum() ** 0.5 / 2


def test_every_place_with_room_can_be_drawn() -> None:
    mass = half_disk(64) & ~disk(64, 50, 3, 9)
    case = case_of(noise(64), mass)
    margin = SIDE * case.breast.sum() ** 0.5 / 2
    pixels = np.argwhere(mass)
    room = {
        (row, column)
        for row, column in np.argwhere(case.breast).tolist()
        if np.hypot(*(pixels - (row, column)).T).min() > margin
    }

    drawn = [one.position for seed in range(80) for one in patches_of(case, seed)]

    assert {(one.row, one.column) for one in drawn if not one.is_lesion} == room


def test_mass_that_leaves_no_room() -> None:
    case = case_of(noise(64), half_disk(64))

    assert [one.position.is_lesion for one in patches_of(case)] == [True]


def test_breast_without_a_mass_has_positions_without_lesion() -> None:
    assert [one.position.is_lesion for one in patches_of(case_of(noise(64)))] == [
        False
    ] * CANDIDATES


def test_positions_hang_on_seed_and_case_only() -> None:
    case = case_of(noise(64))
    first, again, other_seed, other_case = (
        [(one.position.row, one.position.column) for one in patches]
        for patches in (
            patches_of(case),
            patches_of(case),
            patches_of(case, seed=1),
            patches_of(replace(case, name="other")),
        )
    )

    assert first == again
    assert first != other_seed
    assert first != other_case


def at_depth(depth: float, is_lesion: bool, number: int = 0) -> Patch:
    pixels = np.zeros((1, CELLS, CELLS))
    return Patch(f"{number}", "patient", Position(0, 0, depth, is_lesion), pixels)


def test_matched_patches_are_the_nearest_in_depth_and_used_once() -> None:
    lesions = [at_depth(0.5, True, 0), at_depth(0.8, True, 1)]
    free = [
        at_depth(depth, False, number) for number, depth in enumerate((0.1, 0.45, 0.6, 0.7, 0.82))
    ]

    matched = matched_patches([*free, *lesions])

    assert NEGATIVES == 2
    assert [one.position.depth for one in matched] == [0.5, 0.8, 0.45, 0.82, 0.6, 0.7]


def test_too_few_candidates_are_all_kept() -> None:
    lesions = [at_depth(0.5, True, number) for number in range(3)]

    matched = matched_patches([at_depth(0.1, False), *lesions])

    assert sum(not one.position.is_lesion for one in matched) == 1


def test_order_of_the_cases_does_not_matter() -> None:
    patches = [one for number in range(6) for one in patches_of(lesion_case(number, contrast=9))]
    shuffled = patches.copy()
    random.Random(0).shuffle(shuffled)

    assert [id(one) for one in matched_patches(shuffled)] == [
        id(one) for one in matched_patches(patches)
    ]


def test_matched_tissue_is_as_deep_as_the_lesions() -> None:
    patches = [one for number in range(60) for one in patches_of(lesion_case(number, contrast=9))]
    lesions, matched, drawn = (
        np.median([one.position.depth for one in some])
        for some in (
            [one for one in patches if one.position.is_lesion],
            [one for one in matched_patches(patches) if not one.position.is_lesion],
            [one for one in patches if not one.position.is_lesion],
        )
    )

    assert abs(matched - lesions) < abs(drawn - lesions) / 5


def test_image_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"image \(30, 31\) and breast \(30, 30\) differ in shape"):
        lesion_patches(case_of(noise(30)), [np.zeros((30, 31))], data_range=RANGE)


def test_image_with_nan_is_refused() -> None:
    image = np.zeros((30, 30))
    image[1, 2] = np.nan

    with pytest.raises(ValueError, match=r"case image .* holds 1 NaN or infinite pixels"):
        lesion_patches(case_of(noise(30)), [image], data_range=RANGE)
