"""An untrained network of few weights with dropout, saved as a training does."""

from __future__ import annotations

from pathlib import Path

SMALL = {"num_downs": 6, "ngf": 2}
SETTINGS = {
    "image_size": 64,
    "low_energy_window": None,
    "recombined_window": None,
    **SMALL,
    "norm": "batch",
}


def make_model(path: Path, seed: int = 0) -> Path:
    """Write weights and the JSON file beside them."""
    import torch

    from cem_monai.networks import UNetGenerator, save_weights

    torch.manual_seed(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    network = UNetGenerator(in_channels=1, out_channels=1, **SMALL)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:  # large enough for dropout to be seen in whole gray values
                parameter.normal_(0, 0.3)
    save_weights(network, path, SETTINGS)
    return path
