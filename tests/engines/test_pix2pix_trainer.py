from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Events
from monai.data import MetaTensor
from monai.engines.utils import IterationEvents
from monai.handlers import StatsHandler, from_engine
from monai.networks.nets import PatchDiscriminator
from torch import nn
from torch.nn import functional

from cem_monai.engines import Pix2PixTrainer, pix2pix_losses, pix2pix_trainer
from cem_monai.losses import AdversarialLoss
from cem_monai.networks import UNetGenerator

Batch = dict[str, Any]
LOSSES = ["loss", "g_gan", "g_l1", "d_real", "d_fake", "d_loss", "g_grad_norm", "d_grad_norm"]


def pair(seed: int = 0, size: int = 1, side: int = 64) -> Batch:
    """Smooth images in [-1, 1] and a smooth function of them."""
    torch.manual_seed(seed)
    noise = torch.randn(size, 1, side // 8, side // 8)
    image = functional.interpolate(noise, size=(side, side), mode="bilinear").tanh()
    return {"image": image, "label": (1 - 2 * image.abs()), "case": [f"C{seed}"] * size}


def make_trainer(data: list[Batch], *, seed: int = 0, **changes: Any) -> Pix2PixTrainer:
    torch.manual_seed(seed)
    generator = changes.pop("network", None) or UNetGenerator(num_downs=5, ngf=8)
    discriminator = PatchDiscriminator(spatial_dims=2, channels=8, in_channels=2)
    arguments = {
        "device": "cpu",
        "max_epochs": 1,
        "train_data_loader": data,
        "network": generator,
        "optimizer": adam(generator),
        "loss_function": nn.L1Loss(),
        "discriminator": discriminator,
        "discriminator_optimizer": adam(discriminator),
        "adversarial_loss": AdversarialLoss("lsgan"),
    }
    return Pix2PixTrainer(**(arguments | changes))


def adam(network: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))


def run(data: list[Batch], **arguments: Any) -> list[dict[str, float]]:
    return record(make_trainer(data, **arguments))


def record(trainer: Pix2PixTrainer) -> list[dict[str, float]]:
    """Train and return the losses of each iteration."""
    losses: list[dict[str, float]] = []
    trainer.add_event_handler(
        IterationEvents.MODEL_COMPLETED,
        lambda engine: losses.append(pix2pix_losses(engine.state.output)),
    )
    trainer.run()
    return losses


def snapshot(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def is_unchanged(network: nn.Module, before: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def plain_loop(data: list[Batch], generator: nn.Module, discriminator: nn.Module) -> None:
    """The published training step, written down without an engine."""
    g_optimizer, d_optimizer = adam(generator), adam(discriminator)
    for batch in data:
        source, target = batch["image"], batch["label"]
        generated = generator(source)
        d_optimizer.zero_grad()
        fake_logits = discriminator(torch.cat([source, generated.detach()], 1))[-1]
        real_logits = discriminator(torch.cat([source, target], 1))[-1]
        (0.5 * (fake_logits.square().mean() + (real_logits - 1).square().mean())).backward()
        d_optimizer.step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(False)
        g_optimizer.zero_grad()
        logits = discriminator(torch.cat([source, generated], 1))[-1]
        loss = (logits - 1).square().mean() + 100 * (generated - target).abs().mean()
        loss.backward()
        g_optimizer.step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)


def test_equals_plain_loop_bit_for_bit() -> None:
    data = [pair(seed, size=2) for seed in range(3)]
    trainer = make_trainer(data)
    twin = make_trainer(data)
    trainer.run()
    plain_loop(data, twin.network, twin.discriminator)
    assert is_unchanged(trainer.network, snapshot(twin.network))
    assert is_unchanged(trainer.discriminator, snapshot(twin.discriminator))


def test_both_networks_are_updated() -> None:
    trainer = make_trainer([pair()])
    before = snapshot(trainer.network), snapshot(trainer.discriminator)
    trainer.run()
    for network, old in zip((trainer.network, trainer.discriminator), before, strict=True):
        assert not any(torch.equal(p, old[name]) for name, p in network.named_parameters())


def test_generator_step_leaves_discriminator_alone() -> None:
    trainer = make_trainer([pair()])
    at_loss: list[list[torch.Tensor]] = []

    def look(engine: Pix2PixTrainer) -> None:
        parameters = list(engine.discriminator.parameters())
        at_loss.append([p.detach().clone() for p in parameters])
        at_loss.append([p.grad.clone() for p in parameters if p.grad is not None])
        assert not any(p.requires_grad for p in parameters)

    trainer.add_event_handler(IterationEvents.LOSS_COMPLETED, look)
    trainer.run()
    parameters = list(trainer.discriminator.parameters())
    assert all(p.requires_grad for p in parameters)
    assert all(torch.equal(p, old) for p, old in zip(parameters, at_loss[0], strict=True))
    gradients = [p.grad for p in parameters]
    assert all(torch.equal(g, old) for g, old in zip(gradients, at_loss[1], strict=True))  # type: ignore[arg-type]


def test_parameters_frozen_on_purpose_stay_frozen() -> None:
    trainer = make_trainer([pair()])
    first = next(trainer.discriminator.parameters())
    first.requires_grad_(False)
    trainer.run()
    assert not first.requires_grad
    assert sum(not p.requires_grad for p in trainer.discriminator.parameters()) == 1


def test_overfits_one_pair() -> None:
    losses = [step["g_l1"] for step in run([pair()] * 200)]
    assert losses[-1] < 0.5 * losses[0]


def test_same_seed_gives_identical_losses() -> None:
    data = [pair(seed) for seed in range(4)]
    generator = {"num_downs": 6, "ngf": 4}  # has dropout

    def losses(seed: int) -> list[dict[str, float]]:
        torch.manual_seed(seed)
        return run(data, network=UNetGenerator(**generator), seed=seed)  # type: ignore[arg-type]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_resumed_training_is_bit_identical(tmp_path: Path) -> None:
    data = [pair(seed) for seed in range(6)]
    whole = run(data)
    first = make_trainer(data[:3])
    parts = ("network", "discriminator", "optimizer", "discriminator_optimizer", "generator_scaler")
    record(first)
    torch.save({part: getattr(first, part).state_dict() for part in parts}, tmp_path / "state.pt")
    second = make_trainer(data[3:], seed=9)
    for part, state in torch.load(tmp_path / "state.pt", weights_only=True).items():
        getattr(second, part).load_state_dict(state)
    assert record(second) == whole[3:]


def test_losses_add_up() -> None:
    (step,) = run([pair()], lambda_l1=10.0)
    assert list(step) == LOSSES
    assert step["loss"] == pytest.approx(step["g_gan"] + 10 * step["g_l1"])
    assert step["d_loss"] == pytest.approx((step["d_real"] + step["d_fake"]) / 2)


def test_gradient_norms_are_those_of_all_gradients() -> None:
    trainer = make_trainer([pair()])
    trainer.run()
    for network, name in ((trainer.network, "g_grad_norm"), (trainer.discriminator, "d_grad_norm")):
        # the gradients of the last iteration are still there
        squares = [one.grad.double().square().sum() for one in network.parameters()]
        expected = torch.stack(squares).sum().sqrt()
        assert float(trainer.state.output[0][name]) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_gradient_that_is_not_finite_stops_before_the_step(part: str) -> None:
    trainer = make_trainer([pair()])
    network = getattr(trainer, part)
    first = next(network.parameters())
    first.register_hook(lambda gradient: gradient * float("nan"))
    before = {name: value.clone() for name, value in network.named_parameters()}
    name = "g_grad_norm" if part == "network" else "d_grad_norm"
    with pytest.raises(RuntimeError, match=f"not finite at epoch 1, iteration 1: {name} nan"):
        trainer.run()
    assert all(torch.equal(value, before[key]) for key, value in network.named_parameters())


def test_discriminator_sees_source_with_target_and_generated() -> None:
    trainer = make_trainer([pair(size=2)], decollate=False)
    seen: list[torch.Tensor] = []
    trainer.discriminator.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach()))
    trainer.run()
    output = trainer.state.output
    generated = torch.cat([output["image"], output["pred"]], dim=1)
    real = torch.cat([output["image"], output["label"]], dim=1)
    assert len(seen) == 3
    assert torch.equal(seen[0], generated)
    assert torch.equal(seen[1], real)
    assert torch.equal(seen[2], generated)


def test_discriminator_may_return_a_tensor() -> None:
    class Logits(PatchDiscriminator):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = super().forward(x)[-1]
            return logits

    listed = make_trainer([pair(size=2)])
    bare = make_trainer([pair(size=2)])
    logits = Logits(spatial_dims=2, channels=8, in_channels=2)
    logits.load_state_dict(bare.discriminator.state_dict())
    bare.discriminator, bare.discriminator_optimizer = logits, adam(logits)
    assert record(bare) == record(listed)


def test_output_without_decollation_is_detached() -> None:
    trainer = make_trainer([pair(size=2)], decollate=False)
    trainer.run()
    output = trainer.state.output
    assert set(output) == {"image", "label", "pred", *LOSSES}
    assert output["pred"].shape == (2, 1, 64, 64)
    assert not any(value.requires_grad for value in output.values())


def test_output_with_decollation_has_one_entry_per_image() -> None:
    trainer = make_trainer([pair(size=2)])
    trainer.run()
    assert [set(item) for item in trainer.state.output] == [{"image", "label", "pred", *LOSSES}] * 2
    assert trainer.state.output[1]["pred"].shape == (1, 64, 64)


def test_output_suits_the_handler_that_the_bundle_runner_adds_for_tracking() -> None:
    losses = []
    transform = from_engine(["loss"], first=True)  # as in MONAI's DEFAULT_MLFLOW_SETTINGS
    trainer = make_trainer([pair(size=2)])
    trainer.add_event_handler(
        Events.ITERATION_COMPLETED, lambda engine: losses.append(transform(engine.state.output))
    )
    trainer.run()
    assert [float(loss) for loss in losses] == [one["loss"] for one in run([pair(size=2)])]


def test_losses_read_the_same_from_both_kinds_of_output() -> None:
    assert run([pair(size=2)], decollate=True) == run([pair(size=2)], decollate=False)


def test_losses_reach_the_statistics_handler(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = StatsHandler(name="losses", output_transform=pix2pix_losses)
    with caplog.at_level(logging.INFO, logger="losses"):
        run([pair()], train_handlers=[handler])
    line = capsys.readouterr().out  # MONAI's handler prints, its logger does not propagate
    assert all(f"{key}: " in line for key in LOSSES)


def test_events_fire_in_order() -> None:
    trainer = make_trainer([pair(), pair()])
    names = ("FORWARD_COMPLETED", "LOSS_COMPLETED", "BACKWARD_COMPLETED", "MODEL_COMPLETED")
    seen: list[str] = []
    for name in names:
        trainer.add_event_handler(
            getattr(IterationEvents, name), lambda _, name: seen.append(name), name
        )
    trainer.run()
    assert seen == [*names, *names]


def test_networks_train_in_training_mode() -> None:
    trainer = make_trainer([pair()])
    trainer.network.eval()
    trainer.discriminator.eval()
    trainer.run()
    assert trainer.network.training
    assert trainer.discriminator.training


def test_meta_tensors_train_like_tensors() -> None:
    batch = pair(size=2)
    meta = batch | {key: MetaTensor(batch[key]) for key in ("image", "label")}
    assert run([meta], decollate=False) == run([batch], decollate=False)


def test_image_pairs_without_names_are_accepted() -> None:
    batch = pair()
    assert run([(batch["image"], batch["label"])]) == run([batch])  # type: ignore[list-item]


def test_bf16_stays_close_to_float32() -> None:
    data = [pair()] * 20
    full, mixed = run(data), run(data, amp="bf16")
    assert mixed != full
    assert mixed[0]["loss"] == pytest.approx(full[0]["loss"], rel=0.01)
    assert mixed[-1]["g_l1"] == pytest.approx(full[-1]["g_l1"], rel=0.1)


def test_bf16_output_and_weights_are_float32() -> None:
    trainer = make_trainer([pair()], amp="bf16")
    trainer.run()
    assert trainer.state.output[0]["pred"].dtype is torch.float32
    assert all(parameter.dtype is torch.float32 for parameter in trainer.network.parameters())


@pytest.mark.parametrize("amp", [None, False])
def test_no_mixed_precision(amp: bool | None) -> None:
    assert run([pair()], amp=amp) == run([pair()])


@pytest.mark.parametrize("amp", [True, "fp8", "BF16", 1, 0])
def test_unknown_mixed_precision_raises(amp: object) -> None:
    with pytest.raises(ValueError, match=f"amp must be None, False, 'bf16' or 'fp16', is {amp!r}"):
        make_trainer([pair()], amp=amp)


def test_fp16_on_cpu_raises() -> None:
    with pytest.raises(ValueError, match="'fp16' needs a GPU"):
        make_trainer([pair()], amp="fp16")


def test_fp16_scales_both_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    # float16 runs on the CPU, only too slowly to be offered
    monkeypatch.setattr(pix2pix_trainer, "_autocast_dtype", lambda amp, device: torch.float16)
    trainer = make_trainer([pair()] * 40, amp="fp16")
    losses = [step["g_l1"] for step in record(trainer)]
    assert losses[-1] < 0.9 * losses[0]
    scalers = (trainer.generator_scaler, trainer.discriminator_scaler)
    assert all(scaler.is_enabled() and scaler.get_scale() > 1 for scaler in scalers)
    assert scalers[0] is not scalers[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("amp", [None, "bf16", "fp16"])
def test_overfits_one_pair_on_gpu(amp: str | None) -> None:
    trainer = make_trainer([pair()] * 200, amp=amp, device="cuda")
    trainer.network.to("cuda")
    trainer.discriminator.to("cuda")
    losses = [step["g_l1"] for step in record(trainer)]
    assert losses[-1] < 0.5 * losses[0]


def test_gradient_accumulation_is_refused() -> None:
    with pytest.raises(ValueError, match="accumulation_steps must be 1, is 4"):
        make_trainer([pair()], accumulation_steps=4)


@pytest.mark.parametrize("key", ["image", "label"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_pixels_that_are_not_finite_stop_training(key: str, value: float) -> None:
    bad = pair(seed=7, size=2)
    bad[key][1, 0, 5, 5] = value
    trainer = make_trainer([bad])
    before = snapshot(trainer.network), snapshot(trainer.discriminator)
    with pytest.raises(
        RuntimeError, match=rf"epoch 1, iteration 1: .*{key} .*cases: \['C7', 'C7'\]"
    ):
        trainer.run()
    # the running statistics of batch normalization included
    assert is_unchanged(trainer.network, before[0])
    assert is_unchanged(trainer.discriminator, before[1])


class BrokenLoss(AdversarialLoss):
    """Returns NaN at one call of the three of each iteration."""

    def __init__(self, broken_call: int) -> None:
        super().__init__()
        self.calls = -broken_call

    def forward(self, logits: torch.Tensor, target_is_real: bool) -> torch.Tensor:
        self.calls += 1
        return super().forward(logits, target_is_real) * (float("nan") if self.calls == 0 else 1)


def test_discriminator_loss_that_is_not_finite_changes_no_weight() -> None:
    trainer = make_trainer([pair()], adversarial_loss=BrokenLoss(2))
    parameters = [*trainer.network.parameters(), *trainer.discriminator.parameters()]
    before = [parameter.detach().clone() for parameter in parameters]
    with pytest.raises(
        RuntimeError, match=r"d_real nan, d_fake 0\.\d+, d_loss nan; cases: \['C0'\]"
    ):
        trainer.run()
    assert all(torch.equal(p, old) for p, old in zip(parameters, before, strict=True))


def test_generator_loss_that_is_not_finite_spares_the_generator() -> None:
    trainer = make_trainer([pair(0), pair(1)], adversarial_loss=BrokenLoss(6))
    before: list[dict[str, torch.Tensor]] = []
    trainer.add_event_handler(
        IterationEvents.MODEL_COMPLETED, lambda engine: before.append(snapshot(engine.network))
    )
    with pytest.raises(RuntimeError, match=r"epoch 1, iteration 2: g_gan nan, .*cases: \['C1'\]"):
        trainer.run()
    assert all(torch.equal(p, before[0][name]) for name, p in trainer.network.named_parameters())
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())


def test_missing_target_raises() -> None:
    with pytest.raises(ValueError, match="no target image under 'label'"):
        run([{"image": pair()["image"]}])


def test_target_of_another_shape_raises() -> None:
    batch = pair(size=2)
    with pytest.raises(ValueError, match=r"\(2, 1, 64, 64\) and label \(1, 1, 64, 64\)"):
        run([batch | {"label": batch["label"][:1]}])
