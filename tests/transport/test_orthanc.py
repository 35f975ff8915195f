"""A real archive that is killed while it gets 200 images, and senders that are."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cem_monai.dicom import deterministic_uid
from cem_monai.infer import infer_studies, make_sender
from cem_monai.transport import (
    DicomwebSource,
    DimseSource,
    Outbox,
    StoreSender,
    StowSender,
    deliver,
    growing_pauses,
    parse_peer,
)
from exams import write_exam
from infer.stand_in import translate
from transport.orthanc import Orthanc

pytestmark = pytest.mark.slow

IMAGES = 200
PROGRAM = Path(__file__).with_name("send_outbox.py")


@pytest.fixture
def orthanc(tmp_path):
    archive = Orthanc(tmp_path / "orthanc")
    archive.start()
    yield archive
    archive.kill()


@pytest.fixture
def outbox(tmp_path, make_mammogram):
    """200 images that wait; their pixels are noise of 32 kB, so that sending takes a moment."""
    outbox = Outbox(tmp_path / "outbox")
    folder = tmp_path / "results"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(IMAGES):
        uid = deterministic_uid("image", str(number))
        pixels = generator.integers(0, 4096, (128, 128))
        path = folder / f"{uid}.dcm"
        make_mammogram(pixels, SOPInstanceUID=uid).save_as(path, enforce_file_format=True)
        outbox.add(path, uid)
    return outbox


def sender(orthanc, way):
    return StowSender(orthanc.stow) if way == "stow" else StoreSender(parse_peer(orthanc.address))


def check_all_there(orthanc, tmp_path):
    """All of them, each once, with the pixels that were sent."""
    wanted = {path.stem: path for path in (tmp_path / "results").iterdir()}
    uids = orthanc.uids()
    assert len(uids) == IMAGES
    assert set(uids) == set(wanted)
    for uid in random.Random(0).sample(sorted(wanted), 10):
        stored = pydicom.dcmread(_save(tmp_path / "stored.dcm", orthanc.file(uid)))
        np.testing.assert_array_equal(stored.pixel_array, pydicom.dcmread(wanted[uid]).pixel_array)


def _save(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("way", ["stow", "store"])
def test_archive_killed_in_the_middle_and_started_again(orthanc, outbox, tmp_path, way):
    stored = []
    halfway = threading.Event()

    def report(parcel, answer):
        stored.append(parcel.uid)
        if len(stored) in (60, 120):
            halfway.set()

    def kill_twice():
        for _ in range(2):
            halfway.wait()
            halfway.clear()
            orthanc.kill()
            time.sleep(0.5)
            orthanc.start()

    killer = threading.Thread(target=kill_twice)
    killer.start()
    result = deliver(
        outbox,
        sender(orthanc, way),
        report,
        pauses=lambda: growing_pauses(0.05, 0.5),
        patience=120,
    )
    killer.join()
    assert (result.stored, result.refused, result.waiting) == (IMAGES, 0, 0)
    assert "127.0.0.1" in (result.trouble or ""), "it was away"
    check_all_there(orthanc, tmp_path)


@pytest.mark.parametrize("way", ["stow", "store"])
def test_sender_killed_again_and_again(orthanc, outbox, tmp_path, way):
    address = orthanc.stow if way == "stow" else orthanc.address
    command = [sys.executable, str(PROGRAM), str(outbox.folder), address]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    generator = random.Random(0)
    kills = 0
    for _ in range(30):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(generator.randrange(20, 60)):
            if not process.stdout.readline():
                break
        time.sleep(generator.uniform(0, 0.02))
        process.kill()
        _, errors = process.communicate()
        if process.returncode != -9:
            assert process.returncode == 0, errors
            break
        kills += 1
    assert kills >= 2, "it was not killed in the middle"
    assert Outbox(outbox.folder).waiting() == []
    check_all_there(orthanc, tmp_path)


def test_studies_from_the_archive_and_results_back(orthanc, tmp_path):
    """Both protocols bring the same files; the virtual images end up in the study, once."""
    write_exam(tmp_path / "exam", "TEST-000", mass=False)
    files = sorted((tmp_path / "exam").rglob("*.dcm"))
    for path in files:
        StowSender(orthanc.stow).send(path)
    study = str(pydicom.dcmread(files[0]).StudyInstanceUID)
    fetched = []
    for name, source in (
        ("web", DicomwebSource(f"{orthanc.stow}/studies?ModalitiesInStudy=MG")),
        ("dimse", DimseSource(parse_peer(orthanc.address), study)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        assert list(source.studies()) == [study]
        assert source.fetch(study, folder) == 4
        fetched.append({path.name: pydicom.dcmread(path) for path in folder.iterdir()})
    assert fetched[0] == fetched[1]
    for way in (("--stow", orthanc.stow, None), ("--store", None, orthanc.address)):
        outcome = infer_studies(
            f"{orthanc.address}/{study}",
            tmp_path / f"out{way[0]}",
            translate,
            sender=make_sender(way[1], way[2], ae_title="CEM_MONAI"),
            ae_title="CEM_MONAI",
        )
        assert outcome.complete, "the second run finds results in the study, and leaves them"
    assert len(orthanc.uids()) == 6
