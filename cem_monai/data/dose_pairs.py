"""Raw images of one scene at two doses: find them in a folder, make 8-bit pairs of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cem_monai.data.pair import Refused
from cem_monai.data.patch_datalist import ImagePair
from cem_monai.data.patches import raw_foreground
from cem_monai.data.raw_conversion import Conversion, convert_raw
from cem_monai.dicom import read_raw_mammogram


@dataclass(frozen=True)
class DosePair:
    """Two raw images of one arrangement that was not moved.

    Attributes:
        arrangement: name of its folder.
        image, label: DICOM files, input and target of a network.
    """

    arrangement: str
    image: Path
    label: Path


def find_dose_pairs(
    folder: str | os.PathLike[str], *, image: str = "low", label: str = "high"
) -> tuple[list[DosePair], list[Refused]]:
    """Return the pairs below a folder that holds one folder for each arrangement.

    Args:
        folder: e.g. what `simulate_dose` writes: `<arrangement>/low.dcm`, `<arrangement>/high.dcm`.
        image, label: names of the two files in each, without `.dcm`.

    Returns:
        pairs in the order of their names, and the arrangements that lack a file.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there is no pair in it.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    names = (f"{image}.dcm", f"{label}.dcm")
    pairs, refused = [], []
    for parent in sorted({path.parent for name in names for path in folder.glob(f"*/{name}")}):
        files = [parent / name for name in names]
        if missing := [path.name for path in files if not path.is_file()]:
            refused.append(Refused(parent, f"{parent}: has no {missing[0]}"))
        else:
            pairs.append(DosePair(parent.name, *files))
    if not pairs:
        raise ValueError(f"{folder}: no folder in it holds {names[0]} and {names[1]}")
    return pairs, refused


def eight_bit_pairs(
    pairs: Iterable[DosePair], conversion: Conversion | str = Conversion.RAW_FIXED
) -> Iterator[ImagePair]:
    """Read one pair after the other and convert it; the foreground is that of the input image.

    Raises:
        MammogramError: a file is no raw mammogram.
        ValueError: unknown conversion, the images of a pair differ in shape, or no object is found.
    """
    for pair in pairs:
        image, label = read_raw_mammogram(pair.image), read_raw_mammogram(pair.label)
        foreground = raw_foreground(image.pixels)
        if label.pixels.shape != foreground.shape:
            raise ValueError(
                f"{pair.label}: is {label.pixels.shape}, {pair.image} is {image.pixels.shape}"
            )
        low, high = (convert_raw(raw, conversion, foreground) for raw in (image, label))
        yield ImagePair(pair.arrangement, low, high, foreground)
