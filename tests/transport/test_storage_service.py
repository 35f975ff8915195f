"""The listener against callers that keep the rules, and those that do not."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import time
from collections import namedtuple

import pydicom
import pytest
from pynetdicom import AE

from cem_monai.transport import (
    DeliveryError,
    Inbox,
    InboxFullError,
    Listening,
    Peer,
    StorageService,
    StoreSender,
    storage_service,
)
from transport.archives import MG, write_object

PATIENT = "Sentinel"


@pytest.fixture
def log():
    return []


@pytest.fixture
def service(tmp_path, log):
    listening = Listening(["MAMMO"], port=0, associations=2)
    service = StorageService(listening, Inbox(tmp_path / "inbox", free_bytes=0), log.append)
    service.start()
    yield service
    service.stop()


def sender(service, title="MAMMO", called="CEM_MONAI"):
    return StoreSender(Peer(called, "127.0.0.1", service.port), ae_title=title)


def arrived(tmp_path):
    return sorted((tmp_path / "inbox" / "arriving").glob("*/*"))


def test_image_is_on_disk_when_it_is_acknowledged(service, tmp_path, make_mammogram, log):
    path = write_object(tmp_path / "out", make_mammogram, 1)
    caller = sender(service)
    assert caller.send(path) == "stored"
    (received,) = arrived(tmp_path)
    caller.close()
    assert pydicom.dcmread(received) == pydicom.dcmread(path)
    assert received.read_bytes()[:128] == bytes(128)
    assert log == ["received 1.2.826.0.1.1"]
    assert PATIENT not in str(received)


def test_same_image_again_replaces_itself(service, tmp_path, make_mammogram):
    path = write_object(tmp_path / "out", make_mammogram, 1)
    caller = sender(service)
    caller.send(path)
    caller.send(path)
    caller.close()
    assert len(arrived(tmp_path)) == 1


@pytest.mark.parametrize(("title", "called"), [("STRANGER", "CEM_MONAI"), ("MAMMO", "OTHER")])
def test_stranger_is_rejected(service, tmp_path, make_mammogram, title, called, log):
    path = write_object(tmp_path / "out", make_mammogram, 1)
    with pytest.raises(DeliveryError, match="rejects the association"):
        sender(service, title, called).send(path)
    assert not arrived(tmp_path)
    assert "STRANGER" not in "".join(log)


def test_another_kind_of_object_is_not_even_transferred(service, tmp_path, make_mammogram):
    path = write_object(tmp_path, make_mammogram, 1, SOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    with pytest.raises(DeliveryError, match="accepts none of the offered kinds"):
        sender(service).send(path)


def test_one_caller_too_many(service):
    entity = AE("MAMMO")
    entity.add_requested_context(MG)
    callers = [entity.associate("127.0.0.1", service.port, ae_title="CEM_MONAI") for _ in range(3)]
    assert [one.is_established for one in callers] == [True, True, False]
    for one in callers[:2]:
        one.release()


def test_full_disk_is_told_and_nothing_is_acknowledged(
    service, tmp_path, make_mammogram, monkeypatch, log
):
    path = write_object(tmp_path / "out", make_mammogram, 1)
    usage = namedtuple("usage", "total used free")(1, 1, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DeliveryError, match="0xA700"):
        sender(service).send(path)
    assert not arrived(tmp_path)
    monkeypatch.undo()
    assert sender(service).send(path) == "stored"


def test_queue_is_bounded(tmp_path):
    inbox = Inbox(tmp_path, most_images=2, free_bytes=0)
    inbox.put("1.1", "1.2", b"x")
    inbox.put("1.1", "1.3", b"x")
    with pytest.raises(InboxFullError, match="2 images wait"):
        inbox.put("1.1", "1.4", b"x")


def test_object_that_says_something_else_than_its_request(
    service, tmp_path, make_mammogram, monkeypatch, log
):
    path = write_object(tmp_path / "out", make_mammogram, 1)
    monkeypatch.setattr(storage_service, "MG_FOR_PRESENTATION", "1.2")
    with pytest.raises(DeliveryError, match="0xA900"):
        sender(service).send(path)
    assert not arrived(tmp_path)


@pytest.mark.parametrize("study", ["", "../../etc/passwd"])
def test_study_without_a_valid_uid(service, tmp_path, make_mammogram, study, log):
    dataset = make_mammogram(StudyInstanceUID=study or None)
    path = tmp_path / "a.dcm"
    dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(DeliveryError, match="0xC000"):
        sender(service).send(path)
    assert "passwd" not in "".join(log)
    assert not arrived(tmp_path)


def test_object_that_would_take_minutes_to_parse(service, tmp_path, make_mammogram, log):
    path = write_object(tmp_path / "out", make_mammogram, 1)
    content = path.read_bytes()
    place = content.index(struct.pack("<HH2s", 0x0010, 0x0010, b"PN"))
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 40_000
    bomb = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 2**32 - 1) + items
    bomb += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    path.write_bytes(content[:place] + bomb + content[place:])
    with pytest.raises(DeliveryError, match="0xC000"):
        sender(service).send(path)
    assert log == ["refused an object that cannot be read (TooManyStepsError)"]


def test_huge_length_is_not_read(service, log):
    """A protocol data unit that announces 4 GB: hung up before memory is asked for."""
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        caller.sendall(struct.pack(">BBL", 1, 0, 2**32 - 1) + bytes(100))
        caller.settimeout(5)
        assert caller.recv(10) == b""
    assert log == ["hung up on a caller that sends too much"]


def test_huge_object_is_not_taken(service, tmp_path, make_mammogram, monkeypatch, log):
    monkeypatch.setattr(storage_service, "MAX_OBJECT", 5_000)
    big = tmp_path / "big.dcm"
    make_mammogram(Rows=200, Columns=200, PixelData=bytes(80_000)).save_as(
        big, enforce_file_format=True
    )
    with pytest.raises(DeliveryError):
        sender(service).send(big)
    assert not arrived(tmp_path)
    assert "hung up on a caller that sends too much" in log
    small = write_object(tmp_path / "out", make_mammogram, 1)
    caller = sender(service)
    for _ in range(10):  # the bound is for one object, not for one association
        assert caller.send(small) == "stored"
    caller.close()


def test_study_is_complete_when_it_is_quiet(tmp_path):
    inbox = Inbox(tmp_path, free_bytes=0)
    inbox.put("1.1", "1.2", b"x")
    assert inbox.complete(60) == []
    assert len(inbox.complete(0)) == 1
    inbox.put("1.1", "1.3", b"late")
    first, second = inbox.complete(0)
    assert [len(list(one.iterdir())) for one in (first, second)] == [1, 1]
    inbox.done(first)
    inbox.set_aside(second)
    assert inbox.complete(0) == []
    assert len(list((tmp_path / "failed").glob("*/*.dcm"))) == 1


def test_inbox_survives_a_restart(tmp_path):
    Inbox(tmp_path, free_bytes=0).put("1.1", "1.2", b"x")
    (study,) = Inbox(tmp_path, free_bytes=0).complete(0)
    assert Inbox(tmp_path, free_bytes=0).complete(0) == [study]


def test_other_users_cannot_look_in(tmp_path):
    inbox = Inbox(tmp_path / "inbox", free_bytes=0)
    inbox.put("1.1", "1.2", b"x")
    for name in ("arriving", "ready", "failed"):
        assert os.stat(tmp_path / "inbox" / name).st_mode & 0o077 == 0


@pytest.mark.parametrize("changes", [{"allowed": []}, {"port": 70000}, {"ae_title": "a" * 17}])
def test_listening_that_makes_no_sense(changes):
    with pytest.raises(ValueError, match=r"AE title|port"):
        Listening(**({"allowed": ["MAMMO"]} | changes))


def test_shutdown_ends_open_associations(service):
    entity = AE("MAMMO")
    entity.add_requested_context(MG)
    caller = entity.associate("127.0.0.1", service.port, ae_title="CEM_MONAI")
    service.stop()
    for _ in range(100):
        if not caller.is_established:
            break
        time.sleep(0.05)
    assert not caller.is_established
