"""The U-Net generator of pix2pix."""

from __future__ import annotations

import torch
from monai.networks.layers.utils import get_norm_layer
from torch import nn

from cem_monai.networks.initialization import initialize_weights


class UNetGenerator(nn.Module):
    """U-Net that halves the image `num_downs` times and doubles it again, with skip connections.

    Down step: 4x4 convolution of stride 2, normalization, LeakyReLU(0.2). Up step: ReLU, 4x4
    transposed convolution of stride 2, normalization, dropout. The first and the innermost down
    convolution have no normalization; the last up step has a bias and ends in tanh, no other
    convolution has a bias. The channels are `ngf` times 1, 2, 4, 8, 8, ... The `num_downs - 5` up
    steps that follow the innermost one have dropout (none if that is not positive).

    The weights start as described by `initialize_weights`. The network can be scripted by
    TorchScript and exported by `torch.export`.

    Args:
        in_channels: number of channels of the source image.
        out_channels: number of channels of the generated image.
        num_downs: number of halvings, at least 2. Sides must be multiples of `2**num_downs`.
        ngf: number of filters of the first convolution.
        dropout: probability that a value is dropped in the inner up steps, in [0, 1).
        norm: MONAI's name of the normalization: `"batch"` or `"instance"`.

    Raises:
        ValueError: an argument is out of its range.

    References:
        Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017,
        appendix 6.1.1, in the form of the authors' PyTorch code.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        num_downs: int = 9,
        ngf: int = 64,
        dropout: float = 0.5,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        _check_arguments(in_channels, out_channels, num_downs, ngf, dropout)
        channels = [ngf * min(2**level, 8) for level in range(num_downs)]
        self.required_multiple = 2**num_downs
        self.downs = nn.ModuleList([_down_step(in_channels, channels[0], norm=None)])
        self.downs.extend(
            _down_step(channels[level - 1], channels[level], norm=norm)
            for level in range(1, num_downs - 1)
        )
        self.bottleneck = _down_convolution(channels[-2], channels[-1])
        self.ups = nn.ModuleList([_up_step(channels[-1], channels[-2], norm=norm, dropout=0.0)])
        self.ups.extend(
            _up_step(
                2 * channels[level],  # the skip connection doubles the channels
                channels[level - 1],
                norm=norm,
                dropout=dropout if level > 3 else 0.0,
            )
            for level in range(num_downs - 2, 0, -1)
        )
        self.head = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * channels[0], out_channels, kernel_size=4, stride=2, padding=1),
            nn.Tanh(),
        )
        initialize_weights(self)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Generate an image from `image`.

        Args:
            image: (B, in_channels, H, W), in [-1, 1]; H and W are multiples of `2**num_downs`.

        Returns:
            Generated image (B, out_channels, H, W), in [-1, 1].

        Raises:
            ValueError: a side is not a multiple of `2**num_downs`.
        """
        self._check_sides(image)
        # A skip is the activated tensor, as in the reference code, whose LeakyReLU works in place.
        # The decoder sees no difference: ReLU(LeakyReLU(x)) = ReLU(x).
        skips: list[torch.Tensor] = []
        for down in self.downs:
            image = down(image)
            skips.append(image)
        image = self.bottleneck(image)
        for up in self.ups:
            image = torch.cat([skips.pop(), up(image)], dim=1)
        generated: torch.Tensor = self.head(image)
        return generated

    def _check_sides(self, image: torch.Tensor) -> None:
        height, width = image.shape[-2], image.shape[-1]
        if height % self.required_multiple != 0 or width % self.required_multiple != 0:
            raise ValueError(
                f"image sides must be multiples of {self.required_multiple}, are {height} x {width}"
            )


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


def _down_step(in_channels: int, out_channels: int, *, norm: str | None) -> nn.Sequential:
    step = nn.Sequential(_down_convolution(in_channels, out_channels))
    if norm is not None:
        step.append(get_norm_layer(norm, spatial_dims=2, channels=out_channels))
    return step.append(nn.LeakyReLU(0.2, inplace=True))


def _down_convolution(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False)


def _up_step(in_channels: int, out_channels: int, *, norm: str, dropout: float) -> nn.Sequential:
    step = nn.Sequential(
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(
            in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False
        ),
        get_norm_layer(norm, spatial_dims=2, channels=out_channels),
    )
    return step.append(nn.Dropout(dropout)) if dropout > 0 else step
