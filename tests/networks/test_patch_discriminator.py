"""MONAI's discriminator is used as it is: these tests watch that it stays pix2pix's."""

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import PatchDiscriminator


def discriminator(channels: int = 64, in_channels: int = 2) -> PatchDiscriminator:
    return PatchDiscriminator(
        spatial_dims=2, channels=channels, in_channels=in_channels, out_channels=1, num_layers_d=3
    )


@pytest.mark.parametrize(
    ("channels", "in_channels", "expected"),
    [(64, 2, 2_764_609), (64, 6, 2_768_705), (32, 2, 694_177), (32, 6, 696_225)],
)
def test_parameter_count(channels: int, in_channels: int, expected: int) -> None:
    with torch.device("meta"):
        network = discriminator(channels, in_channels)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ((128, 128), (14, 14)),
        ((150, 150), (16, 16)),
        ((256, 256), (30, 30)),
        ((512, 512), (62, 62)),
        ((1024, 1024), (126, 126)),
        ((3072, 2560), (382, 318)),
    ],
)
def test_logits_are_last_of_list(sides: tuple[int, int], expected: tuple[int, int]) -> None:
    with torch.device("meta"):
        features = discriminator()(torch.empty(1, 2, *sides))
    assert features[-1].shape == (1, 1, *expected)


def test_list_holds_five_feature_maps() -> None:
    with torch.device("meta"):
        features = discriminator()(torch.empty(1, 2, 512, 512))
    assert [feature.shape[-1] for feature in features] == [256, 128, 64, 63, 62]


def test_receptive_field_is_70_pixels() -> None:
    torch.manual_seed(0)
    network = discriminator(channels=4).eval()
    image = torch.randn(1, 2, 256, 256, requires_grad=True)
    network(image)[-1][0, 0, 15, 15].backward()
    assert image.grad is not None
    seen = image.grad[0].abs().sum(dim=0).nonzero()
    assert (seen.amax(dim=0) - seen.amin(dim=0) + 1).tolist() == [70, 70]
