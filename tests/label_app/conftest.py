from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from cem_monai.data import mask_path, read_mask, write_mask
from cem_monai.label_app.image_source import FolderSource
from cem_monai.label_app.workspace import Workspace
from cem_monai.simulator import simulate_exams
from exams import SPACING, write_exam, write_exams
from label_models import make_model
from labeling.server import label_python, running_server
from orthanc import pacs_or_skip

SIZE = 128


@pytest.fixture
def studies(tmp_path) -> Path:
    """One exam of two views, 64 x 64; all images of a kind share a series."""
    write_exam(tmp_path / "studies", "TEST-000")
    return tmp_path / "studies"


@pytest.fixture
def workspace(studies, tmp_path) -> Workspace:
    return Workspace(FolderSource(studies), tmp_path / "work")


@pytest.fixture(scope="session")
def python() -> Path:
    try:
        return label_python()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def drawn_exams(tmp_path_factory) -> Path:
    """Four exams; a second reader drew another mass and surround on the test case."""
    folder = tmp_path_factory.mktemp("exams")
    write_exams(folder, size=SIZE)
    for path in folder.glob("*/*_DES.dcm"):
        for region in ("mass", "surround"):
            mask = np.roll(read_mask(mask_path(path, region)), 3, axis=0)
            write_mask(mask, mask_path(path, f"{region}_second"), SPACING)
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> list[Path]:
    """One exam whose images have a series each, as clinics have it."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate_exams(folder, exams=1, seed=2, size=256)
    return sorted(path for path in folder.rglob("*.dcm") if "TWIN" not in path.name)


@pytest.fixture(scope="session")
def pacs(tmp_path_factory, drawn_exams, simulated):
    with pacs_or_skip(tmp_path_factory.mktemp("pacs")) as running:
        for path in [*drawn_exams.glob("*/*.dcm"), *simulated]:
            running.add(path.read_bytes())
        running.add(_with_implant(drawn_exams))
        yield running


@pytest.fixture(scope="session")
def server(tmp_path_factory, python, pacs):
    folder = tmp_path_factory.mktemp("server")
    conf = {
        "models": f"breast_cem_unet512={make_model(folder / 'models' / 'model.pt')}",
        "output": str(folder / "label"),
        "uncertainty": "2",
        "trust": "true",
    }
    with running_server(f"{pacs.url}/dicom-web", folder, conf, python=python) as running:
        yield running


def _with_implant(exams: Path) -> bytes:
    """An image that the gate refuses."""
    dataset = pydicom.dcmread(exams / "TEST-000" / "L_CC_LE.dcm")
    dataset.BreastImplantPresent = "YES"
    dataset.StudyInstanceUID = dataset.StudyInstanceUID + "1"
    dataset.SeriesInstanceUID = dataset.SeriesInstanceUID + "1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.4711"
    target = exams.parent / "implant.dcm"
    dataset.save_as(target)
    return target.read_bytes()
