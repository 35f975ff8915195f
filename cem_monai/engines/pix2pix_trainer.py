"""Training of a conditional GAN on pairs of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from monai.data import MetaTensor
from monai.engines import SupervisedTrainer
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys as Keys
from torch import nn
from torch.optim import Optimizer

AUTOCAST_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
LOSS_KEYS = (Keys.LOSS.value, "g_gan", "g_l1", "d_real", "d_fake", "d_loss")
NORM_KEYS = ("g_grad_norm", "d_grad_norm")


class Pix2PixTrainer(SupervisedTrainer):
    """Train a generator against a discriminator that sees source and image together.

    With source x, target y, generator G, discriminator D and adversarial loss A, each iteration
    computes G(x) once, then

    1. updates D by `d_loss` = (A(D(x, y), real) + A(D(x, G(x)), fake)) / 2, G(x) being constant,
    2. updates G by `loss` = A(D(x, G(x)), real) + `lambda_l1` · L1(G(x), y), D being constant.

    Both networks are in training mode. The output of an iteration holds, detached: `image`,
    `label`, `pred`, `loss`, `g_gan`, `g_l1` (without `lambda_l1`), `d_real`, `d_fake` (without the
    half), `d_loss`, and the Euclidean norms `g_grad_norm`, `d_grad_norm` of all gradients of a
    network. Metadata of the images stay in the batch; the output has plain tensors.

    A batch whose pixels, losses or gradients are not finite stops the training before the step of
    the optimizer (with float16, its scaler passes over steps of infinite gradients). Pixels are
    checked before the networks see them, since the running statistics of batch normalization would
    keep their trace.

    Args:
        network: generator; the first input of `inferer`.
        optimizer: optimizer of the generator.
        loss_function: pixel loss L1(generated, target), reduced by its mean.
        discriminator: network of `cat(source, image)`; its output, or the last entry of the list
            that it returns, are the logits.
        discriminator_optimizer: optimizer of the discriminator.
        adversarial_loss: A(logits, target_is_real), a scalar.
        lambda_l1: weight of the pixel loss.
        amp: None or False for float32; `"bf16"` or `"fp16"` for mixed precision. Float16 scales the
            losses of the two networks separately and needs a GPU.
        device: device on which the networks are.
        **supervised: further arguments of `SupervisedTrainer`, except for `accumulation_steps`.

    Raises:
        ValueError: `amp` or `accumulation_steps` is not supported; while running: there is no
            target, or its shape is not that of the generated image.
        RuntimeError: while running: pixels, losses or gradients are not finite.

    References:
        Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017;
        order of the updates as in the authors' PyTorch code.
    """

    def __init__(
        self,
        *,
        device: str | torch.device,
        discriminator: nn.Module,
        discriminator_optimizer: Optimizer,
        adversarial_loss: Callable[[torch.Tensor, bool], torch.Tensor],
        lambda_l1: float = 100.0,
        amp: str | bool | None = None,
        **supervised: Any,
    ) -> None:
        if supervised.get("accumulation_steps", 1) != 1:
            raise ValueError(
                "Pix2PixTrainer updates at each iteration: accumulation_steps must be 1, "
                f"is {supervised['accumulation_steps']}"
            )
        device = torch.device(device)
        self.autocast_dtype = _autocast_dtype(amp, device)
        # MONAI's own mixed precision knows nothing but CUDA and one optimizer.
        super().__init__(device=device, amp=False, **supervised)
        self.discriminator = discriminator
        self.discriminator_optimizer = discriminator_optimizer
        self.adversarial_loss = adversarial_loss
        self.lambda_l1 = lambda_l1
        scaled = self.autocast_dtype is torch.float16
        self.generator_scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.discriminator_scaler = torch.amp.GradScaler(device.type, enabled=scaled)

    @property
    def scalers(self) -> dict[str, torch.amp.GradScaler]:
        """Scalers of the losses by name; their states belong to a checkpoint."""
        return {
            "generator_scaler": self.generator_scaler,
            "discriminator_scaler": self.discriminator_scaler,
        }

    def _iteration(self, engine: SupervisedTrainer, batchdata: dict[str, torch.Tensor]) -> Any:
        source, target, args, kwargs = self._prepare(batchdata)
        self._require_finite({Keys.IMAGE: source.mean(), Keys.LABEL: target.mean()})
        self.network.train()
        self.discriminator.train()
        self.state.output = {Keys.IMAGE: source, Keys.LABEL: target}
        with self._autocast():
            generated = self.inferer(source, self.network, *args, **kwargs)
        if generated.shape != target.shape:
            raise ValueError(
                f"generated image {tuple(generated.shape)} and label {tuple(target.shape)} "
                "must have the same shape"
            )
        self.state.output[Keys.PRED] = generated.float()
        self.fire_event(IterationEvents.FORWARD_COMPLETED)
        self._update_discriminator(self.state.output)
        with _frozen(self.discriminator):
            self._update_generator(self.state.output)
        self.state.output[Keys.PRED] = self.state.output[Keys.PRED].detach()
        self.fire_event(IterationEvents.MODEL_COMPLETED)
        return self.state.output

    def _prepare(
        self, batchdata: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, tuple[Any, ...], dict[str, Any]]:
        batch = self.prepare_batch(
            batchdata, self.state.device, self.non_blocking, **self.to_kwargs
        )
        source, target, args, kwargs = batch if len(batch) == 4 else (*batch, (), {})
        if target is None:
            raise ValueError("the batch has no target image under 'label'")
        return _plain(source), _plain(target), args, kwargs

    def _update_discriminator(self, output: dict[str, torch.Tensor]) -> None:
        self.discriminator_optimizer.zero_grad(set_to_none=self.optim_set_to_none)
        with self._autocast():
            # Separate passes: batch normalization must not mix real and generated images.
            d_fake = self.adversarial_loss(self._logits(output, output[Keys.PRED].detach()), False)
            d_real = self.adversarial_loss(self._logits(output, output[Keys.LABEL]), True)
            d_loss = (d_real + d_fake) / 2
        self._report(d_real=d_real, d_fake=d_fake, d_loss=d_loss)
        scaler, optimizer = self.discriminator_scaler, self.discriminator_optimizer
        scaler.scale(d_loss).backward()
        self._report_gradients(d_grad_norm=(scaler, optimizer))
        scaler.step(optimizer)
        scaler.update()

    def _update_generator(self, output: dict[str, torch.Tensor]) -> None:
        self.optimizer.zero_grad(set_to_none=self.optim_set_to_none)
        with self._autocast():
            g_gan = self.adversarial_loss(self._logits(output, output[Keys.PRED]), True)
            g_l1 = self.loss_function(output[Keys.PRED], output[Keys.LABEL]).mean()
            loss = g_gan + self.lambda_l1 * g_l1
        self._report(g_gan=g_gan, g_l1=g_l1, loss=loss)
        self.fire_event(IterationEvents.LOSS_COMPLETED)
        scaler, optimizer = self.generator_scaler, self.optimizer
        scaler.scale(loss).backward()
        self.fire_event(IterationEvents.BACKWARD_COMPLETED)
        self._report_gradients(g_grad_norm=(scaler, optimizer))
        scaler.step(optimizer)
        scaler.update()

    def _logits(self, output: dict[str, torch.Tensor], image: torch.Tensor) -> torch.Tensor:
        features = self.discriminator(torch.cat((output[Keys.IMAGE], image), dim=1))
        logits: torch.Tensor = features[-1] if isinstance(features, (list, tuple)) else features
        return logits

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.state.device.type,
            dtype=self.autocast_dtype,
            enabled=self.autocast_dtype is not None,
            **self.amp_kwargs,
        )

    def _report(self, **losses: torch.Tensor) -> None:
        losses = {name: loss.detach() for name, loss in losses.items()}
        self._require_finite(losses)
        self.state.output.update(losses)

    def _report_gradients(self, **steps: tuple[torch.amp.GradScaler, Optimizer]) -> None:
        for name, (scaler, optimizer) in steps.items():
            scaler.unscale_(optimizer)
            groups = (group["params"] for group in optimizer.param_groups)
            gradients = [one.grad for group in groups for one in group if one.grad is not None]
            norm = nn.utils.get_total_norm(gradients)
            if not scaler.is_enabled():
                self._require_finite({name: norm})
            self.state.output[name] = norm

    def _require_finite(self, values: dict[str, torch.Tensor]) -> None:
        stacked = torch.stack(list(values.values()))
        if torch.isfinite(stacked).all():
            return
        numbers = ", ".join(
            f"{name} {number}" for name, number in zip(values, stacked.tolist(), strict=True)
        )
        batch = self.state.batch
        cases = batch.get("case", "unknown") if isinstance(batch, dict) else "unknown"
        raise RuntimeError(
            f"not finite at epoch {self.state.epoch}, iteration {self.state.iteration}: {numbers}; "
            f"cases: {cases}"
        )


def pix2pix_losses(output: dict[str, Any] | list[dict[str, Any]]) -> dict[str, float]:
    """Losses of an iteration, for the `output_transform` of statistics handlers.

    Args:
        output: `engine.state.output` of a `Pix2PixTrainer`: a dictionary or, with `decollate=True`,
            one dictionary per image of the batch, all with the same losses.

    Returns:
        Values of `loss`, `g_gan`, `g_l1`, `d_real`, `d_fake`, `d_loss`, `g_grad_norm`,
        `d_grad_norm`.
    """
    losses = output[0] if isinstance(output, list) else output
    return {key: float(losses[key]) for key in (*LOSS_KEYS, *NORM_KEYS)}


def _autocast_dtype(amp: str | bool | None, device: torch.device) -> torch.dtype | None:
    if amp is None or amp is False:
        return None
    if not isinstance(amp, str) or amp not in AUTOCAST_DTYPES:
        raise ValueError(f"amp must be None, False, 'bf16' or 'fp16', is {amp!r}")
    if amp == "fp16" and device.type == "cpu":
        raise ValueError("amp 'fp16' needs a GPU, the device is 'cpu'; use 'bf16' or None")
    return AUTOCAST_DTYPES[amp]


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Keep gradients from `network` while they flow through it, even if the block fails."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def _plain(image: torch.Tensor) -> torch.Tensor:
    # Each operation on a MetaTensor costs time for metadata that no network reads.
    return image.as_tensor() if isinstance(image, MetaTensor) else image
