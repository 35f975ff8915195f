"""The adversarial loss of pix2pix."""

from __future__ import annotations

from enum import Enum

import torch
from monai.utils import look_up_option
from torch import nn
from torch.nn import functional


class GANMode(str, Enum):
    """How far logits are from the verdict they should give."""

    LSGAN = "lsgan"
    """Mean squared error (least squares GAN)."""
    VANILLA = "vanilla"
    """Binary cross-entropy of the sigmoid of the logits."""


class AdversarialLoss(nn.Module):
    """Distance of the discriminator's logits from "real" (1) or "fake" (0).

    `lsgan`: mean((logits - target)²); `vanilla`: mean binary cross-entropy with logits. MONAI's
    `PatchAdversarialLoss` differs: it puts a LeakyReLU or a sigmoid on the logits first, so that
    least squares has other values and the gradient of the cross-entropy vanishes far from 0.

    Args:
        gan_mode: `"lsgan"` or `"vanilla"`.

    Raises:
        ValueError: `gan_mode` is neither; the message proposes the nearest name.

    References:
        Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017.
        Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
    """

    def __init__(self, gan_mode: str | GANMode = GANMode.LSGAN) -> None:
        super().__init__()
        self.gan_mode: GANMode = look_up_option(gan_mode, GANMode)

    def forward(self, logits: torch.Tensor, target_is_real: bool) -> torch.Tensor:
        """Compare `logits` with a constant.

        Args:
            logits: raw output of a discriminator, any shape.
            target_is_real: whether the logits should say "real".

        Returns:
            Mean over all logits (scalar), not negative.
        """
        # Filled on the device: a copy from the host would break the capture of CUDA graphs.
        target = torch.full_like(logits, float(target_is_real))
        if self.gan_mode is GANMode.LSGAN:
            return functional.mse_loss(logits, target)
        return functional.binary_cross_entropy_with_logits(logits, target)
