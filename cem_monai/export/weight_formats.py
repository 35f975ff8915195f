"""The weights of an exported bundle in the forms that others read, each written by its own tool."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

MODELS = "models"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip file can tell: the same bundle gives the same bytes."""
DYNAMIC = {0: "batch", 2: "height", 3: "width"}


def check_state_dict(weights: Path) -> None:
    """Refuse weights that are no flat state dict, which is what MONAI and its users load.

    Raises:
        ValueError: they are not.
    """
    import torch

    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in a dozen ways
        raise ValueError(f"{weights}: cannot be read as weights ({type(error).__name__})") from None
    if not isinstance(state, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise ValueError(f"{weights}: is no flat state dict, a {type(state).__name__} of tensors")


def write_torchscript(bundle: Path) -> None:
    """Write `models/model.ts`: the network with its weights, and the configs inside.

    Raises:
        ValueError: MONAI cannot export it.
    """
    _export("ckpt_export", bundle, "model.ts")
    _remove_notes(bundle / MODELS / "model.ts")


def _remove_notes(script: Path) -> None:
    """Take out of a TorchScript file where on this machine its code came from."""
    kept = script.with_suffix(".tmp")
    with ZipFile(script) as source, ZipFile(kept, "w", ZIP_STORED) as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(ZipInfo(entry.filename, EPOCH), source.read(entry))
    kept.replace(script)


def write_onnx(bundle: Path) -> None:
    """Write `models/model.onnx`: `image` to `pred`, any batch, and any side that the network takes.

    Raises:
        ValueError: onnx or onnxscript is not installed, or MONAI cannot export it.
    """
    _require("onnx", "onnxscript")
    axes = {"image": DYNAMIC, "pred": DYNAMIC}
    converter = {"input_names": ["image"], "output_names": ["pred"], "dynamic_axes": axes}
    _export("onnx_export", bundle, "model.onnx", "--converter_kwargs", str(converter))


def write_safetensors(bundle: Path) -> None:
    """Write `models/model.safetensors`: the tensors of `models/model.pt`, readable without pickle.

    Raises:
        ValueError: safetensors is not installed.
    """
    _require("safetensors")
    import torch
    from safetensors.torch import save_file

    weights = torch.load(bundle / MODELS / "model.pt", map_location="cpu", weights_only=True)
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(tensors, bundle / MODELS / "model.safetensors", metadata={"format": "pt"})


def _export(command: str, bundle: Path, file: str, *options: str) -> None:
    """Let MONAI's command line export, in a process of its own: `scripts` is one name for many."""
    arguments = {
        "filepath": bundle / MODELS / file,
        "ckpt_file": bundle / MODELS / "model.pt",
        "meta_file": bundle / "configs" / "metadata.json",
        "config_file": bundle / "configs" / "inference.json",
        "bundle_root": bundle,
    }
    typed = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "monai.bundle", command, "network_def", *typed, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"MONAI's {command} failed: {done.stderr.strip().splitlines()[-1]}")


def _require(*packages: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ValueError(f"{package} is not installed: pip install 'cem_monai[export]'")
