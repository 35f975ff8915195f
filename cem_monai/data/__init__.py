"""Many files: import, find, pair, split. No deep learning."""

from __future__ import annotations

from cem_monai.data.breast import BreastMaskError, breast_mask
from cem_monai.data.cdd_cesm import ImportSummary, import_cdd_cesm
from cem_monai.data.datalist import check_split, load_datalist, split_patients, write_datalist
from cem_monai.data.dicom_folder import (
    FolderScan,
    NoLowEnergyError,
    dicom_files,
    find_low_energy,
    find_pairs,
    inspect_file,
    looks_like_dicom,
    report_refused,
    scan_folder,
)
from cem_monai.data.dose_pairs import DosePair, eight_bit_pairs, find_dose_pairs
from cem_monai.data.exam_facts import ExamFacts, KnownLesion, read_exam_facts
from cem_monai.data.exam_file import EXAM_FILE, read_exam_view, write_exam_file
from cem_monai.data.folds import assign_folds, check_folds, remove_folds, write_folds
from cem_monai.data.intensity import TrainingIntensity, trained_intensity, unlike_training
from cem_monai.data.masks import REGIONS, mask_path, read_mask, write_mask
from cem_monai.data.nifti import read_plane, write_plane
from cem_monai.data.pair import CEMPair, Refused
from cem_monai.data.pair_registration import RegistrationError, register_pair
from cem_monai.data.pairing import pair_images
from cem_monai.data.patch_datalist import ImagePair, SplitUnit, write_patches
from cem_monai.data.patches import foreground_corners, raw_foreground
from cem_monai.data.picture_file import PICTURE_SUFFIXES, Picture, PictureError, read_picture
from cem_monai.data.picture_folder import find_picture_low_energy, picture_files
from cem_monai.data.picture_mammogram import (
    PictureMammogram,
    pixels_sha256,
    read_picture_mammogram,
)
from cem_monai.data.picture_name import VIRTUAL_SUFFIX
from cem_monai.data.raw_conversion import Conversion, convert_raw, to_eight_bits
from cem_monai.data.raw_folder import find_raw
from cem_monai.data.reference_path import REFERENCE_NAMES, reference_path
from cem_monai.data.registration import (
    IDENTITY,
    Registration,
    to_low_energy_frame,
    to_recombined_frame,
)
from cem_monai.data.ucbm import UcbmSummary, import_ucbm
from cem_monai.data.virtual_png import (
    VirtualPng,
    read_virtual_png,
    save_virtual_png,
    virtual_marks,
    virtual_png_path,
    write_virtual_manifest,
)

__all__ = [
    "EXAM_FILE",
    "IDENTITY",
    "PICTURE_SUFFIXES",
    "REFERENCE_NAMES",
    "REGIONS",
    "VIRTUAL_SUFFIX",
    "BreastMaskError",
    "CEMPair",
    "Conversion",
    "DosePair",
    "ExamFacts",
    "FolderScan",
    "ImagePair",
    "ImportSummary",
    "KnownLesion",
    "NoLowEnergyError",
    "Picture",
    "PictureError",
    "PictureMammogram",
    "Refused",
    "Registration",
    "RegistrationError",
    "SplitUnit",
    "TrainingIntensity",
    "UcbmSummary",
    "VirtualPng",
    "assign_folds",
    "breast_mask",
    "check_folds",
    "check_split",
    "convert_raw",
    "dicom_files",
    "eight_bit_pairs",
    "find_dose_pairs",
    "find_low_energy",
    "find_pairs",
    "find_picture_low_energy",
    "find_raw",
    "foreground_corners",
    "import_cdd_cesm",
    "import_ucbm",
    "inspect_file",
    "load_datalist",
    "looks_like_dicom",
    "mask_path",
    "pair_images",
    "picture_files",
    "pixels_sha256",
    "raw_foreground",
    "read_exam_facts",
    "read_exam_view",
    "read_mask",
    "read_picture",
    "read_picture_mammogram",
    "read_plane",
    "read_virtual_png",
    "reference_path",
    "register_pair",
    "remove_folds",
    "report_refused",
    "save_virtual_png",
    "scan_folder",
    "split_patients",
    "to_eight_bits",
    "to_low_energy_frame",
    "to_recombined_frame",
    "trained_intensity",
    "unlike_training",
    "virtual_marks",
    "virtual_png_path",
    "write_datalist",
    "write_exam_file",
    "write_folds",
    "write_mask",
    "write_patches",
    "write_plane",
    "write_virtual_manifest",
]
