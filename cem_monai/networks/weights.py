"""Saving the weights of a network, and loading them from a file that may be anything."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cem_monai.atomic import atomic_write


def save_weights(
    network: nn.Module,
    path: str | os.PathLike[str],
    preprocessing: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the flat state dict that MONAI Label, MONAI Deploy and the model zoo expect.

    A JSON file of the same name beside it says how the images were preprocessed; `load_weights`
    refuses other settings. Either file is written completely or not at all.

    Args:
        network: network whose weights are saved.
        path: file to write.
        preprocessing: settings that the weights are bound to.
        facts: what else the JSON file tells, e.g. what the training images were like.
    """
    path = Path(path)
    with atomic_write(path.with_suffix(".json"), "w") as file:
        json.dump({**preprocessing, **(facts or {})}, file, indent=4)
    with atomic_write(path) as file:
        torch.save(network.state_dict(), file)


def load_weights(
    network: nn.Module,
    path: str | os.PathLike[str],
    preprocessing: Mapping[str, Any] | None = None,
) -> None:
    """Load a flat state dict into `network`; an unfit file leaves the network unchanged.

    The file is read without executing code (`weights_only=True`), and the tensors are copied to
    the device on which the network is.

    Args:
        network: network to change in place.
        path: file written by `torch.save(network.state_dict(), path)`.
        preprocessing: settings of the images that the network will see; compared with those in the
            JSON file of the same name beside the weights, if there is one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or is no state dict; its keys or shapes do not match those
            of the network exactly; it holds a value that is not finite; it was trained with another
            preprocessing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: train first or pass --ckpt_dir")
    _check_preprocessing(preprocessing or {}, path)
    weights = _read_state_dict(path)
    _check_match(weights, network, path)
    _check_finite(weights, path)
    network.load_state_dict(weights, strict=True)


def _check_preprocessing(preprocessing: Mapping[str, Any], path: Path) -> None:
    settings = path.with_suffix(".json")
    if not settings.is_file():
        return
    trained = _read_settings(settings)
    for name, value in json.loads(json.dumps(dict(preprocessing))).items():
        if name in trained and trained[name] != value:
            wanted = trained[name]
            advice = f"leave out --{name}" if wanted is None else f'pass --{name} "{wanted}"'
            raise ValueError(
                f"{path} was trained with {name} {wanted}, now it is {value}: {advice}"
            )


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: must be an object of settings, is {settings!r}")
    return settings


def _read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in a dozen ways
        raise ValueError(f"cannot read weights from {path}: {error}") from None
    if not isinstance(weights, Mapping):
        raise ValueError(f"{path} holds a {type(weights).__name__} instead of a state dict")
    return dict(weights)


def _check_match(weights: dict[str, Any], network: nn.Module, path: Path) -> None:
    expected = network.state_dict()
    differing = [
        name
        for name in [*expected, *(name for name in weights if name not in expected)]
        if _shape(weights.get(name)) != _shape(expected.get(name))
    ]
    if differing:
        first = differing[0]
        raise ValueError(
            f"{path} does not fit {type(network).__name__}: {len(differing)} entries differ; "
            f"the first is '{first}': {_shape(weights.get(first))} in the file, "
            f"{_shape(expected.get(first))} in the network"
        )


def _shape(entry: object) -> str:
    if entry is None:
        return "missing"
    return str(tuple(entry.shape)) if isinstance(entry, torch.Tensor) else type(entry).__name__


def _check_finite(weights: dict[str, torch.Tensor], path: Path) -> None:
    broken = [name for name, weight in weights.items() if not torch.isfinite(weight).all()]
    if broken:
        raise ValueError(
            f"{path} holds values that are not finite in {len(broken)} entries; "
            f"the first is '{broken[0]}'"
        )
