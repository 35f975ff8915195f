from __future__ import annotations

import math

import pytest
import torch

from cem_monai.losses import AdversarialLoss, GANMode


def discriminator_loss(loss: AdversarialLoss, logits: torch.Tensor) -> float:
    return ((loss(logits, True) + loss(logits, False)) / 2).item()


def test_least_squares_of_zero_logits() -> None:
    logits = torch.zeros(2, 1, 30, 30)
    loss = AdversarialLoss("lsgan")
    assert discriminator_loss(loss, logits) == 0.5
    assert loss(logits, True).item() == 1


def test_least_squares_of_undecided_logits() -> None:
    assert discriminator_loss(AdversarialLoss("lsgan"), torch.full((2, 1, 3, 3), 0.5)) == 0.25


def test_cross_entropy_of_zero_logits() -> None:
    loss = AdversarialLoss("vanilla")
    logits = torch.zeros(2, 1, 30, 30)
    assert discriminator_loss(loss, logits) == pytest.approx(math.log(2))
    assert loss(logits, True).item() == pytest.approx(math.log(2))


def test_cross_entropy_far_from_the_target_keeps_value_and_gradient() -> None:
    logits = torch.full((2, 1, 1, 2), -200.0, requires_grad=True)
    value = AdversarialLoss("vanilla")(logits, True)
    value.backward()
    assert value.item() == 200
    assert logits.grad is not None
    assert logits.grad.flatten().tolist() == [-0.25] * 4


def test_least_squares_of_random_logits() -> None:
    torch.manual_seed(0)
    logits = 1.5 * torch.randn(2, 1, 30, 30)
    loss = AdversarialLoss("lsgan")
    assert loss(logits, True).item() == pytest.approx(3.2825, abs=1e-4)
    assert loss(logits, False).item() == pytest.approx(2.3642, abs=1e-4)


@pytest.mark.parametrize("mode", ["lsgan", "vanilla"])
def test_loss_is_a_scalar_and_differentiable(mode: str) -> None:
    logits = torch.randn(2, 1, 5, 4, requires_grad=True)
    value = AdversarialLoss(mode)(logits, False)
    value.backward()
    assert value.shape == ()
    assert logits.grad is not None
    assert logits.grad.abs().sum() > 0


def test_default_is_least_squares() -> None:
    assert AdversarialLoss().gan_mode is GANMode.LSGAN
    assert AdversarialLoss(GANMode.VANILLA).gan_mode is GANMode.VANILLA


def test_unknown_mode_proposes_the_nearest() -> None:
    with pytest.raises(ValueError, match="By 'lsgn', did you mean 'lsgan'"):
        AdversarialLoss("lsgn")
