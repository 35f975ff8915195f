from __future__ import annotations

import pytest

from cem_monai.data.cdd_cesm.image_name import ImageName
from cem_monai.dicom import ImageContent, Laterality, ViewPosition


@pytest.mark.parametrize(
    ("text", "spelt", "pair"),
    [
        ("P1_L_DM_MLO", "P1_L_DM_MLO", "P1_L_MLO"),
        ("P3_L_CM_CC ", "P3_L_CM_CC", "P3_L_CC"),
        (" P3_L_CM_CC .jpg ", "P3_L_CM_CC", "P3_L_CC"),
        ("P99_L_DM_MLO_2.JPG", "P99_L_DM_MLO_2", "P99_L_MLO_2"),
        ("P281_L_CM_MLO2", "P281_L_CM_MLO_2", "P281_L_MLO_2"),
    ],
)
def test_every_irregular_name_is_read(text: str, spelt: str, pair: str) -> None:
    name = ImageName.parse(text)
    assert name is not None
    assert (str(name), str(name.pair)) == (spelt, pair)


def test_parts_of_a_name() -> None:
    name = ImageName.parse("P99_R_CM_MLO_2")
    assert name is not None
    assert name.content is ImageContent.RECOMBINED
    assert (name.pair.patient, name.pair.number) == (99, 2)
    assert (name.pair.laterality, name.pair.view_position) == (Laterality.RIGHT, ViewPosition.MLO)
    assert (name.pair.patient_id, name.pair.view) == ("CDD-CESM-P99", "R_MLO_2")
    assert str(name.partner) == "P99_R_DM_MLO_2"
    assert name.partner.partner == name


@pytest.mark.parametrize(
    "text",
    ["", "P0_L_DM_CC", "P1_X_DM_CC", "P1_L_HE_CC", "P1_L_DM_ML", "P1_L_DM_CC_x", "~$P54.docx"],
)
def test_other_names_are_none(text: str) -> None:
    assert ImageName.parse(text) is None
