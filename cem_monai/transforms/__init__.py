"""MONAI transforms for contrast-enhanced mammograms."""

from __future__ import annotations

from cem_monai.transforms.anti_alias import AntiAlias, AntiAliasd
from cem_monai.transforms.breast import BreastMask, BreastMaskd
from cem_monai.transforms.intensity import (
    RestoreIntensityBitDepth,
    RestoreIntensityBitDepthd,
    ScaleIntensityBitDepth,
    ScaleIntensityBitDepthd,
    format_range,
)
from cem_monai.transforms.io import CEMLoadImaged, MammogramReader
from cem_monai.transforms.picture import PictureLoadImaged, PictureSaveImaged
from cem_monai.transforms.raw import RawLoadImaged, RawSaveImaged
from cem_monai.transforms.registration import RegisterRecombinedd
from cem_monai.transforms.save import CEMSaveImaged
from cem_monai.transforms.saved_files import note_saved_files
from cem_monai.transforms.uncertainty import UncertaintySaveImaged

__all__ = [
    "AntiAlias",
    "AntiAliasd",
    "BreastMask",
    "BreastMaskd",
    "CEMLoadImaged",
    "CEMSaveImaged",
    "MammogramReader",
    "PictureLoadImaged",
    "PictureSaveImaged",
    "RawLoadImaged",
    "RawSaveImaged",
    "RegisterRecombinedd",
    "RestoreIntensityBitDepth",
    "RestoreIntensityBitDepthd",
    "ScaleIntensityBitDepth",
    "ScaleIntensityBitDepthd",
    "UncertaintySaveImaged",
    "format_range",
    "note_saved_files",
]
