from __future__ import annotations

import pytest
import torch
from monai.networks.nets import PatchDiscriminator
from torch import nn

from cem_monai.networks import UNetGenerator, initialize_weights


@pytest.fixture(params=["generator", "discriminator"])
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    if request.param == "generator":
        return UNetGenerator(num_downs=6, ngf=32)
    return PatchDiscriminator(spatial_dims=2, channels=64, in_channels=2)


def test_network_starts_as_the_reference_code(network: nn.Module) -> None:
    large = 0
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.weight.numel() > 1e5:
            large += 1
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.02)
            assert module.weight.mean().item() == pytest.approx(0, abs=2e-4)
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.5)
        bias = getattr(module, "bias", None)
        assert bias is None or not bias.any()
    assert large >= 2


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
