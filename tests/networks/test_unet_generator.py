from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.export import Dim

from cem_monai.networks import UNetGenerator


class RecursiveUNet(nn.Module):
    """The pix2pix U-Net as published: each level wraps the next one."""

    def __init__(self, channels: int, num_downs: int, ngf: int, dropout: float) -> None:
        super().__init__()
        block = RecursiveBlock(ngf * 8, ngf * 8, kind="innermost")
        for _ in range(num_downs - 5):
            block = RecursiveBlock(ngf * 8, ngf * 8, inner=block, dropout=dropout)
        for factor in (4, 2, 1):
            block = RecursiveBlock(ngf * factor, ngf * factor * 2, inner=block)
        self.model = RecursiveBlock(channels, ngf, inner=block, kind="outermost")

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.model(image)


class RecursiveBlock(nn.Module):
    def __init__(
        self,
        outer: int,
        inner_channels: int,
        inner: nn.Module | None = None,
        kind: str = "middle",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.outermost = kind == "outermost"
        down = nn.Conv2d(outer, inner_channels, 4, 2, 1, bias=False)
        wide = inner_channels if kind == "innermost" else 2 * inner_channels
        up = nn.ConvTranspose2d(wide, outer, 4, 2, 1, bias=self.outermost)
        layers: list[nn.Module] = [] if self.outermost else [nn.LeakyReLU(0.2, True)]
        layers.append(down)
        if kind == "middle":
            layers.append(nn.BatchNorm2d(inner_channels))
        if inner is not None:
            layers.append(inner)
        layers += [nn.ReLU(True), up, nn.Tanh() if self.outermost else nn.BatchNorm2d(outer)]
        if dropout:
            layers.append(nn.Dropout(dropout))
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


def small_generator(**changes: object) -> UNetGenerator:
    torch.manual_seed(0)
    return UNetGenerator(**({"num_downs": 5, "ngf": 8} | changes))  # type: ignore[arg-type]


def transplant(source: nn.Module, target: nn.Module) -> None:
    values = list(source.state_dict().values())
    target.load_state_dict(dict(zip(target.state_dict(), values, strict=True)))


def count_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"num_downs": 7}, 41_822_849),
        ({"num_downs": 8}, 54_407_809),
        ({"num_downs": 9}, 66_992_769),
        ({"num_downs": 9, "in_channels": 3, "out_channels": 3}, 66_998_915),
        ({"num_downs": 8, "in_channels": 3, "out_channels": 3}, 54_413_955),
        ({"num_downs": 8, "ngf": 96}, 122_407_873),
        ({"num_downs": 5}, 16_652_929),
        ({"num_downs": 9, "ngf": 8}, 1_048_401),
        ({"num_downs": 5, "ngf": 8}, 260_945),
    ],
)
def test_parameter_count(arguments: dict[str, int], expected: int) -> None:
    with torch.device("meta"):
        network = UNetGenerator(**arguments)  # type: ignore[arg-type]
    assert count_parameters(network) == expected


@pytest.mark.parametrize("side", [512, 1024])
def test_nine_downs_keep_size(side: int) -> None:
    with torch.device("meta"):
        assert UNetGenerator()(torch.empty(1, 1, side, side)).shape == (1, 1, side, side)


def test_nine_downs_train_on_one_image() -> None:
    generator = small_generator(num_downs=9, ngf=2)
    generator(torch.randn(1, 1, 512, 512)).mean().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


@pytest.mark.parametrize("shape", [(500, 500), (512, 500), (500, 512), (0x300, 512)])
def test_sides_that_are_no_multiples_raise(shape: tuple[int, int]) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=r"multiples of 512, are \d+ x \d+"):
        UNetGenerator()(torch.empty(1, 1, *shape))


@pytest.mark.parametrize("shape", [(32, 32), (96, 96), (64, 160)])
def test_output_keeps_shape_and_range(shape: tuple[int, int]) -> None:
    with torch.no_grad():
        generated = small_generator()(100 * torch.randn(2, 1, *shape))
    assert generated.shape == (2, 1, *shape)
    assert generated.abs().max() <= 1


def test_channels_may_differ() -> None:
    network = small_generator(in_channels=2, out_channels=3)
    assert network(torch.zeros(1, 2, 32, 32)).shape == (1, 3, 32, 32)


def test_two_downs_suffice() -> None:
    assert small_generator(num_downs=2)(torch.zeros(1, 1, 4, 8)).shape == (1, 1, 4, 8)


@pytest.mark.parametrize("num_downs", [5, 7])
def test_equals_published_recursive_form(num_downs: int) -> None:
    torch.manual_seed(0)
    reference = RecursiveUNet(1, num_downs, ngf=4, dropout=0.5)
    network = UNetGenerator(num_downs=num_downs, ngf=4)
    transplant(reference, network)
    image = torch.randn(2, 1, 128, 128)
    gradients = []
    for model in (reference, network):
        torch.manual_seed(1)  # the same dropout
        generated = model(image)
        generated.square().mean().backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    torch.manual_seed(1)
    expected = reference(image)
    torch.manual_seed(1)
    assert torch.equal(network(image), expected)
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
    assert torch.equal(network.eval()(image), reference.eval()(image))


def test_eval_mode_is_deterministic() -> None:
    network = small_generator(num_downs=6).eval()
    image = torch.randn(1, 1, 64, 64)
    assert torch.equal(network(image), network(image))


def test_dropout_acts_in_training_mode() -> None:
    network = small_generator(num_downs=6)
    image = torch.randn(1, 1, 64, 64)
    assert not torch.equal(network(image), network(image))


@pytest.mark.parametrize(
    ("num_downs", "dropout", "expected"), [(4, 0.5, 0), (5, 0.5, 0), (9, 0.5, 4), (9, 0.0, 0)]
)
def test_number_of_dropout_levels(num_downs: int, dropout: float, expected: int) -> None:
    network = small_generator(num_downs=num_downs, ngf=1, dropout=dropout)
    found = [up for up in network.ups if any(isinstance(m, nn.Dropout) for m in up.modules())]
    assert len(found) == expected
    assert found == list(network.ups[1 : 1 + expected])


def test_instance_norm_replaces_batch_norm() -> None:
    network = small_generator(norm="instance", num_downs=4)
    names = {type(module).__name__ for module in network.modules()}
    assert "InstanceNorm2d" in names
    assert "BatchNorm2d" not in names
    network(torch.randn(1, 1, 32, 32)).mean().backward()


def test_input_is_not_changed() -> None:
    image = torch.randn(1, 1, 32, 32)
    before = image.clone()
    small_generator()(image)
    assert torch.equal(image, before)


def test_scripted_equals_eager() -> None:
    network = small_generator(num_downs=6).eval()
    image = torch.randn(1, 1, 64, 128)
    scripted = torch.jit.script(network)
    assert torch.equal(scripted(image), network(image))
    with pytest.raises(torch.jit.Error, match="multiples of 64, are 64 x 100"):
        scripted(image[..., :100])


def test_exported_equals_eager_for_any_size() -> None:
    network = small_generator().eval()
    image = torch.randn(1, 1, 64, 96)
    sides = {2: 32 * Dim("height", max=64), 3: 32 * Dim("width", max=64)}
    exported = torch.export.export(network, (image,), dynamic_shapes=(sides,)).module()
    assert torch.equal(exported(image), network(image))
    other = torch.randn(1, 1, 128, 64)
    assert torch.equal(exported(other), network(other))


def test_state_dict_round_trip() -> None:
    network = small_generator()
    clone = UNetGenerator(num_downs=5, ngf=8)
    clone.load_state_dict(copy.deepcopy(network.state_dict()))
    image = torch.randn(1, 1, 32, 32)
    assert torch.equal(clone.eval()(image), network.eval()(image))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_downs": 1}, "num_downs must be at least 2, is 1"),
        ({"ngf": 0}, "ngf must be at least 1, is 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), is 1.0"),
        ({"dropout": -0.1}, r"dropout must be in \[0, 1\), is -0.1"),
        ({"in_channels": 0}, "must be at least 1, are 0, 1"),
        ({"out_channels": 0}, "must be at least 1, are 1, 0"),
        ({"norm": "bach"}, "did you mean 'batch'"),
    ],
)
def test_wrong_arguments_raise(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){message}"):
        UNetGenerator(**arguments)  # type: ignore[arg-type]
