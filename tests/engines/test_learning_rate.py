from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ignite.engine import Engine
from monai.handlers import LrScheduleHandler
from torch.optim import SGD

from cem_monai.engines import LinearDecayLR, linear_decay_factor


def optimizer(learning_rate: float = 2.0) -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)


def factors(scheduler: LinearDecayLR, epochs: int) -> list[float]:
    """Learning rate of each epoch, for a base rate of 1."""
    rates = []
    for _ in range(epochs):
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (1, 1),
        (100, 1),
        (101, 0.9950249),
        (200, 0.5024876),
        (201, 0.4975124),
        (299, 0.0099502),
        (300, 0.0049751),
        (301, 0),
        (400, 0),
    ],
)
def test_factor_of_the_paper(epoch: int, expected: float) -> None:
    assert linear_decay_factor(epoch, 100, 200) == pytest.approx(expected, abs=5e-8)


def test_scheduler_follows_the_factor() -> None:
    rates = factors(LinearDecayLR(optimizer(1.0), 3, 4), 8)
    assert rates == pytest.approx([1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0])


def test_base_rate_is_multiplied() -> None:
    scheduler = LinearDecayLR(optimizer(2.0), 0, 3)
    assert factors(scheduler, 3) == pytest.approx([1.5, 1.0, 0.5])


def test_handler_steps_at_the_end_of_an_epoch() -> None:
    sgd = optimizer(1.0)
    seen = []

    def iterate(engine: Engine, batch: int) -> None:
        sgd.step()
        seen.append(sgd.param_groups[0]["lr"])

    engine = Engine(iterate)
    LrScheduleHandler(LinearDecayLR(sgd, 1, 1), print_lr=False).attach(engine)
    engine.run([0, 0], max_epochs=2)
    assert seen == [1, 1, 0.5, 0.5]


def test_resumed_schedule_continues(tmp_path: Path) -> None:
    whole = factors(LinearDecayLR(optimizer(1.0), 2, 5), 7)
    first = LinearDecayLR(optimizer(1.0), 2, 5)
    factors(first, 4)
    path = tmp_path / "state.pt"
    torch.save({"lr": first.state_dict(), "sgd": first.optimizer.state_dict()}, path)
    state = torch.load(path, weights_only=True)
    second = LinearDecayLR(optimizer(1.0), 2, 5)
    second.load_state_dict(state["lr"])
    second.optimizer.load_state_dict(state["sgd"])
    assert factors(second, 3) == whole[4:]


@pytest.mark.parametrize(("fixed", "decay"), [(-1, 5), (5, -1)])
def test_negative_number_of_epochs_raises(fixed: int, decay: int) -> None:
    with pytest.raises(ValueError, match=f"are {fixed} and {decay}"):
        LinearDecayLR(optimizer(), fixed, decay)


def test_resumed_with_more_epochs_it_follows_the_new_schedule_at_once() -> None:
    first = LinearDecayLR(optimizer(1.0), 1, 2)
    factors(first, 3)
    assert first.optimizer.param_groups[0]["lr"] == 0  # nothing was to follow
    resumed = LinearDecayLR(optimizer(1.0), 2, 4)
    resumed.optimizer.load_state_dict(first.optimizer.state_dict())
    resumed.load_state_dict(first.state_dict())

    assert factors(resumed, 3) == pytest.approx([0.6, 0.4, 0.2])
    assert factors(LinearDecayLR(optimizer(1.0), 2, 4), 6)[3:] == pytest.approx([0.6, 0.4, 0.2])
