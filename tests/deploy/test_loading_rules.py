"""Every bundle found, loaded by the rules of MONAI Deploy's own operator.

They are written down here anew, from `monai/deploy/operators/monai_bundle_inference_operator.py` of
the SDK (3.5.0, 4.0.0), since nobody else guards them here. `test_real_sdk.py` asks the SDK itself.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser, ckpt_export
from monai.data import MetaTensor
from monai.transforms import Compose, LoadImaged, SaveImaged

from bundles.kinds import CEMExams, kind_of
from cem_monai.command_line import root_error
from deploy.tiny_bundle import write_tiny_bundle
from render import bundle_dirs

BUNDLES = bundle_dirs()
DISALLOWED = ("LoadImage", "SaveImage")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.fixture(params=BUNDLES, ids=lambda path: path.name)
def bundle(request, tmp_path) -> Path:
    return write_tiny_bundle(request.param, tmp_path / "zoo")


def directory_parser(bundle: Path) -> ConfigParser:
    """The rule of `_read_directory_bundle_config`."""
    parser = ConfigParser()
    parser.read_meta(f=json.loads((bundle / "configs" / "metadata.json").read_text()))
    parser.read_config([bundle / "configs" / "inference.json"])
    parser.parse()
    return parser


def directory_network(bundle: Path, parser: ConfigParser) -> torch.nn.Module:
    """The rule of `_load_model_from_directory_bundle`."""
    path = bundle / "models" / "model.ts"
    if path.exists():
        return torch.jit.load(path, map_location="cpu").eval()
    network: torch.nn.Module = parser.get_parsed_content("network")
    checkpoint = torch.load(bundle / "models" / "model.pt", map_location="cpu")
    state = checkpoint.get("state_dict", checkpoint.get("model", checkpoint))
    network.load_state_dict(state, strict=True)
    return network.eval()


def archive_parser(path: Path, folder: Path) -> ConfigParser:
    """The rule of `get_bundle_config`: the folder in the archive has the name of the file."""
    parser = ConfigParser()
    with zipfile.ZipFile(path) as archive:
        parser.read_meta(f=json.loads(archive.read(f"{path.stem}/extra/metadata.json")))
        member = f"{path.stem}/extra/inference.json"
        archive.extract(member, folder)
    parser.read_config([folder / member])
    parser.parse()
    return parser


def stripped(parser: ConfigParser, name: str) -> Compose:
    """The rule of `filter_compose`: by a part of the name of the class."""
    compose = parser.get_parsed_content(name)
    compose.transforms = tuple(
        one
        for one in compose.transforms
        if not any(part in type(one).__name__ for part in DISALLOWED)
    )
    return compose


def export_script(bundle: Path) -> Path:
    path = bundle / "models" / "model.ts"
    configs = {name: str(bundle / "configs" / f"{name}.json") for name in ("metadata", "inference")}
    ckpt_export(
        "network_def",
        filepath=str(path),
        ckpt_file=str(path.with_suffix(".pt")),
        meta_file=configs["metadata"],
        config_file=configs["inference"],
    )
    return path


def names(steps: Any) -> list[str]:
    return [type(step).__name__ for step in steps]


def test_directory_loads_and_prefers_torchscript(bundle):
    parser = directory_parser(bundle)
    eager = directory_network(bundle, parser)
    assert not isinstance(eager, torch.jit.ScriptModule)
    export_script(bundle)
    scripted = directory_network(bundle, parser)
    assert isinstance(scripted, torch.jit.ScriptModule)
    image = torch.rand(1, 1, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.equal(eager(image), scripted(image))


def test_torchscript_file_brings_its_configs(bundle, tmp_path):
    path = export_script(bundle)
    archived = archive_parser(path, tmp_path / "extracted")
    lying = directory_parser(bundle)
    assert archived.get() == lying.get()
    for name in ("preprocessing", "postprocessing"):
        assert names(stripped(archived, name).transforms) == names(stripped(lying, name).transforms)


def test_load_and_save_steps_are_stripped_and_nothing_else(bundle):
    untouched, parser = directory_parser(bundle), directory_parser(bundle)
    for name, kind in (("preprocessing", LoadImaged), ("postprocessing", SaveImaged)):
        full = untouched.get_parsed_content(name).transforms
        rest = stripped(parser, name).transforms
        assert names(rest) == names(one for one in full if not isinstance(one, kind))
        assert 0 < len(rest) < len(full)


@pytest.mark.parametrize("window", [None, [0, 4095]])
@pytest.mark.parametrize("source", BUNDLES, ids=lambda path: path.name)
def test_image_of_another_loader_is_refused(source, window, tmp_path):
    """Else a window, as such weights may need, would make a picture of anything."""
    bundle = write_tiny_bundle(source, tmp_path / "zoo", low_energy_window=window)
    preprocess = stripped(directory_parser(bundle), "preprocessing")
    with pytest.raises(RuntimeError) as refusal:  # MONAI wraps what a transform raises
        preprocess({"image": MetaTensor(torch.randint(0, 4096, (1, 90, 90)).float())})
    assert isinstance(root_error(refusal.value), ValueError)
    assert "no loader of this bundle made it" in str(root_error(refusal.value))


def test_all_but_loading_and_saving_works_alone(bundle, tmp_path):
    """And 8 bits, as Deploy sends them on, would not hold what comes out."""
    kind = kind_of(bundle)
    sources = kind.sources(kind.write(tmp_path))
    path = next(sources.rglob("*_LE.dcm" if isinstance(kind, CEMExams) else "low.dcm"))
    untouched, parser = directory_parser(bundle), directory_parser(bundle)
    network = directory_network(bundle, parser)
    load, *_ = untouched.get_parsed_content("preprocessing").transforms
    loaded = load({"image": str(path)})
    inputs = stripped(parser, "preprocessing")(loaded)
    whole = untouched.get_parsed_content("preprocessing")({"image": str(path)})
    assert torch.equal(inputs["image"], whole["image"])
    with torch.no_grad():
        inferer = parser.get_parsed_content("inferer")
        (pred,) = inferer(inputs=inputs["image"][None], network=network)
    result = stripped(parser, "postprocessing")({"pred": pred, **inputs})["pred"]
    assert result.shape == loaded["image"].shape
    values = np.asarray(result)
    assert np.array_equal(values, values.round())
    bits = parser.get_parsed_content("recombined_bits")
    assert 0 <= values.min() < values.max() <= 2**bits - 1
    assert np.array_equal(values.astype(np.uint8), values) == (bits == 8)
