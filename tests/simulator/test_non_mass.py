"""Non-mass enhancement: seen in the low-energy image through its calcifications alone."""

from __future__ import annotations

import numpy as np
import pytest

from cem_monai.simulator import LesionKind, Population, Protocol, SimulatedView, simulate_view
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.random_streams import ViewKey
from populations import only_kind

SEED = 21
"""Left breast: one visible lesion."""
NON_MASS = only_kind(LesionKind.NON_MASS, Population(occult_lesion=0.0))


def view(population: Population, size: int = 128, hidden: int = 0) -> SimulatedView:
    return simulate_view(
        SEED,
        laterality="L",
        view_position="CC",
        size=size,
        population=population,
        hidden=hidden,
        twin=True,
    )


def certain(enhancing: float) -> Population:
    return only_kind(LesionKind.NON_MASS, NON_MASS, enhancing=enhancing)


def test_without_its_calcifications_a_non_mass_is_not_visible():
    bare = only_kind(LesionKind.NON_MASS, NON_MASS, calcified=0.0)
    normal = Population(normal_exams=1.0)
    twins = [view(one, 256).low_energy_without_contrast for one in (bare, normal, NON_MASS)]

    assert np.array_equal(twins[0], twins[1])
    assert not np.array_equal(twins[0], twins[2])


def test_non_mass_is_elongated_towards_the_nipple():
    seen = view(certain(1.0), size=256)
    lesion = seen.parameters["lesions"][0]
    rows, columns = np.nonzero(seen.mass)
    values, axes = np.linalg.eigh(np.cov(rows, columns))
    nipple_row, nipple_column = max(np.argwhere(seen.breast), key=lambda place: place[1])
    to_nipple = np.array([nipple_row - lesion["row"], nipple_column - lesion["column"]])
    cosine = abs(axes[:, 1] @ to_nipple) / np.hypot(*to_nipple)

    assert values[1] / values[0] > 1.3
    assert cosine > np.cos(0.4)
    assert 0.8 < 4 * np.sqrt(values[1]) * seen.spacing[0] / lesion["length_mm"] < 1.2


def test_non_mass_that_does_not_enhance_is_a_decoy():
    enhancing, other = view(certain(1.0)), view(certain(0.0))

    assert enhancing.mass.any()
    assert not enhancing.decoy.any()
    assert np.array_equal(other.decoy, enhancing.mass)
    assert not (other.mass | other.mass_second | other.surround).any()


def test_non_masses_take_up_less_than_masses():
    population = Population(normal_exams=0.0)
    lesions = [
        lesion
        for seed in range(400)
        for lesion in draw_breast(ViewKey(seed, False, False), population).lesions
        if lesion.enhancing
    ]
    uptake = {
        kind: np.median([one.concentration for one in lesions if one.kind is kind])
        for kind in LesionKind
    }

    assert uptake[LesionKind.NON_MASS] == min(uptake.values())


def test_number_of_specks_tells_the_score():
    lesions = [
        lesion
        for seed in range(100)
        for lesion in draw_breast(ViewKey(seed, False, False), NON_MASS).lesions
        if lesion.kind is LesionKind.NON_MASS
    ]
    scores, counts = np.array([(one.score, len(one.specks)) for one in lesions]).T

    assert np.corrcoef(scores, np.log(counts))[0, 1] > 0.95


@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_hidden_draws_share_the_calcifications(hidden):
    low, other = (view(NON_MASS, 256, one).low_energy_without_contrast for one in (0, hidden))

    assert np.array_equal(low, other)


def test_one_seed_shows_the_same_cluster_at_every_size():
    bare = only_kind(LesionKind.NON_MASS, NON_MASS, calcified=0.0)
    protocol = Protocol(noise=False, motion=0.0)
    changes = []
    for size in (768, 384):
        images = [
            simulate_view(
                SEED,
                laterality="L",
                view_position="CC",
                size=size,
                population=population,
                protocol=protocol,
            ).low_energy.astype(float)
            for population in (NON_MASS, bare)
        ]
        changes.append(images[0] - images[1])
    fine, coarse = changes[0].reshape(384, 2, 384, 2).mean((1, 3)), changes[1]
    specks = coarse > 50

    assert specks.any()
    assert np.corrcoef(fine[specks], coarse[specks])[0, 1] > 0.9
    assert fine[specks].sum() == pytest.approx(coarse[specks].sum(), rel=0.15)
