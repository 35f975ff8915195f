"""Delivery against archives in this process that fail in every way they are told to."""

from __future__ import annotations

import json
import os
import random
from itertools import islice

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.transport import (
    DeliveryError,
    Fault,
    Outbox,
    StoreSender,
    StowSender,
    deliver,
    growing_pauses,
    parse_peer,
)
from transport.archives import DicomArchive, WebArchive, free_port, stored_answer, write_object


def no_pauses():
    while True:
        yield 0.001


@pytest.fixture
def outbox(tmp_path, make_mammogram):
    """Three objects that wait."""
    outbox = Outbox(tmp_path / "outbox")
    for number in range(3):
        path = write_object(tmp_path / "results", make_mammogram, number)
        outbox.add(path, path.stem, {"number": str(number)})
    return outbox


def send_all(outbox, sender, **options):
    told = []
    options = {"pauses": no_pauses, "patience": 0.05} | options
    result = deliver(outbox, sender, lambda parcel, answer: told.append(answer), **options)
    return result, told


def test_web_archive_gets_every_byte(outbox, tmp_path):
    with WebArchive().running() as archive:
        result, told = send_all(outbox, StowSender(archive.url))
    assert (result.stored, result.refused, result.waiting) == (3, 0, 0)
    assert told == ["stored"] * 3
    for uid, content in archive.stored.items():
        assert content == (tmp_path / "results" / f"{uid}.dcm").read_bytes()


def test_dicom_archive_gets_every_object_over_one_association(outbox, tmp_path):
    with DicomArchive().running() as archive:
        result, told = send_all(outbox, StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}")))
    assert result.stored == 3
    assert told == ["stored"] * 3
    assert sorted(archive.uids) == sorted(path.stem for path in (tmp_path / "results").iterdir())


def test_requests_lost_on_the_way_there_and_back(outbox):
    """Half of the answers get lost: everything arrives, some of it twice, with its own UID."""
    with WebArchive().running() as archive:
        archive.drop = ["before", "after", "after", "before"]
        result, _ = send_all(outbox, StowSender(archive.url))
    assert (result.stored, result.waiting) == (3, 0)
    assert len(archive.stored) == 3
    assert len(archive.received) == 5


def test_dicom_archive_that_dies_after_storing(outbox):
    with DicomArchive().running() as archive:
        archive.answers = [0, -1]
        result, _ = send_all(outbox, StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}")))
    assert (result.stored, result.waiting) == (3, 0)
    assert len(set(archive.uids)) == 3


def test_archive_that_is_full_for_a_while(outbox):
    with DicomArchive().running() as archive:
        archive.answers = [0xA700, 0xA700, 0xA700, 0, 0xA700]
        result, told = send_all(outbox, StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}")))
    assert (result.stored, result.refused, result.waiting) == (3, 0, 0)
    assert told == ["stored"] * 3


def test_object_that_is_never_taken_does_not_stop_the_others(outbox):
    with DicomArchive().running() as archive:
        archive.answers = [0xA900]
        result, told = send_all(outbox, StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}")))
    assert (result.stored, result.refused, result.waiting) == (2, 1, 0)
    assert told[0].endswith("refuses the object with status 0xA900")
    assert len(outbox.failed()) == 1


def test_known_object_is_stored(outbox):
    failed = b'{"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [273]}}]}}'
    with WebArchive().running() as web:
        web.answers = [(409, failed)]
        result, told = send_all(outbox, StowSender(web.url))
    assert (result.stored, told[0]) == (3, "stored before")


def test_known_object_is_stored_in_a_dicom_archive(outbox):
    with DicomArchive().running() as archive:
        archive.answers = [0x0111, 0xB000, 0x0107]
        sender = StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}"))
        result, told = send_all(outbox, sender)
    assert result.stored == 3
    assert told == ["stored before", "stored with warning 0xB000", "stored with warning 0x0107"]


@pytest.mark.parametrize(
    ("status", "body", "fault", "sentence"),
    [
        (400, b"", Fault.REFUSED, "refuses with 400 Bad Request"),
        (409, b"", Fault.REFUSED, "refuses with 409 Conflict"),
        (413, b"", Fault.REFUSED, "refuses with 413"),
        (401, b"", Fault.MISCONFIGURED, "answers 401 Unauthorized"),
        (302, b"", Fault.MISCONFIGURED, "answers 302 Found"),
        (503, b"", Fault.BUSY, "refuses with 503 Service Unavailable"),
        (507, b"", Fault.BUSY, "refuses with 507 Insufficient Storage"),
        (
            *(200, b'{"00081198": {"Value": [{"00081197": {"Value": [42752]}}]}}'),
            *(Fault.BUSY, "failure reason 0xA700"),
        ),
        (
            *(409, b'{"00081198": {"Value": [{"00081197": {"Value": [43264]}}]}}'),
            *(Fault.REFUSED, "failure reason 0xA900"),
        ),
        (202, b'{"00081198": {"Value": [{}]}}', Fault.BUSY, "failure reason 0x0110"),
    ],
)
def test_every_refusal_is_one_sentence(outbox, status, body, fault, sentence):
    with WebArchive().running() as archive:
        archive.answers = [(status, body)]
        with pytest.raises(DeliveryError, match=sentence) as error:
            StowSender(archive.url).send(outbox.waiting()[0].path)
    assert error.value.fault is fault
    assert str(error.value).startswith(archive.url + "/studies: ")


XML = """<?xml version="1.0"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
<DicomAttribute tag="{sequence}" vr="SQ"><Item number="1"><DicomAttribute tag="{tag}" vr="{vr}">
<Value number="1">{value}</Value></DicomAttribute></Item></DicomAttribute></NativeDicomModel>"""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (204, b""),
        (202, b"{}"),
        (200, b"[]"),
        (200, b"<html>Please log in</html>"),
        (200, b"<!DOCTYPE html><html><br></html>"),
        (200, stored_answer("1.2.826.0.1.0")[:-9]),
        (200, stored_answer("1.2.3")),
        (200, b'{"00081199": {"Value": [7]}}'),
        (200, b'{"00081199": 7}'),
        (200, b"[" * 200_000),
    ],
)
def test_what_the_archive_does_not_confirm_still_waits(outbox, status, body):
    with WebArchive().running() as archive:
        archive.answers = [(status, body)] * 30
        result, told = send_all(outbox, StowSender(archive.url), patience=0.002)
    assert (result.stored, result.refused, result.waiting) == (0, 0, 3)
    assert told == []
    assert f"answers {status} without naming the object as stored" in (result.trouble or "")


def test_answers_in_xml(outbox):
    first, second, _ = (parcel.uid for parcel in outbox.waiting())
    failed = XML.format(sequence="00081198", tag="00081197", vr="US", value=0xA900)
    stored = XML.format(sequence="00081199", tag="00081155", vr="UI", value=second)
    with WebArchive().running() as archive:
        archive.answers = [(202, failed.encode()), (200, stored.encode())]
        result, told = send_all(outbox, StowSender(archive.url))
    assert (result.stored, result.refused, result.waiting) == (2, 1, 0)
    assert told[0].endswith("failure reason 0xA900")
    assert told[1] == "stored"
    assert outbox.failed() == [first]


def test_warning_of_a_web_archive_is_told(outbox):
    path = outbox.waiting()[0].path
    answer = json.loads(stored_answer(path.stem))
    answer["00081199"]["Value"][0]["00081196"] = {"vr": "US", "Value": [0xB000]}
    with WebArchive().running() as archive:
        archive.answers = [(202, json.dumps(answer).encode())]
        assert StowSender(archive.url).send(path) == "stored with warning 0xB000"


def test_nobody_there(outbox):
    port = free_port()
    for sender in (
        StowSender(f"http://127.0.0.1:{port}/dicom-web"),
        StoreSender(parse_peer(f"PACS@127.0.0.1:{port}")),
    ):
        result, told = send_all(outbox, sender)
        assert (result.stored, result.waiting, told) == (0, 3, [])
        assert "is unreachable" in (result.trouble or "")
        assert str(port) in (result.trouble or "")


def test_object_stays_when_the_audit_cannot_be_written(outbox):
    """Sent but not on record: the next round sends it again, with the same UID."""

    def full(parcel, answer):
        raise OSError(28, "No space left on device")

    with WebArchive().running() as archive:
        with pytest.raises(OSError, match="No space left"):
            deliver(outbox, StowSender(archive.url), full)
        assert len(outbox.waiting()) == 3
        result, _ = send_all(outbox, StowSender(archive.url))
    assert result.stored == 3
    assert sorted(archive.received) == sorted([*archive.stored, archive.received[0]])


def test_wrong_key_gives_up_at_once(outbox):
    with WebArchive().running() as archive:
        archive.answers = [(401, b"")] * 9
        result, _ = send_all(outbox, StowSender(archive.url), patience=60)
        assert len(archive.answers) == 8
    assert (result.waiting, result.stored) == (3, 0)
    assert "401" in (result.trouble or "")


def test_unknown_caller_is_told(outbox):
    archive = DicomArchive()
    archive.allowed = ["SOMEBODY"]
    with archive.running():
        sender = StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}"))
        result, _ = send_all(outbox, sender, patience=60)
    assert "rejects the association (Calling AE title not recognised)" in (result.trouble or "")
    assert result.waiting == 3


def test_kind_that_is_not_accepted(tmp_path, make_mammogram):
    outbox = Outbox(tmp_path / "outbox")
    ct = "1.2.840.10008.5.1.4.1.1.2"
    path = write_object(tmp_path, make_mammogram, 1, SOPClassUID=ct)
    outbox.add(path, path.stem)
    with DicomArchive().running() as archive:
        result, told = send_all(outbox, StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}")))
    assert (result.refused, result.waiting) == (1, 0)
    assert "accepts none of the offered kinds" in told[0]


def test_compressed_object_arrives_uncompressed_where_it_must(tmp_path, make_mammogram):
    import numpy as np
    from pydicom.uid import JPEGLSLossless

    pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    dataset = make_mammogram(pixels)
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    path = tmp_path / "a.dcm"
    dataset.save_as(path, enforce_file_format=True)
    archive = DicomArchive()
    plain = "1.2.840.10008.1.2"
    for syntaxes in (
        [plain],
        ["1.2.840.10008.1.2.1"],
        ["1.2.840.10008.1.2.1", str(JPEGLSLossless)],
    ):
        archive.syntaxes, archive.stored = syntaxes, []
        with archive.running():
            sender = StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}"))
            assert sender.send(path) == "stored"
            sender.close()
        (stored,) = archive.stored
        assert stored.file_meta.TransferSyntaxUID == syntaxes[-1]
        assert stored.SOPInstanceUID == dataset.SOPInstanceUID
        np.testing.assert_array_equal(stored.pixel_array, pixels)


def test_archive_that_takes_implicit_vr_alone(outbox, tmp_path):
    archive = DicomArchive()
    archive.syntaxes = ["1.2.840.10008.1.2"]
    with archive.running():
        result, _ = send_all(outbox, StoreSender(parse_peer(f"PACS@127.0.0.1:{archive.port}")))
    assert result.stored == 3
    for stored in archive.stored:
        assert stored.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
        sent = pydicom.dcmread(tmp_path / "results" / f"{stored.SOPInstanceUID}.dcm")
        assert list(stored) == list(sent)


def test_key_goes_to_loopback_or_https_only(outbox, monkeypatch):
    monkeypatch.setenv("CEM_MONAI_AUTHORIZATION", "Bearer secret")
    path = outbox.waiting()[0].path
    with WebArchive().running() as archive:
        StowSender(archive.url).send(path)
    assert archive.headers[0]["Authorization"] == "Bearer secret"
    with pytest.raises(DeliveryError, match="is not sent without https") as error:
        StowSender("http://192.0.2.1/dicom-web").send(path)
    assert "secret" not in str(error.value)


def test_key_from_a_file_may_end_with_a_new_line(outbox, monkeypatch):
    monkeypatch.setenv("CEM_MONAI_AUTHORIZATION", "Bearer secret\n")
    with WebArchive().running() as archive:
        StowSender(archive.url).send(outbox.waiting()[0].path)
    assert archive.headers[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("key", ["Bearer\nsecret", "Bearer secret\x00", "Bearer sécret"])
def test_key_that_is_no_header_is_refused_without_quoting_it(outbox, monkeypatch, key):
    monkeypatch.setattr(os, "environ", {**os.environ, "CEM_MONAI_AUTHORIZATION": key})
    with WebArchive().running() as archive, pytest.raises(DeliveryError, match="holds") as error:
        StowSender(archive.url).send(outbox.waiting()[0].path)
    assert error.value.fault is Fault.MISCONFIGURED
    assert "cret" not in str(error.value)


def test_host_that_nobody_knows_is_unreachable(outbox):
    """`.invalid` is reserved, RFC 2606: no name server knows it."""
    result, _ = send_all(outbox, StoreSender(parse_peer("PACS@archive.invalid:104")))
    assert result.waiting == 3
    assert "PACS@archive.invalid:104: is unreachable (" in (result.trouble or "")


def test_password_in_the_address_is_refused_without_quoting_it():
    with pytest.raises(ValueError, match="a password in the address") as error:
        StowSender("https://me:secret@host/dicom-web")
    assert "secret" not in str(error.value)
    with pytest.raises(ValueError, match="is no http"):
        StowSender("ftp://host/x")


def test_certificate_that_nobody_signed(outbox, untrusted_https):
    with pytest.raises(DeliveryError, match="TLS certificate is not trusted") as error:
        StowSender(untrusted_https).send(outbox.waiting()[0].path)
    assert error.value.fault is Fault.MISCONFIGURED


def test_https_to_a_server_that_speaks_http(outbox):
    with WebArchive().running() as archive:
        url = archive.url.replace("http:", "https:")
        with pytest.raises(DeliveryError, match="no TLS connection") as error:
            StowSender(url).send(outbox.waiting()[0].path)
    assert error.value.fault is Fault.UNREACHABLE


@pytest.mark.parametrize(
    "text", ["PACS", "PACS@host", "PACS@host:0", "PACS@host:65536", "A" * 17 + "@h:1", "A\\B@h:1"]
)
def test_address_that_is_none(text):
    with pytest.raises(ValueError, match="AE"):
        parse_peer(text)


@given(
    first=st.floats(0.01, 10), factor=st.floats(1, 1000), seed=st.integers(0, 2**32), n=st.just(20)
)
def test_pauses_grow_to_their_limit_and_never_vanish(first, factor, seed, n):
    longest = first * factor
    pauses = list(islice(growing_pauses(first, longest, random.Random(seed)), n))
    for number, pause in enumerate(pauses):
        whole = min(first * 2**number, longest)
        assert whole / 2 <= pause <= whole
