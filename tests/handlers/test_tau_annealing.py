from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events
from monai.networks.nets import PatchDiscriminator
from torch import nn

from cem_monai.engines import Pix2PixTrainer
from cem_monai.handlers import TauAnnealing, annealed_tau
from cem_monai.losses import AdversarialLoss, ExponentialDampeningL1Loss
from cem_monai.networks import UNetGenerator


def taus(loss: ExponentialDampeningL1Loss, epochs: int, *, after: int = 0) -> list[float]:
    """Train from an epoch on and return the tau of each iteration, two in each epoch."""
    seen: list[float] = []
    engine = Engine(lambda engine, batch: seen.append(loss.tau))
    TauAnnealing(loss, epochs).attach(engine)

    @engine.on(Events.STARTED)
    def _resume() -> None:
        engine.state.epoch, engine.state.iteration = after, 2 * after

    engine.run([0, 1], max_epochs=epochs)
    return seen


@pytest.mark.parametrize(
    ("finished", "expected"),
    [(0, 2), (1, 1.99333), (100, 1.33333), (150, 1), (200, 0.66667), (299, 0.0066667)],
)
def test_published_schedule(finished: int, expected: float) -> None:
    assert annealed_tau(2.0, finished + 1, 300) == pytest.approx(expected, abs=5e-6)


def test_tau_is_zero_after_the_last_epoch_and_stays() -> None:
    assert [annealed_tau(2.0, epoch, 10) for epoch in (11, 12, 100)] == [0, 0, 0]


def test_first_second_and_last_epoch() -> None:
    seen = taus(ExponentialDampeningL1Loss(2.0), epochs=8)
    assert seen[0] == seen[1] == 2.0
    assert seen[2] == seen[3] == 2.0 * 7 / 8
    assert seen[-1] == 2.0 / 8
    assert len(seen) == 16


@pytest.mark.parametrize("after", [1, 3, 7])
def test_resumed_training_goes_on_with_the_right_tau(after: int) -> None:
    straight = taus(ExponentialDampeningL1Loss(2.0), epochs=8)
    assert taus(ExponentialDampeningL1Loss(2.0), epochs=8, after=after) == straight[2 * after :]


def test_training_in_parts_keeps_the_initial_tau() -> None:
    loss, seen = ExponentialDampeningL1Loss(2.0), []
    engine = Engine(lambda engine, batch: seen.append(loss.tau))
    TauAnnealing(loss, epochs=4).attach(engine)
    engine.run([0], max_epochs=2)
    engine.run([0], max_epochs=4)
    assert seen == [2.0, 1.5, 1.0, 0.5]


def test_constant_schedule_leaves_tau() -> None:
    loss, seen = ExponentialDampeningL1Loss(3.0), []
    engine = Engine(lambda engine, batch: seen.append(loss.tau))
    TauAnnealing(loss, epochs=2, schedule="constant").attach(engine)
    engine.run([0], max_epochs=3)
    assert seen == [3.0, 3.0, 3.0]


def test_impossible_arguments_raise() -> None:
    loss = ExponentialDampeningL1Loss()
    with pytest.raises(ValueError, match="at least 1, got 0"):
        TauAnnealing(loss, epochs=0)
    with pytest.raises(ValueError, match="'cosine'"):
        TauAnnealing(loss, epochs=2, schedule="cosine")
    with pytest.raises(ValueError, match="L1Loss has none"):
        TauAnnealing(nn.L1Loss(), epochs=2)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums on several threads depend on their number; weights are compared bit by bit here."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def train(data: list[dict[str, torch.Tensor]], loss: nn.Module, epochs: int, **saved: Any) -> Any:
    """Train a small pix2pix, from saved states and their epoch if there are any."""
    torch.manual_seed(0)
    networks = [UNetGenerator(num_downs=3, ngf=4, dropout=0.0), PatchDiscriminator(2, 4, 2)]
    optimizers = [torch.optim.Adam(network.parameters(), lr=1e-3) for network in networks]
    trainer = Pix2PixTrainer(
        device="cpu",
        max_epochs=epochs,
        train_data_loader=data,
        network=networks[0],
        optimizer=optimizers[0],
        loss_function=loss,
        discriminator=networks[1],
        discriminator_optimizer=optimizers[1],
        adversarial_loss=AdversarialLoss(),
        train_handlers=[TauAnnealing(loss, epochs=4)] if hasattr(loss, "tau") else [],
    )
    parts = (*networks, *optimizers)
    for part, state in zip(parts, saved.get("states", ()), strict=False):
        part.load_state_dict(state)
    trainer.state.epoch = saved.get("epoch", 0)
    trainer.state.iteration = trainer.state.epoch * len(data)
    trainer.run()
    return [part.state_dict() for part in parts]


@pytest.fixture
def data() -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    image, label = (torch.rand(1, 1, 32, 32, generator=generator) * 2 - 1 for _ in range(2))
    return [{"image": image, "label": label}]


@pytest.mark.usefixtures("one_thread")
def test_resumed_pix2pix_training_equals_a_straight_one(data: list[Any]) -> None:
    straight = train(data, ExponentialDampeningL1Loss(2.0), epochs=4)[0]
    half = train(data, ExponentialDampeningL1Loss(2.0), epochs=2)
    resumed = train(data, ExponentialDampeningL1Loss(2.0), epochs=4, states=half, epoch=2)[0]
    assert all(torch.equal(value, resumed[name]) for name, value in straight.items())
    plain = train(data, nn.L1Loss(), epochs=4)[0]
    assert not all(torch.equal(value, plain[name]) for name, value in straight.items())
