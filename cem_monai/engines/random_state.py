"""All random number generators that a training draws from, as one object with a state."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import Randomizable


class RandomState:
    """The states of Python's, NumPy's, PyTorch's (CPU, GPUs) and the transforms' generators.

    A training that is resumed with them goes on as if it had never stopped, bit by bit on a CPU.
    The state dict holds tensors, numbers and text only, so `torch.load(weights_only=True)` reads
    it.

    Args:
        transforms: transform, or anything that holds transforms; each `Randomizable` in it has a
            generator of its own.
    """

    def __init__(self, transforms: Any = None) -> None:
        self.randomizables = list(_randomizables(transforms))

    def state_dict(self) -> dict[str, Any]:
        """Return all states."""
        version, internal, gauss = random.getstate()
        return {
            "python": [version, list(internal), gauss],
            "numpy": _numpy_state(np.random.mtrand._rand),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "transforms": [_numpy_state(one.R) for one in self.randomizables],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore all states.

        Raises:
            ValueError: the number of random transforms or of GPUs is another one.
        """
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        _check_count("random transforms", len(state["transforms"]), len(self.randomizables))
        _check_count("GPUs", len(state["cuda"]), gpus)
        version, internal, gauss = state["python"]
        random.setstate((version, tuple(internal), gauss))
        _restore_numpy(np.random.mtrand._rand, state["numpy"])
        torch.set_rng_state(state["torch"])
        if gpus:
            torch.cuda.set_rng_state_all(state["cuda"])
        for one, saved in zip(self.randomizables, state["transforms"], strict=True):
            _restore_numpy(one.R, saved)


def _randomizables(item: Any, seen: set[int] | None = None) -> Iterator[Randomizable]:
    """Find them in the order in which they are defined, also in attributes and sequences."""
    seen = set() if seen is None else seen
    if id(item) in seen or isinstance(item, (str, torch.Tensor, np.ndarray)):
        return
    seen.add(id(item))
    if isinstance(item, Randomizable):
        yield item
    for part in _parts(item):
        yield from _randomizables(part, seen)


def _parts(item: Any) -> list[Any]:
    if isinstance(item, Mapping):
        return list(item.values())
    if isinstance(item, (list, tuple)):
        return list(item)
    return list(vars(item).values()) if type(item).__module__.startswith(_OURS) else []


_OURS = ("monai.transforms", __name__.removesuffix(".engines.random_state"))


def _numpy_state(generator: np.random.RandomState) -> list[Any]:
    name, keys, position, has_gauss, cached = generator.get_state(legacy=True)
    return [name, torch.from_numpy(np.asarray(keys, np.int64)), position, has_gauss, cached]


def _restore_numpy(generator: np.random.RandomState, state: list[Any]) -> None:
    name, keys, position, has_gauss, cached = state
    generator.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))


def _check_count(what: str, saved: int, present: int) -> None:
    if saved != present:
        raise ValueError(f"the checkpoint holds the states of {saved} {what}, there are {present}")
