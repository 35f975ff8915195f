"""Layers that keep to the rules of training when a network is in evaluation mode."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class ImageBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization that, in evaluation mode, uses the statistics of each image.

    In training mode, and in its state dict, it is `torch.nn.BatchNorm2d`. In evaluation mode it
    neither uses nor changes the running statistics. The result of an image does not depend on the
    others in the batch; of a single image it is that of training mode.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalize `features`, (B, C, H, W), without changing their shape."""
        if not self.training:
            return F.instance_norm(features, weight=self.weight, bias=self.bias, eps=self.eps)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return F.batch_norm(
            features,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=True,
            momentum=0.1 if self.momentum is None else self.momentum,
            eps=self.eps,
        )


class AlwaysDropout(nn.Dropout):
    """Dropout that acts in evaluation mode too: the output is random, seed it."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Drop values of `features`, of any shape, and scale the others by 1 / (1 - p)."""
        return F.dropout(features, self.p, training=True)
