"""The verb that hands bundles on."""

from __future__ import annotations

from pathlib import Path


def export(
    bundle: str,
    output: str | None = None,
    weights: str | None = None,
    torchscript: bool = True,
    onnx: bool = False,
    safetensors: bool = False,
    check: bool = False,
) -> None:
    """Write a bundle that needs MONAI and not this package, and a zip file of it.

    Its code is copied into scripts/, SHA256SUMS lists every file. --check looks at a bundle
    instead, one sentence for each thing that the model zoo would not take; nothing of the bundle
    is executed.

    Args:
        bundle: name below bundles/, or folder of a bundle.
        output: folder to write to; the bundle gets a folder of its name in it.
        weights: state dict, with its JSON file beside it; models/model.pt of the bundle by default.
        torchscript: write models/model.ts too.
        onnx: write models/model.onnx too; needs cem_monai[export].
        safetensors: write models/model.safetensors too; needs cem_monai[export].
        check: only check the folder of a bundle.
    """
    from cem_monai.export import Formats, check_bundle, export_bundle

    if check:
        _tell(check_bundle(Path(bundle)), bundle)
        return
    if output is None:
        raise ValueError("name the folder to write to: cem-monai export BUNDLE OUTPUT")
    formats = Formats(torchscript, onnx, safetensors)
    folder, archive = export_bundle(bundle, output, weights=weights, formats=formats)
    print(f"{folder}\n{archive}")
    if not (folder / "models").is_dir():
        print("without weights: train first, or name --weights")


def _tell(problems: list[str], bundle: str) -> None:
    for problem in problems:
        print(problem)
    if problems:
        raise SystemExit(1)
    print(f"{bundle}: nothing found that the model zoo would not take")
