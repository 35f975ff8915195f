from __future__ import annotations

import pytest
import torch
from monai.data import DataLoader, Dataset, MetaTensor, decollate_batch
from monai.transforms import Resized

from cem_monai.inferers import PaddedInferer
from cem_monai.networks import UNetGenerator


class Recorder(torch.nn.Module):
    def forward(self, image):
        self.seen = image
        return image


@pytest.mark.parametrize("size", [(16, 16), (17, 30), (1, 5)])
def test_network_sees_the_multiple_and_the_caller_the_size(size):
    network, image = Recorder(), torch.rand(2, 1, *size)
    result = PaddedInferer(16)(image, network)
    assert torch.equal(result, image)
    assert all(side % 16 == 0 for side in network.seen.shape[-2:])


def test_padding_continues_the_last_row_and_column():
    network, image = Recorder(), torch.rand(1, 1, 5, 6)
    PaddedInferer(8)(image, network)
    assert torch.equal(network.seen[..., :5, 6], image[..., -1])
    assert torch.equal(network.seen[..., 7, :6], image[..., -1, :])


def test_generator_takes_any_size_through_it():
    network = UNetGenerator(num_downs=4, ngf=4).eval()
    image = MetaTensor(torch.rand(1, 1, 50, 37))
    assert PaddedInferer(16)(image, network).shape == (1, 1, 50, 37)


def test_result_keeps_metadata_and_applied_operations():
    data = [{"image": torch.rand(1, 60, 40)}, {"image": torch.rand(1, 60, 40)}]
    resize = Resized("image", spatial_size=30, size_mode="longest")
    batch = next(iter(DataLoader(Dataset(data, resize), batch_size=2)))
    result = PaddedInferer(16)(batch["image"], Recorder())
    for item in decollate_batch(result):
        assert len(item.applied_operations) == 1
        assert resize.inverse({"image": item})["image"].shape == (1, 60, 40)


def test_multiple_must_be_positive():
    with pytest.raises(ValueError, match="0"):
        PaddedInferer(0)
