from __future__ import annotations

import errno
import os
import resource
import signal

import pytest

from cem_monai.atomic import atomic_write
from cem_monai.transport import Outbox

UID = "1.2.3"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "result.dcm"
    path.write_bytes(b"content" * 1000)
    return path


def names(outbox: Outbox) -> dict[str, list[str]]:
    folders = ("new", "sent", "failed")
    return {name: sorted(os.listdir(outbox.folder / name)) for name in folders}


def test_way_of_an_object(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    assert outbox.add(file, UID, {"input_sha256": "ab"})
    (parcel,) = outbox.waiting()
    assert (parcel.uid, parcel.facts) == (UID, {"input_sha256": "ab"})
    assert parcel.path.read_bytes() == file.read_bytes()
    outbox.settle_sent(parcel)
    assert names(outbox) == {"new": [], "sent": ["1.2.3.json"], "failed": []}
    assert file.exists()
    assert not outbox.add(file, UID), "sent once is enough"
    assert outbox.waiting() == []


def test_refused_object_is_kept_with_the_reason_and_gets_a_second_chance(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(file, UID)
    (parcel,) = outbox.waiting()
    outbox.settle_failed(parcel, "not wanted")
    assert outbox.failed() == [UID]
    assert "not wanted" in (outbox.folder / "failed" / "1.2.3.json").read_text()
    assert outbox.add(file, UID)
    assert outbox.failed() == []
    assert [one.uid for one in outbox.waiting()] == [UID]


def test_another_process_sees_the_same_states(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    for uid in ("1.1", "1.2"):
        outbox.add(file, uid)
    outbox.settle_sent(outbox.waiting()[0])
    again = Outbox(tmp_path / "outbox")
    assert again.was_sent("1.1")
    assert [one.uid for one in again.waiting()] == ["1.2"]


def test_two_senders_may_settle_the_same_object(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(file, UID)
    (first,), (second,) = outbox.waiting(), outbox.waiting()
    outbox.settle_sent(first)
    outbox.settle_sent(second)
    assert names(outbox)["sent"] == ["1.2.3.json"]


def test_waiting_object_is_replaced_by_a_newer_one(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(file, UID)
    outbox.add(file, UID)  # the same file
    file.unlink()
    file.write_bytes(b"new")
    outbox.add(file, UID)
    (parcel,) = outbox.waiting()
    assert parcel.path.read_bytes() == b"new"
    assert names(outbox)["new"] == ["1.2.3.dcm", "1.2.3.json"]


def test_oldest_goes_first(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    for age, uid in enumerate(("1.3", "1.1", "1.2")):
        copy = tmp_path / uid
        copy.write_bytes(b"x")
        os.utime(copy, (1000 + age, 1000 + age))
        outbox.add(copy, uid)
    assert [one.uid for one in outbox.waiting()] == ["1.3", "1.1", "1.2"]


def test_copies_where_a_second_name_is_impossible(tmp_path, file, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(file, UID)
    (parcel,) = outbox.waiting()
    assert parcel.path.read_bytes() == file.read_bytes()
    assert parcel.path.stat().st_ino != file.stat().st_ino


def test_full_disk_leaves_nothing_half_written(tmp_path, file, monkeypatch):
    """The limit of the process stands for the disk: writing fails in the middle of the file."""

    def refuse(*_):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    outbox = Outbox(tmp_path / "outbox")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            outbox.add(file, UID)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert outbox.waiting() == []
    assert not list((outbox.folder / "new").glob("*.dcm"))
    assert not list((outbox.folder / "new").glob(".*"))
    assert outbox.add(file, UID), "with space again"


def test_leftovers_of_dead_processes_are_swept_but_not_those_of_living_ones(tmp_path, file):
    outbox = Outbox(tmp_path / "outbox")
    dead = outbox.folder / "new" / ".dead.tmp"
    dead.write_bytes(b"half")
    with atomic_write(outbox.folder / "new" / "1.2.3.dcm"):
        Outbox(tmp_path / "outbox")
        (living,) = (outbox.folder / "new").glob(".*.tmp")
    assert not dead.exists()
    assert living.name.startswith(".1.2.3.dcm.")


def test_object_is_placed_though_its_temporary_name_was_taken_for_a_leftover(
    tmp_path, file, monkeypatch
):
    outbox, link = Outbox(tmp_path / "outbox"), os.link

    def swept(source, temporary):
        link(source, temporary)
        Outbox(tmp_path / "outbox")

    monkeypatch.setattr(os, "link", swept)
    outbox.add(file, UID)
    (parcel,) = outbox.waiting()
    assert parcel.path.read_bytes() == file.read_bytes()
    assert not list((outbox.folder / "new").glob(".*"))
