"""The U-Net generator of pix2pix."""

from __future__ import annotations

from cem_monai.networks.pix2pix_generator import Pix2PixGenerator
from cem_monai.networks.pix2pix_layers import Pix2PixLayers


class UNetGenerator(Pix2PixGenerator):
    """U-Net that halves the image `num_downs` times and doubles it again, with skip connections.

    Its steps are those of `Pix2PixGenerator`. The `num_downs - 5` up steps that follow the
    innermost one have dropout (none if that is not positive).

    Args:
        in_channels: number of channels of the source image.
        out_channels: number of channels of the generated image.
        num_downs: number of halvings, at least 2. Sides must be multiples of `2**num_downs`.
        ngf: number of filters of the first convolution.
        dropout: probability that a value is dropped in the inner up steps, in [0, 1).
        norm: MONAI's name of the normalization: `"batch"` or `"instance"`.
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
        norm: str = "batch",
        norm_at_test: str = "running",
        dropout_at_test: bool = False,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            num_downs=num_downs,
            ngf=ngf,
            dropout=dropout,
            dropout_steps=range(1, num_downs - 4),
            layers=Pix2PixLayers(norm, norm_at_test, dropout_at_test),
        )
