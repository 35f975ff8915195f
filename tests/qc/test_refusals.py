from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cem_monai.data import Refused, report_refused
from cem_monai.dicom import refuse
from cem_monai.qc.page import write_qc
from cem_monai.qc.refusals import group_refused
from html_page import Page

UID = "2.25.294110606903498155458493251344447162020"


def refused(name: str, reason: str) -> Refused:
    path = Path("/in put") / name
    return Refused(path, f"{path}: {reason}")


def kinds(*reasons: str) -> list[str]:
    entries = [refused(f"{number}.dcm", reason) for number, reason in enumerate(reasons)]
    return list(group_refused(entries).groups)


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (
            f"this recombined image has no low-energy partner (L CC, SOPInstanceUID {UID})",
            "this recombined image has no low-energy partner (R MLO, SOPInstanceUID 1.2.3)",
            "this recombined image has no low-energy partner (…)",
        ),
        (
            f"has the same SOPInstanceUID (0008,0018) {UID} as /in put/a b/first.dcm",
            "has the same SOPInstanceUID (0008,0018) 1.2.3 as x/second",
            "has the same SOPInstanceUID (0008,0018) … as …",
        ),
        (
            "ImageLaterality (0020,0062) is X, must be L or R",
            "ImageLaterality (0020,0062) is missing, must be L or R",
            "ImageLaterality (0020,0062): must be L or R",
        ),
        (
            "Rows (0028,0010) is 64, but 48 in its low-energy partner /in put/LE.dcm",
            "Rows (0028,0010) is 65, but 49 in its low-energy partner /other/LE.dcm",
            "Rows (0028,0010): but … in its low-energy partner …",
        ),
        (
            "12.5% of the image is as dark as air and 3% as bright as the densest tissue",
            "0.1% of the image is as dark as air and 99% as bright as the densest tissue",
            "… of the image is as dark as air and … as bright as the densest tissue",
        ),
        (
            "2 low-energy images are candidates for it: 1.2.3, 1.2.4",
            "3 low-energy images are candidates for it: 1.2.3, 1.2.4, 1.2.5",
            "… low-energy images are candidates for it: …",
        ),
    ],
)
def test_reasons_that_differ_in_values_are_one_kind(first: str, second: str, kind: str) -> None:
    assert kinds(first, second) == [kind]


def test_other_attributes_and_other_demands_are_other_kinds() -> None:
    assert kinds(
        "BitsStored (0028,0101) is 7, must be 8 to 16",
        "BitsStored (0028,0101) is 16, must not exceed BitsAllocated, which is 8",
        "BitsAllocated (0028,0100) is 32, must be 8 or 16",
        "BitsStored (0028,0101) is 20, must be 8 to 16",
    ) == [
        "BitsStored (0028,0101): must be 8 to 16",  # twice
        "BitsAllocated (0028,0100): must be … or …",
        "BitsStored (0028,0101): must not exceed BitsAllocated, which is …",
    ]


@pytest.mark.parametrize(("value", "shown"), [("CT", "CT"), (None, "missing"), ("", "empty")])
def test_file_tag_and_value_are_taken_out(value: object, shown: str) -> None:
    path = Path("/in/deep/a.dcm")
    reason = str(refuse(path, "Modality", value, "must be MG"))
    grouped = group_refused([Refused(path, reason), refused("b.dcm", "is not a DICOM file")])
    assert grouped.folder == "/"
    one = grouped.groups["Modality (0008,0060): must be MG"][0]
    assert (one.file, one.attribute, one.value) == (
        "in/deep/a.dcm",
        "Modality (0008,0060)",
        shown,
    )
    assert f"{path}: {one.sentence}" == reason


def test_page_lists_every_refused_file_once(tmp_path: Path) -> None:
    entries = [refused(f"{n}.dcm", "is not a DICOM file") for n in range(30)]
    entries += [refused(f"x{n}.dcm", f"Modality (0008,0060) is V{n}, must be MG") for n in range(3)]
    write_qc(tmp_path / "qc.html", [], entries)
    page = Page(tmp_path / "qc.html")
    rows = [row for rows in page.tables if rows[0][0] == "file" for row in rows[1:]]
    assert sorted(row[0] for row in rows) == sorted(one.path.name for one in entries)
    assert [row for row in rows if row[0] == "x2.dcm"] == [
        ["x2.dcm", "Modality (0008,0060)", "V2", "Modality (0008,0060) is V2, must be MG"]
    ]
    assert "Files refused: 33" in page.text
    # long groups are folded, short ones open
    assert ["open" in attributes for tag, attributes in page.tags if tag == "details"] == [
        False,
        True,
    ]


def test_file_of_the_log_and_the_page_agree(tmp_path: Path) -> None:
    entries = [refused("a.dcm", "is not a DICOM file"), refused("b/c.dcm", "is damaged")]
    report_refused(entries, tmp_path / "refused.csv")
    with (tmp_path / "refused.csv").open() as file:
        logged = {row["path"] for row in csv.DictReader(file)}
    grouped = group_refused(entries)
    shown = {str(Path(grouped.folder, one.file)) for g in grouped.groups.values() for one in g}
    assert shown == logged
