from __future__ import annotations

import pytest
import torch
from torch import nn

from cem_monai.networks import AttentionGate, GridAttentionGate


def randomize(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point():
            nn.init.uniform_(tensor, 0.1, 1.5)
    return module.eval()


def convolve(features: torch.Tensor, layer: nn.Conv2d) -> torch.Tensor:
    """1x1 convolution."""
    result = torch.einsum("oi,bihw->bohw", layer.weight[:, :, 0, 0], features)
    return result + layer.bias[None, :, None, None]


def normalize(features: torch.Tensor, layer: nn.BatchNorm2d) -> torch.Tensor:
    scale = layer.weight / (layer.running_var + layer.eps).sqrt()
    return torch.einsum(
        "bchw,c->bchw", features - layer.running_mean[None, :, None, None], scale
    ) + layer.bias.reshape(1, -1, 1, 1)


def bilinear_doubled(plane: torch.Tensor) -> torch.Tensor:
    """Twice the sides: pixel centers of the result lie at (i + 0.5) / 2 - 0.5."""
    height, width = plane.shape
    result = torch.empty(2 * height, 2 * width)
    for row in range(2 * height):
        for column in range(2 * width):
            y = max((row + 0.5) / 2 - 0.5, 0.0)
            x = max((column + 0.5) / 2 - 0.5, 0.0)
            top, left = int(y), int(x)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = plane[top, left] * (1 - x + left) + plane[top, right] * (x - left)
            lower = plane[bottom, left] * (1 - x + left) + plane[bottom, right] * (x - left)
            result[row, column] = upper * (1 - y + top) + lower * (y - top)
    return result


def test_additive_gate_equals_its_formula() -> None:
    gate = randomize(AttentionGate(6))
    skip, gating = torch.randn(2, 6, 5, 4), torch.randn(2, 6, 5, 4)
    total = normalize(convolve(gating, gate.gating[0]), gate.gating[1])
    total = total + normalize(convolve(skip, gate.skip[0]), gate.skip[1])
    logits = normalize(convolve(total.clamp(min=0), gate.psi[1]), gate.psi[2])
    expected = skip / (1 + (-logits).exp())
    assert logits.std() > 0.1
    assert torch.allclose(gate(skip, gating), expected, atol=1e-5)


def test_grid_gate_equals_its_formula() -> None:
    gate = randomize(GridAttentionGate(4, 6))
    skip, gating = torch.randn(2, 4, 6, 8), torch.randn(2, 6, 3, 4)
    theta = sum(
        torch.einsum(
            "oi,bihw->bohw", gate.theta.weight[:, :, row, column], skip[:, :, row::2, column::2]
        )
        for row in range(2)
        for column in range(2)
    )
    total = theta + convolve(gating.clamp(min=0), gate.phi)
    coarse = 1 / (1 + (-convolve(total.clamp(min=0), gate.psi[1])).exp())
    weights = torch.stack([bilinear_doubled(plane[0]) for plane in coarse])[:, None]
    expected = normalize(convolve(weights * skip, gate.out[0]), gate.out[1])
    assert torch.allclose(gate(skip, gating), expected, atol=1e-5)


def test_zero_psi_halves_the_skip() -> None:
    gate = AttentionGate(8)
    for parameter in [*gate.psi[1].parameters(), gate.psi[2].bias]:
        nn.init.zeros_(parameter)
    skip = torch.randn(2, 8, 4, 4)
    assert torch.equal(gate(skip, torch.randn(2, 8, 4, 4)), skip / 2)


@pytest.mark.parametrize(
    ("channels", "expected"), [(512, 263_939), (256, 66_435), (128, 16_835), (64, 4_323)]
)
def test_parameter_count(channels: int, expected: int) -> None:
    assert sum(parameter.numel() for parameter in AttentionGate(channels).parameters()) == expected


def test_normalization_is_built_for_each_number_of_channels() -> None:
    gate = AttentionGate(8, nn.InstanceNorm2d)
    norms = [module for module in gate.modules() if isinstance(module, nn.InstanceNorm2d)]
    assert [norm.num_features for norm in norms] == [4, 4, 1]


def test_single_channel() -> None:
    assert AttentionGate(1)(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)).shape == (1, 1, 2, 2)
