"""Draws of what the low-energy image cannot reveal, below one and the same low-energy image."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cem_monai.simulator import LesionKind, Population, Protocol, SimulatedView, simulate_view
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.occult import affected_probabilities, occult_probability
from cem_monai.simulator.random_streams import ViewKey

WITHOUT_AGENT = Protocol(contrast_agent=False)
SEED_WITH_LESION = 21
DRAWS = range(4)
SEEDS = range(600)


@cache
def view(
    seed: int = SEED_WITH_LESION,
    laterality: str = "L",
    view_position: str = "CC",
    protocol: Protocol | None = None,
    hidden: int = 0,
    twin: bool = False,
) -> SimulatedView:
    return simulate_view(
        seed,
        laterality=laterality,
        view_position=view_position,
        size=128,
        protocol=protocol,
        hidden=hidden,
        twin=twin,
    )


@pytest.mark.parametrize("seed", [7, 13, 14, SEED_WITH_LESION])
@pytest.mark.parametrize(("laterality", "view_position"), [("L", "CC"), ("R", "MLO")])
def test_hidden_draws_share_the_low_energy_image_without_contrast_agent(
    seed, laterality, view_position
):
    draws = [view(seed, laterality, view_position, WITHOUT_AGENT, hidden) for hidden in DRAWS]

    for other in draws[1:]:
        assert np.array_equal(draws[0].low_energy, other.low_energy)
        assert np.array_equal(draws[0].breast, other.breast)
        assert not np.array_equal(draws[0].recombined, other.recombined)


def test_hidden_draws_differ_in_iodine():
    one, other = view(hidden=1), view(hidden=2)

    assert not np.array_equal(one.recombined, other.recombined)
    assert not np.array_equal(one.iodine, other.iodine)
    assert one.parameters["density"] == other.parameters["density"]


def test_hidden_draw_is_reproducible():
    again = simulate_view(SEED_WITH_LESION, laterality="L", view_position="CC", size=128, hidden=3)

    assert np.array_equal(view(hidden=3).recombined, again.recombined)


def test_visible_lesions_keep_their_build_and_change_their_uptake():
    build = ("kind", "diameter_mm", "length_mm", "depth_mm", "density", "specks", "row", "column")
    visible = [
        [item for item in view(7, hidden=hidden).parameters["lesions"] if item["kind"] != "occult"]
        for hidden in DRAWS
    ]

    for lesions in zip(*visible, strict=True):
        assert len({tuple(lesion[key] for key in build) for lesion in lesions}) == 1
        assert len({lesion["concentration_mg_per_ml"] for lesion in lesions}) > 1


def test_occult_lesions_come_and_go_as_their_probability_says():
    population = Population(occult_lesion=0.5)
    keys = [ViewKey(seed, right=False, oblique=False, hidden=1) for seed in SEEDS]
    expected = np.mean([occult_probability(key, population) for key in keys])
    found = np.mean(
        [
            any(one.kind is LesionKind.OCCULT for one in draw_breast(key, population).lesions)
            for key in keys
        ]
    )

    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / len(keys)))
    # half of the 80 % of exams that are not normal affect the left breast
    assert expected == pytest.approx(0.5 * 0.8 * (0.05 + 0.95 * 0.5), abs=0.04)


def test_affected_breast_follows_from_the_visible_lesions():
    population = Population()

    assert affected_probabilities((2, 0), population) == (0, 1, 0)
    assert affected_probabilities((1, 2), population) == (0, 0, 1)
    assert affected_probabilities((1, 1), population) == (0, 0.5, 0.5)
    normal, left, right = affected_probabilities((0, 0), population)
    assert normal == pytest.approx(0.2 / (0.2 + 0.8 * 0.05 * 0.8))
    assert left == right == pytest.approx((1 - normal) / 2)


@pytest.mark.parametrize("seed", [14, SEED_WITH_LESION])
def test_twin_is_the_same_low_energy_exposure_without_contrast_agent(seed):
    with_twin = view(seed, twin=True)

    expected = view(seed, protocol=WITHOUT_AGENT).low_energy
    assert np.array_equal(with_twin.low_energy_without_contrast, expected)
    assert np.array_equal(with_twin.low_energy, view(seed).low_energy)
    assert not np.array_equal(with_twin.low_energy, with_twin.low_energy_without_contrast)


def test_twin_is_mirrored_like_the_other_images():
    right = view(SEED_WITH_LESION, "R", twin=True)

    assert not right.low_energy_without_contrast[~right.breast].any()


def test_twin_is_made_on_request_only():
    assert view().low_energy_without_contrast is None


@pytest.mark.parametrize("hidden", [-1, 0.5, True, 10**6 + 1, None])
def test_impossible_hidden_draw_is_refused(hidden):
    with pytest.raises(ValueError, match="hidden must be a whole number from 0 to 1000000, got"):
        simulate_view(0, laterality="L", view_position="CC", size=128, hidden=hidden)
