from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from cem_monai.networks import (
    ChannelAttention,
    IAMNetGenerator,
    MultiScaleChannelAttention,
    SpatialAttention,
    UNetGenerator,
)

FULL = ["channel", "spatial", "multiscale"]


def small_generator(**changes: object) -> IAMNetGenerator:
    torch.manual_seed(0)
    return IAMNetGenerator(**({"ngf": 4} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 14_030_563),
        ({"attention": FULL}, 14_030_563),
        ({"attention": ["channel"]}, 13_932_161),
        ({"attention": ["spatial"]}, 13_899_491),
        ({"attention": ["multiscale"]}, 13_997_697),
        ({"attention": []}, 13_899_393),
        ({"skips": True}, 16_784_099),
        ({"ngf": 8}, 219_955),
        (
            {
                "attention_options": {
                    block: {"mlp_bias": True} for block in ("channel", "multiscale")
                }
            },
            14_030_563 + 4 * 544,
        ),
        ({"attention_options": {"multiscale": {"shared_mlp": True}}}, 14_030_563 - 2 * 32_768),
        ({"attention": ["spatial"], "attention_options": {"channel": {}}}, 13_899_491),
    ],
)
def test_parameter_count(arguments: dict[str, object], expected: int) -> None:
    with torch.device("meta"):
        network = IAMNetGenerator(**arguments)  # type: ignore[arg-type]
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("shape", [(512, 512), (1024, 1024), (2880, 2400)])
def test_size_is_kept(shape: tuple[int, int]) -> None:
    with torch.device("meta"):
        assert IAMNetGenerator()(torch.empty(1, 1, *shape)).shape == (1, 1, *shape)


@pytest.mark.parametrize("order", [FULL, ["multiscale", "channel"]])
def test_blocks_follow_the_innermost_convolution_in_order(order: list[str]) -> None:
    kinds = {
        "channel": ChannelAttention,
        "spatial": SpatialAttention,
        "multiscale": MultiScaleChannelAttention,
    }
    network = small_generator(attention=order)
    convolution, *blocks = network.bottleneck
    assert isinstance(convolution, nn.Conv2d)
    assert [type(block) for block in blocks] == [kinds[name] for name in order]


def test_equals_its_steps_one_after_the_other() -> None:
    network = small_generator(ngf=8).eval()
    image = torch.randn(2, 1, 160, 128)
    features = image
    for step, down in enumerate(network.downs):
        features = F.conv2d(features, down[0].weight, stride=2, padding=1)
        features = F.leaky_relu(features if step == 0 else down[1](features), 0.2)
    features = F.conv2d(features, network.bottleneck[0].weight, stride=2, padding=1)
    assert features.min() < 0 < features.max()  # the attention sees signed features
    for block in list(network.bottleneck)[1:]:
        features = block(features)
    for up in network.ups:
        doubled = F.conv_transpose2d(F.relu(features), up[1].weight, stride=2, padding=1)
        features = up[2](doubled)
    last = network.head[1]
    expected = F.conv_transpose2d(F.relu(features), last.weight, last.bias, stride=2, padding=1)
    assert torch.allclose(network(image), expected.tanh(), atol=1e-6)


def test_with_skips_and_no_attention_it_is_a_unet() -> None:
    network = small_generator(attention=[], skips=True).eval()
    unet = UNetGenerator(num_downs=5, ngf=4).eval()
    values = network.state_dict().values()
    unet.load_state_dict(dict(zip(unet.state_dict(), values, strict=True)))
    image = torch.randn(2, 1, 64, 96)
    assert torch.equal(network(image), unet(image))


@pytest.mark.parametrize(("dropout", "expected"), [(0.5, [0, 1]), (0.0, [])])
def test_dropout_is_in_the_two_innermost_up_steps(dropout: float, expected: list[int]) -> None:
    ups = small_generator(dropout=dropout).ups
    assert [
        step
        for step, up in enumerate(ups)
        if any(isinstance(module, nn.Dropout) for module in up.modules())
    ] == expected


def test_no_dropout_by_default() -> None:
    assert not [m for m in small_generator().modules() if isinstance(m, nn.Dropout)]


@pytest.mark.parametrize("shape", [(96, 128), (128, 96), (64, 64)])
def test_bottleneck_below_the_largest_scale_raises(shape: tuple[int, int]) -> None:
    network = small_generator()
    with pytest.raises(ValueError, match=f"at least 128, are {shape[0]} x {shape[1]}"):
        network(torch.zeros(1, 1, *shape))


@pytest.mark.parametrize(
    "arguments",
    [
        {"attention": []},
        {"attention": ["channel", "spatial"]},
        {"attention_options": {"multiscale": {"scales": [1, 2]}}},
        {"num_downs": 3},
    ],
)
def test_small_images_suit_smaller_scales(arguments: dict[str, object]) -> None:
    image = torch.zeros(1, 1, 96, 96)
    assert small_generator(**arguments)(image).shape == image.shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"attention": ["chanel"]}, "one of channel, spatial, multiscale, is 'chanel'"),
        ({"attention": "channel"}, r"must be a list, e.g. \['channel'\], is 'channel'"),
        ({"attention_options": {"pixel": {}}}, "one of channel, spatial, multiscale, is 'pixel'"),
        ({"ngf": 1}, r"reduction must be in 1\.\.8, the number of channels, is 16"),
    ],
)
def test_wrong_arguments_raise(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_generator(**arguments)


def test_unknown_option_of_a_block_raises() -> None:
    with pytest.raises(TypeError, match="kernel"):
        small_generator(attention_options={"channel": {"kernel": 3}})
