"""Import one pair of CDD-CESM: two DICOM objects and the masks of its lesions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cem_monai.data.breast import BreastMaskError, breast_mask
from cem_monai.data.cdd_cesm.image_file import ImageFileError, read_image
from cem_monai.data.cdd_cesm.image_name import PairName
from cem_monai.data.cdd_cesm.lesion_masks import Mask, lesion_masks
from cem_monai.data.cdd_cesm.material import Material
from cem_monai.data.cdd_cesm.objects import CODES, low_energy_object, recombined_object
from cem_monai.data.cdd_cesm.placement import Image, Placement, move_frame, move_image, place
from cem_monai.data.masks import mask_path, write_mask
from cem_monai.data.pair import CEMPair
from cem_monai.dicom import ImageContent, read_attributes, save_dataset

MASKS = ("mass", "surround")


@dataclass(frozen=True)
class ImportedPair:
    """One pair that was written.

    Attributes:
        name: of the pair.
        placement: of the recombined image on the grid of the low-energy one.
        has_mass: whether it has a lesion mask.
        files: the two DICOM objects.
    """

    name: PairName
    placement: Placement
    has_mass: bool
    files: CEMPair


def import_pair(pair: PairName, material: Material, output: Path, register: bool) -> ImportedPair:
    """Write the images and masks of one pair; nothing is written if it is unusable.

    Args:
        pair: of `material.pairs`.
        material: of the source.
        output: folder to write.
        register: see `import_cdd_cesm`.

    Raises:
        ImageFileError: an image cannot be used, or shows no breast.
        RegistrationError: the images do not resemble each other enough.
    """
    low_energy, recombined = _read_images(pair, material)
    breast = _breast(low_energy, material.images[pair.low_energy])
    frame = material.frame(pair.recombined, _shape(recombined))
    placement = place(
        low_energy,
        recombined,
        (material.frame(pair.low_energy, _shape(low_energy)), frame),
        laterality=pair.laterality,
        register=register,
    )
    shape = _shape(low_energy)
    outlines = material.outlines.get(pair.recombined, [])
    masks = lesion_masks(outlines, move_frame(frame, placement, shape) if frame else None, breast)
    moved = move_image(recombined, placement, shape)
    _write_masks(masks, pair_file(pair, ImageContent.RECOMBINED, output))
    files = _write_images(pair, low_energy, moved, placement, material, output)
    return ImportedPair(pair, placement, masks["mass"] is not None, files)


def pair_file(pair: PairName, content: ImageContent, output: Path) -> Path:
    """Return where an image of a pair is written."""
    return output / pair.patient_id / f"{pair.view}_{CODES[content]}.dcm"


def remove_pair(pair: PairName, output: Path) -> None:
    """Remove what an earlier import wrote of a pair that is left out now."""
    recombined = pair_file(pair, ImageContent.RECOMBINED, output)
    low_energy = pair_file(pair, ImageContent.LOW_ENERGY, output)
    for path in (low_energy, recombined, *(mask_path(recombined, region) for region in MASKS)):
        path.unlink(missing_ok=True)


def _read_images(pair: PairName, material: Material) -> tuple[Image, Image]:
    low_energy, recombined = (
        read_image(material.images[name], material.layout.side)
        for name in (pair.low_energy, pair.recombined)
    )
    return low_energy, recombined


def _breast(low_energy: Image, path: Path) -> Mask:
    try:
        return breast_mask(low_energy)
    except BreastMaskError as error:
        raise ImageFileError(path, str(error)) from None


def _write_masks(masks: dict[str, Mask | None], image: Path) -> None:
    for region in MASKS:
        path, mask = mask_path(image, region), masks[region]
        if mask is None:
            path.unlink(missing_ok=True)  # of an earlier import, with other tables
        else:
            write_mask(mask, path, spacing=None)


def _write_images(
    pair: PairName,
    low_energy: Image,
    recombined: Image,
    placement: Placement,
    material: Material,
    output: Path,
) -> CEMPair:
    layout = material.layout
    age = next((facts.age for facts in material.annotations.of(pair) if facts.age), "")
    datasets = {
        ImageContent.LOW_ENERGY: low_energy_object(low_energy, pair, layout, age),
        ImageContent.RECOMBINED: recombined_object(recombined, pair, layout, age, placement),
    }
    headers = []
    for content, dataset in datasets.items():
        path = pair_file(pair, content, output)
        save_dataset(dataset, path)
        headers.append(read_attributes(dataset, path))
    return CEMPair(*headers)


def _shape(image: Image) -> tuple[int, int]:
    return image.shape[0], image.shape[1]
