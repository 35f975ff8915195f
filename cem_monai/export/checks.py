"""Whether a folder is a bundle as the model zoo wants it. Nothing of it is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from cem_monai.checksums import CHECKSUMS, file_sha256, read_checksums

FILES = (
    "LICENSE",
    "configs/metadata.json",
    "configs/inference.json",
    "configs/train.json",
    "docs/README.md",
    "docs/data_license.txt",
)
NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+){2,}")
VERSION = re.compile(r"\d+\.\d+\.\d+")
SCHEMA = "https://project-monai.github.io/schema/meta_schema_20240725.json"


def check_bundle(folder: Path) -> list[str]:
    """Return what is wrong with a bundle, one sentence each, the same for the same bundle.

    Its files, name, JSON style, metadata (MONAI's schema, version, changelog, names of input and
    output), the ids that MONAI requires, and the SHA-256 of every file. Rules: MONAI's bundle
    specification and the model zoo's contributing guide and checks.

    Args:
        folder: of the bundle.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        return [f"{folder}: has no {name}" for name in missing]
    problems = list(_name_problems(folder))
    configs = {}
    for path in sorted(folder.glob("configs/*.json")):
        try:
            configs[path.stem] = _read_strictly(path)
        except ValueError as error:
            problems.append(f"{path}: {error}")
    if {"metadata", "inference", "train"} <= set(configs):
        problems += _metadata_problems(folder / "configs" / "metadata.json", configs["metadata"])
        problems += _property_problems(folder, configs)
    return [*problems, *_target_problems(folder, configs), *_checksum_problems(folder)]


def _name_problems(folder: Path) -> Iterator[str]:
    if not NAME.fullmatch(folder.name):
        yield f"{folder.name}: a bundle is named organ_modality_task, in lower case"


def _read_strictly(path: Path) -> dict[str, Any]:
    """Read a config that is written as the zoo wants it: 4 spaces, keys as they come, no key twice.

    Raises:
        ValueError: it is not.
    """
    text = path.read_text(encoding="utf-8")
    config = json.loads(text, object_pairs_hook=_without_duplicates)
    if not isinstance(config, dict):
        raise ValueError("must be an object")
    if text != json.dumps(config, indent=4, ensure_ascii=False) + "\n":
        raise ValueError("is not indented by 4 spaces, with one newline at its end")
    return config


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"has the key {key!r} twice")
    return dict(pairs)


def _metadata_problems(path: Path, metadata: Mapping[str, Any]) -> Iterator[str]:
    if metadata.get("schema") != SCHEMA:
        yield f"{path}: schema is {metadata.get('schema')!r}, must be {SCHEMA}"
    errors = _schema_errors(metadata)
    for error in errors:
        where = "::".join(map(str, error.absolute_path)) or "metadata"
        yield f"{path}: {where}: {error.message.splitlines()[0][:200]}"
    if not errors:
        yield from _zoo_problems(path, metadata)


def _zoo_problems(path: Path, metadata: Mapping[str, Any]) -> Iterator[str]:
    """Tell what the schema leaves free and the zoo does not."""
    version, changelog = str(metadata.get("version")), metadata.get("changelog", {})
    if not VERSION.fullmatch(version):
        yield f"{path}: version is {version!r}, must be like 0.1.0"
    if version not in changelog:
        yield f"{path}: the changelog does not tell of version {version!r}"
    formats = metadata.get("network_data_format", {})
    for side, name in (("inputs", "image"), ("outputs", "pred")):
        if name not in formats.get(side, {}):
            yield f"{path}: network_data_format::{side} must have {name!r}, MONAI looks for it"


def _schema_errors(metadata: Mapping[str, Any]) -> list[jsonschema.ValidationError]:
    file = resources.files("cem_monai.export") / "meta_schema_20240725.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    # of alternatives, the one that was probably meant
    errors = [best_match([error]) for error in validator.iter_errors(metadata)]
    return sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])


def _property_problems(folder: Path, configs: Mapping[str, Any]) -> Iterator[str]:
    """Tell the ids that MONAI's `check_properties` would miss."""
    from monai.bundle.properties import InferProperties, TrainProperties

    for name, properties in (("inference", InferProperties), ("train", TrainProperties)):
        for known in properties.values():
            identity = str(known["id"])
            if known["required"] and not _has(configs[name], identity.split("::")):
                yield f"{folder / 'configs' / name}.json: has no {identity}, which MONAI requires"


def _has(config: object, keys: list[str]) -> bool:
    if not keys:
        return True
    return isinstance(config, dict) and keys[0] in config and _has(config[keys[0]], keys[1:])


def _target_problems(folder: Path, configs: Mapping[str, Any]) -> Iterator[str]:
    for name in configs.keys() - {"metadata"}:
        path = folder / "configs" / f"{name}.json"
        for needed in re.findall(r"\bcem_monai(?:\.\w+)*", path.read_text(encoding="utf-8"))[:1]:
            yield f"{path}: needs {needed}, which is not in the bundle: cem-monai export copies it"


def _checksum_problems(folder: Path) -> Iterator[str]:
    try:
        known = read_checksums(folder)
    except ValueError as error:
        yield str(error)
        return
    if known is None:
        yield f"{folder}: has no {CHECKSUMS}"
        return
    for path, digest in sorted(known.items()):
        if not path.is_file():
            yield f"{path}: is missing, {CHECKSUMS} lists it"
        elif file_sha256(path) != digest:
            yield f"{path}: is not the file that {CHECKSUMS} lists, its SHA-256 is another"
    yield from _unlisted(folder, known)


def _unlisted(folder: Path, known: Mapping[Path, str]) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            yield f"{path}: is a link, a bundle holds its files itself"
        elif path == folder / CHECKSUMS or "__pycache__" in path.relative_to(folder).parts:
            continue
        elif path.is_file() and path.resolve() not in known:
            yield f"{path}: is not listed in {CHECKSUMS}"
