"""Weaken the dampening of a loss as training goes on."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from ignite.engine import Engine, Events


class TauSchedule(str, Enum):
    """How tau depends on the epoch."""

    LINEAR = "linear"
    """From its initial value to 0, which it would reach one epoch after the last."""
    CONSTANT = "constant"
    """Its initial value in each epoch."""


class DampenedLoss(Protocol):
    """A loss with a dampening that may be set."""

    tau: float


class TauAnnealing:
    """Set `loss.tau` at the start of each epoch.

    Tau is computed from the engine's epoch alone. A training that is resumed therefore goes on with
    the right one, nothing needs to be saved, and other numbers of epochs are followed at once.

    Args:
        loss: `cem_monai.losses.ExponentialDampeningL1Loss`, or one with an attribute like its
            `tau`, which is the initial value.
        epochs: number of epochs N of the `linear` schedule: epoch e (from 1) has
            (1 - (e - 1) / N) times the initial value.
        schedule: `"linear"` or `"constant"`.

    Raises:
        ValueError: the loss has no `tau`, there is no epoch, or the schedule is unknown.

    References:
        Hosseinipour et al., HC@AIxIA 2024, annealing of Eq. 7.
    """

    def __init__(
        self, loss: DampenedLoss, epochs: int, schedule: TauSchedule | str = TauSchedule.LINEAR
    ) -> None:
        if not hasattr(loss, "tau"):
            raise ValueError(f"loss must have a tau to anneal, {type(loss).__name__} has none")
        if epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {epochs}")
        self.loss = loss
        self.initial_tau = loss.tau
        self.epochs = epochs
        self.schedule = TauSchedule(schedule)

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._set)

    def _set(self, engine: Engine) -> None:
        if self.schedule is TauSchedule.LINEAR:
            self.loss.tau = annealed_tau(self.initial_tau, engine.state.epoch, self.epochs)


def annealed_tau(initial_tau: float, epoch: int, epochs: int) -> float:
    """Tau in an epoch of the linear schedule: (1 - (epoch - 1) / epochs) * initial_tau.

    Args:
        initial_tau: tau of the first epoch.
        epoch: number of the epoch, the first is 1.
        epochs: number of epochs; the last one still has `initial_tau / epochs`.

    Returns:
        Tau; 0 beyond the last epoch.
    """
    return max(0.0, 1 - (epoch - 1) / epochs) * initial_tau
