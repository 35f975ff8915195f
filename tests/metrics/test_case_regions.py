from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cem_monai.metrics import CaseMeasures, CaseRegions, KnownPosition, MeasureOptions
from naive_case import naive_ring

Mask = np.ndarray[Any, Any]
SHAPE = (60, 80)
BREAST = np.zeros(SHAPE, bool)
BREAST[10:50, :60] = True
EMPTY = np.zeros(SHAPE, bool)


def block(row: int, column: int, height: int, width: int = 4) -> Mask:
    mask = np.zeros(SHAPE, bool)
    mask[row : row + height, column : column + width] = True
    return mask


LARGE, SMALL, TINY = block(12, 5, 6), block(30, 20, 4), block(44, 40, 2)
MASSES = LARGE | SMALL | TINY
AROUND = block(12, 12, 10)


def same(found: Mask, expected: Mask) -> bool:
    np.testing.assert_array_equal(found, expected)
    return True


# Readers


def test_readings_are_masks_of_those_who_drew_a_mass() -> None:
    regions = CaseRegions(BREAST, [(3 * LARGE.astype(np.uint8), AROUND), (EMPTY, AROUND)])
    assert set(regions.readings) == {"first"}
    mass, surround = regions.readings["first"]
    assert mass.dtype == surround.dtype == bool
    assert same(mass, LARGE)
    assert same(surround, AROUND)
    assert not regions.surround_is_ring


def test_ring_stands_in_for_each_reader_alone() -> None:
    regions = CaseRegions(BREAST, [(LARGE, AROUND), (SMALL, None)])
    assert same(regions.readings["second"][1], naive_ring(SMALL, BREAST))
    assert not regions.surround_is_ring
    assert CaseRegions(BREAST, [(LARGE, EMPTY), (SMALL, AROUND)]).surround_is_ring


def test_mass_is_the_first_readers_and_lesions_are_everyones() -> None:
    regions = CaseRegions(BREAST, [(LARGE, None), (SMALL, None)])
    assert same(regions.mass, LARGE)
    assert same(regions.lesions, LARGE | SMALL)


@pytest.mark.parametrize("readers", [[], [(EMPTY, None)], [(EMPTY, AROUND), (EMPTY, EMPTY)]])
def test_without_a_mass_there_is_no_lesion(readers: list[Any]) -> None:
    regions = CaseRegions(BREAST, readers)
    assert regions.readings == {}
    assert regions.single_lesions == regions.lesion_kinds == []
    assert not regions.surround_is_ring
    assert same(regions.mass, EMPTY)
    assert same(regions.lesions, EMPTY)


def test_mass_of_the_second_reader_alone_is_measured() -> None:
    """A mass of few pixels can get lost in resizing, in one reader's mask only."""
    regions = CaseRegions(BREAST, [(EMPTY, AROUND), (LARGE, None)], pixel_area=1.0)
    image = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    measures = CaseMeasures(image, regions, MeasureOptions((0, 4799), 4, 4))
    row, (lesion,) = measures.case_row(image), measures.lesion_rows(image)
    assert same(regions.mass, LARGE)
    assert regions.surround_is_ring
    assert row["mass_pixels"] == lesion["lesion_pixels"] == LARGE.sum()
    assert math.isnan(row["mass_delta_cnr_first"])
    assert row["mass_delta_cnr"] == row["mass_delta_cnr_second"] == 0


# Lesions


def test_lesions_come_largest_first() -> None:
    regions = CaseRegions(BREAST, [(MASSES, None)])
    for lesion, expected in zip(regions.single_lesions, (LARGE, SMALL, TINY), strict=True):
        assert same(lesion["first"][0], expected)


def test_second_reader_has_part_in_the_lesions_that_he_drew() -> None:
    moved = block(29, 22, 4)
    regions = CaseRegions(BREAST, [(MASSES, AROUND), (LARGE | moved, AROUND)])
    large, small, tiny = regions.single_lesions
    assert set(large) == set(small) == {"first", "second"}
    assert set(tiny) == {"first"}
    assert same(large["second"][0], LARGE)
    assert same(small["second"][0], moved)


def test_second_readers_best_overlap_counts() -> None:
    """He took one long lesion for two; the larger share is the same lesion."""
    long = block(20, 10, 3, 20)
    pieces = block(20, 8, 3, 6), block(20, 18, 3, 10)
    (lesion,) = CaseRegions(BREAST, [(long, None), (pieces[0] | pieces[1], None)]).single_lesions
    assert same(lesion["second"][0], pieces[1])


def test_rings_of_several_lesions_are_clear_of_all_masses() -> None:
    near = block(12, 12, 5)
    second = block(13, 18, 3, 3)
    regions = CaseRegions(BREAST, [(LARGE | near, AROUND), (second, None)])
    for lesion, piece in zip(regions.single_lesions, (LARGE, near), strict=True):
        surround = lesion["first"][1]
        assert same(surround, naive_ring(piece, BREAST & ~((LARGE | near | second) & ~piece)))
        assert not (surround & (LARGE | near | second)).any()


def test_only_lesion_keeps_the_surrounds_as_drawn() -> None:
    regions = CaseRegions(BREAST, [(LARGE, AROUND), (LARGE, block(13, 14, 9))])
    (lesion,) = regions.single_lesions
    assert same(lesion["first"][1], AROUND)
    assert same(lesion["second"][1], block(13, 14, 9))


def test_kind_is_that_of_the_nearest_known_position() -> None:
    known = [KnownPosition("tiny", 45, 41), KnownPosition("small", 32, 22)]
    known.append(KnownPosition("large", 14, 9))
    assert CaseRegions(BREAST, [(MASSES, None)], known_lesions=known).lesion_kinds == [
        *("large", "small", "tiny")
    ]
    assert CaseRegions(BREAST, [(MASSES, None)], known_lesions=known[:1]).lesion_kinds == (
        ["tiny"] * 3
    )


def test_kinds_are_empty_where_none_is_known() -> None:
    assert CaseRegions(BREAST, [(MASSES, None)]).lesion_kinds == [""] * 3


def test_diameter_is_that_of_the_disk_of_the_same_area() -> None:
    regions = CaseRegions(BREAST, [(LARGE, None)], pixel_area=0.5)
    assert regions.diameter(LARGE) ** 2 * math.pi / 4 == pytest.approx(24 * 0.5)
    assert math.isnan(CaseRegions(BREAST).diameter(LARGE))


# Cropping


def test_cropped_cuts_all_masks_alike() -> None:
    known = [KnownPosition("round", 32.5, 21.0)]
    breast = np.roll(BREAST, 15, axis=1)
    readers = [(np.roll(MASSES, 15, axis=1), None), (EMPTY, AROUND)]
    decoy, mirrored = block(20, 30, 3), block(40, 40, 3)
    regions = CaseRegions(breast, readers, decoy, mirrored, 0.5, known)
    (rows, columns), part = regions.cropped(5, 4)
    # first rows and columns 10 and 12 (that of the surround), less 5, at multiples of 4
    assert (rows, columns) == (slice(4, 55), slice(4, 80))
    assert same(part.inside, breast[rows, columns])
    assert same(part.mass, regions.mass[rows, columns])
    assert same(part.readers[1][1], AROUND[rows, columns])
    assert same(part.decoy, decoy[rows, columns])
    assert same(part.mirrored, mirrored[rows, columns])
    assert part.known_lesions == [KnownPosition("round", 28.5, 17)]
    assert part.pixel_area == 0.5


@pytest.mark.parametrize("name", ["breast", "mass", "surround", "decoy", "mirrored"])
def test_cropped_keeps_every_mask_whole(name: str) -> None:
    """Also what lies outside of the breast."""
    masks = dict.fromkeys(("breast", "mass", "surround", "decoy", "mirrored"), EMPTY)
    masks[name] = block(25, 33, 7)
    readers = [(masks["mass"], masks["surround"])]
    regions = CaseRegions(masks["breast"], readers, masks["decoy"], masks["mirrored"])
    (rows, columns), _ = regions.cropped(2, 3)
    assert (rows, columns) == (slice(21, 34), slice(30, 39))
    assert masks[name][rows, columns].sum() == masks[name].sum()


def test_nothing_to_crop_to() -> None:
    regions = CaseRegions(EMPTY, [(EMPTY, None)])
    part, same_regions = regions.cropped(2, 3)
    assert EMPTY[part].shape == SHAPE
    assert same_regions is regions


# What is refused


def test_more_than_two_readers_raise() -> None:
    with pytest.raises(ValueError, match="at most 2 readers"):
        CaseRegions(BREAST, [(LARGE, None)] * 3)


@pytest.mark.parametrize(
    ("masks", "name"),
    [
        ({"decoy": EMPTY[1:]}, "decoy"),
        ({"mirrored": EMPTY[1:]}, "mirrored"),
        ({"readers": [(EMPTY[1:], None)]}, "mass of the first reader"),
        ({"readers": [(EMPTY, None), (EMPTY[1:], None)]}, "mass of the second reader"),
        ({"readers": [(EMPTY, EMPTY[1:])]}, "surround of the first"),
        ({"readers": [(EMPTY, None), (EMPTY, EMPTY[1:])]}, "surround of the second"),
    ],
)
def test_other_shapes_raise_and_are_named(masks: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} \(59, 80\) and breast \(60, 80\) differ"):
        CaseRegions(BREAST, **masks)


def test_mask_with_channels_raises() -> None:
    with pytest.raises(ValueError, match=r"breast must have the shape \(H, W\), got \(1, 60, 80\)"):
        CaseRegions(BREAST[None])
