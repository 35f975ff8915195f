"""The generator with attention between encoder and decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from cem_monai.networks.attention_blocks import (
    ChannelAttention,
    MultiScaleChannelAttention,
    SpatialAttention,
)
from cem_monai.networks.initialization import initialize_weights
from cem_monai.networks.pix2pix_generator import Pix2PixGenerator
from cem_monai.networks.pix2pix_layers import Pix2PixLayers

BLOCKS: dict[str, type[nn.Module]] = {
    "channel": ChannelAttention,
    "spatial": SpatialAttention,
    "multiscale": MultiScaleChannelAttention,
}


class IAMNetGenerator(Pix2PixGenerator):
    """Encoder and decoder with attention blocks between them, without skip connections.

    Its steps are those of `Pix2PixGenerator`. The blocks follow the innermost convolution, in the
    order of `attention`: they see its output before any activation.

    Args:
        in_channels: number of channels of the source image.
        out_channels: number of channels of the generated image.
        num_downs: number of halvings, at least 2. Sides must be multiples of `2**num_downs`; with
            `"multiscale"` they must be at least the largest scale times that.
        ngf: number of filters of the first convolution.
        attention: names of blocks: `"channel"` (`ChannelAttention`), `"spatial"`
            (`SpatialAttention`), `"multiscale"` (`MultiScaleChannelAttention`); may be empty.
        attention_options: name of a block → its further arguments, e.g.
            `{"multiscale": {"reading": "weights"}}`; those of blocks that are not in `attention`
            are not used.
        skips: whether there are skip connections as in `UNetGenerator`.
        dropout: probability that a value is dropped in the two innermost up steps, in [0, 1).
        norm: MONAI's name of the normalization: `"batch"` or `"instance"`.
        norm_at_test: statistics of batch normalization in evaluation mode: `"running"` or `"image"`
            (each image's own).
        dropout_at_test: whether dropout acts in evaluation mode, too; the output is random then.

    Raises:
        ValueError: an argument is out of its range.
        TypeError: a block has no such option.

    References:
        Hosseinipour et al., "Addressing Challenges in Image Translation for Contrast-Enhanced
        Mammography using Generative Adversarial Networks", HC@AIxIA 2024, section 4. The depth of 5
        is that of its table 1; channels and steps are those of pix2pix.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        num_downs: int = 5,
        ngf: int = 64,
        attention: Sequence[str] = ("channel", "spatial", "multiscale"),
        attention_options: Mapping[str, Mapping[str, Any]] | None = None,
        skips: bool = False,
        dropout: float = 0.0,
        norm: str = "batch",
        norm_at_test: str = "running",
        dropout_at_test: bool = False,
    ) -> None:
        options = attention_options or {}
        _check_attention(attention, options)
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            num_downs=num_downs,
            ngf=ngf,
            dropout=dropout,
            dropout_steps=range(2),
            layers=Pix2PixLayers(norm, norm_at_test, dropout_at_test),
            skips=skips,
        )
        channels = self.up_channels[0][0]
        blocks = [_block(name, channels, options.get(name, {})) for name in attention]
        for block in blocks:
            initialize_weights(block)
            if isinstance(block, MultiScaleChannelAttention):
                self.smallest_side = block.smallest_side * self.required_multiple
        self.bottleneck = nn.Sequential(self.bottleneck, *blocks)


def _check_attention(attention: Sequence[str], options: Mapping[str, Mapping[str, Any]]) -> None:
    if isinstance(attention, str):
        raise ValueError(f"attention must be a list, e.g. ['{attention}'], is '{attention}'")
    for name in [*attention, *options]:
        if name not in BLOCKS:
            raise ValueError(f"attention block must be one of {', '.join(BLOCKS)}, is {name!r}")


def _block(name: str, channels: int, options: Mapping[str, Any]) -> nn.Module:
    if name == "spatial":
        return SpatialAttention(**options)
    return BLOCKS[name](channels, **options)
