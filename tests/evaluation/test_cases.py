from __future__ import annotations

from collections.abc import Callable

import pytest

from cem_monai.evaluation import case_caption, worst_first

MakeRow = Callable[..., dict[str, str]]


def test_order_of_the_cases(make_row: MakeRow) -> None:
    rows = [
        make_row("model", "no mass, good", breast_l1=1),
        make_row("model", "no mass, bad", breast_l1=50),
        make_row("model", "gained", mass_cnr_real=1, mass_delta_cnr=2, breast_l1=1),
        make_row("model", "lost", mass_cnr_real=3, mass_delta_cnr=-2.5, breast_l1=1),
        make_row("model", "lost, worse breast", mass_cnr_real=3, mass_delta_cnr=-2.5, breast_l1=9),
        make_row("model", "no generated CNR", mass_cnr_real=3, breast_l1=1),
        make_row("constant", "gained", mass_cnr_real=1, breast_l1=99),
    ]

    assert [row["case"] for row in worst_first(rows)] == [
        *("no generated CNR", "lost, worse breast", "lost", "gained"),
        *("no mass, bad", "no mass, good"),
    ]


def test_unknown_predictor_raises(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="predictor 'model', there are constant, other"):
        worst_first([make_row("other", "a"), make_row("constant", "a")])


def test_caption(make_row: MakeRow) -> None:
    row = make_row(
        "model", "a", mass_cnr_real=4.8594, mass_cnr_generated=0.1037, mass_delta_cnr=-4.7557,
        breast_l1=44.538,
    )  # fmt: skip

    assert case_caption(row) == (
        "mass CNR: DES 4.86, virtual 0.10, ΔCNR -4.76   |   breast L1 44.54 grey levels"
    )


def test_caption_shows_the_sign_of_a_gain(make_row: MakeRow) -> None:
    row = make_row("model", "a", mass_cnr_real=1, mass_cnr_generated=3, mass_delta_cnr=2)

    assert "ΔCNR +2.00" in case_caption(row)


def test_caption_of_undefined_cnr_has_dashes(make_row: MakeRow) -> None:
    row = make_row("model", "a", mass_cnr_real=4.5, breast_l1=3)

    assert "DES 4.50, virtual –, ΔCNR –" in case_caption(row)


def test_caption_without_mass(make_row: MakeRow) -> None:
    row = make_row("model", "a", breast_l1=3)

    assert case_caption(row) == "no mass to measure   |   breast L1 3.00 grey levels"
