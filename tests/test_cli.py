from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cdd_cesm_source import breast, save_jpeg
from cem_monai import command_line
from cem_monai.cli import VERBS, main
from exams import write_exam


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb(verb, capsys):
    assert main([verb, "--help"]) == 0
    shown = capsys.readouterr()
    assert verb in shown.out + shown.err


@pytest.mark.slow
def test_help_needs_neither_torch_nor_monai():
    program = (
        "import sys; from cem_monai.cli import main; main(['--help']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'monai', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["simulat", "x"], "error: unknown verb 'simulat'; there are: simulate"),
        (["simulate", "x", "--exmas", "3"], "error: unknown option --exmas; did you mean --exams?"),
        (["index", "x", "--test-fracton=0.1"], "did you mean --test_fraction?"),
        (["index", "x", "-tset_fraction", "0.1"], "did you mean --test_fraction?"),
        (["demo", "a", "4", "0", "1", "True", "7"], "demo takes no argument '7'"),
    ],
)
def test_misspelling_is_refused_before_anything_runs(arguments, sentence, capsys, tmp_path):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_missing_argument_is_wrong_usage(capsys):
    assert main(["simulate"]) == 2
    assert "output" in capsys.readouterr().err


def test_simulate_takes_flags_with_and_without_a_value(tmp_path):
    study = tmp_path / "2024"
    arguments = ["1", "--seed", "14", "--size", "128", "--predictability=coupled", "--device"]

    assert main(["simulate", str(study), *arguments, "tungsten", "--twin", "--hidden", "2"]) == 0
    manifest = json.loads((study / "manifest.json").read_text())
    recipe = {key: manifest["recipe"][key] for key in ("twin", "hidden", "predictability", "size")}
    assert recipe == {"twin": True, "hidden": 2, "predictability": "coupled", "size": 128}
    assert manifest["exams"][0]["views"]["L_CC"]["bits_stored"] == 14


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--twin=maybe", "--twin must be true or false, got 'maybe'"),
        ("--exams=none", "--exams must be a whole number, got 'none'"),
    ],
)
def test_value_of_the_wrong_kind_is_refused(option, sentence, capsys, tmp_path):
    assert main(["simulate", str(tmp_path / "x"), option]) == 2
    assert sentence in capsys.readouterr().err


def one_error(capsys) -> str:
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    return lines[0]


def test_missing_folder_is_told_in_one_sentence(capsys, tmp_path):
    assert main(["index", str(tmp_path / "nowhere")]) == 1
    assert one_error(capsys) == f"error: {tmp_path / 'nowhere'}: no such folder"


def test_empty_folder_is_told_in_one_sentence(capsys, tmp_path):
    assert main(["index", str(tmp_path)]) == 1
    assert one_error(capsys) == f"error: {tmp_path}: holds no DICOM file"


def test_simulate_nothing_is_refused(capsys, tmp_path):
    assert main(["simulate", str(tmp_path / "out"), "--exams", "0"]) == 1
    assert "exams" in one_error(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["--exams", "3"], ["--epochs", "0"]])
def test_demo_too_small_is_refused(capsys, tmp_path, options):
    assert main(["demo", str(tmp_path / "out"), *options]) == 1
    assert options[0].lstrip("-") in one_error(capsys)
    assert not (tmp_path / "out").exists()


def test_index_writes_datalist_and_lists_what_it_left_out(capsys, tmp_path):
    for patient in ("TEST-000", "TEST-001"):
        write_exam(tmp_path, patient)
    (tmp_path / "TEST-000" / "L_CC_DES.dcm").unlink()
    (tmp_path / "broken.dcm").write_bytes(b"nothing")
    assert main(["index", str(tmp_path), "--test_fraction", "0.5"]) == 3
    datalist = json.loads((tmp_path / "datalist.json").read_text())
    assert sum(len(items) for items in datalist.values()) == 3
    refused = (tmp_path / "refused.csv").read_text().splitlines()
    assert len(refused) == 1 + 2
    out = capsys.readouterr().out
    assert "3 pairs of 2 patients" in out
    assert "2 images left out" in out


def test_index_writes_folds_by_patient(capsys, tmp_path):
    for patient in ("TEST-000", "TEST-001"):
        write_exam(tmp_path, patient)
    options = ["--folds", "2", "--test_fraction", "0.5"]
    assert main(["index", str(tmp_path), *options]) == 0
    tested = [
        {item["patient"] for item in json.loads((tmp_path / f"fold_{n}.json").read_text())["test"]}
        for n in (0, 1)
    ]
    assert sorted(map(sorted, tested)) == [["TEST-000"], ["TEST-001"]]


def test_import_without_registration_tells_counts_and_what_it_left_out(capsys, tmp_path):
    images = tmp_path / "in" / "cdd_cesm_512" / "images"
    for name in ("P1_L_DM_CC", "P1_L_CM_CC", "P2_R_DM_CC"):
        save_jpeg(breast(name[3], (512, 512), seed=0), images / f"{name}.jpg")
    arguments = ["import_cdd_cesm", str(tmp_path / "in"), str(tmp_path / "out")]
    assert main([*arguments, "--register", "false", "--folds", "0"]) == 3
    out = capsys.readouterr().out
    assert "1 pairs of 1 patients imported" in out
    assert "1 left out: 1 images without partner" in out
    assert "not registered" in (tmp_path / "out" / "registration.csv").read_text()


def test_unexpected_errors_keep_their_traceback(monkeypatch):
    def fail(folder: str) -> None:
        raise KeyError("a bug")

    monkeypatch.setitem(VERBS, "index", fail)
    with pytest.raises(KeyError, match="a bug"):
        main(["index", "x"])


RUNNER = "/env/monai/bundle/__main__.py"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"max_epochs": 1, "train": {"x": 1}}))
    return path


@pytest.fixture(autouse=True)
def _restore_excepthook(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.mark.parametrize("form", ["{}", "['{}']", '["{}"]'])
def test_bundle_run_accepts_known_overrides(config, form):
    options = ["--max_epochs", "3", "--train#x=2", "--train::x", "5", "--run_id", "training"]
    command_line.prepare_bundle_run([RUNNER, "run", "--config_file", form.format(config), *options])


@pytest.mark.parametrize(
    "option", ["-max_epoch", "--max_epoch", "--max_epoch=3", "--trian::x", "--train#xx"]
)
def test_bundle_run_refuses_unknown_overrides(config, option):
    with pytest.raises(ValueError, match=r"did you mean --(max_epochs|train)"):
        command_line.prepare_bundle_run([RUNNER, "run", f"--config_file={config}", option])


def test_nothing_happens_outside_the_bundle_runner():
    hook = sys.excepthook
    command_line.prepare_bundle_run(["/bin/pytest", "--unknown"])
    assert sys.excepthook is hook


@pytest.mark.parametrize("refused", [0, 2])
def test_inference_tells_what_it_left_out(tmp_path, monkeypatch, capsys, refused):
    path = tmp_path / "refused.csv"
    path.write_text("path,reason\n" + "a,b\n" * refused)
    monkeypatch.setattr(sys, "argv", [RUNNER, "run"])
    if refused:
        with pytest.raises(SystemExit) as leaving:
            command_line.close_inference(5, 8, "out", str(path))
        assert leaving.value.code == 3
        assert f"2 files left out, see {path}" in capsys.readouterr().out
    else:
        command_line.close_inference(5, 8, "out", str(path))
        assert "5 of 8 generated images in out; nothing left out" in capsys.readouterr().out


def test_bundle_run_refuses_none_which_monai_would_ignore(config):
    with pytest.raises(ValueError, match="--max_epochs None"):
        command_line.prepare_bundle_run([RUNNER, f"--config_file={config}", "--max_epochs", "None"])


def test_bundle_run_reads_yaml_overlays(config, tmp_path):
    (tmp_path / "mine.yaml").write_text("mine: 1")
    files = f"['{config}','{tmp_path / 'mine.yaml'}']"
    command_line.prepare_bundle_run([RUNNER, "run", "--config_file", files, "--mine", "2"])


def test_arguments_of_a_target_are_left_to_their_callable(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"net": {"_target_": "UNet", "a": 1}}))
    command_line.prepare_bundle_run([RUNNER, "run", "--config_file", str(path), "--net::b", "2"])


def test_arguments_file_is_checked_too(config, tmp_path):
    path = tmp_path / "args.json"
    path.write_text(json.dumps({"config_file": str(config), "max_epoch": 1}))
    with pytest.raises(ValueError, match="did you mean --max_epochs"):
        command_line.prepare_bundle_run([RUNNER, "run", "--args_file", str(path)])


def test_folder_that_monai_would_read_as_a_number_is_refused(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"dataset_dir": "."}))
    options = ["--config_file", str(path), "--dataset_dir", "2024"]
    with pytest.raises(ValueError, match=r"write \./2024"):
        command_line.prepare_bundle_run([RUNNER, "run", *options])


def test_refusal_in_a_worker_process_is_one_sentence():
    worker = "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback\n  File x\n"
    worker += "cem_monai.dicom.errors.MammogramError: a.dcm: is no image\n\nRuntimeError: applying"
    assert command_line.plain_sentence(RuntimeError(worker)) == "a.dcm: is no image"


def test_seed_and_fractions_are_refused_before_any_file_is_read(capsys):
    assert main(["index", "nowhere", "--seed", "-1"]) == 1
    assert one_error(capsys) == "error: seed must be at least 0, got -1"


def test_folder_named_like_a_number(tmp_path, monkeypatch, capsys):
    (tmp_path / "2024").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["index", "2024"]) == 1
    assert one_error(capsys) == "error: 2024: holds no DICOM file"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["index", "x", "--test_fraction", "abc"], "--test_fraction must be a number, got 'abc'"),
        (["demo", "--epochs", "x"], "--epochs must be a whole number, got 'x'"),
        (["simulate", "x", "--exams", "2.5"], "--exams must be a whole number, got '2.5'"),
    ],
)
def test_value_of_the_wrong_kind(arguments, sentence, capsys):
    assert main(arguments) == 2
    assert one_error(capsys) == f"error: {sentence}"


def test_refusal_of_the_operating_system_is_one_sentence(tmp_path, capsys):
    write_exam(tmp_path, "TEST-000")
    write_exam(tmp_path, "TEST-001")
    assert main(["index", str(tmp_path), "--datalist", "/proc/none/d.json"]) == 1
    assert "/proc/none" in one_error(capsys)


def test_demo_leaves_foreign_folders_alone(tmp_path, capsys):
    (tmp_path / "panels").mkdir()
    assert main(["demo", str(tmp_path)]) == 1
    assert "holds files that the demo did not make" in one_error(capsys)
    assert (tmp_path / "panels").is_dir()
