from __future__ import annotations

import pytest

from cem_monai.dicom import refuse
from cem_monai.dicom.errors import attribute_label


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("CT", "a.dcm: Modality (0008,0060) is CT, must be MG"),
        (["A", "", "B"], "a.dcm: Modality (0008,0060) is A\\\\B, must be MG"),
        (0, "a.dcm: Modality (0008,0060) is 0, must be MG"),
        ("", "a.dcm: Modality (0008,0060) is empty, must be MG"),
        ("x" * 64, f"a.dcm: Modality (0008,0060) is {'x' * 64}, must be MG"),
        ("x" * 65, f"a.dcm: Modality (0008,0060) is {'x' * 63}…, must be MG"),
        ("M\n\x1bG", "a.dcm: Modality (0008,0060) is M??G, must be MG"),
        (["A"] * 100_000, "a.dcm: Modality (0008,0060) is " + "A\\" * 31 + "A…, must be MG"),
        (None, "a.dcm: Modality (0008,0060) is missing, must be MG"),
    ],
)
def test_sentence_names_file_attribute_and_value(value: object, expected: str) -> None:
    assert str(refuse("a.dcm", "Modality", value, "must be MG")) == expected


def test_word_that_is_no_keyword() -> None:
    with pytest.raises(KeyError, match="'Modalty' is not a DICOM keyword"):
        attribute_label("Modalty")
