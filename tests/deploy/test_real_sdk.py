"""The same application, and the rules of loading, with the real SDK where that is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch

from cem_monai.infer import run_inference
from deploy import test_loading_rules as rules
from deploy.application import arguments, write_application
from deploy.tiny_bundle import write_tiny_bundle
from exams import write_exam
from render import bundle_dirs

pytest.importorskip("monai.deploy.core", reason="no MONAI Deploy App SDK in this environment")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


def run(application: Path, source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    output.mkdir()
    return subprocess.run(
        [sys.executable, *arguments(application, source, output)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
    )


def test_application_writes_what_infer_writes(tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    write_exam(source, "TEST-000", size=75)
    application = write_application(tmp_path)
    result = run(application, source, output)
    assert result.returncode == 0, result.stderr
    (bundle,) = (tmp_path / "models").iterdir()
    expected = run_inference(source, tmp_path / "expected", bundle=str(bundle)).written
    assert len(expected) == len(list(output.glob("*.dcm"))) == 2
    for path in expected:
        pixels = pydicom.dcmread(output / path.name).pixel_array
        np.testing.assert_array_equal(pixels, pydicom.dcmread(path).pixel_array)


def test_refused_and_unusable_images_have_exit_codes(tmp_path):
    write_exam(tmp_path / "in", "TEST-000", size=75)
    path = tmp_path / "in" / "TEST-000" / "L_CC_LE.dcm"
    dataset = pydicom.dcmread(path)
    dataset.BreastImplantPresent = "YES"
    dataset.save_as(path)
    application = write_application(tmp_path)
    assert run(application, tmp_path / "in", tmp_path / "out").returncode == 3
    (path.parent / "R_CC_LE.dcm").unlink()
    result = run(application, tmp_path / "in", tmp_path / "none")
    assert result.returncode == 1
    assert "among 1 selected DICOM objects: 1 refused" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("source", bundle_dirs(), ids=lambda path: path.name)
def test_sdk_loads_as_our_tests_say_it_does(source, tmp_path):
    from monai.deploy.operators import monai_bundle_inference_operator as sdk

    bundle = write_tiny_bundle(source, tmp_path / "zoo")
    script = rules.export_script(bundle)
    for parser in (sdk.get_bundle_config(one, ["inference"]) for one in (bundle, script)):
        assert parser.get() == rules.directory_parser(bundle).get()
        for name in ("preprocessing", "postprocessing"):
            filtered = sdk.filter_compose(parser.get_parsed_content(name), sdk.DISALLOW_LOAD_SAVE)
            ours = rules.stripped(rules.directory_parser(bundle), name)
            assert rules.names(filtered.transforms) == rules.names(ours.transforms)
    image = torch.rand(1, 1, 64, 64) * 2 - 1
    for left in (script, script.with_suffix(".pt")):
        network = sdk._load_model_from_directory_bundle(bundle, torch.device("cpu"), parser)
        with torch.no_grad():
            assert torch.equal(network(image), rules.directory_network(bundle, parser)(image))
        left.unlink()
