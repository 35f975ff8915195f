from __future__ import annotations

import pytest

from cem_monai.simulator import LesionKind, Population, Predictability, preset_population
from cem_monai.simulator.breast import draw_breast
from cem_monai.simulator.occult import VISIBLE_KINDS
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.uptake import Uptake


def uptakes(name: str) -> dict[LesionKind, Uptake]:
    return {kind: Uptake.of(kind, 0.5, preset_population(name)) for kind in VISIBLE_KINDS}


def test_clinical_is_the_default():
    assert preset_population("clinical") == Population()
    assert preset_population(Predictability.CLINICAL) == Population()


def test_coupled_lesions_have_a_certain_uptake():
    for uptake in uptakes("coupled").values():
        assert uptake.enhancing in (0, 1)
        assert uptake.log_spread == 0


def test_coupled_population_has_no_occult_lesions():
    population = preset_population("coupled")
    kinds = {
        lesion.kind
        for seed in range(100)
        for lesion in draw_breast(ViewKey(seed, False, False), population).lesions
    }

    assert kinds == set(VISIBLE_KINDS)


def test_uninformative_lesions_have_the_same_uptake():
    assert len(set(uptakes("uninformative").values())) == 1


@pytest.mark.parametrize("name", ["", "Clinical", None])
def test_unknown_preset_is_refused(name):
    with pytest.raises(ValueError, match=r"predictability must be one of \['clinical', 'coupled'"):
        preset_population(name)
