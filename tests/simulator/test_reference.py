"""The limit of every translator: its form and its simple cases."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

from cem_monai.simulator import (
    Population,
    Protocol,
    Reference,
    SimulatedView,
    floors,
    preset_population,
    simulate_view,
)
from cem_monai.simulator.occult import VISIBLE_KINDS
from populations import only_kind

EVEN = Population(enhancement_levels=(0.0, 1.0, 0.0, 0.0), occult_lesion=0.0)


def view(
    seed: int = 21, hidden: int = 0, laterality: str = "L", reference: bool = True, **knobs
) -> SimulatedView:
    arguments = {"population": EVEN, "size": 128} | knobs
    return simulate_view(
        seed,
        laterality=laterality,
        view_position="CC",
        hidden=hidden,
        reference=reference,
        **arguments,
    )


@cache
def known(seed: int = 21) -> SimulatedView:
    return view(seed)


def test_reference_is_made_on_request_only():
    assert view(reference=False).reference is None


def test_reference_has_the_shape_of_the_image_and_is_zero_in_air():
    seen = known()

    for name in ("mean", "median", "sd", "clean"):
        image = getattr(seen.reference, name)
        assert image.shape == seen.recombined.shape
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert not image[~seen.breast].any()
    assert (seen.reference.sd[seen.breast] > 0).all()


def test_reference_is_the_same_for_every_hidden_draw():
    one, other = view(hidden=0).reference, view(hidden=5).reference

    for name in ("mean", "median", "sd"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert not np.array_equal(one.clean, other.clean)


def test_reference_of_a_right_breast_is_mirrored():
    seen = view(laterality="R")

    assert np.corrcoef(seen.reference.mean.ravel(), seen.recombined.ravel())[0, 1] > 0.99


def test_clean_is_the_recombined_image_of_a_device_without_noise():
    quiet = Protocol(high_energy_dose=1e4, motion=0.0)
    seen = view(protocol=quiet)
    error = seen.recombined - seen.reference.clean

    assert np.abs(error).max() < 0.75  # rounding and a little noise


def test_clean_is_closer_to_the_image_than_the_mean():
    seen = known()
    error = {
        name: (getattr(seen.reference, name) - seen.recombined)[seen.breast]
        for name in ("mean", "clean")
    }

    assert np.mean(error["clean"] ** 2) < np.mean(error["mean"] ** 2)


def test_without_contrast_agent_nothing_but_noise_is_hidden():
    seen = view(protocol=Protocol(contrast_agent=False, motion=0.0))
    inside = seen.breast

    assert np.array_equal(seen.reference.mean, seen.reference.median)
    assert np.allclose(seen.reference.mean, seen.reference.clean, atol=1e-2)
    error = (seen.recombined - seen.reference.mean)[inside] / seen.reference.sd[inside]
    assert np.mean(error**2) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", VISIBLE_KINDS)
def test_certain_uptake_leaves_noise_only(kind):
    certain = replace(
        only_kind(kind, EVEN, enhancing=1.0, patterns=(1.0, 0.0, 0.0)),
        uptake_spread=0.0,
        enhancement_concentrations=(0.0, 0.0, 0.0, 0.0),
    )
    seen = view(population=certain)
    lesion = seen.mass & (seen.iodine > 0.4)

    assert lesion.any()
    assert np.allclose(seen.reference.mean[lesion], seen.reference.clean[lesion], atol=0.75)
    assert np.allclose(seen.reference.median[lesion], seen.reference.clean[lesion], atol=0.75)


def test_reference_holds_four_images():
    assert [item.name for item in fields(Reference)] == ["mean", "median", "sd", "clean"]


def test_floors_are_the_errors_of_the_predictions():
    seen = known()
    result = floors(seen)
    error = (seen.reference.median - seen.recombined)[seen.lesion].astype(float)

    assert result["lesion"]["median"]["l1"] == pytest.approx(np.abs(error).mean(), abs=1e-3)
    assert result["lesion"]["median"]["l2"] == pytest.approx((error**2).mean(), rel=1e-4)
    assert result["breast"]["clean"]["l2"] < result["breast"]["mean"]["l2"]
    assert result["breast"]["expected_l2"] > 0


def test_floors_of_a_view_without_lesion_are_those_of_the_breast():
    result = floors(view(population=Population(normal_exams=1.0)))

    assert result["lesion"] is None
    assert result["breast"]["mean"]["l2"] > 0


def test_floors_need_the_reference():
    with pytest.raises(ValueError, match="floors need a view with its reference"):
        floors(view(reference=False))


@pytest.mark.parametrize(("better", "worse"), [("coupled", "uninformative")])
def test_the_more_the_low_energy_image_tells_the_less_is_left(better, worse):
    left = [
        floors(view(population=preset_population(name)))["breast"]["expected_l2"]
        for name in (better, worse)
    ]

    assert left[0] < 0.5 * left[1]
