"""What the generators of pix2pix have in common."""

from __future__ import annotations

import torch
from torch import nn

from cem_monai.networks.initialization import initialize_weights
from cem_monai.networks.pix2pix_layers import Pix2PixLayers


class Pix2PixGenerator(nn.Module):
    """Network that halves the image `num_downs` times and doubles it again.

    Down step: 4x4 convolution of stride 2, normalization, LeakyReLU(0.2). Up step: ReLU, 4x4
    transposed convolution of stride 2, normalization, dropout. The first and the innermost down
    convolution have no normalization; the last up step has a bias and ends in tanh, no other
    convolution has a bias. The channels are `ngf` times 1, 2, 4, 8, 8, ...

    A subclass says what is between down and up steps, by `decode` or by changing `bottleneck`. The
    weights start as `initialize_weights` draws them. Generators can be scripted by TorchScript and
    exported by `torch.export`.

    Args:
        in_channels: number of channels of the source image.
        out_channels: number of channels of the generated image.
        num_downs: number of halvings, at least 2. Sides must be multiples of `2**num_downs`.
        ngf: number of filters of the first convolution.
        dropout: probability that a value is dropped in the steps with dropout, in [0, 1).
        dropout_steps: up steps that have dropout; 0 is the innermost one.
        layers: builder of the steps.
        skips: whether the output of each down step joins that of the up step of the same size.

    Raises:
        ValueError: an argument is out of its range.

    References:
        Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017,
        appendix 6.1.1, in the form of the authors' PyTorch code.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        out_channels: int,
        num_downs: int,
        ngf: int,
        dropout: float,
        dropout_steps: range,
        layers: Pix2PixLayers,
        skips: bool = True,
    ) -> None:
        super().__init__()
        _check_arguments(in_channels, out_channels, num_downs, ngf, dropout)
        self.required_multiple = 2**num_downs
        self.smallest_side = 0
        self.skips = skips
        # In place, the activation changes the skip, too: as in the reference code. The decoder sees
        # no difference: ReLU(LeakyReLU(x)) = ReLU(x).
        self.activation = nn.LeakyReLU(0.2, inplace=True)
        channels = [ngf * min(2**level, 8) for level in range(num_downs)]
        self.downs = _down_steps(in_channels, channels, layers)
        self.bottleneck: nn.Module = layers.down_convolution(channels[-2], channels[-1])
        self.up_channels = _up_channels(channels, skips=skips)
        self.ups = nn.ModuleList(
            layers.up_step(*widths, dropout=dropout if step in dropout_steps else 0.0)
            for step, widths in enumerate(self.up_channels)
        )
        self.head = layers.head(channels[0] * (2 if skips else 1), out_channels)
        initialize_weights(self)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Generate an image from `image`.

        Args:
            image: (B, in_channels, H, W), in [-1, 1]; H and W are multiples of `2**num_downs`.

        Returns:
            Generated image (B, out_channels, H, W), in [-1, 1].

        Raises:
            ValueError: a side is not a multiple of `2**num_downs`, or too small for the attention.
        """
        self._check_sides(image)
        features, skips = self.encode(image)
        generated: torch.Tensor = self.head(self.decode(features, skips))
        return generated

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Features of the bottleneck, and the skips from the largest to the smallest, if any."""
        skips: list[torch.Tensor] = []
        for down in self.downs:
            skip = down(image)
            image = self.activation(skip)
            if self.skips:
                skips.append(skip)
        return self.bottleneck(image), skips

    def decode(self, features: torch.Tensor, skips: list[torch.Tensor]) -> torch.Tensor:
        """Input of the head: half the sides of the image."""
        for up in self.ups:
            features = up(features)
            if self.skips:
                features = torch.cat([skips.pop(), features], dim=1)
        return features

    def _check_sides(self, image: torch.Tensor) -> None:
        height, width = image.shape[-2], image.shape[-1]
        if height % self.required_multiple != 0 or width % self.required_multiple != 0:
            raise ValueError(
                f"image sides must be multiples of {self.required_multiple}, are {height} x {width}"
            )
        if height < self.smallest_side or width < self.smallest_side:
            raise ValueError(
                f"image sides must be at least {self.smallest_side}, are {height} x {width}"
            )


def _down_steps(in_channels: int, channels: list[int], layers: Pix2PixLayers) -> nn.ModuleList:
    steps = nn.ModuleList([layers.down_step(in_channels, channels[0], normalized=False)])
    return steps.extend(
        layers.down_step(channels[level - 1], channels[level])
        for level in range(1, len(channels) - 1)
    )


def _up_channels(channels: list[int], *, skips: bool) -> list[tuple[int, int]]:
    """Channels before and after each up step, the innermost first."""
    joined = 2 if skips else 1
    return [
        (channels[-1], channels[-2]),
        *(
            (joined * channels[level], channels[level - 1])
            for level in range(len(channels) - 2, 0, -1)
        ),
    ]


def _check_arguments(
    in_channels: int, out_channels: int, num_downs: int, ngf: int, dropout: float
) -> None:
    if in_channels < 1 or out_channels < 1:
        raise ValueError(
            f"in_channels and out_channels must be at least 1, are {in_channels}, {out_channels}"
        )
    if num_downs < 2:
        raise ValueError(f"num_downs must be at least 2, is {num_downs}")
    if ngf < 1:
        raise ValueError(f"ngf must be at least 1, is {ngf}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), is {dropout}")
