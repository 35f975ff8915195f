from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cem_monai.evaluation import (
    TRIVIAL_PREDICTORS,
    Constant,
    DepthIntensityTable,
    DepthProfile,
    LowEnergyCopied,
    Predictor,
    fit_trivial_predictors,
)
from cem_monai.evaluation.breast_coordinates import depth_from_skin, relative_intensity
from cem_monai.evaluation.predictor_fit import BINS, MIN_IMAGES

Array = npt.NDArray[Any]
Pair = tuple[Array, Array, Array]


def half_disk(rows: int, columns: int, radius: float) -> Array:
    """A breast at the left edge."""
    y, x = np.mgrid[:rows, :columns]
    return np.asarray(np.hypot(y - (rows - 1) / 2, x) < radius)


def random_pair(seed: int, radius: float = 11) -> Pair:
    """Low-energy image, recombined image, breast."""
    rng = np.random.default_rng(seed)
    return *rng.uniform(-1, 1, (2, 28, 20)), half_disk(28, 20, radius)


def band(rows: int, columns: int) -> Array:
    """A breast as high as the image: as many pixels at each depth."""
    return np.tile(np.arange(columns + 10) < columns, (rows, 1))


def pair_of(target: Callable[[Array, Array], Array], breast: Array) -> Pair:
    """A pair whose recombined image is a function of depth and brightness alone."""
    low_energy = np.random.default_rng(0).uniform(-0.5, 0.5, breast.shape)
    recombined = np.full(breast.shape, -1.0)
    recombined[breast] = target(depth_from_skin(breast), relative_intensity(low_energy, breast))
    return low_energy, recombined, breast


PREDICTORS: list[Predictor] = [
    Constant(0.25),
    LowEnergyCopied(),
    DepthProfile(np.linspace(-0.5, 0.75, BINS)),
    DepthIntensityTable(np.random.default_rng(0).uniform(-1, 1, (BINS, BINS))),
]
every = pytest.mark.parametrize("predictor", PREDICTORS, ids=TRIVIAL_PREDICTORS)


@every
def test_image_is_float32_of_the_shape_of_the_input(predictor: Predictor) -> None:
    low_energy, _, breast = random_pair(0)

    image = predictor.predict(low_energy, breast)

    assert (image.dtype, image.shape) == (np.float32, low_energy.shape)
    assert np.abs(image).max() <= 1


@pytest.mark.parametrize("predictor", [PREDICTORS[0], *PREDICTORS[2:]])
def test_air_is_air(predictor: Predictor) -> None:
    low_energy, _, breast = random_pair(0)

    image = predictor.predict(low_energy, breast)

    assert (image[~breast] == -1).all()
    assert (image[breast] > -1).all()


@every
def test_mirrored_input_is_predicted_mirrored(predictor: Predictor) -> None:
    low_energy, _, breast = random_pair(0)

    image = predictor.predict(low_energy, breast)

    for flipped in (np.fliplr, np.flipud):
        mirrored = predictor.predict(flipped(low_energy), flipped(breast))
        np.testing.assert_array_equal(mirrored, flipped(image))


@every
def test_input_is_left_unchanged(predictor: Predictor) -> None:
    low_energy, _, breast = random_pair(0)
    before = low_energy.copy(), breast.copy()

    predictor.predict(low_energy, breast)[:] = 7

    np.testing.assert_array_equal(low_energy, before[0])
    np.testing.assert_array_equal(breast, before[1])


@every
def test_other_shape_raises(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match=r"breast \(3, 5\) and image \(3, 4\) differ in shape"):
        predictor.predict(np.zeros((3, 4)), np.eye(3, 5))


@pytest.mark.parametrize("predictor", PREDICTORS[2:])
@pytest.mark.parametrize(
    ("value", "message"), [(0, "the breast mask has no pixel"), (1, "no skin to see")]
)
def test_depth_needs_breast_and_air(predictor: Predictor, value: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predictor.predict(np.zeros((3, 4)), np.full((3, 4), value))


def test_constant_fills_the_breast() -> None:
    image = Constant(0.125).predict(np.array([[0.5, -0.25, -1]]), np.array([[1, 2, 0]]))

    assert image.tolist() == [[0.125, 0.125, -1]]


def test_copy_keeps_the_air_of_the_low_energy_image() -> None:
    image = LowEnergyCopied().predict(np.array([[0.5, -0.25, -0.75]]), np.array([[1, 1, 0]]))

    assert image.tolist() == [[0.5, -0.25, -0.75]]


def test_profile_is_linear_between_the_centers_of_its_bins() -> None:
    breast = np.zeros((1, 41), bool)
    breast[0, 1:] = True  # depths 1/40 ... 40/40: centers and borders of the bins in turn
    profile = np.random.default_rng(0).uniform(-1, 1, BINS)

    image = DepthProfile(profile).predict(np.zeros(breast.shape), breast)[0, 1:]

    between = [(one + other) / 2 for one, other in pairwise(profile)]
    np.testing.assert_allclose(image[::2], profile, atol=1e-6)
    np.testing.assert_allclose(image[1:-1:2], between, atol=1e-6)
    assert image[-1] == image[-2]


def test_profile_predicts_what_depends_on_depth_up_to_a_bin() -> None:
    pair = pair_of(lambda depth, _: 0.9 * depth - 0.6, half_disk(150, 80, 60))

    image = fit_trivial_predictors([pair])["depth_profile"].predict(pair[0], pair[2])

    np.testing.assert_allclose(image[pair[2]], pair[1][pair[2]], rtol=0, atol=0.9 / BINS)


@pytest.mark.parametrize("other", [band(100, 60), half_disk(90, 50, 40)])
def test_table_predicts_what_depends_on_depth_and_brightness_up_to_a_bin(other: Array) -> None:
    def target(depth: Array, brightness: Array) -> Array:
        return np.asarray(0.9 * depth - 0.7 * brightness)

    predictors = fit_trivial_predictors([pair_of(target, band(100, 60))] * MIN_IMAGES)

    low_energy, recombined, breast = pair_of(target, other)
    image = predictors["depth_intensity_table"].predict(low_energy, breast)
    np.testing.assert_allclose(image[breast], recombined[breast], rtol=0, atol=(0.9 + 0.7) / BINS)
    # which the depth alone does not tell
    profile = predictors["depth_profile"].predict(low_energy, breast)
    assert np.abs(profile - recombined)[breast].max() > 0.7 / 2
