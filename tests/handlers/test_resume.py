"""What a resumed training takes over, and what it refuses."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.transforms import Compose, RandFlipd, RandGaussianNoised

from cem_monai.engines import RandomState
from cem_monai.handlers import BestWeights, TrainingCheckpoint

SETTINGS = {"batch_size": 2}


def trained(folder, epochs, *, resume=False, settings=SETTINGS, interval=1):
    """Return network and engine of a training whose weight counts iterations."""
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)

    def step(engine, batch):
        network.weight.data += 1

    engine = Engine(step)
    states = {"generator": network}
    handler = TrainingCheckpoint(folder, network, states, {}, settings, interval, resume)
    handler.attach(engine)
    engine.run([0, 0], max_epochs=epochs)
    return network, engine


def test_resumed_training_ends_where_a_straight_one_does(tmp_path):
    trained(tmp_path, 2)
    network, engine = trained(tmp_path, 5, resume=True)

    assert network.weight.item() == 10
    assert (engine.state.epoch, engine.state.iteration) == (5, 10)


def test_finished_training_is_not_trained_further(tmp_path):
    trained(tmp_path, 2)
    network, _ = trained(tmp_path, 2, resume=True)

    assert network.weight.item() == 4


def test_weights_lost_between_the_two_files_come_back(tmp_path):
    trained(tmp_path, 2)
    (tmp_path / "model.pt").unlink()
    trained(tmp_path, 2, resume=True)

    assert torch.load(tmp_path / "model.pt", weights_only=True)["weight"].item() == 4


def test_resume_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint in .*: train without resume"):
        trained(tmp_path, 2, resume=True)


@pytest.mark.parametrize("length", [0, 10, -1])
def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, length, caplog):
    trained(tmp_path, 3)
    newest = tmp_path / "checkpoint.pt"
    newest.write_bytes(newest.read_bytes()[:length])
    network, _ = trained(tmp_path, 4, resume=True)

    assert network.weight.item() == 8
    assert "checkpoint.pt cannot be read" in caplog.text


def test_nothing_readable_is_told(tmp_path):
    trained(tmp_path, 3)
    for path in tmp_path.glob("checkpoint*.pt"):
        path.write_bytes(b"half")

    with pytest.raises(ValueError, match="is damaged, and no checkpoint before it"):
        trained(tmp_path, 4, resume=True)


def test_another_architecture_is_refused_in_one_sentence(tmp_path):
    trained(tmp_path, 2)
    network = torch.nn.Linear(2, 1)
    handler = TrainingCheckpoint(tmp_path, network, {"generator": network}, {}, SETTINGS, 1, True)
    engine = Engine(lambda engine, batch: None)
    handler.attach(engine)

    with pytest.raises(ValueError, match=r"checkpoint\.pt holds the generator of another"):
        engine.run([0], max_epochs=4)


def test_other_settings_are_refused(tmp_path):
    trained(tmp_path, 2)

    with pytest.raises(ValueError, match="batch_size 2, now it is 4: resume with the same"):
        trained(tmp_path, 4, resume=True, settings={"batch_size": 4})


def test_kill_between_the_two_renames_loses_nothing(tmp_path):
    """Between them only the checkpoint before has its name."""
    trained(tmp_path, 3)
    (tmp_path / "checkpoint.pt").unlink()
    network, _ = trained(tmp_path, 4, resume=True)

    assert network.weight.item() == 8


def draws(transforms):
    item = {"image": torch.arange(16.0).reshape(1, 4, 4)}
    return [
        random.random(),
        np.random.random(),  # noqa: NPY002
        float(torch.rand(1)),
        np.asarray(transforms(item)["image"]).tolist(),
    ]


def test_random_state_repeats_every_generator(tmp_path):
    transforms = Compose(
        [RandFlipd(keys="image", prob=0.5), Compose([RandGaussianNoised(keys="image", prob=0.9)])]
    )
    transforms.set_random_state(seed=1)
    state = RandomState(transforms)
    draws(transforms)
    torch.save(state.state_dict(), tmp_path / "random.pt")
    expected = [draws(transforms) for _ in range(3)]
    state.load_state_dict(torch.load(tmp_path / "random.pt", weights_only=True))

    assert [draws(transforms) for _ in range(3)] == expected
    assert expected[0] != expected[1]


def test_random_state_of_other_transforms_is_refused():
    saved = RandomState(Compose([RandFlipd(keys="image")])).state_dict()

    with pytest.raises(ValueError, match="states of 2 random transforms, there are 0"):
        RandomState(None).load_state_dict(saved)


def best_after(folder, values, best=None):
    network = torch.nn.Linear(1, 1)
    engine = Engine(lambda engine, batch: None)
    path = folder / "model_best.pt"
    handler = best or BestWeights(path, network, {}, engine, "delta_cnr_mass")
    handler.validator = engine
    handler.attach(Engine(lambda engine, batch: None))
    for epoch, value in enumerate(values, start=1):
        torch.nn.init.constant_(handler.network.weight, epoch)
        engine.state.metrics["delta_cnr_mass"] = value
        engine.fire_event(Events.COMPLETED)
    kept = torch.load(path, weights_only=True)["weight"] if path.exists() else None
    return handler, kept


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([-2.0, 0.5, -0.4, 1.0], 3),
        ([float("nan"), -2.0, float("nan"), -3.0], 2),
        ([-1.0, float("inf"), 1.0], 1),
    ],
)
def test_best_weights_are_those_nearest_to_zero(tmp_path, values, best):
    _, kept = best_after(tmp_path, values)

    assert float(kept) == best


def test_without_a_finite_metric_there_are_no_best_weights(tmp_path):
    _, kept = best_after(tmp_path, [float("nan")] * 3)

    assert kept is None


def test_best_value_survives_a_resume(tmp_path):
    first, _ = best_after(tmp_path, [0.3])
    second = BestWeights(
        tmp_path / "model_best.pt", first.network, {}, first.validator, "delta_cnr_mass"
    )
    second.load_state_dict(first.state_dict())
    _, kept = best_after(tmp_path, [0.9, 0.8], best=second)

    assert float(kept) == 1
