"""The weights of an exported bundle in the forms that others read, each written by its own tool."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

MODELS = "models"
DYNAMIC = {0: "batch", 2: "height", 3: "width"}


def write_torchscript(bundle: Path) -> None:
    """Write `models/model.ts`: the network with its weights, and the configs inside.

    Raises:
        ValueError: MONAI cannot export it.
    """
    _export("ckpt_export", bundle, "model.ts")


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
