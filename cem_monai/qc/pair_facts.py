"""What the page needs to know of each pair; its pixels are read once and not kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from tqdm import tqdm

from cem_monai.data import CEMPair, read_exam_facts
from cem_monai.dicom import (
    ImageContent,
    Mammogram,
    MammogramAttributes,
    first_window,
    open_mammogram,
    shown_range,
    to_mammogram,
)
from cem_monai.qc.sections import Place, Places
from cem_monai.qc.thumbnail import thumbnail

CONTENT_NAMES = {ImageContent.LOW_ENERGY: "low-energy", ImageContent.RECOMBINED: "recombined"}


@dataclass(frozen=True)
class ImageFacts:
    """One image.

    Attributes:
        attributes: its header, as far as pairing needs it.
        content: low-energy or recombined.
        unit: Manufacturer (0008,0070) and ManufacturerModelName (0008,1090); empty if untold.
        photometric_interpretation: MONOCHROME1 or MONOCHROME2.
        lossy: LossyImageCompression (0028,2110) is 01.
        window: first window, center/width; empty where there is none that can be used.
        pixel_hash: of its pixel values in canonical polarity and orientation.
        thumbnail: JPEG, in stored orientation; None for an image that is not shown.
    """

    attributes: MammogramAttributes
    content: ImageContent
    unit: str
    photometric_interpretation: str
    lossy: bool
    window: str
    pixel_hash: str
    thumbnail: bytes | None


@dataclass(frozen=True)
class PairFacts:
    """One pair.

    Attributes:
        pair: its files.
        images: low-energy, recombined.
        density: as `exam.json` tells it; empty if unknown.
        place: where the datalist has it.
        masks: regions that have a mask.
    """

    pair: CEMPair
    images: tuple[ImageFacts, ImageFacts]
    density: str
    place: Place
    masks: tuple[str, ...]


def read_pair_facts(pairs: Sequence[CEMPair], places: Places, *, shown: int) -> list[PairFacts]:
    """Read every pair.

    Args:
        pairs: from `find_pairs`.
        places: of the datalist.
        shown: how many get thumbnails, from the first on.
    """
    return [
        PairFacts(
            pair=pair,
            images=(
                _image_facts(pair.low_energy, ImageContent.LOW_ENERGY, shown=number < shown),
                _image_facts(pair.recombined, ImageContent.RECOMBINED, shown=number < shown),
            ),
            density=read_exam_facts(pair.recombined).density,
            place=places.of(pair),
            masks=tuple(pair.masks()),
        )
        for number, pair in enumerate(tqdm(pairs, desc="checking quality", unit="pair"))
    ]


def all_images(facts: Iterable[PairFacts]) -> list[tuple[PairFacts, ImageFacts]]:
    """Return every image with its pair."""
    return [(pair, image) for pair in facts for image in pair.images]


def _image_facts(
    attributes: MammogramAttributes, content: ImageContent, *, shown: bool
) -> ImageFacts:
    header = open_mammogram(attributes.path)
    mammogram = to_mammogram(header, attributes.path)
    window, display_range = _window(header, mammogram)
    return ImageFacts(
        attributes=attributes,
        content=content,
        unit=" ".join(str(header.get(key) or "") for key in UNIT).strip(),
        photometric_interpretation=str(header.PhotometricInterpretation),
        lossy=header.get("LossyImageCompression") == "01",
        window=window,
        pixel_hash=_pixel_hash(mammogram),
        thumbnail=_thumbnail(mammogram, display_range) if shown else None,
    )


UNIT = ("Manufacturer", "ManufacturerModelName")


def _window(header: Dataset, mammogram: Mammogram) -> tuple[str, tuple[float, float]]:
    """Return the window as text, empty if there is none that can be used, and what it shows."""
    try:
        window = first_window(header)
        shown = shown_range(header, mammogram.value_range)
        return (f"{window[0]:g}/{window[1]:g}" if window else ""), shown
    except (ValueError, TypeError, IndexError):  # no width, no number, no value
        return "", mammogram.value_range


def _pixel_hash(mammogram: Mammogram) -> str:
    digest = hashlib.blake2b(str(mammogram.pixels.shape).encode())
    digest.update(mammogram.pixels.data)  # contiguous, see to_canonical
    return digest.hexdigest()


def _thumbnail(mammogram: Mammogram, display_range: tuple[float, float]) -> bytes:
    pixels = mammogram.pixels[:, ::-1] if mammogram.flipped else mammogram.pixels
    return thumbnail(pixels, display_range)
