"""What every generator of the family does."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import pytest
import torch
from monai.engines import SupervisedEvaluator
from torch import nn
from torch.export import Dim

from cem_monai.networks import (
    AttentionUNetGenerator,
    IAMNetGenerator,
    UNetGenerator,
    initialize_weights,
)

Build = Callable[..., nn.Module]

GENERATORS: dict[str, tuple[type[nn.Module], dict[str, object]]] = {
    "unet": (UNetGenerator, {}),
    "additive": (AttentionUNetGenerator, {}),
    "grid": (AttentionUNetGenerator, {"gate": "grid", "gate_skip_input": "activated"}),
    "iamnet": (IAMNetGenerator, {}),
    "iamnet_plain": (IAMNetGenerator, {"attention": []}),
    "iamnet_skips": (IAMNetGenerator, {"skips": True, "attention": ["spatial"]}),
    "iamnet_options": (
        IAMNetGenerator,
        {
            "attention": ["multiscale", "channel"],
            "attention_options": {
                "multiscale": {"reading": "weights", "pool": "grid", "shared_mlp": True},
                "channel": {"mlp_bias": True},
            },
        },
    ),
}


@pytest.fixture(params=GENERATORS)
def build(request: pytest.FixtureRequest) -> Build:
    kind, options = GENERATORS[request.param]

    def build_network(**changes: object) -> nn.Module:
        torch.manual_seed(0)
        network = kind(**({"num_downs": 3, "ngf": 4} | options | changes))
        initialize_weights(network, gain=0.3)  # far enough from zero to see differences
        return network

    return build_network


def images(batch: int = 1, height: int = 40, width: int = 48) -> torch.Tensor:
    return torch.randn(batch, 1, height, width, generator=torch.Generator().manual_seed(5))


def running_statistics(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: buffer.clone() for name, buffer in network.named_buffers()}


def test_output_keeps_shape_and_range(build: Build) -> None:
    with torch.no_grad():
        generated = build(in_channels=2, out_channels=3)(100 * torch.randn(2, 2, 40, 32))
    assert generated.shape == (2, 3, 40, 32)
    assert generated.abs().max() <= 1


@pytest.mark.parametrize("shape", [(40, 36), (36, 40)])
def test_other_sides_name_the_required_multiple(build: Build, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"multiples of 8, are {shape[0]} x {shape[1]}"):
        build()(images(1, *shape))


def test_all_gradients_are_finite_and_the_input_is_not_changed(build: Build) -> None:
    network, image = build(), images(2)
    before = image.clone()
    image.requires_grad_()
    network(image).square().mean().backward()
    gradients = [image.grad, *(parameter.grad for parameter in network.parameters())]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    assert all(gradient is not None and gradient.any() for gradient in gradients[:2])
    assert torch.equal(image, before)


def test_state_dict_round_trip(build: Build) -> None:
    network, clone = build(), build()
    initialize_weights(clone)
    clone.load_state_dict(copy.deepcopy(network.state_dict()))
    assert torch.equal(clone.eval()(images()), network.eval()(images()))


def test_scripted_equals_eager_after_saving(build: Build) -> None:
    network, buffer = build().eval(), io.BytesIO()
    torch.jit.save(torch.jit.script(network), buffer)
    buffer.seek(0)
    scripted = torch.jit.load(buffer).eval()
    assert torch.equal(scripted(images()), network(images()))
    with pytest.raises(torch.jit.Error, match="multiples of 8, are 40 x 44"):
        scripted(images(1, 40, 44))


@pytest.mark.slow
def test_exported_equals_eager_for_any_size(build: Build) -> None:
    network = build().eval()
    sides = {2: 8 * Dim("height", max=64), 3: 8 * Dim("width", max=64)}
    # a bottleneck of more than 4 px: export takes a pooled side of 1 for a constant
    exported = torch.export.export(network, (images(),), dynamic_shapes=(sides,)).module()
    other = images(1, 88, 56)
    assert torch.allclose(exported(other), network(other), atol=1e-6)


def test_instance_norm_trains(build: Build) -> None:
    network = build(norm="instance")
    assert not [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    network(images(2)).square().mean().backward()


def test_running_statistics_are_used_at_test_by_default(build: Build) -> None:
    network = build(dropout=0.0)
    trained = network(images())
    assert not torch.allclose(network.eval()(images()), trained, atol=1e-3)


def test_image_statistics_at_test_are_those_of_training(build: Build) -> None:
    network = build(dropout=0.0, norm_at_test="image")
    trained = network(images())
    before = running_statistics(network)
    network.eval()
    generated = network(images())
    assert torch.allclose(generated, trained, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())
    together = network(torch.cat([images(), 7 + 3 * torch.randn(2, 1, 40, 48)]))
    assert torch.allclose(together[:1], generated, atol=1e-5)


def test_test_time_options_take_the_same_weights(build: Build) -> None:
    weights = build(dropout=0.5).state_dict()
    network = build(dropout=0.5, norm_at_test="image", dropout_at_test=True)
    network.load_state_dict(weights)  # strict
    assert list(network.state_dict()) == list(weights)


def test_evaluation_is_deterministic_by_default(build: Build) -> None:
    network = build(dropout=0.5, num_downs=6).eval()
    image = images(1, 256, 256)
    assert torch.equal(network(image), network(image))


def test_dropout_at_test_is_random_and_obeys_the_seed(build: Build) -> None:
    network = build(dropout=0.5, dropout_at_test=True, num_downs=6).eval()
    image = images(1, 256, 256)
    generated = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        generated.append(network(image))
    assert torch.equal(generated[0], generated[2])
    assert not torch.allclose(generated[0], generated[1], atol=1e-3)


def test_options_hold_in_an_evaluator(build: Build) -> None:
    network = build(dropout=0.0, norm_at_test="image")
    expected, before = network(images()).detach(), running_statistics(network)
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=[{"image": images(), "label": images()}],
        network=network,
        decollate=False,
    )
    evaluator.run()
    assert torch.allclose(evaluator.state.output["pred"], expected, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_downs": 1}, "num_downs must be at least 2, is 1"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), is 1.0"),
        ({"norm_at_test": "batch"}, "norm_at_test must be 'running' or 'image', is 'batch'"),
    ],
)
def test_wrong_arguments_raise(build: Build, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**arguments)
