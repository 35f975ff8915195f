from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest

from cem_monai.transport import (
    DeliveryError,
    DicomwebSource,
    DimseSource,
    Fault,
    archive_source,
    parse_peer,
)
from transport.archives import DicomArchive, WebArchive, free_port, write_object


@pytest.fixture
def objects(tmp_path, make_mammogram):
    return [write_object(tmp_path / "archive", make_mammogram, number) for number in range(3)]


def fetched(folder):
    return sorted(str(pydicom.dcmread(path).SOPInstanceUID) for path in folder.iterdir())


def test_study_over_the_web(tmp_path, objects):
    target = tmp_path / "in"
    target.mkdir()
    with WebArchive().running() as archive:
        archive.stored = {path.stem: path.read_bytes() for path in objects}
        source = DicomwebSource(f"{archive.url}/studies/1.2.3")
        assert list(source.studies()) == ["1.2.3"]
        assert source.fetch("1.2.3", target) == 3
    assert {path.read_bytes() for path in target.iterdir()} == {
        path.read_bytes() for path in objects
    }
    assert not any("1.9" in path for path in archive.requests), "a report is no mammogram"


def test_search_over_the_web(tmp_path):
    with WebArchive().running() as archive:
        source = DicomwebSource(f"{archive.url}/studies?StudyDate=20260101-")
        assert list(source.studies()) == ["1.2.3"]
    first, second = archive.requests
    assert first.endswith("/studies?StudyDate=20260101-")
    assert second.endswith("StudyDate=20260101-&offset=1")


def test_search_with_a_limit_asks_once(tmp_path):
    with WebArchive().running() as archive:
        assert list(DicomwebSource(f"{archive.url}/studies?limit=1").studies()) == ["1.2.3"]
    assert len(archive.requests) == 1


@pytest.mark.parametrize(
    "answer", [b"<html>", b'{"a": 1}', b"[1]", b'[{"0020000D": {"Value": ["../../etc"]}}]', b"[{}]"]
)
def test_nonsense_is_one_sentence_and_no_path(answer, monkeypatch):
    monkeypatch.setattr(WebArchive, "get", lambda *_: (200, "application/dicom+json", answer))
    with WebArchive().running() as archive, pytest.raises(DeliveryError, match="answers a search"):
        list(DicomwebSource(f"{archive.url}/studies").studies())


def test_object_that_is_no_multipart(tmp_path, objects, monkeypatch):
    get = WebArchive.get

    def broken(self, path):
        status, kind, body = get(self, path)
        return status, kind.replace("boundary", "b"), body

    monkeypatch.setattr(WebArchive, "get", broken)
    with WebArchive().running() as archive:
        archive.stored = {path.stem: path.read_bytes() for path in objects}
        with pytest.raises(DeliveryError, match="answers a request for one object with"):
            DicomwebSource(f"{archive.url}/studies/1.2.3").fetch("1.2.3", tmp_path)


def test_endless_answer_is_cut(monkeypatch):
    monkeypatch.setattr("cem_monai.transport.dicomweb.JSON_LIMIT", 1000)
    endless = json.dumps([{"x": "y" * 5000}]).encode()
    monkeypatch.setattr(WebArchive, "get", lambda *_: (200, "application/dicom+json", endless))
    with (
        WebArchive().running() as archive,
        pytest.raises(DeliveryError, match="more than 1000 bytes"),
    ):
        list(DicomwebSource(f"{archive.url}/studies").studies())


def test_study_over_the_dicom_protocol(tmp_path, objects):
    target = tmp_path / "in"
    target.mkdir()
    with DicomArchive().running() as archive:
        archive.stored = [pydicom.dcmread(path) for path in objects]
        archive.series.append(("1.9", "SR"))
        source = DimseSource(parse_peer(f"PACS@127.0.0.1:{archive.port}"), "1.2.3")
        assert source.fetch("1.2.3", target) == 3
    assert fetched(target) == [path.stem for path in objects]


def test_uid_that_is_none_is_a_failure_of_this_study(tmp_path):
    with DicomArchive().running() as archive:
        archive.series = [("", "MG")]
        with pytest.raises(DeliveryError, match="answers a search without a valid UID"):
            DimseSource(parse_peer(f"PACS@127.0.0.1:{archive.port}"), "1.2.3").fetch(
                "1.2", tmp_path
            )


@pytest.mark.parametrize(
    ("bound", "value", "sentence"),
    [
        ("dimse.MOST_OBJECTS", 2, "its study has more than 2 objects"),
        ("storage_service.MAX_OBJECT", 10_000, "its object is too large"),
    ],
)
def test_more_than_a_study_can_be_is_refused(
    tmp_path, make_mammogram, monkeypatch, bound, value, sentence
):
    pixels = np.zeros((128, 128))
    objects = [write_object(tmp_path, make_mammogram, n, pixels=pixels) for n in range(3)]
    monkeypatch.setattr(f"cem_monai.transport.{bound}", value)
    (tmp_path / "in").mkdir()
    with DicomArchive().running() as archive:
        archive.stored = [pydicom.dcmread(path) for path in objects]
        source = DimseSource(parse_peer(f"PACS@127.0.0.1:{archive.port}"), "1.2.3")
        with pytest.raises(DeliveryError, match=sentence) as error:
            source.fetch("1.2.3", tmp_path / "in")
    assert error.value.fault is Fault.REFUSED


def test_full_disk_while_fetching(tmp_path, objects):
    """The folder vanished: no file can be made, and the run must know."""
    with DicomArchive().running() as archive:
        archive.stored = [pydicom.dcmread(path) for path in objects]
        (tmp_path / "in").write_bytes(b"a file where the folder should be")
        source = DimseSource(parse_peer(f"PACS@127.0.0.1:{archive.port}"), "1.2.3")
        with pytest.raises(OSError, match="in"):
            source.fetch("1.2.3", tmp_path / "in")


def test_archive_that_is_away(tmp_path):
    port = free_port()
    with pytest.raises(DeliveryError, match="unreachable"):
        DimseSource(parse_peer(f"PACS@127.0.0.1:{port}"), "1.2.3").fetch("1.2.3", tmp_path)
    with pytest.raises(DeliveryError, match="unreachable"):
        list(DicomwebSource(f"http://127.0.0.1:{port}/studies").studies())


def test_which_address_means_what(tmp_path):
    assert isinstance(archive_source("https://host/dicom-web/studies/1.2.3"), DicomwebSource)
    assert isinstance(archive_source("PACS@host:104/1.2.3"), DimseSource)
    for local in ("folder", "/data/in", str(tmp_path), "a@b", "image.dcm"):
        assert archive_source(local) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://host/dicom-web", "must end in /studies"),
        ("https://host/studies/../../x", "must end in /studies"),
        ("https://host/studies/abc", "'abc' is no UID"),
        ("PACS@host:104", "which study?"),
        ("PACS@host:104/", "which study?"),
        ("PACS@host:104/..", None),
        ("PACS@host:104/1/2", "is no UID"),
    ],
)
def test_address_that_lacks_something(text, sentence):
    if sentence is None:  # two dots are digits and dots; no archive has such a study
        assert archive_source(text) is not None
        return
    with pytest.raises(ValueError, match=sentence):
        archive_source(text)
