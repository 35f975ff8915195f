"""Image pairs to patches: PNG files and the datalist of a network that learns from them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cem_monai.data.breast import Mask
from cem_monai.data.datalist import check_split, split_patients, write_sections
from cem_monai.data.patches import foreground_corners, patch
from cem_monai.data.raw_conversion import GrayImage

FOLDER = "patches"


class SplitUnit(str, Enum):
    """What a split keeps together."""

    ARRANGEMENT = "arrangement"
    """All patches of one arrangement: nothing that is tested was seen in training."""
    PATCH = "patch"
    """Nothing: of two neighbors in one image, one is trained on and the other tested. As published,
    and leaking."""


@dataclass(frozen=True)
class ImagePair:
    """Two images of one arrangement, of which a network makes the second from the first.

    Args:
        arrangement: its name; part of the file names.
        image, label: (H, W) of 8 bits, input and target, the same place at the same pixel.
        foreground: (H, W) mask of what is no background, e.g. from `raw_foreground`.

    Raises:
        ValueError: shapes differ, or an image has not 8 bits.
    """

    arrangement: str
    image: GrayImage
    label: GrayImage
    foreground: Mask

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.image, self.label, self.foreground)}
        if len(shapes) > 1 or self.image.ndim != 2:
            raise ValueError(
                f"{self.arrangement}: image {self.image.shape}, label {self.label.shape} and "
                f"foreground {self.foreground.shape} must have the same shape (H, W)"
            )
        for name, dtype in (("image", self.image.dtype), ("label", self.label.dtype)):
            if dtype != np.uint8:
                raise ValueError(f"{self.arrangement}: the {name} must be uint8, is {dtype}")


def write_patches(
    pairs: Iterable[ImagePair],
    folder: str | os.PathLike[str],
    *,
    patch_size: int = 150,
    stride: int = 150,
    min_foreground: float = 0.5,
    split: SplitUnit | str = SplitUnit.ARRANGEMENT,
    test_fraction: float = 0.25,
    validation_fraction: float = 0.0,
    seed: int = 0,
) -> dict[str, int]:
    """Cut pairs into patches; write PNG files and, when all are there, `datalist.json`.

    Items of the datalist are those of `write_datalist`, with the arrangement as `patient` and with
    `row` and `column` of the first pixel. A datalist that was split by patch is refused by
    `load_datalist` unless it is told to `allow_shared_patients`.

    Args:
        pairs: taken one after the other, so that a generator needs the memory of one.
        folder: where the datalist goes; the files go to `patches` below it.
        patch_size, stride, min_foreground: see `foreground_corners`.
        split: `"arrangement"` or `"patch"`.
        test_fraction, validation_fraction: shares of the arrangements or patches.
        seed: of the shuffle.

    Returns:
        number of patches in each section.

    Raises:
        ValueError: see `foreground_corners`, `split_patients`; an arrangement comes twice, or no
            patch is kept.
    """
    if split not in list(SplitUnit):
        names = ", ".join(one.value for one in SplitUnit)
        raise ValueError(f"split must be one of {names}, got {split!r}")
    fractions = {"test_fraction": test_fraction, "validation_fraction": validation_fraction}
    check_split(**fractions, seed=seed)
    datalist = Path(folder, "datalist.json")
    items: list[dict[str, Any]] = []
    for pair in _without_repetition(pairs):
        corners = foreground_corners(
            pair.foreground, patch_size=patch_size, stride=stride, min_foreground=min_foreground
        )
        # of an earlier run: its patches are overwritten now
        datalist.unlink(missing_ok=True)
        items += [_write(pair, corner, patch_size, datalist.parent) for corner in corners]
    if not items:
        raise ValueError(f"no patch of {patch_size} pixels has {min_foreground:.0%} foreground")
    key = "patient" if split == SplitUnit.ARRANGEMENT else "case"
    sections = split_patients([item[key] for item in items], **fractions, seed=seed)
    return write_sections([(sections[item[key]], item) for item in items], datalist)


def _without_repetition(pairs: Iterable[ImagePair]) -> Iterator[ImagePair]:
    seen: set[str] = set()
    for pair in pairs:
        if pair.arrangement in seen:
            raise ValueError(f"the arrangement {pair.arrangement} comes twice")
        seen.add(pair.arrangement)
        yield pair


def _write(
    pair: ImagePair, corner: tuple[int, int], patch_size: int, folder: Path
) -> dict[str, Any]:
    row, column = corner
    case = f"{pair.arrangement}_r{row:04d}_c{column:04d}"
    item = {"case": case, "patient": pair.arrangement, "row": row, "column": column}
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for key, image in (("image", pair.image), ("label", pair.label)):
        name = f"{FOLDER}/{case}_{key}.png"
        Image.fromarray(patch(image, corner, patch_size)).save(folder / name)
        item[key] = name
    return item
