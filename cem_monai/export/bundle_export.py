"""A bundle as the model zoo wants it: one folder that needs MONAI and not this package."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from cem_monai.bundle_run import bundle_folder, trained_settings
from cem_monai.checksums import CHECKSUMS, checksum_lines, file_sha256
from cem_monai.export.checks import check_bundle
from cem_monai.export.exported_configs import exported_config, exported_metadata, targets
from cem_monai.export.vendoring import vendor
from cem_monai.export.weight_formats import (
    EPOCH,
    MODELS,
    check_state_dict,
    write_onnx,
    write_safetensors,
    write_torchscript,
)

COPIED = ("LICENSE", "configs/logging.conf", "docs")


class Formats(NamedTuple):
    """Forms of the weights besides the state dict.

    Attributes:
        torchscript, onnx, safetensors: whether to write `model.ts`, `.onnx`, `.safetensors`.
    """

    torchscript: bool = True
    onnx: bool = False
    safetensors: bool = False


def export_bundle(
    bundle: str,
    output: str | os.PathLike[str],
    *,
    weights: str | os.PathLike[str] | None = None,
    formats: Formats | None = None,
) -> tuple[Path, Path]:
    """Write a bundle that stands alone, and a zip file of it.

    The code that its configs name is copied into `scripts/`; what its weights were trained with
    becomes the default of its configs; SHA256SUMS lists every file. It is checked before it gets
    its name, so a folder of that name is a bundle that passed.

    Args:
        bundle: name below `bundles/`, or folder of a bundle.
        output: folder to write to.
        weights: state dict, with its JSON file beside it; `models/model.pt` of the bundle by
            default. A bundle that has none is exported without.
        formats: of the weights, besides the state dict; TorchScript by default.

    Returns:
        folder and zip file.

    Raises:
        FileNotFoundError: the bundle or the weights are missing.
        ValueError: the bundle is in `output` already, is exported itself, or fails its check.
    """
    source = bundle_folder(bundle)
    folder = Path(output).absolute() / source.name
    archive = folder.with_name(f"{source.name}_v{_read(source, 'metadata')['version']}.zip")
    _refuse(source, folder, archive)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export", dir=folder.parent) as temporary:
        draft = Path(temporary) / source.name
        _write(source, draft, _weights(source, weights), formats or Formats())
        if problems := check_bundle(draft):
            raise ValueError(f"{source.name} is not fit to be exported: {problems[0]}")
        _zip(draft, Path(temporary, archive.name))
        os.replace(draft, folder)
        os.replace(Path(temporary, archive.name), archive)
    return folder, archive


def _refuse(source: Path, folder: Path, archive: Path) -> None:
    if folder.parent.is_file():
        raise ValueError(f"{folder.parent}: is a file, name a folder")
    if (source / "scripts").is_dir():
        raise ValueError(f"{source}: is an exported bundle; export the one that it was made of")
    for path in (folder, archive):
        if path.exists():
            raise ValueError(f"{path}: exists; name another folder, or remove it")


def _weights(source: Path, weights: str | os.PathLike[str] | None) -> Path | None:
    if weights is not None:
        if not Path(weights).is_file():
            raise FileNotFoundError(f"no weights at {weights}")
        return Path(weights)
    own = source / MODELS / "model.pt"
    return own if own.is_file() else None


def _write(source: Path, bundle: Path, weights: Path | None, formats: Formats) -> None:
    for name in COPIED:
        _copy(source / name, bundle / name)
    trained = _copy_weights(weights, bundle) if weights else {}
    _write_configs(source, bundle, trained)
    if weights:
        _write_formats(bundle, formats)
    write_checksums(bundle)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    else:
        shutil.copyfile(source, target)


def _copy_weights(weights: Path, bundle: Path) -> dict[str, Any]:
    """Copy the state dict with what it was trained with, and return that."""
    check_state_dict(weights)
    _copy(weights, bundle / MODELS / "model.pt")
    settings = weights.with_suffix(".json")
    if not settings.is_file():
        return {}
    _copy(settings, bundle / MODELS / "model.json")
    return trained_settings(weights)


def _write_configs(source: Path, bundle: Path, trained: Mapping[str, Any]) -> None:
    configs = {path.stem: _read(source, path.stem) for path in source.glob("configs/*.json")}
    metadata = configs.pop("metadata")
    named = {target for config in configs.values() for target in targets(config)}
    imported = vendor(named, bundle, source.name)
    _dump(exported_metadata(metadata, imported), bundle, "metadata")
    for name, config in configs.items():
        _dump(exported_config(config, source.name, trained), bundle, name)


def _write_formats(bundle: Path, formats: Formats) -> None:
    if formats.torchscript:
        write_torchscript(bundle)
    if formats.onnx:
        write_onnx(bundle)
    if formats.safetensors:
        write_safetensors(bundle)


def write_checksums(bundle: Path) -> None:
    """Write SHA256SUMS of all files of a bundle, as somebody who vouches for them."""
    files = (path for path in _files(bundle) if path != bundle / CHECKSUMS)
    digests = {str(path.relative_to(bundle)): file_sha256(path) for path in files}
    (bundle / CHECKSUMS).write_text(checksum_lines(digests), encoding="utf-8")


def _zip(bundle: Path, archive: Path) -> None:
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for path in _files(bundle):
            entry = ZipInfo(str(path.relative_to(bundle.parent)), EPOCH)
            entry.external_attr = 0o644 << 16
            zipped.writestr(entry, path.read_bytes(), ZIP_DEFLATED)


def _files(bundle: Path) -> list[Path]:
    found = (path for path in bundle.rglob("*") if path.is_file())
    return sorted(path for path in found if path.parent.name != "__pycache__")


def _read(bundle: Path, config: str) -> dict[str, Any]:
    path = bundle / "configs" / f"{config}.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None


def _dump(config: Mapping[str, Any], bundle: Path, name: str) -> None:
    path = bundle / "configs" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config, indent=4, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
