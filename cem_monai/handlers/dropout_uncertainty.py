"""How much a generated image varies when the network drops features."""

from __future__ import annotations

from collections.abc import Callable

import torch
from ignite.engine import Engine
from monai.data import MetaTensor
from monai.engines import IterationEvents
from torch import nn

from cem_monai.handlers.image_seed import image_seed

Inferer = Callable[..., torch.Tensor]


class DropoutUncertainty:
    """Put the standard deviation over passes with dropout beside the generated image.

    The generated image itself stays that of one pass without dropout. Only the dropout layers that
    the network was trained with act, all else is as in evaluation mode, so that the map covers what
    these layers cover: of a U-Net the innermost steps, hence it is smooth. It is not calibrated.

    The random numbers follow from the seed and the pixels of the image, so that a map depends
    neither on other images nor on their order.

    Args:
        network: network of the evaluator.
        inferer: its inferer.
        passes: number of passes, at least 2.
        seed: of the random numbers.
        key: of the map in the output of the engine: (B, 1, H, W), in units of the network.

    Raises:
        ValueError: `passes` is less than 2, or the network has no dropout.
    """

    def __init__(
        self,
        network: nn.Module,
        inferer: Inferer,
        passes: int,
        seed: int = 0,
        key: str = "uncertainty",
    ) -> None:
        if passes < 2:
            raise ValueError(f"uncertainty must be 0 or at least 2 passes, is {passes}")
        self.dropouts = [
            layer for layer in network.modules() if isinstance(layer, nn.Dropout) and layer.p > 0
        ]
        if not self.dropouts:
            raise ValueError(
                f"uncertainty {passes}: {type(network).__name__} of these settings has no dropout "
                "that could vary its result"
            )
        self.network, self.inferer = network, inferer
        self.passes, self.seed, self.key = passes, seed, key

    def attach(self, engine: Engine) -> None:
        """Register at an evaluator of MONAI."""
        engine.add_event_handler(IterationEvents.FORWARD_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Compute the map of the present batch."""
        image = engine.state.output["image"]
        deviation = self.deviation(image)
        engine.state.output[self.key] = (
            MetaTensor(deviation).copy_meta_from(image)
            if isinstance(image, MetaTensor)
            else deviation
        )

    @torch.no_grad()
    def deviation(self, image: torch.Tensor) -> torch.Tensor:
        """Return the standard deviation over the passes, in units of the network.

        Args:
            image: (B, C, H, W) input of the network.
        """
        image = image.as_tensor() if isinstance(image, MetaTensor) else image
        mean, squares = torch.zeros(()), torch.zeros(())
        training = self.network.training
        self.network.eval()
        for layer in self.dropouts:
            layer.train()
        devices = [image.device] if image.is_cuda else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(image_seed(image, self.seed, self.passes))
            for number in range(1, self.passes + 1):
                result = self.inferer(image, self.network)
                # Welford: two maps in memory, however many passes
                change = result - mean.to(result)
                mean = mean.to(result) + change / number
                squares = squares.to(result) + change * (result - mean)
        self.network.train(training)
        return (squares / (self.passes - 1)).sqrt()
