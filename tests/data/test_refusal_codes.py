"""Each refusal code: a file that gets it, and its row in the documentation."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000, DeflatedExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from cem_monai.data import CHECKSUMS, inspect_file, report_refused, scan_folder
from cem_monai.data.pair import Refused
from cem_monai.data.pairing import pair_images
from cem_monai.data.picture_folder import find_picture_low_energy
from cem_monai.dicom import (
    ChildDecoder,
    MammogramError,
    RefusalCode,
    decoder,
    read_mammogram,
    read_raw_mammogram,
    reading,
    refuse,
)
from cem_monai.dicom.refusal_codes import CODE_OF_KEYWORD

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "refusals.md"
SaveMammogram = Callable[..., Path]
MakeMammogram = Callable[..., Dataset]

BY_ATTRIBUTE: dict[str, dict[str, Any]] = {
    "E-MODALITY": {"Modality": "CT"},
    "E-INTENT": {"PresentationIntentType": "FOR PROCESSING"},
    "E-SOP-CLASS": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"},
    "E-FRAMES": {"NumberOfFrames": 2},
    "E-SAMPLES": {"SamplesPerPixel": 3},
    "E-PHOTOMETRIC": {"PhotometricInterpretation": "RGB"},
    "E-SIZE": {"Rows": 9000},
    "E-BITS": {"HighBit": 15},
    "E-RESCALE": {"RescaleSlope": "0"},
    "E-PADDING": {"PixelPaddingValue": [0, 1]},
    "E-LOSSY": {"LossyImageCompression": "01", "LossyImageCompressionRatio": ["3", "20"]},
    "E-UID": {"StudyInstanceUID": "1.2.x"},
    "E-GENERATED": {"ImageType": ["DERIVED", "SECONDARY", "", "", "", "VIRTUAL_DES"]},
    "E-SYNTHETIC": {"SyntheticData": "YES"},
    "E-PROJECTION": {"ImageType": ["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS"]},
    "E-VIEW": {"ViewCodeSequence": None},
    "E-IMPLANT": {"BreastImplantPresent": "YES"},
    "E-LATERALITY": {"ImageLaterality": "B"},
    "E-ORIENTATION": {"PatientOrientation": ["P", "L"]},
    "E-SPACING": {"ImagerPixelSpacing": ["0", "0"]},
    "E-CONTENT": {"ImageType": ["ORIGINAL", "PRIMARY"]},
    "E-PIXEL-DATA": {"PixelData": bytes(94)},
    "E-PIXEL-VALUES": {"pixels": np.full((6, 8), 5000)},
    "E-BREAST": {"pixels": np.full((6, 8), 5)},
    "E-DAMAGED": {"ImagerPixelSpacing": ["0.1", "0.1"]},  # its VR is broken below
}
ELSEWHERE = {
    *("E-CODESTREAM", "E-PIXELS", "E-DECODER-TIME", "E-DECODER-MEMORY", "E-DECODER-CRASH"),
    *("E-VIEW-MODIFIER", "E-DUPLICATE", "E-NO-PARTNER", "E-AMBIGUOUS", "E-MISMATCH"),
    *("E-FILE", "E-FILE-SIZE", "E-CHECKSUM", "E-NOT-DICOM", "E-HEADER-SIZE", "E-NESTING"),
    *("E-DEFLATED", "E-TRANSFER-SYNTAX", "E-INTENSITY", "E-ATTRIBUTE", "E-RAW", "E-PICTURE"),
    "E-IMPORT",
}
"""Tested one by one below, or in test_decoder.py."""


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pydicom write what the standard forbids."""
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)


def breast() -> np.ndarray:
    y, x = np.mgrid[:64, :48]
    return np.where(((y - 32) / 26) ** 2 + (x / 30) ** 2 < 1, 2000, 0)


def code_of(path: Path, **options: Any) -> str:
    with pytest.raises(MammogramError) as error:
        inspect_file(path, **options)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "Sentinel" not in message
    return str(error.value.code)


def test_every_code_is_documented_and_tested() -> None:
    rows = re.findall(r"^\| `(E-[A-Z-]+)` \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert rows == [str(code) for code in RefusalCode]
    assert set(rows) == BY_ATTRIBUTE.keys() | ELSEWHERE


def test_limits_in_the_documentation_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"more than {reading.MAX_FILE_BYTES // 2**20} MiB |" in page
    assert f"before the pixel data more than {reading.MAX_HEADER_BYTES // 2**20} MiB" in page
    assert f"nested more than {reading.MAX_DEPTH} deep" in page
    assert f"{decoder.CPU_SECONDS} s of CPU and {decoder.WALL_SECONDS:.0f} s of wall" in page


@pytest.mark.parametrize("code", sorted(BY_ATTRIBUTE.keys() - {"E-DAMAGED"}))
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_code_of_an_attribute(save_mammogram: SaveMammogram, code: str) -> None:
    changes = {"pixels": breast(), **BY_ATTRIBUTE[code]}
    assert code_of(save_mammogram(**changes)) == code


def test_attribute_of_another_type_than_it_should_be(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(pixels=breast())
    content = path.read_bytes()
    assert b"DS\x08\x000.1\\0.1" in content  # ImagerPixelSpacing
    path.write_bytes(content.replace(b"DS\x08\x000.1\\0.1", b"LO\x08\x000.1\\0.1"))
    assert code_of(path) == "E-DAMAGED"


def test_good_file_passes_and_implants_on_request(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(pixels=breast(), BreastImplantPresent="YES")
    assert inspect_file(path, allow_implants=True)[1].path == path
    assert inspect_file(save_mammogram(pixels=breast(), BreastImplantPresent="NO"))
    assert inspect_file(save_mammogram(pixels=breast(), LossyImageCompressionRatio="9.5"))


def test_view_modifier(save_mammogram: SaveMammogram, make_code: Callable[..., Dataset]) -> None:
    view = make_code("399162004", "SCT", (("399163009", "SCT"),))
    assert code_of(save_mammogram(ViewCodeSequence=[view])) == "E-VIEW-MODIFIER"


def test_codes_of_files(tmp_path: Path, save_mammogram: SaveMammogram) -> None:
    assert code_of(tmp_path / "absent.dcm") == "E-FILE"
    path = tmp_path / "text.dcm"
    path.write_text("no dicom")
    assert code_of(path) == "E-NOT-DICOM"
    path = save_mammogram()
    with path.open("r+b") as file:
        file.truncate(reading.MAX_FILE_BYTES + 1)  # sparse
    assert code_of(path) == "E-FILE-SIZE"


def test_header_of_too_many_elements(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram()
    content = path.read_bytes()
    start = content.index(b"\xe0\x7f\x10\x00")
    filler = b"\x09\x00\x10\x10LO\x00\x00" * (reading.MAX_HEADER_BYTES // 8)
    path.write_bytes(content[:start] + filler + content[start:])
    assert code_of(path) == "E-HEADER-SIZE"


@pytest.mark.parametrize(("laterality", "orientation"), [("L", ["A", "R"]), ("R", ["P", "L"])])
def test_pixels_mirrored_without_their_header(
    save_mammogram: SaveMammogram, laterality: str, orientation: list[str]
) -> None:
    upright = breast() if orientation[0] == "A" else breast()[:, ::-1]
    header = {"laterality": laterality, "PatientOrientation": orientation}
    inspect_file(save_mammogram(pixels=upright, **header))
    assert code_of(save_mammogram(pixels=upright[:, ::-1], **header)) == "E-ORIENTATION"


@pytest.mark.parametrize("depth", [17, 150, 250, 2000])
@pytest.mark.parametrize("defined", [True, False])
def test_nested_sequences(save_mammogram: SaveMammogram, depth: int, defined: bool) -> None:
    path = save_mammogram()
    content = path.read_bytes()
    start = content.index(b"\xe0\x7f\x10\x00")
    path.write_bytes(content[:start] + _nested(depth, defined) + content[start:])
    assert code_of(path) == "E-NESTING"


def test_sequences_as_deep_as_reports_have_them(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(pixels=breast())
    content = path.read_bytes()
    start = content.index(b"\xe0\x7f\x10\x00")
    path.write_bytes(content[:start] + _nested(16, True) + content[start:])
    assert inspect_file(path)


def _nested(depth: int, defined: bool) -> bytes:
    """Return ContentSequence (0040,A730) in itself."""
    content = b""
    for _ in range(depth):
        length = len(content).to_bytes(4, "little") if defined else b"\xff" * 4
        end = b"" if defined else b"\xfe\xff\x0d\xe0\0\0\0\0"
        item = b"\xfe\xff\x00\xe0" + length + content + end
        length = len(item).to_bytes(4, "little") if defined else b"\xff" * 4
        end = b"" if defined else b"\xfe\xff\xdd\xe0\0\0\0\0"
        content = b"\x40\x00\x30\xa7SQ\0\0" + length + item + end
    return content


@pytest.mark.parametrize(
    ("syntax", "code"),
    [(DeflatedExplicitVRLittleEndian, "E-DEFLATED"), (JPEG2000, "E-TRANSFER-SYNTAX")],
)
def test_transfer_syntaxes(
    tmp_path: Path, make_mammogram: MakeMammogram, syntax: str, code: str
) -> None:
    dataset = make_mammogram()
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == JPEG2000:
        dataset.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
        dataset["PixelData"].is_undefined_length = True
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert code_of(tmp_path / "image.dcm") == code


def test_codes_of_compressed_pixels(tmp_path: Path, make_mammogram: MakeMammogram) -> None:
    path = tmp_path / "image.dcm"
    dataset = make_mammogram(breast())
    dataset.compress(JPEGLSLossless)
    dataset.Rows, dataset.Columns = 48, 64
    dataset.save_as(path, enforce_file_format=True)
    assert code_of(path) == "E-CODESTREAM"
    dataset.Rows, dataset.Columns = 64, 48
    stream = bytearray(dataset.PixelData)
    stream[60:] = bytes(len(stream) - 60)
    dataset.PixelData = bytes(stream[:8]) + bytes(stream[8:])
    dataset.save_as(path, enforce_file_format=True)
    assert code_of(path) in ("E-PIXELS", "E-CODESTREAM")


def test_run_length_bomb_never_reaches_a_decoder(
    tmp_path: Path, make_mammogram: MakeMammogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """7000 x 7000 pixels, said to be in 200 bytes."""
    monkeypatch.setattr(decoder, "_decoder", ChildDecoder())
    monkeypatch.setattr(decoder, "COMMAND", "import os; os.abort()")
    dataset = make_mammogram(np.zeros((16, 32)))
    dataset.compress(RLELossless)
    dataset.Rows = dataset.Columns = 7000
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    assert code_of(tmp_path / "image.dcm") == "E-CODESTREAM"


def test_duplicate_and_partners(save_mammogram: SaveMammogram, tmp_path: Path) -> None:
    des = ["DERIVED", "PRIMARY", "", "SUBTRACTION"]
    save_mammogram("in/a.dcm", breast(), SOPInstanceUID="1.2.1")
    save_mammogram("in/b.dcm", breast(), SOPInstanceUID="1.2.1")
    scan = scan_folder(tmp_path / "in")
    assert [str(one.code) for one in scan.refused] == ["E-DUPLICATE"]
    assert [str(one.code) for one in pair_images(scan.images)[1]] == ["E-NO-PARTNER"]
    save_mammogram("in/b.dcm", breast(), SOPInstanceUID="1.2.2")
    save_mammogram("in/c.dcm", breast(), SOPInstanceUID="1.2.3", ImageType=des)
    refused = pair_images(scan_folder(tmp_path / "in").images)[1]
    assert "E-AMBIGUOUS" in [str(one.code) for one in refused]
    (tmp_path / "in/b.dcm").unlink()
    save_mammogram("in/c.dcm", breast()[:60], SOPInstanceUID="1.2.3", ImageType=des)
    refused = pair_images(scan_folder(tmp_path / "in").images)[1]
    assert "E-MISMATCH" in [str(one.code) for one in refused]


def test_checksums(save_mammogram: SaveMammogram, tmp_path: Path) -> None:
    import hashlib

    good = save_mammogram("in/good.dcm", breast(), SOPInstanceUID="1.2.1")
    bad = save_mammogram("in/bad.dcm", breast(), SOPInstanceUID="1.2.2")
    new = save_mammogram("in/new.dcm", breast(), SOPInstanceUID="1.2.3")
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in (good, bad)
    ]
    (tmp_path / "in" / CHECKSUMS).write_text("\n".join(lines) + "\n")
    content = bytearray(bad.read_bytes())
    content[-1000] ^= 1  # a pixel: nothing else would notice
    bad.write_bytes(bytes(content))
    scan = scan_folder(tmp_path / "in")
    assert [image.path for _, image in scan.images] == [good]
    assert {(one.path, str(one.code)) for one in scan.refused} == {
        (bad, "E-CHECKSUM"),
        (new, "E-CHECKSUM"),
    }
    (tmp_path / "in" / CHECKSUMS).write_text("nonsense\n")
    with pytest.raises(ValueError, match="line 1 is no SHA-256"):
        scan_folder(tmp_path / "in")


def test_image_unlike_the_training(save_mammogram: SaveMammogram) -> None:
    share = float((breast() > 0).mean())
    middle = 2 * 2000 / 4095 - 1
    alike = {name: [middle - 0.1, middle + 0.1] for name in ("dark", "middle", "bright")}
    trained = {"window": None, "breast_share": [share - 0.1, share + 0.1], **alike}
    path = save_mammogram(pixels=breast())
    assert inspect_file(path, trained=trained)
    for name in ("breast_share", "dark", "middle", "bright"):
        other = {**trained, name: [2.0, 2.1]}
        assert code_of(path, trained=other) == "E-INTENSITY"
    window = {**trained, "window": [0, 2000]}  # the same pixels are the brightest of this window
    assert code_of(path, trained=window) == "E-INTENSITY"
    des = ["DERIVED", "PRIMARY", "", "SUBTRACTION"]
    assert inspect_file(save_mammogram(pixels=breast(), ImageType=des), trained=window)


def test_remaining_codes(save_mammogram: SaveMammogram, tmp_path: Path) -> None:
    assert refuse("a.dcm", "KVP", "1", "must be 2").code is RefusalCode.ATTRIBUTE
    path = save_mammogram(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2.1",
        PresentationIntentType="FOR PROCESSING",
        PixelIntensityRelationship="LOG",
    )
    with pytest.raises(MammogramError) as error:
        read_raw_mammogram(path)
    assert error.value.code is RefusalCode.RAW
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no usable"):
        find_picture_low_energy(tmp_path / "pictures", tmp_path / "refused.csv")
    with (tmp_path / "refused.csv").open() as file:
        assert [row["code"] for row in csv.DictReader(file)] == ["E-PICTURE"]
    report_refused([Refused(Path("a"), "a: b")], tmp_path / "refused.csv")
    assert (tmp_path / "refused.csv").read_text().splitlines() == [
        "path,reason,code",
        "a,a: b,E-IMPORT",
    ]


def test_codes_cross_processes() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(refuse("a.dcm", "Modality", "CT", "must be MG")))
    assert (str(error), error.code) == (
        "a.dcm: Modality (0008,0060) is CT, must be MG",
        RefusalCode.MODALITY,
    )


def test_every_attribute_that_the_gate_names_has_a_code() -> None:
    from cem_monai.dicom.gate import FOR_PRESENTATION, ONE_GRAY_IMAGE

    assert {keyword for keyword, _, _ in (*FOR_PRESENTATION, *ONE_GRAY_IMAGE)} <= set(
        CODE_OF_KEYWORD
    )


def test_what_follows_the_pixels_is_not_read(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram(pixels=breast())
    path.write_bytes(path.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0\xff\xff\xff\x7f" + bytes(1000))
    np.testing.assert_array_equal(read_mammogram(path).pixels, breast())
