from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from cem_monai.networks import ChannelAttention, MultiScaleChannelAttention, SpatialAttention

BLOCKS: dict[str, Callable[[], nn.Module]] = {
    "channel": lambda: ChannelAttention(32),
    "spatial": SpatialAttention,
    "multiscale": lambda: MultiScaleChannelAttention(32),
    "multiscale_weights": lambda: MultiScaleChannelAttention(32, reading="weights"),
}


@pytest.fixture(params=BLOCKS)
def block(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return BLOCKS[request.param]()


def zeroed(block: nn.Module) -> nn.Module:
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    return block


def sigmoid(value: torch.Tensor) -> torch.Tensor:
    return 1 / (1 + (-value).exp())


def channel_weights(features: torch.Tensor, block: ChannelAttention) -> torch.Tensor:
    """(B, C), pixel by pixel."""
    first, second = block.mlp[0], block.mlp[2]

    def mlp(pooled: torch.Tensor) -> torch.Tensor:
        hidden = torch.einsum("hc,c->h", first.weight, pooled)
        hidden = (hidden + (0 if first.bias is None else first.bias)).clamp(min=0)
        return torch.einsum("ch,h->c", second.weight, hidden) + (
            0 if second.bias is None else second.bias
        )

    images = [image.flatten(1) for image in features]
    return torch.stack([sigmoid(mlp(i.sum(1) / i.shape[1]) + mlp(i.max(1)[0])) for i in images])


def block_means(features: torch.Tensor, bounds: Callable[[int], list[range]]) -> torch.Tensor:
    """Means over the products of the row and column ranges."""
    rows, columns = bounds(features.shape[2]), bounds(features.shape[3])
    result = torch.empty(*features.shape[:2], len(rows), len(columns))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            part = features[:, :, row.start : row.stop, column.start : column.stop]
            result[:, :, i, j] = part.mean((2, 3))
    return result


def strided(scale: int) -> Callable[[int], list[range]]:
    return lambda side: [range(k, min(k + scale, side)) for k in range(0, side, scale)]


def gridded(scale: int) -> Callable[[int], list[range]]:
    return lambda side: [
        range(k * side // scale, math.ceil((k + 1) * side / scale)) for k in range(scale)
    ]


def interpolation_matrix(source: int, target: int) -> torch.Tensor:
    """(target, source): linear interpolation between pixel centers, constant at the border."""
    matrix = torch.zeros(target, source)
    for index in range(target):
        position = min(max((index + 0.5) * source / target - 0.5, 0.0), source - 1.0)
        lower = int(position)
        matrix[index, lower] += 1 - (position - lower)
        matrix[index, min(lower + 1, source - 1)] += position - lower
    return matrix


def resized(features: torch.Tensor, height: int, width: int) -> torch.Tensor:
    rows = interpolation_matrix(features.shape[2], height)
    columns = interpolation_matrix(features.shape[3], width)
    return torch.einsum("yh,bchw,xw->bcyx", rows, features, columns)


def test_shape_and_dtype_are_kept_and_values_shrink(block: nn.Module) -> None:
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        features = torch.randn(2, 32, 5, 7, dtype=dtype)
        weighted = block.to(dtype)(features)
        assert weighted.shape == features.shape
        assert weighted.dtype == dtype
        assert (weighted.abs() <= features.abs()).all()
        assert not torch.equal(weighted, features)


def test_gradient_is_right(block: nn.Module) -> None:
    features = torch.randn(1, 32, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block.double(), (features,), fast_mode=True)


@pytest.mark.parametrize("mlp_bias", [False, True])
def test_channel_attention_equals_its_formula(mlp_bias: bool) -> None:
    torch.manual_seed(0)
    block = ChannelAttention(32, reduction=8, mlp_bias=mlp_bias)
    features = torch.randn(3, 32, 4, 6)
    expected = torch.einsum("bchw,bc->bchw", features, channel_weights(features, block))
    assert torch.allclose(block(features), expected, atol=1e-6)


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_spatial_attention_equals_its_formula(kernel_size: int) -> None:
    torch.manual_seed(0)
    block = SpatialAttention(kernel_size)
    features = torch.randn(2, 5, 6, 8)
    edge = kernel_size // 2
    maps = torch.stack([features.sum(1) / 5, features.max(1)[0]], dim=1)
    padded = torch.zeros(2, 2, 6 + 2 * edge, 8 + 2 * edge)
    padded[:, :, edge : edge + 6, edge : edge + 8] = maps
    expected = torch.empty_like(features)
    for y in range(6):
        for x in range(8):
            window = padded[:, :, y : y + kernel_size, x : x + kernel_size]
            logit = torch.einsum("bcij,cij->b", window, block.convolution.weight[0])
            expected[:, :, y, x] = features[:, :, y, x] * sigmoid(logit)[:, None]
    assert torch.allclose(block(features), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 12), (5, 7), (19, 75)])
@pytest.mark.parametrize("shared_mlp", [False, True])
@pytest.mark.parametrize(("pool", "bounds"), [("stride", strided), ("grid", gridded)])
def test_multi_scale_attention_equals_its_formula(
    shape: tuple[int, int],
    shared_mlp: bool,
    pool: str,
    bounds: Callable[[int], Callable[[int], list[range]]],
) -> None:
    torch.manual_seed(0)
    block = MultiScaleChannelAttention(32, pool=pool, shared_mlp=shared_mlp)
    features = 3 * torch.randn(2, 32, *shape)
    maps = []
    for index, scale in enumerate((1, 2, 4)):
        pooled = block_means(features, bounds(scale))
        weights = channel_weights(pooled, block.attentions[0 if shared_mlp else index])
        attended = torch.einsum("bchw,bc->bchw", pooled, weights)
        maps.append(resized(sigmoid(attended), *shape))
    expected = features * (maps[0] + maps[1] + maps[2]) / 3
    assert torch.allclose(block(features), expected, atol=1e-5)


def test_weights_reading_is_constant_over_space() -> None:
    torch.manual_seed(0)
    block = MultiScaleChannelAttention(32, reading="weights")
    features = torch.randn(2, 32, 8, 12)
    expected = torch.zeros(2, 32)
    for attention, scale in zip(block.attentions, (1, 2, 4), strict=True):
        expected += channel_weights(block_means(features, strided(scale)), attention) / 3
    found = block(features) / features
    assert torch.allclose(found, expected[:, :, None, None].expand_as(found), atol=1e-5)


def test_zero_weights_give_the_values_of_hand() -> None:
    features = torch.randn(2, 32, 8, 8)
    assert torch.equal(zeroed(ChannelAttention(32))(features), features / 2)
    assert torch.equal(zeroed(SpatialAttention())(features), features / 2)
    two = zeroed(MultiScaleChannelAttention(32))(torch.full((1, 32, 8, 8), 2.0))
    assert torch.allclose(two, torch.full_like(two, 1.462117), atol=1e-6)
    blocks = [ChannelAttention(32), SpatialAttention(), MultiScaleChannelAttention(32)]
    four = zeroed(nn.Sequential(*blocks))(torch.full((1, 32, 8, 8), 4.0))
    assert torch.allclose(four, torch.full_like(four, 0.622459), atol=1e-6)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (ChannelAttention(512), 32_768),
        (ChannelAttention(512, mlp_bias=True), 33_312),
        (SpatialAttention(), 98),
        (MultiScaleChannelAttention(512), 98_304),
        (MultiScaleChannelAttention(512, shared_mlp=True), 32_768),
        (MultiScaleChannelAttention(512, mlp_bias=True), 98_304 + 3 * 544),
    ],
)
def test_parameter_count(block: nn.Module, expected: int) -> None:
    assert sum(parameter.numel() for parameter in block.parameters()) == expected


@pytest.mark.parametrize("shape", [(3, 8), (8, 3)])
@pytest.mark.parametrize("pool", ["stride", "grid"])
def test_sides_below_the_largest_scale_raise(shape: tuple[int, int], pool: str) -> None:
    block = MultiScaleChannelAttention(32, pool=pool)
    message = f"at least its largest scale, 4, are {shape[0]} x {shape[1]}"
    with pytest.raises(ValueError, match=message):
        block(torch.zeros(1, 32, *shape))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ChannelAttention(8), r"reduction must be in 1\.\.8, .*, is 16"),
        (lambda: ChannelAttention(8, reduction=0), r"reduction must be in 1\.\.8, .*, is 0"),
        (lambda: SpatialAttention(4), "kernel_size must be odd and positive, is 4"),
        (lambda: SpatialAttention(-1), "kernel_size must be odd and positive, is -1"),
        (lambda: MultiScaleChannelAttention(32, []), r"positive numbers, are \[\]"),
        (lambda: MultiScaleChannelAttention(32, [0, 2]), r"positive numbers, are \[0, 2\]"),
        (lambda: MultiScaleChannelAttention(32, pool="max"), "pool must be .*, is 'max'"),
        (lambda: MultiScaleChannelAttention(32, reading="x"), "reading must be .*, is 'x'"),
    ],
)
def test_wrong_arguments_raise(build: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
