"""What a bundle translates: tiny data of each kind, and what it must make of them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pydicom

from cem_monai.data import eight_bit_pairs, find_dose_pairs, write_patches
from cem_monai.dicom import VIRTUAL_DES, VIRTUAL_HIGH_DOSE, read_mammogram
from cem_monai.simulator import simulate_dose_pairs
from exams import write_exams


class DataKind(ABC):
    """Data of one kind.

    Attributes:
        small: ids of train.json that make everything tiny.
        for_inference: those that inference.json has too.
        published: ids and the values that the paper prints.
    """

    small: ClassVar[dict[str, Any]]
    for_inference: ClassVar[tuple[str, ...]]
    published: ClassVar[dict[str, Any]]

    @abstractmethod
    def write(self, folder: Path) -> Path:
        """Write a few images and return their datalist."""

    @abstractmethod
    def write_full_size(self, folder: Path) -> tuple[Path, dict[str, Any]]:
        """Write images as large as the default network takes; return datalist and options."""

    def sources(self, datalist: Path) -> Path:
        """Return the folder that inference takes its images from."""
        return datalist.parent

    @abstractmethod
    def check_inferred(self, output: Path, sources: Path) -> None:
        """Compare generated images with their sources."""


class CEMExams(DataKind):
    """Low-energy and recombined images of whole exams."""

    small: ClassVar = {
        "num_downs": 3,
        "ngf": 4,
        "ndf": 4,
        "image_size": 64,
        "crop_size": 32,
        "batch_size": 2,
        "device": "cpu",
        "cnr_patch_size": 8,
        "cnr_stride": 2,
    }
    for_inference = ("num_downs", "ngf", "image_size", "device")
    published: ClassVar = {
        **{"max_epochs": 300, "batch_size": 10, "learning_rate": 2e-4, "lambda_l1": 100.0},
        **{"gan_mode": "lsgan", "crop_size": 512, "ngf": 64, "ndf": 64},
    }

    def write(self, folder: Path) -> Path:
        return write_exams(folder / "exams", size=90)  # so that 64 needs resizing, 90 padding

    def write_full_size(self, folder: Path) -> tuple[Path, dict[str, Any]]:
        return write_exams(folder / "exams", size=512), {"image_size": 512}

    def check_inferred(self, output: Path, sources: Path) -> None:
        """One marked image per low-energy image, on the same matrix, at the same side."""
        of_uid = {
            (dataset := pydicom.dcmread(path)).SOPInstanceUID: (dataset, path)
            for path in sources.rglob("*_LE.dcm")
        }
        results = [pydicom.dcmread(path) for path in output.glob("*.dcm")]
        assert len(results) == len(of_uid)
        for result in results:
            source, path = of_uid[result.SourceImageSequence[0].ReferencedSOPInstanceUID]
            assert VIRTUAL_DES in result.ImageType
            assert result.SyntheticData == "YES"
            assert result.pixel_array.shape == source.pixel_array.shape
            assert result.ImageLaterality == source.ImageLaterality
            # the banner is in the air, which lies opposite the chest wall
            bright = np.argwhere(result.pixel_array == 4095)[:, 1]
            middle = result.Columns / 2
            assert (np.median(bright) < middle) == read_mammogram(path).flipped


class DosePairs(DataKind):
    """Patches of raw images at two doses."""

    small: ClassVar = {
        "num_downs": 3,
        "ngf": 4,
        "ndf": 4,
        "patch_size": 50,
        "network_size": 64,
        "batch_size": 2,
        "device": "cpu",
    }
    for_inference = ("num_downs", "ngf", "patch_size", "network_size", "device")
    published: ClassVar = {
        **{"max_epochs": 200, "batch_size": 1, "learning_rate": 2e-4, "lambda_l1": 100.0},
        **{"gan_mode": "vanilla", "init": "normal", "ngf": 64, "ndf": 64},
        **{"patch_size": 150, "network_size": 256},
    }

    def write(self, folder: Path) -> Path:
        return self._write(folder, patch_size=50, keep=2)

    def write_full_size(self, folder: Path) -> tuple[Path, dict[str, Any]]:
        return self._write(folder, patch_size=150, min_foreground=0.1, keep=2), {}

    def _write(self, folder: Path, *, keep: int, **rule: Any) -> Path:
        copytree(Path(_study().name, "study"), folder / "study")
        pairs, _ = find_dose_pairs(folder / "study")
        split = {"test_fraction": 0.3, "validation_fraction": 0.3}
        rule = {"stride": rule["patch_size"], **rule, **split}
        write_patches(eight_bit_pairs(pairs), folder / "patches", **rule)
        datalist = folder / "patches" / "datalist.json"
        sections = json.loads(datalist.read_text())
        few = {name: items[:keep] for name, items in sections.items()}
        few["training"] = sections["training"][: 2 * keep]
        datalist.write_text(json.dumps(few))
        return datalist

    def sources(self, datalist: Path) -> Path:
        return datalist.parents[1] / "study"

    def check_inferred(self, output: Path, sources: Path) -> None:
        """One marked image per low-dose image, on the same matrix; of the other doses none."""
        of_uid = {
            (dataset := pydicom.dcmread(path)).SOPInstanceUID: dataset
            for path in sources.rglob("low.dcm")
        }
        results = [pydicom.dcmread(path) for path in output.glob("*.dcm")]
        assert len(results) == len(of_uid)
        for result in results:
            source = of_uid[result.SourceImageSequence[0].ReferencedSOPInstanceUID]
            assert VIRTUAL_HIGH_DOSE in result.ImageType
            assert result.SyntheticData == "YES"
            assert result.BitsStored == 8
            assert result.pixel_array.shape == source.pixel_array.shape
            assert "EntranceDoseInmGy" not in result


@cache
def _study() -> TemporaryDirectory[str]:
    """Return a study of three arrangements, simulated once, for tests to copy."""
    folder = TemporaryDirectory(prefix="dose_pairs_")
    simulate_dose_pairs(Path(folder.name, "study"), arrangements=3, pixel=1.0, progress=False)
    return folder


KINDS: dict[str, DataKind] = {"low-energy": CEMExams(), "low-dose": DosePairs()}
"""By the channel that metadata.json says the network takes."""


def kind_of(bundle: Path) -> DataKind:
    """Return the kind of data that a bundle's metadata names."""
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text())
    return KINDS[metadata["network_data_format"]["inputs"]["image"]["channel_def"]["0"]]
