"""What a PACS that others wrote gives back is what was sent, by DICOMweb and by C-STORE."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from cem_monai.dicom import (
    GeneratingModel,
    deterministic_uid,
    read_generated,
    save_dataset,
    virtual_des_dataset,
)
from orthanc import pacs_or_skip, stow, wado
from viewer.pacs import Pacs

SIZE = (150, 101)  # odd: an uneven number of pixels a row
SYNTAXES = {"uncompressed": ExplicitVRLittleEndian, "JPEG-LS": JPEGLSLossless}
# that of DCMTK: pynetdicom puts a program of the same name into the environment's folder
STORESCU = shutil.which("storescu", path=os.defpath)
STORESCU_OPTION = {"uncompressed": "-xe", "JPEG-LS": "-xt"}


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pacs]:
    with pacs_or_skip(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


@pytest.fixture(params=list(SYNTAXES))
def syntax(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def virtual(
    write_exposure: Callable[..., Dataset],
    tmp_path: Path,
    syntax: str,
    request: pytest.FixtureRequest,
) -> Path:
    """A virtual DES of noise over all 12 bits, other UIDs in each test."""
    rng = np.random.default_rng(5)
    source = write_exposure(
        rng.integers(0, 4096, SIZE).astype(np.uint16),
        laterality="R",
        sop_instance_uid=deterministic_uid(request.node.name),
    )
    source.SpecificCharacterSet, source.PatientName = "ISO_IR 192", "Prüfung^Phantom"
    generated = virtual_des_dataset(
        source,
        rng.integers(0, 4096, SIZE).astype(np.uint16),
        np.zeros(SIZE, bool),
        model=GeneratingModel("test", "1", "ab" * 32, "cd" * 32),
        bits_stored=12,
        window=(2050, 300),
    )
    if SYNTAXES[syntax] == JPEGLSLossless:
        generated.compress(JPEGLSLossless, generate_instance_uid=False)
    save_dataset(generated, tmp_path / "virtual.dcm")
    return tmp_path / "virtual.dcm"


def test_stow_gives_back_every_byte(pacs: Pacs, virtual: Path) -> None:
    sent = virtual.read_bytes()
    answer = stow(pacs, sent)
    header = dcmread(virtual, stop_before_pixels=True)
    assert not answer.get("00081198", {}).get("Value")  # FailedSOPSequence
    (stored,) = answer["00081199"]["Value"]  # ReferencedSOPSequence
    assert stored["00081155"]["Value"] == [header.SOPInstanceUID]
    uids = header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID
    assert wado(pacs, *uids) == sent
    (virtual.parent / "back.dcm").write_bytes(wado(pacs, *uids))
    back, original = (read_generated(path) for path in (virtual.parent / "back.dcm", virtual))
    np.testing.assert_array_equal(back.pixels, original.pixels)


def test_stow_again_adds_nothing(pacs: Pacs, virtual: Path) -> None:
    stow(pacs, virtual.read_bytes())
    before = pacs.get("/instances")
    stow(pacs, virtual.read_bytes(), virtual.read_bytes())
    assert pacs.get("/instances") == before


def test_c_store_gives_back_every_element(pacs: Pacs, virtual: Path, syntax: str) -> None:
    if STORESCU is None:
        pytest.skip("storescu is not installed (Debian package dcmtk)")
    option, port = STORESCU_OPTION[syntax], str(pacs.dicom_port)
    subprocess.run(
        [STORESCU, option, "-aec", pacs.ae_title, pacs.host, port, str(virtual)],
        check=True,
        timeout=60,
    )
    sent = dcmread(virtual)
    back = dcmread(io.BytesIO(_retrieve(pacs, sent)))
    assert back.file_meta.TransferSyntaxUID == SYNTAXES[syntax]
    assert back == sent
    assert back.PixelData == sent.PixelData


def _retrieve(pacs: Pacs, header: Dataset) -> bytes:
    return wado(pacs, header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID)
