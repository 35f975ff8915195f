"""Blocks that weigh the channels or the pixels of features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class ChannelAttention(nn.Module):
    """CA(x) = x · sigmoid(MLP(avgpool x) + MLP(maxpool x)), one weight per channel.

    The pools are global; the MLP, shared by both, has one hidden layer with ReLU.

    Args:
        channels: number of channels of x.
        reduction: number of channels per hidden unit of the MLP, at most `channels`.
        mlp_bias: whether the layers of the MLP have a bias.

    Raises:
        ValueError: `reduction` is not in 1..`channels`.

    References:
        Hosseinipour et al., "Addressing Challenges in Image Translation for Contrast-Enhanced
        Mammography using Generative Adversarial Networks", HC@AIxIA 2024, eq. 4; the reduction,
        which is not printed, as in Woo et al., "CBAM", ECCV 2018.
    """

    def __init__(self, channels: int, reduction: int = 16, mlp_bias: bool = False) -> None:
        super().__init__()
        if not 1 <= reduction <= channels:
            raise ValueError(
                f"reduction must be in 1..{channels}, the number of channels, is {reduction}"
            )
        hidden = channels // reduction
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden, bias=mlp_bias),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels, bias=mlp_bias),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Weigh the channels of `features`, (B, channels, H, W), without changing their shape."""
        return features * self.weights(features)

    def weights(self, features: torch.Tensor) -> torch.Tensor:
        """Weights in (0, 1) of the channels of `features`: (B, channels, 1, 1)."""
        average, maximum = features.mean(dim=(2, 3)), features.amax(dim=(2, 3))
        return torch.sigmoid(self.mlp(average) + self.mlp(maximum))[:, :, None, None]


class SpatialAttention(nn.Module):
    """SA(x) = x · sigmoid(conv([mean over channels, maximum over channels])), one weight per pixel.

    The convolution keeps the size and has no bias.

    Args:
        kernel_size: px, odd, of the convolution.

    Raises:
        ValueError: `kernel_size` is even or not positive.

    References:
        Hosseinipour et al., HC@AIxIA 2024, eq. 5; the kernel, which is not printed, as in Woo et
        al., "CBAM", ECCV 2018.
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, is {kernel_size}")
        self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Weigh the pixels of `features`, (B, C, H, W), without changing their shape."""
        average = features.mean(dim=1, keepdim=True)
        maximum = features.amax(dim=1, keepdim=True)
        return features * torch.sigmoid(self.convolution(torch.cat([average, maximum], dim=1)))


class MultiScaleChannelAttention(nn.Module):
    """MS(x) = x · mean over scales of up(sigmoid(CA(avgpool x))), one weight per value.

    CA is `ChannelAttention`; up is bilinear, to the size of x. Blocks at the border are averaged
    over their pixels inside of x.

    The printed formula has a sigmoid on CA's output, which already contains one: that is
    `reading="literal"`. With `reading="weights"` it is CA's own sigmoid, and the weights are
    constant over the pixels of a channel.

    Args:
        channels: number of channels of x.
        scales: px, sides of the blocks that are averaged. For `pool="grid"`, the number of blocks
            along each side.
        pool: `"stride"` or `"grid"`: what the scales are.
        shared_mlp: whether all scales use the same MLP.
        reading: `"literal"` or `"weights"`.
        reduction: number of channels per hidden unit of an MLP, at most `channels`.
        mlp_bias: whether the layers of an MLP have a bias.

    Raises:
        ValueError: an argument is out of its range.

    References:
        Hosseinipour et al., HC@AIxIA 2024, eq. 6; scales, pooling and sharing are not printed.
    """

    def __init__(
        self,
        channels: int,
        scales: Sequence[int] = (1, 2, 4),
        pool: str = "stride",
        shared_mlp: bool = False,
        reading: str = "literal",
        reduction: int = 16,
        mlp_bias: bool = False,
    ) -> None:
        super().__init__()
        _check_multi_scale(scales, pool, reading)
        self.pool = pool
        self.literal = reading == "literal"
        self.smallest_side = max(scales)
        # Each channel attention has an MLP of its own and serves a list of scales
        self.scales = [list(scales)] if shared_mlp else [[scale] for scale in scales]
        self.attentions = nn.ModuleList(
            ChannelAttention(channels, reduction, mlp_bias) for _ in self.scales
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Weigh the values of `features`.

        Args:
            features: (B, channels, H, W); H and W are at least the largest scale.

        Returns:
            Weighted features (B, channels, H, W).

        Raises:
            ValueError: a side is smaller than the largest scale.
        """
        height, width = features.shape[-2], features.shape[-1]
        if height < self.smallest_side or width < self.smallest_side:
            raise ValueError(
                "multi-scale attention needs sides of at least its largest scale, "
                f"{self.smallest_side}, are {height} x {width}"
            )
        weights, count = torch.zeros_like(features), 0
        for index, attention in enumerate(self.attentions):
            for scale in self.scales[index]:
                pooled = self._pool(features, scale)
                if self.literal:
                    weights = weights + _resize(torch.sigmoid(attention(pooled)), height, width)
                else:
                    weights = weights + attention.weights(pooled)  # type: ignore[operator]
                count += 1
        return features * (weights / count)

    def _pool(self, features: torch.Tensor, scale: int) -> torch.Tensor:
        if self.pool == "grid":
            return F.adaptive_avg_pool2d(features, scale)
        return F.avg_pool2d(features, scale, ceil_mode=True, count_include_pad=False)


def _resize(features: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return F.interpolate(features, size=[height, width], mode="bilinear", align_corners=False)


def _check_multi_scale(scales: Sequence[int], pool: str, reading: str) -> None:
    if not scales or min(scales) < 1:
        raise ValueError(f"scales must be one or more positive numbers, are {list(scales)}")
    if pool not in ("stride", "grid"):
        raise ValueError(f"pool must be 'stride' or 'grid', is {pool!r}")
    if reading not in ("literal", "weights"):
        raise ValueError(f"reading must be 'literal' or 'weights', is {reading!r}")
