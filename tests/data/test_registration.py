from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cem_monai.data import IDENTITY, Registration, to_low_energy_frame, to_recombined_frame

SHIFTS = st.floats(-500, 500)
REGISTRATIONS = st.builds(
    Registration, scale=st.floats(0.5, 2), rows=SHIFTS, columns=SHIFTS, quality=st.floats(0, 1)
)
WHOLE = st.integers(-4, 4)
FEW = settings(max_examples=25, deadline=None)


@FEW
@given(REGISTRATIONS, arrays(float, (5, 2), elements=st.floats(-3000, 3000)))
def test_inverse_leads_back(registration: Registration, points: np.ndarray) -> None:
    there = registration.apply(points)
    assert registration.inverse().apply(there) == pytest.approx(points, abs=1e-8)


@FEW
@given(REGISTRATIONS)
def test_json_keeps_every_bit(registration: Registration) -> None:
    assert Registration.from_json(registration.to_json()) == registration


def test_identity_is_its_own_inverse() -> None:
    assert IDENTITY.inverse() == IDENTITY


@pytest.mark.parametrize("text", ["[]", '{"scale": 1}', '{"scale": 0, "rows": 0}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a registration holds"):
        Registration.from_json(text)


@pytest.mark.parametrize("value", ["null", "[1]", '"x"'])
def test_json_of_other_values_is_refused(value: str) -> None:
    text = IDENTITY.to_json().replace("0.0", value)
    with pytest.raises(ValueError, match="numbers"):
        Registration.from_json(text)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_scale_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale must be > 0"):
        Registration(scale, 0, 0, 1)


@FEW
@given(arrays(np.uint8, (12, 9)), WHOLE, WHOLE, st.sampled_from([0, 1, 3]))
def test_whole_shift_copies_pixels(image: np.ndarray, rows: int, columns: int, order: int) -> None:
    moved = to_low_energy_frame(image, Registration(1, rows, columns, 1), (12, 9), order=order)
    padded = np.pad(image, 4)
    assert np.array_equal(moved, padded[4 + rows : 16 + rows, 4 + columns : 13 + columns])


@FEW
@given(arrays(np.uint8, (12, 9)), WHOLE, WHOLE)
def test_there_and_back_keeps_what_was_shown(image: np.ndarray, rows: int, columns: int) -> None:
    registration = Registration(1, rows, columns, 1)
    there = to_low_energy_frame(image, registration, (12, 9), order=0)
    back = to_recombined_frame(there, registration, (12, 9), order=0)
    kept = to_recombined_frame(np.ones((12, 9), bool), registration, (12, 9), order=0)
    assert np.array_equal(back, np.where(kept, image, 0))


@FEW
@given(st.floats(0.8, 1.25), st.floats(-3, 3), st.floats(-3, 3))
def test_ramp_is_sampled_at_the_mapped_place(scale: float, rows: float, columns: float) -> None:
    y, x = np.mgrid[:40, :30]
    moved = to_low_energy_frame(
        2.0 * y + 5.0 * x, Registration(scale, rows, columns, 1), (40, 30), order=1, fill=-1
    )
    expected = 2 * (scale * y + rows) + 5 * (scale * x + columns)
    inside = (scale * y + rows >= 0) & (scale * y + rows <= 39)
    inside &= (scale * x + columns >= 0) & (scale * x + columns <= 29)
    assert moved == pytest.approx(np.where(inside, expected, -1), abs=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_cubic_spline_does_not_overshoot(dtype: type) -> None:
    image = np.zeros((20, 20), dtype)
    image[5:15, 5:15] = 255
    moved = to_low_energy_frame(image, Registration(0.97, 0.3, 0.4, 1), (21, 21), order=3)
    assert moved.dtype == dtype
    assert moved.shape == (21, 21)
    assert (moved.min(), moved.max()) == (0, 255)


def test_mask_stays_a_mask() -> None:
    mask = np.zeros((20, 20), bool)
    mask[5:15, 8:12] = True
    moved = to_low_energy_frame(mask, Registration(0.9, 0.5, 1, 1), (20, 20), order=0)
    assert moved.dtype == bool
    assert moved.sum() == pytest.approx(mask.sum() / 0.9**2, rel=0.2)


def test_stack_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"must be \(H, W\), got \(1, 4, 4\)"):
        to_low_energy_frame(np.zeros((1, 4, 4)), IDENTITY, (4, 4), order=1)
