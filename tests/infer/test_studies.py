"""From every source to every destination, with a stand-in for the network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cem_monai.cli import main
from cem_monai.infer import Target, infer_studies, make_sender
from cem_monai.transport import (
    Delivery,
    DeliveryError,
    DicomwebSource,
    StowSender,
    broken_audit_lines,
)
from exams import write_exam
from infer.stand_in import MODEL, translate
from pictures import write_pictures
from transport.archives import DicomArchive, WebArchive, free_port


@pytest.fixture
def exam(tmp_path):
    """Two low-energy and two recombined images."""
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    return tmp_path / "in"


def infer(source, output, sender=None, **options):
    options = {"patience": 0, "ae_title": "CEM_MONAI"} | options
    return infer_studies(str(source), output, translate, sender=sender, **options)


def audit(output: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (output / "audit.jsonl").read_text().splitlines()]


def test_folder_to_folder_is_audited(exam, tmp_path):
    outcome = infer(exam, tmp_path / "out")
    assert outcome.complete
    assert outcome.sentences == []
    lines = audit(tmp_path / "out")
    assert len(lines) == 2
    inputs = {hashlib.sha256(path.read_bytes()).hexdigest() for path in exam.rglob("*_LE.dcm")}
    assert {line["input_sha256"] for line in lines} == inputs
    for line in lines:
        path = tmp_path / "out" / f"{line['output_sop_instance_uid']}.dcm"
        assert line["output_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert line["weights_sha256"] == MODEL.weights_sha256
        assert line["config_sha256"] == MODEL.config_sha256
        assert (line["destination"], line["result"]) == ("folder", "written")
    assert broken_audit_lines(tmp_path / "out" / "audit.jsonl") == []


def test_folder_to_web_archive_and_nothing_twice(exam, tmp_path):
    with WebArchive().running() as archive:
        outcome = infer(exam, tmp_path / "out", StowSender(archive.url))
        assert outcome.complete
        assert outcome.sentences == ["2 results stored in the archive"]
        kept = {path.stem: path.read_bytes() for path in (tmp_path / "out").glob("*.dcm")}
        assert archive.stored == kept
        again = infer(exam, tmp_path / "out", StowSender(archive.url))
        assert again.complete
        assert len(archive.received) == 2, "the same command twice sends nothing twice"
    sent = [line for line in audit(tmp_path / "out") if line["result"] == "stored"]
    assert {line["destination"] for line in sent} == {f"{archive.url}/studies"}
    assert {line["output_sop_instance_uid"] for line in sent} == set(archive.stored)


def test_archive_that_is_away_today_gets_it_tomorrow(exam, tmp_path):
    archive = DicomArchive()
    address = f"PACS@127.0.0.1:{archive.port}"
    outcome = infer(exam, tmp_path / "out", make_sender(None, address, ae_title="CEM"))
    assert not outcome.complete
    assert outcome.sentences[-1].startswith("2 wait in the outbox, the same command sends them: ")
    with archive.running():
        outcome = infer(exam, tmp_path / "out", make_sender(None, address, ae_title="CEM"))
    assert outcome.complete
    assert sorted(archive.uids) == sorted(path.stem for path in (tmp_path / "out").glob("*.dcm"))


def test_what_other_weights_made_is_neither_audited_nor_sent(exam, tmp_path):
    infer(exam, tmp_path / "out")
    other = replace(MODEL, weights_sha256="ef" * 32)

    def with_others(source, output):
        return translate(source, output, other)

    (tmp_path / "out" / "audit.jsonl").unlink()
    with WebArchive().running() as archive:
        sender = StowSender(archive.url)
        infer_studies(str(exam), tmp_path / "out", with_others, sender=sender, ae_title="CEM")
    assert {line["weights_sha256"] for line in audit(tmp_path / "out")} == {"ef" * 32}
    made = {line["output_sop_instance_uid"] for line in audit(tmp_path / "out")}
    assert set(archive.stored) == made
    assert len(list((tmp_path / "out").glob("*.dcm"))) == 4


def test_older_result_of_an_image_that_is_refused_now_is_told_and_not_sent(exam, tmp_path):
    infer(exam, tmp_path / "out")
    path = sorted(exam.rglob("*_LE.dcm"))[0]
    dataset = pydicom.dcmread(path)
    dataset.PresentationIntentType = "FOR PROCESSING"
    dataset.save_as(path)
    (tmp_path / "out" / "audit.jsonl").unlink()
    with WebArchive().running() as archive:
        outcome = infer(exam, tmp_path / "out", StowSender(archive.url))
        assert len(archive.stored) == 1
    assert (outcome.refused, outcome.older) == (1, 1)
    assert outcome.sentences[0].startswith("1 older results in the output come from images")
    assert {line["output_sop_instance_uid"] for line in audit(tmp_path / "out")} == set(
        archive.stored
    )


def test_each_destination_has_its_own_outbox(exam, tmp_path):
    nobody = StowSender(f"http://127.0.0.1:{free_port()}/dicom-web")
    assert infer(exam, tmp_path / "out", nobody).delivery.waiting == 2
    with WebArchive().running() as archive:
        assert infer(exam, tmp_path / "out", StowSender(archive.url)).complete
        assert len(archive.received) == 2
    assert infer(exam, tmp_path / "out", nobody).delivery.waiting == 2


def test_study_of_a_web_archive(exam, tmp_path):
    with WebArchive().running() as archive:
        for path in exam.rglob("*.dcm"):
            archive.stored[str(pydicom.dcmread(path).SOPInstanceUID)] = path.read_bytes()
        outcome = infer(f"{archive.url}/studies?Modality=MG", tmp_path / "out")
    assert outcome.complete
    results = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert len(results) == 2
    assert {one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in results} < set(
        archive.stored
    )
    assert len(audit(tmp_path / "out")) == 2
    assert not (tmp_path / "out" / ".work").exists(), "no copy of the inputs stays"
    assert (tmp_path / "out" / "refused.csv").is_file()


def test_study_of_a_dicom_archive_back_to_it(exam, tmp_path):
    with DicomArchive().running() as archive:
        archive.stored = [pydicom.dcmread(path) for path in exam.rglob("*.dcm")]
        archive.series = [(uid, "MG") for uid in {one.SeriesInstanceUID for one in archive.stored}]
        address = f"PACS@127.0.0.1:{archive.port}"
        study = archive.stored[0].StudyInstanceUID
        sender = make_sender(None, address, ae_title="CEM")
        outcome = infer(f"{address}/{study}", tmp_path / "out", sender)
        assert outcome.complete
        assert len(archive.stored) == 6


def test_study_that_nothing_can_be_made_of_does_not_stop_the_rest(exam, tmp_path):
    recombined = next(exam.rglob("*_DES.dcm"))
    with WebArchive().running() as archive:
        uid = str(pydicom.dcmread(recombined).SOPInstanceUID)
        archive.stored[uid] = recombined.read_bytes()
        archive.stored["1.2"] = b"no DICOM at all"
        outcome = infer(f"{archive.url}/studies", tmp_path / "out")
    assert outcome.refused == 1
    assert not outcome.complete
    assert "is not a DICOM file" in (tmp_path / "out" / "refused.csv").read_text()


def refuse_one(exam, archive):
    """Put an exam into an archive, one low-energy image with an implant; return its UID."""
    for path in exam.rglob("*.dcm"):
        archive.stored[str(pydicom.dcmread(path).SOPInstanceUID)] = path.read_bytes()
    path = sorted(exam.rglob("*_LE.dcm"))[0]
    dataset = pydicom.dcmread(path)
    dataset.BreastImplantPresent = "YES"
    dataset.save_as(path)
    archive.stored[str(dataset.SOPInstanceUID)] = path.read_bytes()
    return str(dataset.SOPInstanceUID)


def test_refused_image_of_an_archive_is_named_by_its_uid(exam, tmp_path):
    with WebArchive().running() as archive:
        uid = refuse_one(exam, archive)
        assert infer(f"{archive.url}/studies", tmp_path / "out").refused == 1
    header, row = (tmp_path / "out" / "refused.csv").read_text().splitlines()
    assert header == "sop_instance_uid,reason,code"
    assert row.startswith(f"{uid},")
    assert row.endswith("E-IMPLANT")
    assert ".work" not in row


def test_study_that_fails_leaves_the_list_and_sends_what_was_made(exam, tmp_path, monkeypatch):
    def fails_later(source, output):
        translate(source, output)
        raise ValueError("the second study")

    monkeypatch.setattr(DicomwebSource, "studies", lambda _: iter(["1.2.3", "1.2.4"]))
    deliver, rounds = Target.deliver, []

    def none_at_first(target, report, **options):
        rounds.append(target)
        return Delivery() if len(rounds) == 1 else deliver(target, report, **options)

    monkeypatch.setattr(Target, "deliver", none_at_first)
    works = iter([translate, fails_later])
    with WebArchive().running() as archive, WebArchive().running() as target:
        uid = refuse_one(exam, archive)
        with pytest.raises(ValueError, match="the second study"):
            infer_studies(
                f"{archive.url}/studies",
                tmp_path / "out",
                lambda source, output: next(works)(source, output),
                sender=StowSender(target.url),
                ae_title="CEM",
            )
    assert len(target.stored) == 1
    assert (tmp_path / "out" / "refused.csv").read_text().count(uid) == 2


def test_earlier_results_of_every_kind_in_the_archive_are_passed_over(exam, tmp_path):
    """Maps too: a study of nothing but such objects has nothing to refuse."""
    with WebArchive().running() as archive:
        for path in exam.rglob("*_LE.dcm"):
            dataset = pydicom.dcmread(path)
            dataset.ImageType = ["DERIVED", "PRIMARY", "", "UNCERTAINTY_MAP"]
            dataset.save_as(path)
            archive.stored[str(dataset.SOPInstanceUID)] = path.read_bytes()
        assert infer(f"{archive.url}/studies", tmp_path / "out").complete


def test_pictures_are_not_sent(tmp_path):
    write_pictures(tmp_path / "png")
    with pytest.raises(ValueError, match="archives take DICOM"):
        infer(tmp_path / "png", tmp_path / "out", StowSender("http://127.0.0.1:1/dicom-web"))
    assert not (tmp_path / "out").exists()


def test_study_that_the_archive_does_not_send_is_told(tmp_path, monkeypatch):
    get = WebArchive.get

    def no_instances(self, path):
        return (500, "text/plain", b"") if path.endswith("/instances") else get(self, path)

    monkeypatch.setattr(WebArchive, "get", no_instances)
    with WebArchive().running() as archive:
        outcome = infer(f"{archive.url}/studies", tmp_path / "out")
    (sentence,) = outcome.sentences
    assert "a study was not fetched" in sentence
    assert "500 Internal Server Error" in sentence


def test_failure_of_the_network_is_no_refusal(exam, tmp_path):
    def unfit(source, output):
        raise ValueError("the weights do not fit")

    with WebArchive().running() as archive:
        path = next(exam.rglob("*.dcm"))
        archive.stored["1.2"] = path.read_bytes()
        with pytest.raises(ValueError, match="do not fit"):
            infer_studies(f"{archive.url}/studies", tmp_path / "out", unfit, ae_title="CEM")


def test_archive_that_cannot_be_asked(tmp_path):
    with pytest.raises(DeliveryError, match="unreachable"):
        infer(f"http://127.0.0.1:{free_port()}/dicom-web/studies", tmp_path / "out")


LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZghjklmnpqrtuvwxyz"
words = st.text(LETTERS, min_size=6, max_size=12)


@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=words,
    identity=words,
    accession=words,
    birth=st.dates(date(1900, 1, 1)).map(lambda day: f"{day:%Y%m%d}"),
)
def test_no_patient_in_the_audit_the_outbox_or_on_the_screen(
    tmp_path_factory, capsys, name, identity, accession, birth
):
    """Whatever the patient is called: what is kept beside the images does not tell."""
    folder = tmp_path_factory.mktemp("patient")
    write_exam(folder / "in", "TEST-000", mass=False)
    source = folder / name / "in"
    for path in (folder / "in").rglob("*_LE.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientName, dataset.PatientID = f"{name}^{name}", identity
        dataset.AccessionNumber, dataset.PatientBirthDate = accession, birth
        source.mkdir(parents=True, exist_ok=True)
        dataset.save_as(source / path.name)
    with WebArchive().running() as archive:
        assert infer(source, folder / name / "out", StowSender(archive.url)).complete
    told = (folder / name / "out" / "audit.jsonl").read_text()
    for path in (folder / name / "out" / "outbox").rglob("*"):
        told += str(path.relative_to(folder / name))
        told += path.read_text() if path.suffix == ".json" else ""
    told += capsys.readouterr().out
    assert "stored" in told
    # a date is eight digits, which a hash or UID of so many digits may hold by chance
    without_hashes = " ".join(
        value
        for line in audit(folder / name / "out")
        for key, value in line.items()
        if not key.endswith(("sha256", "uid", "previous"))
    )
    assert birth not in without_hashes
    for secret in (name, identity, accession):
        assert secret not in told


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--stow", "http://h/d", "--store", "A@h:1"], "name one"),
        (["--stow", "h/d"], "is no http"),
        (["--store", "h:1"], "must be AE@host:port"),
        (["--store", "A@h:1", "--ae_title", "a" * 17], "is no AE title"),
    ],
)
def test_destination_that_is_none_is_refused_first(options, sentence, tmp_path, capsys):
    assert main(["infer", str(tmp_path), str(tmp_path / "out"), *options]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
