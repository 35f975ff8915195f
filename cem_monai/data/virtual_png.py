"""A generated image as a 16-bit PNG that nobody can take for a real one."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cem_monai.atomic import atomic_write
from cem_monai.data.picture_file import PictureError, read_picture
from cem_monai.data.picture_mammogram import SYNTHETIC_DATA, PictureMammogram, pixels_sha256
from cem_monai.data.picture_name import VIRTUAL_SUFFIX
from cem_monai.dicom import (
    BANNER,
    VIRTUAL_DES,
    VIRTUAL_DES_MARKS,
    GeneratingModel,
    from_canonical,
    paint_banner,
)

PNG_BITS = 16
MANIFEST = "manifest.json"

Values = npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class VirtualPng:
    """One image that this package generated.

    Attributes:
        values: (H, W) in stored orientation, 0 to 2**bits - 1; the banner is part of them.
        bits: that the network's result was rounded to.
        marks: text chunks; see `save_virtual_png`.
    """

    values: Values
    bits: int
    marks: dict[str, str]


def virtual_png_path(folder: Path, case: str) -> Path:
    """Return where the image goes that was generated from a case: its name says what it is."""
    return folder / f"{case}{VIRTUAL_SUFFIX}.png"


def save_virtual_png(
    generated: Values,
    source: PictureMammogram,
    path: Path,
    *,
    model: GeneratingModel,
    bits_stored: int,
) -> None:
    """Write a generated image: 16 bits, size and orientation of its source, marked, or not at all.

    `BANNER` is painted beside the breast. Values are enlarged to the whole range of 16 bits as the
    PNG specification (12.4) wants it, by repeating their leading bits, and chunk sBIT tells
    `bits_stored`: `value >> (16 - bits_stored)` is what the network gave. Text chunks hold Warning,
    SyntheticData YES, ImageType and ContentQualification as in DICOM, model, version, SHA-256 of
    weights, settings, source file and source pixels, laterality, and how it was found. The same
    source and model give the same bytes.

    Args:
        generated: (H, W) canonical orientation, 0 to 2**bits_stored - 1.
        source: what it was generated from.
        path: see `virtual_png_path`.
        model: what generated it.
        bits_stored: 8 to 16.

    Raises:
        ValueError: the size differs from the source's, or another file than an image of the same
            source and model lies there.
    """
    if generated.shape != source.pixels.shape:
        raise ValueError(
            f"{source.path}: has {source.pixels.shape} pixels, the generated {generated.shape}"
        )
    marks = _marks(source, model, bits_stored)
    _check_free(path, marks)
    right = source.flipped
    painted = paint_banner(
        from_canonical(generated, chest_wall_at_right=right),
        from_canonical(source.breast, chest_wall_at_right=right),
        value=2**bits_stored - 1,
        chest_wall_at_right=right,
    )
    info = PngInfo()
    info.add(b"sBIT", bytes([bits_stored]))
    for key, value in marks.items():
        info.add_text(key, value)
    with atomic_write(path) as file:
        Image.fromarray(_enlarge(painted, bits_stored)).save(file, "PNG", pnginfo=info)


def virtual_marks(path: Path) -> dict[str, str] | None:
    """Return the text chunks of a PNG that this package generated; None for any other file."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            marks = {key: str(value) for key, value in getattr(image, "text", {}).items()}
    except Exception:  # Pillow lets many types through; whoever needs the pixels tells why
        return None
    ours = marks.get(SYNTHETIC_DATA) == "YES" and "SourcePixelsSHA256" in marks
    return marks if ours else None


def read_virtual_png(path: Path) -> VirtualPng:
    """Read back an image that `save_virtual_png` wrote, to show or to judge it.

    Raises:
        PictureError: the file is damaged, or no generated image.
    """
    picture, marks = read_picture(path, PNG_BITS), virtual_marks(path)
    bits = str((marks or {}).get("BitsStored"))
    if marks is None or not bits.isdecimal() or not 8 <= int(bits) <= PNG_BITS:
        raise PictureError(f"{path}: is no PNG that this package generated")
    values = picture.pixels.astype(np.uint16) >> np.uint16(PNG_BITS - int(bits))
    return VirtualPng(values, int(bits), marks)


def write_virtual_manifest(folder: str | os.PathLike[str]) -> None:
    """List all generated PNG files below a folder, with their marks, in `manifest.json`.

    The list is read from the files themselves, so that it cannot tell anything else than they do.
    """
    folder = Path(folder)
    images: list[dict[str, str]] = []
    for path in sorted(folder.rglob(f"*{VIRTUAL_SUFFIX}.png")):
        if marks := virtual_marks(path):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            images.append({"File": path.relative_to(folder).as_posix(), "SHA256": digest, **marks})
    content: dict[str, Any] = {"Warning": VIRTUAL_DES_MARKS.comment, "Images": images}
    with atomic_write(folder / MANIFEST, "w") as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _marks(source: PictureMammogram, model: GeneratingModel, bits_stored: int) -> dict[str, str]:
    stored = from_canonical(source.pixels, chest_wall_at_right=source.flipped)
    return {
        "Title": VIRTUAL_DES_MARKS.series_description,
        "Warning": VIRTUAL_DES_MARKS.comment,
        "Description": (
            f"Predicted by the neural network {model.name} {model.version} from the "
            f"{VIRTUAL_DES_MARKS.derivation}. The text {BANNER!r} is painted into the pixels."
        ),
        SYNTHETIC_DATA: "YES",
        "ImageType": f"DERIVED\\SECONDARY\\\\GENERATED_2D\\\\{VIRTUAL_DES}",
        "ContentQualification": "RESEARCH",
        "Software": f"cem_monai {model.version}",
        "ModelName": model.name,
        "WeightsSHA256": model.weights_sha256,
        "ConfigSHA256": model.config_sha256,
        "Source": source.path.name,
        "SourceSHA256": hashlib.sha256(source.path.read_bytes()).hexdigest(),
        "SourcePixelsSHA256": pixels_sha256(stored),
        "Laterality": source.laterality.value,
        "LateralityFrom": source.laterality_from,
        "BitsStored": str(bits_stored),
    }


def _check_free(path: Path, marks: dict[str, str]) -> None:
    if not path.exists():
        return
    found = virtual_marks(path)
    if found is None:
        raise ValueError(f"{path}: is in the way and was not generated; name another folder")
    for key in ("ModelName", "Software", "WeightsSHA256", "ConfigSHA256", "SourceSHA256"):
        if found.get(key) != marks[key]:
            raise ValueError(f"{path}: was generated with another {key}; name another folder")


def _enlarge(values: Values, bits: int) -> Values:
    """Repeat the leading bits until 16 are full; 8 bits or more need one repetition."""
    wide = values.astype(np.uint32)
    return ((wide << (PNG_BITS - bits)) | (wide >> (2 * bits - PNG_BITS))).astype(np.uint16)
