"""The verb with a real, small network between two archives."""

from __future__ import annotations

import json

import pydicom
import pytest

from cem_monai import infer
from cem_monai.cli import main
from exams import write_exam
from infer.test_bundle_inference import make_weights
from transport.archives import WebArchive

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


def test_two_archives(tmp_path, capsys):
    """The first run finds nothing to translate, which is no error; the second finds two."""
    write_exam(tmp_path / "exam", "TEST-000", mass=False)
    weights = make_weights(tmp_path / "models" / "model.pt")
    files = {str(pydicom.dcmread(path).SOPInstanceUID): path for path in tmp_path.rglob("*.dcm")}
    with WebArchive().running() as source, WebArchive().running() as target:
        address = f"{source.url}/studies?PatientID=TEST-000"
        command = ["infer", address, str(tmp_path / "out"), "--weights", str(weights)]
        command += ["--device", "cpu", "--stow", target.url]
        for kind, count in (("DES", 0), ("LE", 2)):
            of_kind = {uid: path for uid, path in files.items() if kind in path.name}
            source.stored |= {uid: path.read_bytes() for uid, path in of_kind.items()}
            assert main(command) == 0
            assert len(target.stored) == count
            assert f"{count} results stored in the archive" in capsys.readouterr().out
    assert {path.stem for path in (tmp_path / "out").glob("*.dcm")} == set(target.stored)
    assert "TEST-000" not in (tmp_path / "out" / "audit.jsonl").read_text()


@pytest.mark.parametrize("source", ["folder", "archive"])
def test_maps_are_kept_audited_and_sent_like_images(tmp_path, source):
    write_exam(tmp_path / "exam", "TEST-000", mass=False)
    weights = make_weights(tmp_path / "models" / "model.pt", num_downs=6)
    with WebArchive().running() as archive, WebArchive().running() as target:
        for path in tmp_path.rglob("*_LE.dcm"):
            archive.stored[str(pydicom.dcmread(path).SOPInstanceUID)] = path.read_bytes()
        address = str(tmp_path / "exam") if source == "folder" else f"{archive.url}/studies"
        command = ["infer", address, str(tmp_path / "out"), "--weights", str(weights)]
        command += ["--device", "cpu", "--uncertainty", "2", "--stow", target.url]
        assert main(command) == 0
    images = {path.stem for path in (tmp_path / "out").glob("*.dcm")}
    maps = {path.stem for path in (tmp_path / "out" / "uncertainty").glob("*.dcm")}
    assert (len(images), len(maps)) == (2, 2)
    assert set(target.stored) == images | maps
    lines = (tmp_path / "out" / "audit.jsonl").read_text().splitlines()
    written = [json.loads(line) for line in lines if '"written"' in line]
    assert {line["output_sop_instance_uid"] for line in written} == images | maps


def test_node_takes_the_options_of_infer(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(infer, "run_node", lambda _: None)
    monkeypatch.setattr(infer.Translator, "load", lambda self: made.append(self))
    command = ["node", str(tmp_path), "MAMMO", "--stow", "https://host/dicom-web"]
    command += ["--display_window", "2050,300", "--recombined_bits", "14", "--ngf", "4"]
    assert main([*command, "--num_downs", "3", "--sliding_window", "512"]) == 0
    (translator,) = made
    given = {key: value for key, value in translator.options.items() if value is not None}
    assert given == {
        **{"display_window": [2050.0, 300.0], "recombined_bits": 14},
        **{"ngf": 4, "num_downs": 3, "sliding_window": 512},
    }


def test_weights_that_do_not_fit_stop_before_anything_is_fetched(tmp_path, capsys):
    weights = make_weights(tmp_path / "models" / "model.pt")
    with WebArchive().running() as source:
        address = f"{source.url}/studies/1.2.3"
        command = ["infer", address, str(tmp_path / "out"), "--weights", str(weights)]
        assert main([*command, "--ngf", "8"]) == 1
    assert "was trained with ngf 4" in capsys.readouterr().err
    assert source.requests == []
