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
    save_weights(UNetGenerator(in_channels=1, out_channels=1, **SMALL), path, SETTINGS)
    return path
