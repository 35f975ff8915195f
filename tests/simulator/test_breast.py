"""What is drawn for patients, breasts and lesions, before any pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cem_monai.simulator import LesionKind, Population
from cem_monai.simulator.breast import Breast, draw_breast
from cem_monai.simulator.population import MORPHOLOGIES
from cem_monai.simulator.random_streams import ViewKey

SEEDS = range(300)
VISIBLE_OCCULT = {
    **MORPHOLOGIES,
    LesionKind.OCCULT: replace(MORPHOLOGIES[LesionKind.OCCULT], calcified=0.5),
}
WITHOUT_DENSITY = (LesionKind.NON_MASS, LesionKind.OCCULT)


def breasts(seed: int, population: Population) -> tuple[Breast, Breast]:
    left, right = (draw_breast(ViewKey(seed, right, False), population) for right in (False, True))
    return left, right


def test_both_views_show_the_same_breast():
    craniocaudal, oblique = (
        draw_breast(ViewKey(7, False, oblique), Population()) for oblique in (False, True)
    )

    assert craniocaudal.lesions
    assert craniocaudal == oblique


def test_breasts_of_a_patient_resemble_each_other():
    pairs = [breasts(seed, Population()) for seed in SEEDS]
    left, right = np.array([[breast.thickness for breast in pair] for pair in pairs]).T

    assert np.corrcoef(left, right)[0, 1] > 0.95
    assert all(one.enhancement_level == other.enhancement_level for one, other in pairs)


def test_thickness_and_density_match_the_literature():
    left = [breasts(seed, Population())[0] for seed in SEEDS]

    # Yaffe 2009: 5.9 +- 1.6 cm, 19 % with skin; GE site of the reference study: 5.3 cm
    assert 5.0 < np.mean([breast.thickness for breast in left]) < 6.0
    assert 0.13 < np.mean([breast.density for breast in left]) < 0.22


def test_share_of_normal_exams_follows_the_population():
    without = [not any(one.lesions for one in breasts(seed, Population())) for seed in SEEDS]

    assert np.mean(without) == pytest.approx(0.2, abs=0.07)


def test_all_normal_population_has_no_lesions():
    population = Population(normal_exams=1.0)

    assert not any(breast.lesions for seed in range(20) for breast in breasts(seed, population))


def test_exam_that_is_not_normal_holds_a_lesion():
    population = Population(normal_exams=0.0, visible_lesions=(1.0,), contralateral_lesion=0.0)
    kinds = [
        [lesion.kind for one in breasts(seed, population) for lesion in one.lesions]
        for seed in range(20)
    ]

    assert all(found == [LesionKind.OCCULT] for found in kinds)


def test_every_kind_of_lesion_and_uptake_occurs():
    lesions = [
        lesion
        for seed in SEEDS
        for breast in breasts(seed, Population())
        for lesion in breast.lesions
    ]

    assert {lesion.kind for lesion in lesions} == set(LesionKind)
    assert len({lesion.pattern for lesion in lesions}) == 3
    assert any(not lesion.enhancing for lesion in lesions)
    assert all(lesion.density == 0 for lesion in lesions if lesion.kind in WITHOUT_DENSITY)


def test_lesions_have_the_sizes_of_their_kind():
    lesions = [
        lesion for seed in SEEDS for one in breasts(seed, Population()) for lesion in one.lesions
    ]
    lengths = [one.length for one in lesions if one.kind is LesionKind.NON_MASS]
    diameters = [one.diameter for one in lesions if one.kind is not LesionKind.NON_MASS]

    assert 11.99 < min(lengths) < 15
    assert 40 < max(lengths) < 50.01
    assert 5 <= min(diameters) < 7
    assert 30 < max(diameters) <= 36
    assert all(one.elongation == 1 for one in lesions if one.kind is not LesionKind.NON_MASS)


def test_spiculated_lesions_enhance_more_often_than_round_ones():
    lesions = [
        lesion for seed in SEEDS for one in breasts(seed, Population()) for lesion in one.lesions
    ]
    share = {
        kind: np.mean([lesion.enhancing for lesion in lesions if lesion.kind is kind])
        for kind in (LesionKind.ROUND, LesionKind.SPICULATED)
    }

    assert share[LesionKind.SPICULATED] > 0.9
    assert share[LesionKind.ROUND] < 0.5


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"normal_exams": 1.2}, "normal_exams must be a probability from 0 to 1, got 1.2"),
        ({"uptake_spread": float("nan")}, r"uptake_spread must lie between 0 and 2, got nan"),
        ({"enhancement_concentrations": (0, 0, 0, -1)}, r"concentrations must lie .* got -1"),
        ({"thickness": -3.0}, r"thickness must lie between 2.2 and 9 cm, got -3"),
        ({"density": 1.5}, r"density must lie between 0.035 and 0.62, got 1.5"),
        ({"visible_lesions": (0.5, 0.4)}, r"visible_lesions .* add up to 1, got \(0.5, 0.4\)"),
        ({"enhancement_levels": (1.0,)}, "enhancement_concentrations must hold 1 values"),
        (
            {"morphologies": {}},
            r"morphologies must hold every kind of lesion, \['round', .* missing",
        ),
        ({"morphologies": VISIBLE_OCCULT}, "calcified must be 0 for occult lesions, got 0.5"),
    ],
)
def test_impossible_population_is_refused(argument, message):
    with pytest.raises(ValueError, match=message):
        Population(**argument)
