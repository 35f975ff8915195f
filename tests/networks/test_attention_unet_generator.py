from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from cem_monai.networks import AttentionUNetGenerator, UNetGenerator


def small_generator(**changes: object) -> AttentionUNetGenerator:
    torch.manual_seed(0)
    return AttentionUNetGenerator(**({"num_downs": 5, "ngf": 4} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 68_400_057),
        ({"gate": "grid"}, 72_546_697),
        ({"num_downs": 5}, 17_004_461),
        ({"gate_skip_input": "activated"}, 68_400_057),
    ],
)
def test_parameter_count(arguments: dict[str, object], expected: int) -> None:
    with torch.device("meta"):
        network = AttentionUNetGenerator(**arguments)  # type: ignore[arg-type]
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("gate", ["additive", "grid"])
@pytest.mark.parametrize("side", [512, 1024])
def test_nine_downs_keep_size(gate: str, side: int) -> None:
    with torch.device("meta"):
        network = AttentionUNetGenerator(gate=gate)
        assert network(torch.empty(1, 1, side, side)).shape == (1, 1, side, side)


@pytest.mark.parametrize("gate", ["additive", "grid"])
def test_nine_downs_train_on_one_image(gate: str) -> None:
    network = small_generator(num_downs=9, ngf=2, gate=gate)
    network(torch.randn(1, 1, 512, 512)).mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("gate_skip_input", ["raw", "activated"])
def test_open_gates_leave_the_unet(gate_skip_input: str) -> None:
    network = small_generator(gate_skip_input=gate_skip_input).eval()
    for gate in network.gates:
        nn.init.zeros_(gate.psi[2].weight)
        nn.init.constant_(gate.psi[2].bias, 100.0)  # its sigmoid is 1
    unet = UNetGenerator(num_downs=5, ngf=4).eval()
    shared = {name: value for name, value in network.state_dict().items() if "gates" not in name}
    unet.load_state_dict(shared)
    image = torch.randn(2, 1, 64, 96)
    assert torch.equal(network(image), unet(image))


def inputs_of_gates(network: AttentionUNetGenerator) -> list[tuple[torch.Tensor, torch.Tensor]]:
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    for gate in network.gates:
        gate.register_forward_pre_hook(lambda _, given: found.append(given))
    return found


def outputs_of(*modules: nn.Module) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for module in modules:
        module.register_forward_hook(lambda _, __, output: found.append(output.clone()))
    return found


@pytest.mark.parametrize("gate", ["additive", "grid"])
@pytest.mark.parametrize("gate_skip_input", ["raw", "activated"])
def test_gates_see_the_skip_of_their_level(gate: str, gate_skip_input: str) -> None:
    network = small_generator(gate=gate, gate_skip_input=gate_skip_input)
    seen, normalized = inputs_of_gates(network), outputs_of(*network.downs)
    network(torch.randn(1, 1, 64, 64))
    assert len(seen) == len(normalized) == 4
    for (skip, _), raw in zip(seen, reversed(normalized), strict=True):
        assert raw.min() < 0
        expected = raw if gate_skip_input == "raw" else F.leaky_relu(raw, 0.2)
        assert torch.equal(skip, expected)


def test_additive_gates_see_the_output_of_the_up_step() -> None:
    network = small_generator()
    seen, upsampled = inputs_of_gates(network), outputs_of(*network.ups)
    network(torch.randn(1, 1, 64, 64))
    assert all(torch.equal(given[1], up) for given, up in zip(seen, upsampled, strict=True))


def test_grid_gates_see_the_input_of_the_up_step() -> None:
    network = small_generator(gate="grid")
    seen, innermost = inputs_of_gates(network), outputs_of(network.bottleneck)
    joined: list[torch.Tensor] = []
    for up in network.ups:
        up.register_forward_pre_hook(lambda _, given: joined.append(given[0].clone()))
    network(torch.randn(1, 1, 64, 64))
    assert torch.equal(joined[0], innermost[0])
    for (_, gating), before in zip(seen, joined, strict=True):
        assert torch.equal(gating.relu(), before.relu())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gate": "sum"}, "gate must be 'additive' or 'grid', is 'sum'"),
        ({"gate_skip_input": "x"}, "gate_skip_input must be 'raw' or 'activated', is 'x'"),
    ],
)
def test_wrong_arguments_raise(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_generator(**arguments)
