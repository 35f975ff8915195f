"""Thin ignite handlers that bundle configs attach to trainers and evaluators."""

from __future__ import annotations

from cem_monai.handlers.best_weights import BestWeights
from cem_monai.handlers.case_metrics_saver import CaseMetricsSaver
from cem_monai.handlers.contrast_index import CarneiroContrastIndex
from cem_monai.handlers.delta_cnr import DeltaCNR
from cem_monai.handlers.dropout_uncertainty import DropoutUncertainty
from cem_monai.handlers.image_seed import ImageSeed, image_seed
from cem_monai.handlers.loss_history import LossHistory
from cem_monai.handlers.patch_metrics_saver import PatchMetricsSaver
from cem_monai.handlers.preview_panels import PreviewPanels
from cem_monai.handlers.tau_annealing import TauAnnealing, TauSchedule, annealed_tau
from cem_monai.handlers.training_checkpoint import TrainingCheckpoint
from cem_monai.handlers.worst_cases import KeptCase, WorstCases

__all__ = [
    "BestWeights",
    "CarneiroContrastIndex",
    "CaseMetricsSaver",
    "DeltaCNR",
    "DropoutUncertainty",
    "ImageSeed",
    "KeptCase",
    "LossHistory",
    "PatchMetricsSaver",
    "PreviewPanels",
    "TauAnnealing",
    "TauSchedule",
    "TrainingCheckpoint",
    "WorstCases",
    "annealed_tau",
    "image_seed",
]
