"""What a radiologist drew, as the clients of MONAI Label send it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.data.nifti import read_plane
from cem_monai.label_app.nrrd_file import read_nrrd
from cem_monai.label_app.request_error import RequestError

LABELS = {"mass": 1, "background": 2}
"""Segments that are measured, and the numbers that stand for them where a client names none."""
RAW_SUFFIX = ".bin"
"""OHIF sends the numbers alone."""

Mask = npt.NDArray[np.bool_]


class Drawing(NamedTuple):
    """What one reader drew on one view, in the stored orientation of its image.

    Attributes:
        mass: (H, W) mask; empty where the reader saw none.
        background: (H, W) mask of tissue around it; empty where a ring shall stand in.
    """

    mass: Mask
    background: Mask

    @property
    def labelmap(self) -> npt.NDArray[np.uint8]:
        """(H, W) numbers of `LABELS`."""
        numbers = np.where(self.background, LABELS["background"], 0)
        return np.where(self.mass, LABELS["mass"], numbers).astype(np.uint8)


def read_drawing(
    path: Path, shape: tuple[int, int], segments: Iterable[Mapping[str, Any]] = ()
) -> Drawing:
    """Read a label map.

    Its pixels lie where those of the image lie that the client was given: columns first, as stored.

    Args:
        path: NIfTI, NRRD, or `.bin` with one or two bytes for each pixel.
        shape: (H, W) of the image.
        segments: what its numbers mean, `{"name": ..., "idx": ...}`; `LABELS` by default. Segments
            of other names are left out.

    Raises:
        RequestError: the file cannot be read, has another size, or names no mass (422).
    """
    numbers = _raw(path, shape) if path.suffix == RAW_SUFFIX else _image(path)
    if numbers.shape != shape:
        found, wanted = (" x ".join(map(str, size)) for size in (numbers.shape, shape))
        raise RequestError(f"the label map has {found} pixels, its image {wanted}")
    chosen = _numbers(segments)
    mass, background = (np.isin(numbers, chosen[name]) for name in LABELS)
    return Drawing(mass, background & ~mass)


def _numbers(segments: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the numbers of each label."""
    try:
        named = [(str(one["name"]).strip().lower(), int(one["idx"])) for one in segments]
    except (KeyError, TypeError, ValueError):
        raise RequestError("label_info must be a list of {name, idx}") from None
    if not named:
        return {name: [number] for name, number in LABELS.items()}
    chosen = {name: [number for one, number in named if one == name] for name in LABELS}
    if not chosen["mass"]:
        told = ", ".join(repr(name) for name, _ in named)
        raise RequestError(f"no segment is called 'mass', there are {told}")
    return chosen


def _raw(path: Path, shape: tuple[int, int]) -> npt.NDArray[Any]:
    content = path.read_bytes()
    pixels = shape[0] * shape[1]
    if len(content) not in (pixels, 2 * pixels):
        told = f"the label map has {len(content)} bytes, its image {pixels} pixels"
        raise RequestError(told)
    return np.frombuffer(content, np.uint8 if len(content) == pixels else "<u2").reshape(shape)


def _image(path: Path) -> npt.NDArray[Any]:
    try:
        array = read_nrrd(path) if path.suffix == ".nrrd" else read_plane(path)
    except (ValueError, KeyError, OverflowError, zlib.error) as error:
        told = f"the label map cannot be read as NIfTI or NRRD ({type(error).__name__})"
        raise RequestError(told) from None
    return array[0] if array.ndim == 3 and array.shape[0] == 1 else array
