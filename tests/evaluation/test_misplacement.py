from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cem_monai.evaluation.misplacement import misplacement
from exams import breast_and_mass

SIZE = 200
Turn = Callable[[np.ndarray], np.ndarray]
TURNS: dict[str, Turn] = {
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned": lambda image: image[::-1, ::-1],
    "transposed": lambda image: image.T,
}


def oblique_view(size: int = SIZE) -> np.ndarray:
    """(size, size) breast that hangs: the lower half is deeper than the upper one."""
    y, x = np.mgrid[:size, :size] / size
    return np.where(x < 0.15 + 0.5 * np.sqrt(y), 2000.0, 0.0)


@pytest.mark.parametrize("how", TURNS)
def test_turned_image_is_found_out(how: str) -> None:
    real = oblique_view()
    if how == "upside down":  # a breast that fills the lower half only
        real[: SIZE // 2] = 0

    assert misplacement(TURNS[how](real), real) == how
    assert misplacement(real, real) is None


def test_nearly_symmetric_breast_is_given_the_benefit_of_the_doubt() -> None:
    real = np.where(breast_and_mass(SIZE)[0], 2000.0, 0.0)

    assert misplacement(real[::-1], real) is None


def test_columns_decide_where_the_image_is_not_square() -> None:
    real = oblique_view()[:150]

    assert misplacement(real[:, ::-1], real) == "mirrored"
    assert misplacement(real, real) is None


@pytest.mark.parametrize(
    "predict",
    [
        lambda real: np.full_like(real, 7),
        lambda real: 2000 - real,
        lambda real: np.random.default_rng(0).uniform(0, 4095, real.shape),
        lambda real: np.where(np.indices(real.shape)[1] > 150, 4095, real),
        lambda real: np.where(np.indices(real.shape)[1] < 20, 50.0, 0.0),
    ],
    ids=["constant", "inverted", "noise", "bright air", "mere rim"],
)
def test_bad_prediction_is_not_misplaced(predict: Turn) -> None:
    assert misplacement(predict(oblique_view()), oblique_view()) is None


def test_constant_real_image_tells_nothing() -> None:
    assert misplacement(oblique_view(), np.zeros((SIZE, SIZE))) is None
