"""The measurements behind docs/explanation/simulator.md, on constructed cases."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cem_monai.simulator import SimulatedView
from cem_monai.simulator.dose import Beam
from cem_monai.simulator.spectra import Technique
from simulator_report import pictures
from simulator_report.__main__ import BLOCKS
from simulator_report.acceptance import Check, acceptance_block
from simulator_report.draws import low_energy_changes
from simulator_report.gray_values import gray_values, histogram_block, real_pairs
from simulator_report.iodine import masses, residual, sensitivity, slope_and_offset
from simulator_report.limits import explained_share
from simulator_report.noise_study import DOSE_SIZE, Noise, NoiseJob, dose_slope, measure_noise
from simulator_report.page import replace_blocks, table
from simulator_report.power_spectrum import exponent, mean_spectrum
from simulator_report.views import ViewJob, both_breasts, depth_below_skin, one_view_per_exam

ROOT = Path(__file__).parents[2]
PAGE = (
    "prose\n<!-- begin:one -->\nold\n<!-- end:one -->\nmore\n<!-- begin:two --><!-- end:two -->\n"
)
PIXEL = 0.28
SCALE = 36.0


def power_law_field(beta: float, size: int = 512):
    rng = np.random.default_rng(3)
    axis = np.fft.fftfreq(size, PIXEL)
    frequency = np.hypot(axis[:, None], axis)
    frequency[0, 0] = np.inf
    return np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) * frequency ** (-beta / 2)).real


def everywhere(size: int = 512):
    return np.ones((size, size), bool)


def constructed_view(recombined, iodine, **changes) -> SimulatedView:
    """A disk of 40 mm radius with a mass of 5 mm radius in the middle."""
    rows, columns = np.indices(recombined.shape)
    distance = np.hypot(rows - 50, columns - 50)
    mass = distance < 5
    return replace(
        SimulatedView(
            low_energy=recombined,
            recombined=recombined,
            breast=distance < 40,
            mass=mass,
            mass_second=mass,
            decoy=np.zeros_like(mass),
            lesion=mass,
            surround=(distance < 12) & ~mass,
            iodine=iodine,
            spacing=(1.0, 1.0),
            parameters={"pixel_values_per_mg_per_cm2": SCALE},
        ),
        **changes,
    )


def test_blocks_are_replaced_and_the_prose_stays():
    page = replace_blocks(PAGE, {"one": "new", "two": "2"})

    assert re.sub(r"(?s)(<!-- begin:\w+ -->).*?(<!-- end:)", r"\1\2", page) == re.sub(
        r"(?s)(<!-- begin:\w+ -->).*?(<!-- end:)", r"\1\2", PAGE
    )
    assert "\n\nnew\n\n" in page
    assert "old" not in page


def test_blocks_that_are_not_given_stay():
    assert "old" in replace_blocks(PAGE, {"two": "2"})


def test_replacing_twice_changes_nothing():
    once = replace_blocks(PAGE, {"one": "new"})

    assert replace_blocks(once, {"one": "new"}) == once


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<!-- end:one -->", "the page must hold <!-- begin:one --> once, found 0 times"),
        ("<!-- begin:one -->", "the page must hold <!-- end:one --> once, found 0 times"),
        (PAGE + PAGE, "the page must hold <!-- begin:one --> once, found 2 times"),
        ("<!-- end:one --><!-- begin:one -->", "holds <!-- end:one --> before <!-- begin:one -->"),
    ],
)
def test_page_without_proper_markers_is_refused(page, message):
    with pytest.raises(ValueError, match=message):
        replace_blocks(page, {"one": "new"})


def test_table_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match=r"a row must have 2 cells, got \['1'\]"):
        table(["a", "b"], [["1"]])


def test_page_holds_every_block_that_the_command_writes():
    page = (ROOT / "docs" / "explanation" / "simulator.md").read_text(encoding="utf-8")

    replace_blocks(page, dict.fromkeys(BLOCKS, ""))


@pytest.mark.parametrize("beta", [0.0, 1.5, 3.0])
def test_exponent_of_a_power_law_is_found(beta):
    field = power_law_field(beta)
    spectrum = mean_spectrum(field, everywhere(), PIXEL, np.random.default_rng(1))

    assert exponent(spectrum) == pytest.approx(beta, abs=0.15)


def test_white_noise_has_its_variance_times_the_area_of_a_pixel():
    noise = 3 * np.random.default_rng(2).normal(size=(512, 512))
    spectrum = mean_spectrum(noise, everywhere(), PIXEL, np.random.default_rng(1))

    assert spectrum is not None
    assert spectrum[1].mean() == pytest.approx(9 * PIXEL**2, rel=0.05)


def test_region_that_holds_no_roi_has_no_exponent():
    region = everywhere() & (np.arange(512) < 20)
    spectrum = mean_spectrum(power_law_field(3.0), region, PIXEL, np.random.default_rng(1))

    assert spectrum is None
    assert np.isnan(exponent(spectrum))


def test_slope_of_a_line_is_found():
    x = np.linspace(0, 5, 20)

    assert slope_and_offset(x, 36 * x - 4) == pytest.approx((36, -4))


def test_sensitivity_is_the_gain_per_iodine():
    iodine = np.random.default_rng(4).uniform(0, 3, (100, 100))
    anatomy = np.random.default_rng(5).integers(1900, 2100, (100, 100))
    blank = constructed_view(anatomy, 0 * iodine)
    still = constructed_view(np.rint(anatomy + SCALE * iodine), iodine)

    assert sensitivity(still, blank) == pytest.approx(SCALE, rel=0.01)


def test_residual_is_in_units_of_iodine():
    gland = np.random.default_rng(6).uniform(0, 4, (100, 100))
    blank = constructed_view(2000 + SCALE * 0.1 * (gland - 2), 0 * gland)
    found = residual(blank, gland)

    assert found["residual per cm gland"] == pytest.approx(0.1)
    assert found["residual interior"] == pytest.approx(0.1 * 4 / np.sqrt(12), rel=0.05)


def test_contrast_of_a_mass_is_that_of_its_iodine():
    rows, columns = np.indices((100, 100))
    iodine = np.where(np.hypot(rows - 50, columns - 50) < 5, 1.5, 0.5)
    still = constructed_view(2000 + SCALE * iodine, iodine)
    seen = replace(still, low_energy_without_contrast=still.low_energy - 10 * iodine)
    found = masses(seen, still)

    assert len(found) == 1
    assert found[0].iodine == pytest.approx(1.5)
    assert found[0].contrast == pytest.approx(SCALE * found[0].iodine_contrast)
    assert found[0].low_energy_contrast - found[0].twin_contrast == pytest.approx(10)


def test_leak_without_a_twin_is_refused():
    view = constructed_view(np.full((100, 100), 2000.0), np.zeros((100, 100)))

    with pytest.raises(ValueError, match="simulate_view\\(twin=True\\)"):
        masses(view, view)


def test_depth_counts_from_the_skin_and_not_from_the_chest_wall():
    breast = np.zeros((20, 40), bool)
    breast[:, :30] = True
    depth = depth_below_skin(breast, (0.5, 0.5))

    assert depth[10, 0] == pytest.approx(15)
    assert depth[10, 29] == pytest.approx(0.5)


def test_slope_of_the_noise_over_the_dose_is_found():
    doses = (0.25, 1.0, 4.0)
    noises = [Noise(DOSE_SIZE, 0.28, d, d**-0.5, 0, 2 * d**-0.4, 0, 36) for d in doses]

    assert dose_slope(noises, "low_energy") == pytest.approx(-0.5)
    assert dose_slope(noises, "recombined") == pytest.approx(-0.4)


@pytest.mark.parametrize("dose", [0.5, 1.0])
def test_noise_of_a_view_is_its_closed_form(dose):
    noise = measure_noise(NoiseJob(ViewJob(30000, "L", "CC", 256), dose))

    assert noise.low_energy == pytest.approx(noise.low_energy_expected, rel=0.05)
    # rounding adds 1/12
    assert noise.recombined == pytest.approx(
        np.hypot(noise.recombined_expected, 12**-0.5), rel=0.05
    )


def test_share_explained_by_a_perfect_and_by_no_prediction():
    iodine = np.array([0.0, 1.0, 2.0])
    sums = {"pixels": 3.0, "iodine": iodine.sum(), "iodine squared": (iodine**2).sum()}

    assert explained_share([sums | {"error squared": 0.0}]) == 1
    assert explained_share([sums | {"error squared": ((iodine - 1) ** 2).sum()}]) == 0


def test_change_of_the_low_energy_signal_is_the_attenuation_of_a_monochromatic_beam():
    attenuation = {"pmma": 0.6, "skin": 0.8, "adipose": 0.45, "gland": 0.75, "iodine": 0.02}
    nodes = {material: (mu,) for material, mu in attenuation.items()}
    technique = Technique("low", "Rh", (), 30.0, 100.0, 0.34, 20.0, (20.0,), (7.0,), nodes)
    beam = Beam(technique, "low", 1.6, 8.0, 1e5)

    assert low_energy_changes(beam, 5.3) == pytest.approx((-0.02, -0.30), rel=1e-3)


def test_gray_values_do_not_depend_on_scale_and_offset():
    rows, columns = np.indices((200, 200))
    breast = np.hypot(rows - 100, columns) < 90
    image = np.where(breast, 100 + np.random.default_rng(7).gamma(2, 10, (200, 200)), 0)
    one, other = gray_values(image), gray_values(np.where(breast, 3 * image + 50, 0))

    assert one is not None
    assert other is not None
    assert one.density == pytest.approx(other.density)
    assert one.skewness == pytest.approx(2 / np.sqrt(2), rel=0.1)  # of a gamma distribution


def test_image_without_breast_has_no_gray_values():
    assert gray_values(np.zeros((100, 100))) is None


def test_absent_real_pairs_leave_a_sentence(tmp_path):
    assert real_pairs(tmp_path / "nothing") == []
    assert "not found at `../shared/data`" in histogram_block([], [], "../shared/data")


def test_views_are_balanced():
    jobs = one_view_per_exam(8, 512)

    assert len({job.seed for job in jobs}) == 8
    assert [(job.laterality, job.view_position) for job in jobs].count(("R", "MLO")) == 2
    assert [job.laterality for job in both_breasts(2, 512)] == ["L", "R", "L", "R"]


def test_failed_check_is_marked():
    block = acceptance_block([Check("good", 36.3, 30, 43, 1), Check("bad", 0.31, 0, 0.3, 2)])

    assert "| good | 36.3 | 30 to 43 | yes |" in block
    assert "| bad | 0.31 | 0 to 0.3 | **no** |" in block


def test_rare_hue_survives_in_the_picture(tmp_path):
    figure = pictures.new_figure(2, 2)
    plot = figure.subplots()
    plot.imshow(np.random.default_rng(8).uniform(size=(99, 99)), cmap="gray")
    plot.axhline(50, color=pictures.ORANGE)
    pictures.save_picture(figure, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        colors = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)

    assert (np.abs(colors - np.array([0xE6, 0x9F, 0x00])).max(1) < 3).any()


def test_large_picture_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST_FILE", 100)

    with pytest.raises(ValueError, match=r"big.png would be \d+ bytes, must be at most 100"):
        pictures.save_picture(pictures.new_figure(1, 1), tmp_path / "big.png")
    assert not (tmp_path / "big.png").exists()
