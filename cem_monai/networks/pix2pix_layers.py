"""The steps that the generators of pix2pix are made of."""

from __future__ import annotations

from dataclasses import dataclass

from monai.networks.layers.utils import get_norm_layer
from torch import nn

from cem_monai.networks.test_time_layers import AlwaysDropout, ImageBatchNorm2d


@dataclass(frozen=True)
class Pix2PixLayers:
    """Builds the steps of a generator, all with the same normalization.

    Args:
        norm: MONAI's name of the normalization: `"batch"` or `"instance"`.
        norm_at_test: what batch normalizations use in evaluation mode: `"running"` statistics of
            the training, or those of the `"image"` itself. Instance normalization always uses those
            of the image.
        dropout_at_test: whether dropout acts in evaluation mode, too.

    Raises:
        ValueError: `norm_at_test` is unknown; on building: `norm` is unknown.
    """

    norm: str = "batch"
    norm_at_test: str = "running"
    dropout_at_test: bool = False

    def __post_init__(self) -> None:
        if self.norm_at_test not in ("running", "image"):
            raise ValueError(f"norm_at_test must be 'running' or 'image', is {self.norm_at_test!r}")

    def down_step(
        self, in_channels: int, out_channels: int, *, normalized: bool = True
    ) -> nn.Sequential:
        """Halve the sides by a convolution, then normalize; the activation is not part of it."""
        step = nn.Sequential(self.down_convolution(in_channels, out_channels))
        return step.append(self.normalization(out_channels)) if normalized else step

    def down_convolution(self, in_channels: int, out_channels: int) -> nn.Conv2d:
        """Halve the sides."""
        return nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False)

    def up_step(self, in_channels: int, out_channels: int, *, dropout: float) -> nn.Sequential:
        """Activate, double the sides by a transposed convolution, normalize, drop values."""
        step = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(
                in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False
            ),
            self.normalization(out_channels),
        )
        return step.append(self.dropout(dropout)) if dropout > 0 else step

    def head(self, in_channels: int, out_channels: int) -> nn.Sequential:
        """Activate, double the sides by a transposed convolution, end in [-1, 1]."""
        return nn.Sequential(
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1),
            nn.Tanh(),
        )

    def normalization(self, channels: int) -> nn.Module:
        """Normalize features of so many channels."""
        layer: nn.Module = get_norm_layer(self.norm, spatial_dims=2, channels=channels)
        if self.norm_at_test == "image" and isinstance(layer, nn.BatchNorm2d):
            return ImageBatchNorm2d(channels)
        return layer

    def dropout(self, probability: float) -> nn.Module:
        """Drop values with a probability."""
        return AlwaysDropout(probability) if self.dropout_at_test else nn.Dropout(probability)
