"""One image of CESM@UCBM, NRRD or DICOM, with exactly the values that the file holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.dicom import MammogramError, decode
from cem_monai.dicom.gate import MAX_PIXELS, MAX_SIDE, ONE_GRAY_IMAGE, open_checked

MAGIC = b"NRRD"
MAX_HEADER = 65536
USUAL_BITS, LARGEST = 12, 65535
PLAUSIBLE_SPACING = (0.02, 0.99)
"""mm; readers put 1 where a file tells no spacing."""
Spacing = tuple[float, float]


class UcbmImageError(ValueError):
    """An image of the source cannot be used.

    Attributes:
        path: its file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


@dataclass(frozen=True)
class UcbmImage:
    """One image.

    Attributes:
        pixels: (H, W) unsigned integers of 8 or 16 bits.
        bits_stored: 8, 12 or 16, or what a DICOM file says.
        spacing: mm, (row, column); None where the file tells none, or none that is plausible.
    """

    pixels: npt.NDArray[np.unsignedinteger]
    bits_stored: int
    spacing: Spacing | None

    def transposed(self) -> UcbmImage:
        """Return the image with rows and columns exchanged."""
        spacing = None if self.spacing is None else (self.spacing[1], self.spacing[0])
        return replace(self, pixels=np.ascontiguousarray(self.pixels.T), spacing=spacing)


def read_ucbm_image(path: Path) -> UcbmImage:
    """Read one `.nrrd` or `.dcm` file.

    Raises:
        UcbmImageError: the file is damaged, not one gray image, or holds values that are no whole
            numbers from 0 to 65535.
    """
    return _read_dicom(path) if path.suffix.lower() == ".dcm" else _read_nrrd(path)


def _read_dicom(path: Path) -> UcbmImage:
    try:
        dataset = open_checked(path, ONE_GRAY_IMAGE)
        values = decode(dataset, path)
    except MammogramError as error:
        raise UcbmImageError(path, str(error).removeprefix(f"{path}: ")) from None
    pixels, bits = _whole_numbers(values, path), int(dataset.BitsStored)
    bits = bits if pixels.max() < 2**bits else 16  # a rescale may leave the stored range
    spacing = dataset.get("ImagerPixelSpacing") or dataset.get("PixelSpacing") or ()
    stored = pixels.astype(np.uint8) if bits == 8 else pixels
    return UcbmImage(stored, bits, _plausible(tuple(spacing)))


def _read_nrrd(path: Path) -> UcbmImage:
    import itk

    _check_header(path)
    try:
        values, spacing = _read_with_itk(itk, path)
    except RuntimeError:
        raise UcbmImageError(path, "cannot be read as NRRD, it is damaged") from None
    pixels = _whole_numbers(values, path)
    if values.dtype == np.uint8:
        return UcbmImage(pixels.astype(np.uint8), 8, spacing)
    return UcbmImage(pixels, USUAL_BITS if pixels.max() < 2**USUAL_BITS else 16, spacing)


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(MAX_HEADER).split(b"\n\n")[0].split(b"\r\n\r\n")[0]
    if not header.startswith(MAGIC):
        raise UcbmImageError(path, "is not a NRRD file")
    fields = {line.split(b":")[0].strip().lower() for line in header.splitlines()}
    if fields & {b"data file", b"datafile"}:
        raise UcbmImageError(path, "names another file for its pixels, which is not read")


def _read_with_itk(itk: Any, path: Path) -> tuple[npt.NDArray[Any], Spacing | None]:
    """Return the first and only slice as (H, W), x running fastest in the file."""
    reader = itk.ImageIOFactory.CreateImageIO(str(path), itk.CommonEnums.IOFileMode_ReadMode)
    if reader is None:
        raise UcbmImageError(path, "cannot be read as NRRD, it is damaged")
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    axes = range(reader.GetNumberOfDimensions())
    _check_size(
        [int(reader.GetDimensions(axis)) for axis in axes], reader.GetNumberOfComponents(), path
    )
    spacing = _plausible((reader.GetSpacing(1), reader.GetSpacing(0)))
    values = itk.array_from_image(itk.imread(str(path)))
    return values.reshape(values.shape[-2:]), spacing


def _check_size(sizes: list[int], components: int, path: Path) -> None:
    if components != 1:
        raise UcbmImageError(path, f"has {components} values per pixel, must be gray")
    if len(sizes) < 2 or set(sizes[2:]) - {1}:
        raise UcbmImageError(path, f"has the sizes {_by(sizes)}, must be one slice")
    if max(sizes) > MAX_SIDE or sizes[0] * sizes[1] > MAX_PIXELS:
        wanted = f"at most {MAX_SIDE} a side and {MAX_PIXELS} pixels are read"
        raise UcbmImageError(path, f"has the sizes {_by(sizes)}, {wanted}")


def _whole_numbers(values: npt.NDArray[Any], path: Path) -> npt.NDArray[np.uint16]:
    if not np.isfinite(values).all():
        raise UcbmImageError(path, "holds NaN or infinite values")
    low, high = values.min(), values.max()
    if low < 0 or high > LARGEST:
        raise UcbmImageError(path, f"holds values from {low:g} to {high:g}, must be 0 to {LARGEST}")
    if (fractions := values != np.floor(values)).any():
        example = values[fractions][0]
        raise UcbmImageError(path, f"holds {example:g}, all values must be whole numbers")
    return values.astype(np.uint16)


def _plausible(spacing: tuple[Any, ...]) -> Spacing | None:
    low, high = PLAUSIBLE_SPACING
    if len(spacing) != 2 or not all(low <= float(value) <= high for value in spacing):
        return None
    return float(spacing[0]), float(spacing[1])


def _by(sizes: list[int]) -> str:
    return " x ".join(map(str, sizes))
