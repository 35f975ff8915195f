"""Let a trained bundle translate images: DICOM to DICOM, or PNG and JPEG to marked PNG."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_monai.bundle_run import (
    bound_ids,
    bundle_folder,
    config_files,
    quiet,
    run_bundle,
    runner_command,
    trained_settings,
)
from cem_monai.command_line import root_error
from cem_monai.data import (
    PICTURE_SUFFIXES,
    NoLowEnergyError,
    dicom_files,
    looks_like_dicom,
    picture_files,
)
from cem_monai.infer.own_code import own_code
from cem_monai.infer.results import Translation
from cem_monai.infer.trust import check_trust

DICOM, PICTURES = "inference", "inference_png"
"""Configs of a bundle, by what they take."""
DICOM_ONLY = {"allow_implants", "check_intensity", "compression", "uncertainty"}
"""Options that the config for pictures knows, since it extends the other, but makes no use of."""
WARNING = (
    "Research software, not a medical device: virtual images are predictions, no iodine was\n"
    "measured, lesions can be missed or invented."
)


def run_inference(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    bundle: str,
    weights: str | os.PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
    network: object = None,
    trust: bool = False,
) -> Translation:
    """Generate the virtual image of every low-energy image.

    What the weights were trained with (image size, windows, size of the network) is read from the
    JSON file beside them, where it stands there.

    Args:
        source: folder or file, DICOM, or PNG and JPEG.
        output: folder to write to, outside `source`.
        bundle: name below `bundles/`, or folder of a bundle.
        weights: file; `models/model.pt` of the bundle by default.
        options: overrides by config id; those that are None are left out.
        network: one that an earlier run built, see `build_network`; a new one by default.
        trust: take a bundle and weights that its SHA256SUMS does not list.

    Returns:
        what was refused, and what was written; of PNG and JPEG, `manifest.json` tells the latter.

    Raises:
        FileNotFoundError: the input, the bundle or the weights are missing.
        NoLowEnergyError: nothing in the input can be translated.
        ValueError: the input holds both kinds of files or nothing usable, the output is a file or
            lies in the input, the bundle takes no such images, the weights do not fit, or the
            bundle or the weights are not those that its SHA256SUMS lists.
    """
    from cem_monai.transforms import note_saved_files

    source, output = Path(source).absolute(), Path(output).absolute()
    config = config_for(source)
    _check_output(source, output)
    overrides = {
        **_overrides(bundle, config, weights, options or {}, trust),
        "dataset_dir": str(source),
        "output_dir": str(output),
    }
    quiet()
    print(runner_command(bundle, "inference", [config], overrides))
    loaded = {} if network is None else {"network": network}
    with note_saved_files() as written:
        _run(bundle, config, overrides | loaded)
    print(WARNING)
    return Translation(_refused(output / "refused.csv"), written)


def _run(bundle: str, config: str, overrides: Mapping[str, Any]) -> None:
    try:
        with own_code(bundle_folder(bundle)):
            run_bundle(bundle, "inference", [config], overrides)
    except Exception as error:
        root = root_error(error)
        # MONAI wraps it, and the code of an exported bundle has a class of its own
        if type(root).__name__ == NoLowEnergyError.__name__:
            raise NoLowEnergyError(str(root)) from None
        raise


def build_network(
    bundle: str,
    weights: str | os.PathLike[str] | None,
    options: Mapping[str, Any],
    *,
    trust: bool = False,
) -> object:
    """Build the network of a bundle for several runs of `run_inference` on DICOM images.

    Args:
        bundle, weights, options, trust: see `run_inference`.

    Returns:
        the network with its weights.

    Raises:
        FileNotFoundError: the bundle or the weights are missing.
        ValueError: the weights do not fit, or SHA256SUMS of the bundle does not list them or it.
    """
    from monai.bundle import ConfigParser

    from cem_monai.networks import load_weights

    quiet()
    overrides = _overrides(bundle, DICOM, weights, options, trust)
    parser = ConfigParser()
    parser.read_config(config_files(bundle, [DICOM]))
    parser.update(overrides)
    with own_code(bundle_folder(bundle)):
        network = parser.get_parsed_content("network")
        load_weights(
            network,
            parser.get_parsed_content("weights"),
            parser.get_parsed_content("weights_settings"),
        )
    return network


def _overrides(
    bundle: str,
    config: str,
    weights: str | os.PathLike[str] | None,
    options: Mapping[str, Any],
    trust: bool,
) -> dict[str, Any]:
    folder = bundle_folder(bundle)
    weights = Path(weights or folder / "models" / "model.pt").absolute()
    if not weights.is_file():
        raise FileNotFoundError(f"no weights at {weights}: train first, or name others")
    if not trust:
        check_trust(folder, weights)
    ids = _config_ids(bundle, config)
    return {
        **_trained_settings(weights, ids),
        **_given(options, ids, config),
        "bundle_root": str(folder),
        "weights": str(weights),
    }


def config_for(source: Path) -> str:
    """Tell DICOM from pictures; of a folder with both, one is probably not meant.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: the folder holds both, or neither.
    """
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder")
    if source.is_file():
        named = source.suffix.lower() in PICTURE_SUFFIXES
        return PICTURES if named and not looks_like_dicom(source) else DICOM
    dicom = sum(1 for _ in dicom_files(source))
    pictures = sum(not looks_like_dicom(path) for path in picture_files(source))
    if dicom and pictures:
        raise ValueError(
            f"{source}: holds {dicom} DICOM files and {pictures} PNG or JPEG images: "
            "give each kind a folder of its own"
        )
    if not dicom and not pictures:
        raise ValueError(f"{source}: holds no DICOM, PNG or JPEG file")
    return PICTURES if pictures else DICOM


def _check_output(source: Path, output: Path) -> None:
    if output.is_file():
        raise ValueError(f"{output}: is a file, the output must be a folder")
    if output.resolve().is_relative_to(source.resolve()):
        raise ValueError(
            f"{output}: lies in the input {source}, and the next run would find the results there"
        )


def _config_ids(bundle: str, config: str) -> dict[str, Any]:
    (path,) = config_files(bundle, [config])
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such config, the bundle takes no PNG or JPEG images")
    return dict(json.loads(Path(path).read_text(encoding="utf-8")))


def _trained_settings(weights: Path, ids: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file beside the weights tells, as far as the config knows it.

    MONAI ignores an override by None, so those are left out; the weights refuse what does not fit.
    """
    bound, settings = bound_ids(ids), trained_settings(weights)
    return {key: value for key, value in settings.items() if value is not None and key in bound}


def _given(options: Mapping[str, Any], ids: Mapping[str, Any], config: str) -> dict[str, Any]:
    given = {key: value for key, value in options.items() if value is not None}
    for key in given:
        if key not in ids or (config == PICTURES and key in DICOM_ONLY):
            kind = "DICOM" if config == DICOM else "PNG or JPEG"
            raise ValueError(f"{key} means nothing for {kind} images of this bundle")
    return given


def _refused(path: Path) -> int:
    with path.open(newline="", encoding="utf-8") as file:
        return len(list(csv.DictReader(file)))
