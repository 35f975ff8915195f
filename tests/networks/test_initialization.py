from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from monai.networks.nets import PatchDiscriminator
from torch import nn

from cem_monai.networks import (
    AttentionUNetGenerator,
    IAMNetGenerator,
    UNetGenerator,
    initialize_weights,
)

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "unet": lambda: UNetGenerator(num_downs=6, ngf=32),
    "attention_unet": lambda: AttentionUNetGenerator(num_downs=6, ngf=32),
    "iamnet": lambda: IAMNetGenerator(ngf=32),
    "discriminator": lambda: PatchDiscriminator(spatial_dims=2, channels=64, in_channels=2),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_network_starts_as_the_reference_code(name: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name]()
    large, scales = 0, []
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.weight.numel() > 1e5:
            large += 1
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.02)
            assert module.weight.mean().item() == pytest.approx(0, abs=2e-4)
        if isinstance(module, nn.BatchNorm2d):
            scales.append(module.weight)
        bias = getattr(module, "bias", None)
        assert not isinstance(bias, torch.Tensor) or not bias.any()
    assert large >= 2
    assert torch.cat(scales).mean().item() == pytest.approx(1, abs=0.005)
    assert torch.cat(scales).std().item() == pytest.approx(0.02, rel=0.15)


def test_attention_starts_as_the_reference_code() -> None:
    torch.manual_seed(0)
    network = IAMNetGenerator(attention_options={"channel": {"mlp_bias": True}})
    channel, spatial, multiscale = list(network.bottleneck)[1:]
    for layer in [channel.mlp[0], channel.mlp[2], multiscale.attentions[2].mlp[0]]:
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert spatial.convolution.weight.std().item() == pytest.approx(0.02, rel=0.3)
    assert not channel.mlp[0].bias.any()


def test_gain_is_the_standard_deviation() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 128, 4)
    initialize_weights(layer, gain=0.1)
    assert layer.weight.std().item() == pytest.approx(0.1, rel=0.02)


def test_same_seed_gives_same_weights() -> None:
    layers = []
    for _ in range(2):
        torch.manual_seed(3)
        layers.append(nn.Linear(5, 4))
        initialize_weights(layers[-1])
    assert torch.equal(layers[0].weight, layers[1].weight)


@pytest.mark.parametrize(
    ("mode", "gain", "expected"),
    [
        ("normal", 0.02, 0.02),
        ("xavier", 0.02, 0.02 * math.sqrt(2 / (512 * 16 + 512 * 16))),
        ("xavier", 1.0, math.sqrt(2 / (512 * 16 + 512 * 16))),
        ("kaiming", 0.02, math.sqrt(2 / (512 * 16))),
    ],
)
def test_modes_have_their_standard_deviation(mode: str, gain: float, expected: float) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(512, 512, 4)
    initialize_weights(layer, mode, gain)
    assert layer.weight.std().item() == pytest.approx(expected, rel=0.005)
    assert layer.weight.mean().item() == pytest.approx(0, abs=0.005 * expected)
    assert layer.bias is not None
    assert not layer.bias.any()


def test_xavier_of_the_reference_code() -> None:
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(512, 512, 4)
    initialize_weights(layer, "xavier")
    assert layer.weight.std().item() == pytest.approx(2.21e-4, rel=0.005)


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(4, 8, 4), nn.ConvTranspose2d(8, 4, 4), nn.Linear(9, 5)]
)
def test_orthogonal_rows(layer: nn.Module) -> None:
    initialize_weights(layer, "orthogonal", gain=0.1)
    rows = layer.weight.flatten(1)
    assert torch.allclose(rows @ rows.T, 0.01 * torch.eye(len(rows)), atol=1e-6)


@pytest.mark.parametrize("mode", ["normal", "xavier", "kaiming", "orthogonal"])
def test_every_mode_starts_batch_norm_alike(mode: str) -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(5000)
    nn.init.ones_(norm.bias)
    initialize_weights(nn.Sequential(norm), mode)
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.002)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert not norm.bias.any()


def test_networks_take_every_mode() -> None:
    for mode in ("normal", "xavier", "kaiming", "orthogonal"):
        network = IAMNetGenerator(ngf=4)
        initialize_weights(network, mode)
        assert network(torch.randn(1, 1, 128, 128)).isfinite().all()


def test_unknown_mode_raises() -> None:
    message = "must be one of normal, xavier, kaiming, orthogonal, is 'glorot'"
    with pytest.raises(ValueError, match=message):
        initialize_weights(nn.Linear(2, 2), "glorot")
