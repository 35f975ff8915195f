from __future__ import annotations

from collections import Counter

import pytest

from cem_monai.evaluation import patient_bootstrap
from cem_monai.evaluation.resampling import interval_entry
from evaluated_rows import ALL, case_rows, lesion_rows, summary_of


def groups(label: str, measure: str = "breast_l1", predictor: str = "model", **changes):
    return {
        entry["value"]: entry["interval"]
        for entry in summary_of(predictors=("model",), **changes)["subgroups"]
        if (entry["label"], entry["measure"], entry["predictor"]) == (label, measure, predictor)
    }


def sizes(label: str, measure: str = "breast_l1", **changes) -> dict[str, int]:
    found = groups(label, measure, **changes)
    return {value: interval["n_cases"] for value, interval in found.items()}


def model_rows():
    return case_rows(predictors=("model",))


def with_density(*densities: str):
    """Density of the cases in turn."""
    return [
        row | {"density": densities[number % len(densities)]}
        for number, row in enumerate(model_rows())
    ]


def test_interval_is_that_of_the_members() -> None:
    rows = [row for row in model_rows() if row["view_position"] == "MLO"]
    values = [float(row["breast_l1"]) for row in rows]
    patients = [row["patient"] for row in rows]

    expected = patient_bootstrap(values, patients, resamples=100, confidence=0.9)

    assert groups("view")["MLO"] == interval_entry(expected)


@pytest.mark.parametrize("measure", ["breast_l1", "mass_abs_contrast_error"])
@pytest.mark.parametrize(("label", "column"), [("view", "view_position"), ("laterality",) * 2])
def test_values_are_groups(label: str, column: str, measure: str) -> None:
    assert sizes(label, measure) == Counter(row[column] for row in model_rows())


def test_thickness_is_cut_at_40_50_and_60_mm() -> None:
    thickness = [float(row["thickness_mm"]) for row in model_rows()]

    assert sizes("thickness (mm)") == {
        "< 40": sum(one < 40 for one in thickness),
        "40 to < 50": sum(40 <= one < 50 for one in thickness),
        "50 to < 60": sum(50 <= one < 60 for one in thickness),
        "≥ 60": sum(one >= 60 for one in thickness),
    }


def test_manufacturer_and_machine_are_one_attribute() -> None:
    assert sizes("manufacturer and machine") == Counter(
        f"Maker, {row['machine']}" for row in model_rows()
    )


def test_one_known_part_of_the_machine_is_enough() -> None:
    rows = [row | {"manufacturer": ""} for row in model_rows()]
    unknown = [row | {"machine": " "} for row in rows]

    assert set(sizes("manufacturer and machine", rows=rows)) == {"0", "1", "2"}
    assert sizes("manufacturer and machine", rows=unknown) == {"not known": 12}


def test_density_by_volume_is_cut_at_a_tenth_two_and_three() -> None:
    rows = with_density("0.099", "0.1", "0.299", "0.3")

    assert sizes("density (share by volume)", rows=rows) == {
        "< 0.1": 3,
        "0.1 to < 0.2": 3,
        "0.2 to < 0.3": 3,
        "≥ 0.3": 3,
    }
    assert groups("density (ACR)", rows=rows) == {}


def test_density_letters_are_groups() -> None:
    rows = with_density("b", "a", "", "d")

    assert sizes("density (ACR)", rows=rows) == {"a": 3, "b": 3, "d": 3, "not known": 3}
    assert groups("density (share by volume)", rows=rows) == {}


def test_mixture_of_densities_gives_two_attributes_with_all_cases() -> None:
    rows = with_density("b", "0.25")

    assert sizes("density (ACR)", rows=rows) == {"b": 6, "not known": 6}
    shares = sizes("density (share by volume)", rows=rows)
    assert (shares["0.2 to < 0.3"], shares["not known"]) == (6, 6)


def test_unknown_density_is_one_group() -> None:
    assert sizes("density (ACR)", rows=with_density("")) == {"not known": 12}


def test_lesions_are_grouped_by_kind_and_size() -> None:
    lesions = lesion_rows(predictors=("model",))
    diameters = [float(row["lesion_diameter_mm"]) for row in lesions]

    assert sizes("kind of lesion", "lesion_is_missed") == {"occult": 6, "round": 6}
    assert sizes("diameter of lesion (mm)", "lesion_abs_contrast_error") == {
        "< 10": sum(one < 10 for one in diameters),
        "10 to < 20": sum(10 <= one < 20 for one in diameters),
        "≥ 20": sum(one >= 20 for one in diameters),
    }


def test_every_predictor_has_the_same_groups() -> None:
    entries = summary_of()["subgroups"]

    found = Counter(entry["predictor"] for entry in entries)
    assert set(found) == set(ALL)
    assert len(set(found.values())) == 1


def test_text_for_a_thickness_raises() -> None:
    rows = [row | {"thickness_mm": "thick"} for row in case_rows()]

    with pytest.raises(ValueError, match="thickness_mm of the case c000 must be a number"):
        summary_of(rows=rows)
