"""The node, with a stand-in for the network and archives that come and go."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pydicom
import pytest

from cem_monai.infer import Node
from cem_monai.infer import node as node_module
from cem_monai.transport import Listening, Peer, StoreSender, StowSender, parse_peer
from exams import write_exam
from infer.stand_in import translate
from transport.archives import DicomArchive, WebArchive


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(node_module, "LOOK_SECONDS", 0.02)


@pytest.fixture
def exam(tmp_path):
    write_exam(tmp_path / "exam", "TEST-000", mass=False)
    return sorted((tmp_path / "exam").rglob("*.dcm"))


def make_node(folder, sender, log, work=translate):
    listening = Listening(["MAMMO"], port=0)
    return Node(folder, listening, work, sender, quiet_seconds=0.2, log=log.append)


@contextmanager
def running(folder, sender, log, work=translate):
    node = make_node(folder, sender, log, work)
    thread = threading.Thread(target=node.run)
    thread.start()
    wait_for(lambda: any("listening" in line for line in log))
    try:
        yield node
    finally:
        node.stopping.set()
        thread.join()


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def send(node, files):
    caller = StoreSender(Peer("CEM_MONAI", "127.0.0.1", node.port), ae_title="MAMMO")
    for path in files:
        assert caller.send(path) == "stored"
    caller.close()


def test_study_comes_in_and_virtual_images_go_out(tmp_path, exam):
    log = []
    with (
        WebArchive().running() as archive,
        running(tmp_path / "node", StowSender(archive.url), log) as node,
    ):
        send(node, exam)
        wait_for(lambda: len(archive.stored) == 2)
        wait_for(lambda: not list((tmp_path / "node").rglob("*.dcm")))
    sources = {str(pydicom.dcmread(path).SOPInstanceUID) for path in exam if "LE" in path.name}
    results = [pydicom.dcmread(path) for path in _written(tmp_path, archive)]
    assert {one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in results} == sources
    assert all(one.SyntheticData == "YES" for one in results)
    told = "\n".join(log)
    assert log[-1] == "stopped"
    assert "2 images generated, 0 refused" in told
    for secret in ("TEST-000", "Simulated"):
        assert secret not in told + (tmp_path / "node" / "audit.jsonl").read_text()


def _written(tmp_path, archive):
    for uid, content in archive.stored.items():
        path = tmp_path / f"{uid}.dcm"
        path.write_bytes(content)
        yield path


def test_archive_goes_away_and_comes_back(tmp_path, exam):
    log = []
    archive = DicomArchive()
    sender = StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}"))
    with running(tmp_path / "node", sender, log) as node:
        send(node, exam)
        wait_for(lambda: any("is unreachable; what waits is kept" in line for line in log))
        with archive.running():
            wait_for(lambda: len(archive.stored) == 2)
            wait_for(lambda: len(list((tmp_path / "node").rglob("sent/*.json"))) == 2)
    assert len(set(archive.uids)) == 2
    assert sum("is unreachable" in line for line in log) == 1, "once, not with every try"


class OddSender:
    """Fails once in a way that no sender should, then stores."""

    destination = "odd"

    def __init__(self, error):
        self.error, self.sent = error, []

    def send(self, path):
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.sent.append(path.name)
        return "stored"

    def close(self):
        pass


def test_failure_that_nobody_foresaw_does_not_stop_the_sending(tmp_path, exam):
    log, sender = [], OddSender(ValueError("Simulated^Test"))
    with running(tmp_path / "node", sender, log) as node:
        send(node, exam)
        wait_for(lambda: len(sender.sent) == 2)
    assert any("cannot send (ValueError); what waits is kept" in line for line in log)
    assert "Simulated" not in "\n".join(log)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_node_ends_with_its_sender(tmp_path, exam):
    node = make_node(tmp_path / "node", OddSender(SystemExit()), [])
    for path in exam[:1]:
        node._target.outbox.add(path, "1.2.3")
    with pytest.raises(RuntimeError, match="the thread that sends has died"):
        node.run()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_node_that_died_goes_on_where_it_was(tmp_path, exam):
    """The first node dies in its study and takes the translator with it."""

    def dies(source, output):
        translate(source, output)
        raise SystemExit

    first, second = [], []
    with WebArchive().running() as archive:
        with running(tmp_path / "node", StowSender(archive.url), first, dies) as node:
            send(node, exam)
            wait_for(lambda: first[-1] == "stopped")
        assert archive.stored == {}
        with running(tmp_path / "node", StowSender(archive.url), second):
            wait_for(lambda: len(archive.stored) == 2)


def test_study_that_fails_is_set_aside_and_the_next_goes_on(tmp_path, exam):
    log, calls = [], []

    def fails_once(source, output):
        calls.append(source)
        if len(calls) == 1:
            raise RuntimeError("out of memory, patient Simulated^Test")
        return translate(source, output)

    with (
        WebArchive().running() as archive,
        running(tmp_path / "node", StowSender(archive.url), log, fails_once) as node,
    ):
        send(node, exam[:2])
        wait_for(lambda: any("set aside" in line for line in log))
        send(node, exam[2:])
        wait_for(lambda: len(archive.stored) == 1)
    assert len(list((tmp_path / "node" / "inbox" / "failed").rglob("*.dcm"))) == 2
    assert "Simulated" not in "\n".join(log)


@pytest.mark.parametrize("usable", [1, 0])
def test_refusals_are_told_by_uid_and_code(tmp_path, exam, usable):
    log = []
    low_energy = [path for path in exam if "LE" in path.name]
    uids = [str(pydicom.dcmread(path).SOPInstanceUID) for path in low_energy[usable:]]
    for path in low_energy[usable:]:
        dataset = pydicom.dcmread(path)
        dataset.BreastImplantPresent = "YES"
        dataset.save_as(path)
    with (
        WebArchive().running() as archive,
        running(tmp_path / "node", StowSender(archive.url), log) as node,
    ):
        send(node, low_energy)
        wait_for(lambda: any(line.startswith("study ") for line in log))
    kept = (tmp_path / "node" / "refused.csv").read_text().splitlines()
    assert kept[0] == "sop_instance_uid,code"
    assert sorted(kept[1:]) == sorted(f"{uid},E-IMPLANT" for uid in uids)
    for uid in uids:
        assert f"refused {uid} E-IMPLANT" in log


def test_study_with_a_lasting_failure_does_not_block_the_next(tmp_path, exam):
    log, first = [], []

    def refuses_the_first(source, output):
        first.append(source)
        if source == first[0]:
            raise PermissionError(13, "Permission denied")
        return translate(source, output)

    with (
        WebArchive().running() as archive,
        running(tmp_path / "node", StowSender(archive.url), log, refuses_the_first) as node,
    ):
        send(node, exam[:2])
        wait_for(lambda: any("cannot work for now (Permission denied)" in line for line in log))
        send(node, exam[2:])
        wait_for(lambda: len(archive.stored) == 1)
    assert first[0].is_dir(), "it waits for better times"


def test_study_without_a_low_energy_image_is_forgotten(tmp_path, exam):
    log = []
    with (
        WebArchive().running() as archive,
        running(tmp_path / "node", StowSender(archive.url), log) as node,
    ):
        send(node, [path for path in exam if "DES" in path.name])
        wait_for(lambda: any("holds nothing that can be translated" in line for line in log))
    assert not list((tmp_path / "node").rglob("*.dcm"))
    assert archive.stored == {}


def test_full_disk_keeps_the_study_until_there_is_space(tmp_path, exam):
    log, full = [], threading.Event()
    full.set()

    def disk(source, output):
        if full.is_set():
            try:
                raise OSError(28, "No space left on device")
            except OSError as error:  # as MONAI wraps it
                raise RuntimeError("applying transform") from error
        return translate(source, output)

    with (
        WebArchive().running() as archive,
        running(tmp_path / "node", StowSender(archive.url), log, disk) as node,
    ):
        send(node, exam)
        wait_for(lambda: any("cannot work for now (No space left" in line for line in log))
        full.clear()
        wait_for(lambda: len(archive.stored) == 2)
