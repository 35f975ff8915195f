from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.simulator import Population, Protocol, SimulatedView, simulate_view
from cem_monai.simulator.grid import NATIVE_SHAPE, detector_grid

STILL = Protocol(noise=False, motion=0.0)
VIEWS = [("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO")]
SEED_WITH_LESION = 21
"""Left breast: one enhancing lobulated mass of 17 mm."""


@cache
def view(
    seed: int = SEED_WITH_LESION,
    laterality: str = "L",
    view_position: str = "CC",
    size: int = 128,
    protocol: Protocol | None = None,
) -> SimulatedView:
    return simulate_view(
        seed, laterality=laterality, view_position=view_position, size=size, protocol=protocol
    )


def block_means(image, factor: int):
    rows, columns = (n // factor for n in image.shape)
    return image.reshape(rows, factor, columns, factor).mean((1, 3))


def contrast(simulated: SimulatedView) -> float:
    values = simulated.recombined.astype(float)
    return values[simulated.mass].mean() - values[simulated.surround].mean()


def test_images_are_square_and_of_twelve_bits():
    simulated = view()

    for image in (simulated.low_energy, simulated.recombined):
        assert image.shape == (128, 128)
        assert image.dtype == np.uint16
        assert image.max() < 4096
    assert simulated.spacing == (2.25, 2.25)


def test_same_seed_gives_the_same_pixels():
    again = simulate_view(SEED_WITH_LESION, laterality="L", view_position="CC", size=128)

    assert np.array_equal(view().low_energy, again.low_energy)
    assert np.array_equal(view().recombined, again.recombined)
    assert view().parameters == again.parameters


def test_other_seed_gives_another_breast():
    assert not np.array_equal(view(1).low_energy, view(2).low_energy)


@pytest.mark.parametrize(("laterality", "view_position"), VIEWS)
def test_one_seed_is_the_same_breast_at_every_size(laterality, view_position):
    fine = view(5, laterality, view_position, 384, STILL)
    coarse = view(5, laterality, view_position, 128, STILL)
    inside = ndimage.binary_erosion(coarse.breast, iterations=2)

    assert np.mean(block_means(fine.breast.astype(float), 3).round() != coarse.breast) < 0.01
    for name in ("low_energy", "recombined"):
        pixels = block_means(getattr(fine, name).astype(float), 3)
        assert np.corrcoef(pixels[inside], getattr(coarse, name)[inside])[0, 1] > 0.95
    assert fine.parameters["density"] == coarse.parameters["density"]


def test_lesions_lie_at_the_same_place_at_every_size():
    fine, coarse = (view(7, "L", "MLO", size).parameters["lesions"] for size in (256, 128))

    assert len(fine) == 2
    for one, other in zip(fine, coarse, strict=True):
        assert (one["row"] + 0.5) / 2 == pytest.approx(other["row"] + 0.5)
        assert one["concentration_mg_per_ml"] == other["concentration_mg_per_ml"]


def test_lesions_have_the_same_size_and_uptake_in_both_views():
    shared = ("kind", "diameter_mm", "concentration_mg_per_ml", "pattern")
    craniocaudal, oblique = (
        [[lesion[key] for key in shared] for lesion in view(7, "L", position).parameters["lesions"]]
        for position in ("CC", "MLO")
    )

    assert craniocaudal == oblique


@pytest.mark.parametrize("seed", [4, 14, 17, 39])
@pytest.mark.parametrize("view_position", ["CC", "MLO"])
def test_masks_lie_inside_the_breast(seed, view_position):
    simulated = view(seed, "L", view_position)

    assert simulated.mass.any()
    assert simulated.mass_second.any()
    assert simulated.surround.any()
    assert not (simulated.mass & ~simulated.breast).any()
    assert not (simulated.surround & ~simulated.breast).any()
    assert not (simulated.mass_second & ~simulated.breast).any()
    assert not (simulated.mass & simulated.surround).any()


def test_air_is_zero_and_tissue_about_two_thousand():
    simulated = view(protocol=STILL)

    assert not simulated.low_energy[~simulated.breast].any()
    assert not simulated.recombined[~simulated.breast].any()
    assert np.median(simulated.recombined[simulated.breast]) == pytest.approx(2000, abs=20)


@pytest.mark.parametrize(("laterality", "view_position"), VIEWS)
def test_chest_wall_lies_where_the_laterality_says(laterality, view_position):
    breast = view(3, laterality, view_position).breast
    left, right = breast[:, 0].sum(), breast[:, -1].sum()

    assert (left > 20) == (laterality == "L")
    assert (right > 20) == (laterality == "R")


def test_pectoral_muscle_shows_in_oblique_views_only():
    corner = (slice(0, 20), slice(0, 8))
    craniocaudal, oblique = (view(1, "L", position) for position in ("CC", "MLO"))

    assert oblique.low_energy[corner].mean() > 2500
    assert craniocaudal.low_energy[corner].mean() < 2500


def test_enhancing_mass_is_bright_in_the_recombined_image():
    assert contrast(view()) > 10


def test_without_contrast_agent_a_lesion_has_no_contrast():
    occult = Population(normal_exams=0.0, visible_lesions=(1.0,), enhancement_patchiness=0.0)
    protocol = Protocol(noise=False, motion=0.0, contrast_agent=False)
    shared = {"view_position": "CC", "size": 256, "population": occult, "protocol": protocol}
    found = [simulate_view(seed, laterality="L", **shared) for seed in range(4)]
    contrasts = [contrast(item) for item in found if item.mass.any()]

    assert contrasts
    assert np.abs(contrasts).max() < 11  # 0.3 mg/cm2, what normal tissue may leave
    assert not any(item.iodine.any() for item in found)


def test_pixel_values_grow_by_36_per_mg_of_iodine():
    with_agent = view(17, "L", "CC", 256, STILL)
    without = view(17, "L", "CC", 256, Protocol(noise=False, motion=0.0, contrast_agent=False))
    inside = ndimage.binary_erosion(with_agent.breast, iterations=8)
    change = with_agent.recombined.astype(float) - without.recombined
    slope, offset = np.polyfit(with_agent.iodine[inside], change[inside], 1)

    assert 30 < slope < 43
    assert slope == pytest.approx(with_agent.parameters["pixel_values_per_mg_per_cm2"], rel=0.05)
    assert offset == pytest.approx(0, abs=2)


def test_normal_tissue_leaves_less_than_noise():
    simulated = view(21, "L", "CC", 256, Protocol(noise=False, motion=0.0, contrast_agent=False))
    inside = ndimage.binary_erosion(simulated.breast, iterations=20)

    assert simulated.recombined[inside].std() < 0.3 * 36  # GE: residual below 0.3 mg/cm2


def test_noise_of_the_recombined_image_falls_with_dose():
    def noise(factor: float) -> float:
        protocol = Protocol(low_energy_dose=1.6 * factor, high_energy_dose=0.6 * factor, motion=0.0)
        noisy, still = view(0, "L", "CC", 384, protocol), view(0, "L", "CC", 384, STILL)
        inside = ndimage.binary_erosion(still.breast, iterations=30)
        return float((noisy.recombined.astype(float) - still.recombined)[inside].std())

    assert noise(0.25) / noise(1.0) == pytest.approx(2.0, rel=0.1)


def test_native_size_has_the_pixels_of_the_detector():
    assert detector_grid("native").shape == NATIVE_SHAPE == (2850, 2394)
    assert detector_grid("native").pixel == 0.1


@pytest.mark.parametrize("size", [0, -512, 127, 5000, 256.0, True, "512", None])
def test_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match="size must be 'native' or a whole number"):
        simulate_view(0, laterality="L", view_position="CC", size=size)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"seed": -1}, "seed must be a whole number from 0 to 1000000000, got -1"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"laterality": "B"}, "laterality must be 'L' or 'R', got 'B'"),
        ({"view_position": "ML"}, "view_position must be 'CC' or 'MLO', got 'ML'"),
    ],
)
def test_unknown_view_is_refused(argument, message):
    arguments = {"seed": 0, "laterality": "L", "view_position": "CC", "size": 128} | argument

    with pytest.raises(ValueError, match=message):
        simulate_view(arguments.pop("seed"), **arguments)
