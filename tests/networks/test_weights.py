from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from cem_monai.networks import UNetGenerator, load_weights


def network(seed: int = 0, **changes: int) -> UNetGenerator:
    torch.manual_seed(seed)
    return UNetGenerator(**({"num_downs": 3, "ngf": 2} | changes))  # type: ignore[arg-type]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    torch.save(network().state_dict(), path)
    return path


def assert_refused(path: Path, message: str, target: nn.Module | None = None) -> None:
    target = network(seed=1) if target is None else target
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(ValueError, match=message) as caught:
        load_weights(target, path)
    assert str(path) in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())


def test_round_trip(weights: Path) -> None:
    target = network(seed=1)
    load_weights(target, str(weights))
    for name, value in network().state_dict().items():
        assert torch.equal(target.state_dict()[name], value)


@pytest.mark.parametrize("name", ["absent.pt", "."])
def test_missing_file_says_what_to_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no weights at .*: train first or pass --ckpt_dir"
    ):
        load_weights(network(), tmp_path / name)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_truncated_file(weights: Path, kept: float) -> None:
    content = weights.read_bytes()
    weights.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    assert_refused(weights, "cannot read weights from")


def test_flipped_bytes_in_the_middle_are_refused(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[:64] = bytes(64)
    weights.write_bytes(content)
    assert_refused(weights, "cannot read weights from")


def test_text_file(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    assert_refused(path, "cannot read weights from")


def test_pickled_object_is_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(network(), path)
    assert_refused(path, "cannot read weights from")


def test_list_is_no_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save([torch.zeros(1)], path)
    assert_refused(path, "holds a list instead of a state dict")


def test_nested_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"network": network().state_dict(), "epoch": 3}, path)
    assert_refused(path, "entries differ")


def test_wrong_shapes_are_counted(weights: Path) -> None:
    message = (
        r"does not fit UNetGenerator: \d+ entries differ; the first is 'downs.0.0.weight': "
        r"\(2, 1, 4, 4\) in the file, \(4, 1, 4, 4\) in the network"
    )
    assert_refused(weights, message, network(ngf=4))


def test_missing_and_unknown_keys_are_counted(weights: Path) -> None:
    state = torch.load(weights, weights_only=True)
    state["tail.bias"] = state.pop("head.1.bias")
    torch.save(state, weights)
    assert_refused(weights, r"2 entries differ; the first is 'head.1.bias': missing in the file")


def test_unknown_key_alone_is_refused(weights: Path) -> None:
    torch.save(torch.load(weights, weights_only=True) | {"extra": torch.zeros(3)}, weights)
    assert_refused(weights, r"1 entries differ; the first is 'extra': \(3,\) in the file, missing")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(weights: Path, value: float) -> None:
    state = torch.load(weights, weights_only=True)
    state["bottleneck.weight"][0, 0, 0, 0] = value
    torch.save(state, weights)
    assert_refused(weights, "not finite in 1 entries; the first is 'bottleneck.weight'")
