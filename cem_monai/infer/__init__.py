"""Trained bundles at work: on folders, on studies of an archive, on what a node receives."""

from __future__ import annotations

from cem_monai.infer.bundle_inference import run_inference
from cem_monai.infer.destination import Target, make_sender
from cem_monai.infer.node import Node, run_node
from cem_monai.infer.results import Translation
from cem_monai.infer.studies import Outcome, infer_studies
from cem_monai.infer.translator import Translator
from cem_monai.infer.trust import check_trust

__all__ = [
    "Node",
    "Outcome",
    "Target",
    "Translation",
    "Translator",
    "check_trust",
    "infer_studies",
    "make_sender",
    "run_inference",
    "run_node",
]
