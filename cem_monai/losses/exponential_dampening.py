"""The pixel loss that forgives errors in dark parts of the target."""

from __future__ import annotations

import torch
from torch import nn


class ExponentialDampeningL1Loss(nn.Module):
    r"""Mean absolute error, weighted by the brightness of the target.

    .. math:: L = \mathrm{mean}(w \, |y - \hat y|), \quad w = e^{-\tau (1 - y_{01})}

    with the target y in [-1, 1] and :math:`y_{01} = (y + 1) / 2`. Bright pixels weigh 1, black ones
    exp(-tau), whatever is generated there. The weights are constants: no gradient passes through
    them. tau = 0 is `torch.nn.L1Loss`, bit for bit.

    The mean of the weights is below 1, so that tau also weakens the pixel loss against the
    adversarial one; `normalize` undoes this.

    `tau` may be set at any time, which `cem_monai.handlers.TauAnnealing` does at each epoch. It is
    a number, not a state: a checkpoint does not hold it, the epoch tells it.

    Args:
        tau: dampening, at least 0.
        normalize: divide by the mean weight of the batch.

    Raises:
        ValueError: `tau` is negative or not finite.

    References:
        Hosseinipour et al., HC@AIxIA 2024, Eq. 7.
    """

    def __init__(self, tau: float = 2.0, normalize: bool = False) -> None:
        super().__init__()
        self.tau = tau
        self.normalize = normalize

    @property
    def tau(self) -> float:
        """Dampening: black pixels weigh exp(-tau)."""
        return self._tau

    @tau.setter
    def tau(self, value: float) -> None:
        if not 0 <= value < float("inf"):
            raise ValueError(f"tau must be a finite number of at least 0, got {value}")
        self._tau = float(value)

    def forward(self, generated: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Compare images in [-1, 1].

        Args:
            generated: (B, C, H, W).
            target: (B, C, H, W); a value beyond 1 weighs more than 1.

        Returns:
            Mean over batch and pixels (scalar), not negative.

        Raises:
            ValueError: the shapes differ; they would be broadcast.
        """
        if generated.shape != target.shape:
            raise ValueError(
                f"generated image {tuple(generated.shape)} and target {tuple(target.shape)} "
                "must have the same shape"
            )
        weights = torch.exp(-self.tau * (1 - (target.detach() + 1) / 2))
        loss = (weights * (generated - target).abs()).mean()
        return loss / weights.mean() if self.normalize else loss

    def extra_repr(self) -> str:
        """Show the options where the loss is printed."""
        return f"tau={self.tau:g}, normalize={self.normalize}"
