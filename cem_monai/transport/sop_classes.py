"""Kinds of objects and encodings that are asked for and accepted on the network."""

from __future__ import annotations

from cem_monai.dicom import PresentationIntent
from cem_monai.dicom.gate import DECODERS

MG_FOR_PRESENTATION = PresentationIntent.FOR_PRESENTATION.sop_class_uid
MG_FOR_PROCESSING = PresentationIntent.FOR_PROCESSING.sop_class_uid
TRANSFER_SYNTAXES = tuple(map(str, DECODERS))
"""What the gate lets in; anything else is not even transferred."""
