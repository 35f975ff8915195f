"""The forms of the weights agree on twenty images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch

from cem_monai.export import Formats, export_bundle
from cem_monai.infer import run_inference
from cem_monai.networks import UNetGenerator, load_weights
from exams import write_exam

IMAGES = 20
TOLERANCE = 1e-5
"""Of the range of 2 that images have: a fiftieth of a step of 12 bits."""
SIDES = [(128, 128), (256, 128), (384, 256), (512, 384)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """The compact bundle with its shipped weights, in all forms."""
    pytest.importorskip("onnxscript", reason="ONNX is in cem_monai[export]")
    pytest.importorskip("safetensors", reason="safetensors is in cem_monai[export]")
    folder = tmp_path_factory.mktemp("zoo")
    return export_bundle("breast_cem_compact", folder, formats=Formats(True, True, True))[0]


@pytest.fixture(scope="module")
def eager() -> torch.nn.Module:
    """The network of this package with the weights in the repository."""
    from cem_monai.bundle_run import bundle_folder

    network = UNetGenerator(in_channels=1, out_channels=1, num_downs=7, ngf=16)
    load_weights(network, bundle_folder("breast_cem_compact") / "models" / "model.pt")
    return network.eval()


def images() -> list[torch.Tensor]:
    """Return smooth images with edges and noise, of several sizes."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for number in range(IMAGES):
        height, width = SIDES[number % len(SIDES)]
        coarse = torch.rand(1, 1, height // 32, width // 32, generator=generator)
        smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
        noise = torch.randn(1, 1, height, width, generator=generator)
        found.append((2 * smooth - 1 + 0.02 * noise).clamp(-1, 1))
    return found


def worst_difference(eager: torch.nn.Module, other) -> float:
    with torch.no_grad():
        return max(float(np.abs(eager(image).numpy() - other(image)).max()) for image in images())


@pytest.mark.slow
def test_torchscript_agrees(eager, exported):
    script = torch.jit.load(exported / "models" / "model.ts").eval()
    assert worst_difference(eager, lambda image: script(image).numpy()) <= TOLERANCE


@pytest.mark.slow
def test_onnx_agrees(eager, exported):
    runtime = pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
    session = runtime.InferenceSession(
        exported / "models" / "model.onnx", providers=["CPUExecutionProvider"]
    )
    difference = worst_difference(
        eager, lambda image: session.run(None, {"image": image.numpy()})[0]
    )
    assert difference <= TOLERANCE


@pytest.mark.slow
def test_imported_again_it_agrees_exactly(eager, exported):
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(exported / "configs" / "inference.json")
    parser["bundle_root"] = str(exported)
    again = parser.get_parsed_content("network_def")
    assert type(again).__module__.startswith("scripts.breast_cem_compact.")
    again.load_state_dict(torch.load(exported / "models" / "model.pt", weights_only=True))
    again.eval()
    assert worst_difference(eager, lambda image: again(image).numpy()) == 0


@pytest.mark.slow
def test_safetensors_are_the_same_numbers(eager, exported):
    from safetensors.torch import load_file

    loaded = load_file(exported / "models" / "model.safetensors")
    own = eager.state_dict()
    assert loaded.keys() == own.keys()
    assert all(torch.equal(loaded[name], own[name]) for name in own)


@pytest.mark.slow
def test_a_changed_weight_would_be_seen(eager, exported):
    """The images reach every part of the network: the tolerance is no free pass."""
    other = UNetGenerator(in_channels=1, out_channels=1, num_downs=7, ngf=16)
    other.load_state_dict(eager.state_dict())
    other.eval()
    with torch.no_grad():
        next(other.parameters()).mul_(1.001)
    assert worst_difference(eager, lambda image: other(image).numpy()) > TOLERANCE


@pytest.mark.slow
def test_dicom_of_the_export_is_that_of_the_repository(exported, tmp_path):
    """Twenty low-energy images through `infer`, with the shipped weights."""
    for number in range(IMAGES // 2):
        write_exam(tmp_path / "in", f"TEST-{number:03}", mass=False)
    images = []
    for bundle in ("breast_cem_compact", str(exported)):
        found = run_inference(
            tmp_path / "in",
            tmp_path / Path(bundle).parent.name / "out",
            bundle=bundle,
            options={"device": "cpu", "check_intensity": False},
        )
        datasets = [pydicom.dcmread(path) for path in found.written]
        images.append({one.SOPInstanceUID: one.PixelData for one in datasets})
    assert len(images[0]) == IMAGES
    assert images[0] == images[1]
