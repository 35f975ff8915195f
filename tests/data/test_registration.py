from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.data import IDENTITY, Registration

SHIFTS = st.floats(-500, 500)
REGISTRATIONS = st.builds(
    Registration, scale=st.floats(0.5, 2), rows=SHIFTS, columns=SHIFTS, quality=st.floats(0, 1)
)


@given(REGISTRATIONS, SHIFTS)
def test_inverse_leads_back(registration: Registration, row: float) -> None:
    inverse = registration.inverse()
    there = registration.scale * row + registration.rows
    assert inverse.scale * there + inverse.rows == pytest.approx(row, abs=1e-9)


@given(REGISTRATIONS)
def test_json_keeps_every_bit(registration: Registration) -> None:
    assert Registration.from_json(registration.to_json()) == registration


def test_identity_is_its_own_inverse() -> None:
    assert IDENTITY.inverse() == IDENTITY


@pytest.mark.parametrize("text", ["[]", '{"scale": 1}', '{"scale": 0, "rows": 0}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a registration holds"):
        Registration.from_json(text)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_scale_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale must be > 0"):
        Registration(scale, 0, 0, 1)
