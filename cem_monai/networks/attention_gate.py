"""Gates that weigh the pixels of a skip connection."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class AttentionGate(nn.Module):
    """Additive gate: a·x with a = sigmoid(N₁(psi(ReLU(N(W_g·g) + N(W_x·x))))).

    x is the skip, g the decoder's features of the same size. W_g and W_x are 1x1 convolutions to
    half the channels, psi is one to a single channel, all with a bias; N are normalizations.

    Args:
        channels: number of channels of x and of g.
        normalization: builds the normalization of so many channels.

    References:
        Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018; here at
        the resolution of the skip, as in common PyTorch code.
    """

    def __init__(
        self, channels: int, normalization: Callable[[int], nn.Module] = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.gating = nn.Sequential(nn.Conv2d(channels, inner, 1), normalization(inner))
        self.skip = nn.Sequential(nn.Conv2d(channels, inner, 1), normalization(inner))
        self.psi = nn.Sequential(
            nn.ReLU(inplace=True), nn.Conv2d(inner, 1, 1), normalization(1), nn.Sigmoid()
        )

    def forward(self, skip: torch.Tensor, gating: torch.Tensor) -> torch.Tensor:
        """Weigh the pixels of `skip`.

        Args:
            skip: (B, channels, H, W).
            gating: (B, channels, H, W).

        Returns:
            Weighted skip (B, channels, H, W).
        """
        weights: torch.Tensor = self.psi(self.gating(gating) + self.skip(skip))
        return weights * skip


class GridAttentionGate(nn.Module):
    """Gate on a coarser grid: N(W·(a·x)) with a = up(sigmoid(psi(ReLU(theta·x + phi·ReLU(g))))).

    x is the skip, g the decoder's features of half its size. theta is a 2x2 convolution of stride 2
    without a bias and phi a 1x1 convolution, both to half the channels of x; psi is a 1x1
    convolution to a single channel; up is bilinear; W is a 1x1 convolution and N a normalization.

    Args:
        channels: number of channels of x.
        gating_channels: number of channels of g.
        normalization: builds the normalization of so many channels.

    References:
        Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018.
    """

    def __init__(
        self,
        channels: int,
        gating_channels: int,
        normalization: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.theta = nn.Conv2d(channels, inner, kernel_size=2, stride=2, bias=False)
        self.phi = nn.Conv2d(gating_channels, inner, 1)
        self.psi = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(inner, 1, 1), nn.Sigmoid())
        self.out = nn.Sequential(nn.Conv2d(channels, channels, 1), normalization(channels))

    def forward(self, skip: torch.Tensor, gating: torch.Tensor) -> torch.Tensor:
        """Weigh the pixels of `skip`.

        Args:
            skip: (B, channels, H, W), with even sides.
            gating: (B, gating_channels, H / 2, W / 2).

        Returns:
            Weighted and convolved skip (B, channels, H, W).
        """
        coarse = self.psi(self.theta(skip) + self.phi(F.relu(gating)))
        weights = F.interpolate(coarse, size=skip.shape[-2:], mode="bilinear", align_corners=False)
        gated: torch.Tensor = self.out(weights * skip)
        return gated
