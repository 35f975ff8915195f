"""The learning rate schedule of pix2pix."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


class LinearDecayLR(LambdaLR):
    """Learning rate that stays for `fixed_epochs` epochs, then falls linearly.

    Step it at the end of each epoch, e.g. by MONAI's `LrScheduleHandler`.

    The state dict holds where the schedule is, not what it is: a training that is resumed with
    other numbers of epochs follows the new ones.

    Args:
        optimizer: optimizer whose initial learning rate is multiplied by `linear_decay_factor`.
        fixed_epochs: number of epochs at the full learning rate.
        decay_epochs: number of epochs of the decay.

    Raises:
        ValueError: a number of epochs is negative.
    """

    def __init__(self, optimizer: Optimizer, fixed_epochs: int, decay_epochs: int) -> None:
        if fixed_epochs < 0 or decay_epochs < 0:
            raise ValueError(
                "fixed_epochs and decay_epochs must not be negative, "
                f"are {fixed_epochs} and {decay_epochs}"
            )
        super().__init__(
            optimizer,
            # the scheduler counts finished epochs
            lambda finished: linear_decay_factor(finished + 1, fixed_epochs, decay_epochs),
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there; load the optimizer's state before.

        The optimizer brings the learning rate that the former number of epochs had for the next
        epoch, perhaps 0: this schedule's own takes its place.
        """
        super().load_state_dict(state_dict)
        for group, base, factor in zip(
            self.optimizer.param_groups, self.base_lrs, self.lr_lambdas, strict=True
        ):
            group["lr"] = base * factor(self.last_epoch)


def linear_decay_factor(epoch: int, fixed_epochs: int, decay_epochs: int) -> float:
    """Factor of the learning rate in an epoch: 1 - max(0, epoch - fixed) / (decay + 1).

    It is 1 up to `fixed_epochs`, 1 / (decay + 1) in the last epoch and 0 beyond.

    Args:
        epoch: number of the epoch, the first is 1.
        fixed_epochs: number of epochs at the full learning rate.
        decay_epochs: number of epochs of the decay.

    Returns:
        Factor in [0, 1].
    """
    return max(0.0, 1 - max(0, epoch - fixed_epochs) / (decay_epochs + 1))
