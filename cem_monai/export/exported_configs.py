"""The configs of a bundle that stands alone: with its own code, and what its weights need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

from cem_monai.bundle_run import bound_ids
from cem_monai.export.source_modules import PACKAGE
from cem_monai.export.vendoring import vendored_target

PATH_ID = "scripts_path"
ADD_TO_PATH = {
    "imports": ["$import os", "$import sys"],
    PATH_ID: "$sys.path.insert(0, os.path.abspath(@bundle_root))",
}
"""MONAI adds the bundle to the path when it runs, not yet when it initializes or only verifies."""
OF_METADATA = {"monai", "torch", "numpy"}
"""Packages whose versions have keys of their own in metadata.json."""


def targets(config: object) -> Iterator[str]:
    """Yield every `_target_` of this package in a config."""
    for component in _components(config):
        yield component["_target_"]


def exported_config(
    config: Mapping[str, Any], name: str, trained: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a config that finds its code in `scripts/`, from any working directory.

    Args:
        config: of a bundle of this package.
        name: of the bundle, see `vendor`.
        trained: what its weights were trained with; becomes the default of the ids that weights
            are bound to.
    """
    exported: dict[str, Any] = {}
    bound = bound_ids(config)
    for key, value in config.items():
        known = key in bound and trained.get(key) is not None
        exported[key] = trained[key] if known else _led_to_scripts(value, name)
        if key == "bundle_root" and any(True for _ in _components(config)):
            exported |= ADD_TO_PATH
    return exported


def exported_metadata(config: Mapping[str, Any], imported: Iterable[str]) -> dict[str, Any]:
    """Return metadata.json that requires what the code imports, not this package.

    Args:
        config: metadata.json of the bundle.
        imported: top-level names that its code imports.
    """
    stated = {
        key: version
        for key, version in config["required_packages_version"].items()
        if key != PACKAGE
    }
    found = {name: metadata.version(name) for name in _distributions(imported)}
    return {**config, "required_packages_version": {**found, **stated}}


def _components(config: object) -> Iterator[dict[str, Any]]:
    values: Iterable[object] = ()
    if isinstance(config, dict):
        if str(config.get("_target_", "")).startswith(f"{PACKAGE}."):
            yield config
        values = config.values()
    elif isinstance(config, list):
        values = config
    for value in values:
        yield from _components(value)


def _led_to_scripts(config: Any, name: str) -> Any:
    if isinstance(config, list):
        return [_led_to_scripts(value, name) for value in config]
    if not isinstance(config, dict):
        return config
    led = {key: _led_to_scripts(value, name) for key, value in config.items()}
    if not str(config.get("_target_", "")).startswith(f"{PACKAGE}."):
        return led
    target = vendored_target(led.pop("_target_"), name)
    return {"_target_": target, "_requires_": f"@{PATH_ID}", **led}


def _distributions(imported: Iterable[str]) -> list[str]:
    """Return who publishes these top-level names, as far as somebody does."""
    published = metadata.packages_distributions()
    found = {
        name if _is_published(name) else sorted(published[name])[0]
        for name in imported
        if name in published
    }
    return sorted({name.lower() for name in found} - OF_METADATA)


def _is_published(name: str) -> bool:
    """Return whether there is a package of this name, were it one that only requires others."""
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
