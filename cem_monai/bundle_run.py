"""Run the bundles beside the package from Python, as `python -m monai.bundle run` does."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cem_monai

BUNDLES = Path(cem_monai.__file__).parents[1] / "bundles"


def config_files(bundle: str, configs: Sequence[str]) -> list[str]:
    """Return the paths of a bundle's configs.

    Args:
        bundle: see `bundle_folder`.
        configs: names, e.g. `["train", "evaluate"]`; later ones win.

    Raises:
        FileNotFoundError: there is no such bundle (e.g. not an editable installation).
    """
    folder = bundle_folder(bundle) / "configs"
    return [str(folder / f"{name}.json") for name in configs]


def bundle_folder(bundle: str) -> Path:
    """Return the absolute path of a bundle.

    Args:
        bundle: its folder, or the name of one below `bundles/`.

    Raises:
        FileNotFoundError: there is no such bundle.
    """
    for folder in (Path(bundle).absolute(), BUNDLES / bundle):
        if (folder / "configs").is_dir():
            return folder
    raise FileNotFoundError(f"{BUNDLES / bundle}: no bundle; run this from a clone")


def bound_ids(config: Mapping[str, Any]) -> set[str]:
    """Return the ids of a config that weights are bound to: only these may they tell.

    Args:
        config: train, evaluate or inference of a bundle.
    """
    return {*config.get("image_preprocessing", {}), *config.get("network_settings", {})}


def trained_settings(weights: Path) -> dict[str, Any]:
    """Return what the JSON file beside weights tells: config ids that they were trained with.

    Args:
        weights: state dict; without such a file nothing is told.

    Raises:
        ValueError: the file is no JSON object, or holds what MONAI would execute.
    """
    path = weights.with_suffix(".json")
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: must be an object of settings, is {settings!r}")
    for key, value in settings.items():
        if _executes(value):
            raise ValueError(f"{path}: {key} must be a plain value, is {value!r}")
    return settings


def _executes(value: object) -> bool:
    """Return whether MONAI would take a value for an expression, a reference or a component."""
    if isinstance(value, dict):
        return "_target_" in value or any(map(_executes, value.values()))
    if isinstance(value, list):
        return any(map(_executes, value))
    return isinstance(value, str) and value.startswith(("$", "@", "%"))


def run_bundle(
    bundle: str, run_id: str, configs: Sequence[str], options: Mapping[str, Any]
) -> None:
    """Run one id of a bundle.

    Args:
        bundle: see `bundle_folder`.
        run_id: e.g. `"training"`.
        configs: names of its configs; later ones win.
        options: overrides by config id.
    """
    from monai.bundle import run

    for name in ("scripts", "workflows"):  # MONAI sets their levels when it is imported
        logging.getLogger(f"monai.bundle.{name}").setLevel(logging.ERROR)
    files = config_files(bundle, configs)
    run(
        run_id=run_id,
        config_file=files,
        meta_file=str(Path(files[0]).with_name("metadata.json")),
        logging_file=False,
        **options,
    )


def runner_command(
    bundle: str, run_id: str, configs: Sequence[str], options: Mapping[str, Any]
) -> str:
    """Return the command that does what `run_bundle` does with the same arguments."""
    files = config_files(bundle, configs)
    typed = " ".join(f'--{key} "{value}"' for key, value in options.items())
    config_file = files[0] if len(files) == 1 else str(files)
    return f'python -m monai.bundle run {run_id} --config_file "{config_file}" {typed}'


def quiet() -> None:
    """Leave the screen to the progress: MONAI warns of every config that it parses."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("monai").setLevel(logging.ERROR)
    logging.getLogger("ignite").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="monai")
