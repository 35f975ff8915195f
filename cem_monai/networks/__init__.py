"""Generators that MONAI lacks, their blocks, and the loading of their weights."""

from __future__ import annotations

from cem_monai.networks.attention_blocks import (
    ChannelAttention,
    MultiScaleChannelAttention,
    SpatialAttention,
)
from cem_monai.networks.attention_gate import AttentionGate, GridAttentionGate
from cem_monai.networks.attention_unet_generator import AttentionUNetGenerator
from cem_monai.networks.iamnet_generator import IAMNetGenerator
from cem_monai.networks.initialization import initialize_weights
from cem_monai.networks.unet_generator import UNetGenerator
from cem_monai.networks.weights import load_weights, save_weights

__all__ = [
    "AttentionGate",
    "AttentionUNetGenerator",
    "ChannelAttention",
    "GridAttentionGate",
    "IAMNetGenerator",
    "MultiScaleChannelAttention",
    "SpatialAttention",
    "UNetGenerator",
    "initialize_weights",
    "load_weights",
    "save_weights",
]
