"""The U-Net generator of pix2pix with attention gates."""

from __future__ import annotations

import torch
from torch import nn

from cem_monai.networks.attention_gate import AttentionGate, GridAttentionGate
from cem_monai.networks.initialization import initialize_weights
from cem_monai.networks.pix2pix_layers import Pix2PixLayers
from cem_monai.networks.unet_generator import UNetGenerator


class AttentionUNetGenerator(UNetGenerator):
    """`UNetGenerator` with an attention gate on each skip connection.

    The gating features of `"additive"` gates are the output of the up step that the skip joins,
    those of `"grid"` gates its input.

    Args:
        in_channels: number of channels of the source image.
        out_channels: number of channels of the generated image.
        num_downs: number of halvings, at least 2. Sides must be multiples of `2**num_downs`.
        ngf: number of filters of the first convolution.
        dropout: probability that a value is dropped in the inner up steps, in [0, 1).
        gate: `"additive"` (`AttentionGate`) or `"grid"` (`GridAttentionGate`).
        gate_skip_input: the skip that a gate sees and weighs: the `"raw"` output of the down step's
            normalization, or the `"activated"` one after LeakyReLU(0.2).
        norm: MONAI's name of the normalization, of the gates too: `"batch"` or `"instance"`.
        norm_at_test: statistics of batch normalization in evaluation mode: `"running"` or `"image"`
            (each image's own).
        dropout_at_test: whether dropout acts in evaluation mode, too; the output is random then.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        num_downs: int = 9,
        ngf: int = 64,
        dropout: float = 0.5,
        gate: str = "additive",
        gate_skip_input: str = "raw",
        norm: str = "batch",
        norm_at_test: str = "running",
        dropout_at_test: bool = False,
    ) -> None:
        _check_gate(gate, gate_skip_input)
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            num_downs=num_downs,
            ngf=ngf,
            dropout=dropout,
            norm=norm,
            norm_at_test=norm_at_test,
            dropout_at_test=dropout_at_test,
        )
        # In place, the activation changes the skip, too
        self.activation = nn.LeakyReLU(0.2, inplace=gate_skip_input == "activated")
        self.gated_by_output = gate == "additive"
        normalization = Pix2PixLayers(norm, norm_at_test).normalization
        self.gates = nn.ModuleList(
            AttentionGate(channels, normalization)
            if gate == "additive"
            else GridAttentionGate(channels, gating_channels, normalization)
            for gating_channels, channels in self.up_channels
        )
        initialize_weights(self.gates)

    def decode(self, features: torch.Tensor, skips: list[torch.Tensor]) -> torch.Tensor:
        """Input of the head: half the sides of the image."""
        for up, gate in zip(self.ups, self.gates):  # noqa: B905, TorchScript has no strict
            upsampled = up(features)
            gating = upsampled if self.gated_by_output else features
            features = torch.cat([gate(skips.pop(), gating), upsampled], dim=1)
        return features


def _check_gate(gate: str, gate_skip_input: str) -> None:
    if gate not in ("additive", "grid"):
        raise ValueError(f"gate must be 'additive' or 'grid', is {gate!r}")
    if gate_skip_input not in ("raw", "activated"):
        raise ValueError(f"gate_skip_input must be 'raw' or 'activated', is {gate_skip_input!r}")
