from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset, MetaTensor
from monai.engines import SupervisedEvaluator

from cem_monai.handlers import DropoutUncertainty
from cem_monai.inferers import PaddedInferer
from cem_monai.networks import IAMNetGenerator, UNetGenerator


class Dropped(torch.nn.Module):
    """Drops whole pixels of the image and doubles the others: the deviation is known."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.dropout = torch.nn.Dropout(p)

    def forward(self, image):
        return self.dropout(image)


def generator() -> UNetGenerator:
    torch.manual_seed(0)
    return UNetGenerator(num_downs=6, ngf=4)


def deviation(network, image, *, passes=4, **options):
    return DropoutUncertainty(network, PaddedInferer(64), passes, **options).deviation(image)


def test_deviation_is_that_of_the_passes():
    """A pixel x becomes 0 or 2 x, each half of the time: mean x, standard deviation x."""
    image = torch.rand(1, 1, 40, 40) + 0.5
    found = deviation(Dropped(), image, passes=400) / image
    # the standard error of a standard deviation of two values is below 1 / sqrt(2 n)
    assert float(found.mean()) == pytest.approx(1, abs=0.01)
    assert found.min() > 0.8


def test_same_image_has_the_same_map_whatever_came_before():
    network = generator()
    a, b = torch.rand(2, 1, 1, 64, 64)
    handler = DropoutUncertainty(network, PaddedInferer(64), 3)
    first = [handler.deviation(image) for image in (a, b)]
    torch.rand(7)
    assert all(
        torch.equal(handler.deviation(image), found)
        for image, found in ((b, first[1]), (a, first[0]))
    )
    assert not torch.equal(*first)
    assert not torch.equal(deviation(network, a, passes=3, seed=1), first[0])


def test_random_numbers_and_modes_of_others_are_left_alone():
    network = generator().eval()
    image = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        before = network(image)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = deviation(network, image)
    assert torch.equal(torch.rand(3), expected)
    assert not any(module.training for module in network.modules())
    with torch.no_grad():
        assert torch.equal(network(image), before)
    assert found.shape == image.shape
    assert found.max() > 0
    assert not found.requires_grad


@pytest.mark.parametrize("passes", [-3, 1])
def test_less_than_two_passes_are_refused(passes):
    with pytest.raises(ValueError, match=f"at least 2 passes, is {passes}"):
        DropoutUncertainty(Dropped(), PaddedInferer(1), passes)


@pytest.mark.parametrize(
    "network",
    [
        UNetGenerator(num_downs=5, ngf=4),
        UNetGenerator(num_downs=6, ngf=4, dropout=0.0),
        IAMNetGenerator(num_downs=3, ngf=4, dropout=0.0),
        Dropped(0.0),
    ],
)
def test_network_without_dropout_has_no_source_of_uncertainty(network):
    with pytest.raises(ValueError, match="has no dropout"):
        DropoutUncertainty(network, PaddedInferer(64), 4)


def test_map_stands_beside_the_image_that_stays_what_it_was():
    network = generator()
    image = MetaTensor(torch.rand(1, 50, 60), meta={"filename_or_obj": "a.dcm"})
    outputs = []
    for passes in (0, 4):
        evaluator = SupervisedEvaluator(
            device=torch.device("cpu"),
            val_data_loader=DataLoader(Dataset([{"image": image}]), batch_size=1),
            network=network,
            inferer=PaddedInferer(64),
            val_handlers=[DropoutUncertainty(network, PaddedInferer(64), passes)] if passes else [],
        )
        evaluator.run()
        outputs.append(evaluator.state.output[0])
    plain, both = outputs
    assert "uncertainty" not in plain
    assert torch.equal(plain["pred"], both["pred"])
    assert both["uncertainty"].shape == (1, 50, 60)
    assert both["uncertainty"].meta["filename_or_obj"] == "a.dcm"
    assert np.isfinite(both["uncertainty"].numpy()).all()
