from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from cem_monai.losses import ExponentialDampeningL1Loss

SHAPE = (2, 1, 5, 7)


@pytest.fixture
def images() -> tuple[torch.Tensor, torch.Tensor]:
    """Generated image and target in [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    generated, target = (2 * torch.rand(SHAPE, generator=generator) - 1 for _ in range(2))
    return generated, target


def gradients(loss: torch.nn.Module, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    leaves = [image.clone().requires_grad_() for image in images]
    return torch.autograd.grad(loss(*leaves), leaves)


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("brightness", [0.0, 0.5, 1.0])
def test_unit_error_costs_the_weight_of_its_brightness(tau: float, brightness: float) -> None:
    target = torch.full(SHAPE, 2 * brightness - 1, dtype=torch.float64)
    expected = math.exp(-tau * (1 - brightness))
    for error in (1, -1):
        value = ExponentialDampeningL1Loss(tau)(target + error, target).item()
        assert value == pytest.approx(expected, rel=1e-12)


def test_published_weights() -> None:
    targets = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    for tau, weights in ((2, [0.135335, 0.367879, 1]), (3, [0.049787, 0.223130, 1])):
        loss = ExponentialDampeningL1Loss(tau)
        assert [loss(y + 1, y).item() for y in targets] == pytest.approx(weights, abs=5e-7)


def test_mean_over_batch_and_pixels(images: tuple[torch.Tensor, torch.Tensor]) -> None:
    generated, target = (image.double() for image in images)
    pairs = zip(generated.flatten().tolist(), target.flatten().tolist(), strict=True)
    terms = [math.exp(-2 * (1 - (y + 1) / 2)) * abs(y - x) for x, y in pairs]
    value = ExponentialDampeningL1Loss(2.0)(generated, target).item()
    assert value == pytest.approx(math.fsum(terms) / len(terms), rel=1e-12)


@pytest.mark.parametrize("normalize", [False, True])
def test_no_dampening_is_plain_l1_bit_for_bit(
    images: tuple[torch.Tensor, torch.Tensor], normalize: bool
) -> None:
    loss = ExponentialDampeningL1Loss(0.0, normalize)
    assert torch.equal(loss(*images), functional.l1_loss(*images))
    pairs = zip(gradients(loss, *images), gradients(torch.nn.L1Loss(), *images), strict=True)
    assert all(torch.equal(ours, plain) for ours, plain in pairs)


def test_gradient_flows_through_the_error_alone(images: tuple[torch.Tensor, torch.Tensor]) -> None:
    generated, target = images
    of_generated, of_target = gradients(ExponentialDampeningL1Loss(2.0), generated, target)
    weights = torch.exp(target - 1) / target.numel()  # tau (1 - y01) = 1 - y
    assert torch.allclose(of_generated, weights * torch.sign(generated - target), rtol=1e-5)
    assert torch.equal(of_target, -of_generated)


def test_weights_do_not_depend_on_what_is_generated() -> None:
    dark = torch.full(SHAPE, -1.0)
    loss = ExponentialDampeningL1Loss(2.0)
    assert loss(dark + 2, dark).item() == pytest.approx(2 * loss(dark + 1, dark).item())


def test_normalized_loss_of_a_uniform_error_is_the_error(
    images: tuple[torch.Tensor, torch.Tensor],
) -> None:
    target = images[1]
    value = ExponentialDampeningL1Loss(3.0, normalize=True)(target + 0.25, target)
    assert value.item() == pytest.approx(0.25, rel=1e-6)


def test_mean_weight_of_uniform_brightness() -> None:
    """Integral of exp(-tau (1 - u)) over [0, 1]: by how much tau weakens the loss."""
    target = torch.linspace(-1, 1, 100_001, dtype=torch.float64)
    for tau in (0.5, 1.0, 2.0, 3.0):
        value = ExponentialDampeningL1Loss(tau)(target + 1, target).item()
        assert value == pytest.approx((1 - math.exp(-tau)) / tau, rel=1e-4)


def test_tau_may_be_set_and_is_no_state(images: tuple[torch.Tensor, torch.Tensor]) -> None:
    loss = ExponentialDampeningL1Loss(2.0)
    loss.tau = 0.75
    assert torch.equal(loss(*images), ExponentialDampeningL1Loss(0.75)(*images))
    assert loss.state_dict() == {}


@pytest.mark.parametrize("tau", [-0.1, math.nan, math.inf])
def test_impossible_tau_raises(tau: float) -> None:
    with pytest.raises(ValueError, match=f"at least 0, got {tau}"):
        ExponentialDampeningL1Loss(tau)
    loss = ExponentialDampeningL1Loss()
    with pytest.raises(ValueError, match=f"at least 0, got {tau}"):
        loss.tau = tau


def test_images_that_would_be_broadcast_raise() -> None:
    with pytest.raises(ValueError, match=r"\(2, 1, 5, 7\) and target \(1, 1, 5, 7\)"):
        ExponentialDampeningL1Loss()(torch.zeros(SHAPE), torch.zeros(1, *SHAPE[1:]))
