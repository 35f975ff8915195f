from __future__ import annotations

import math

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


class ThreePixels(torch.nn.Module):
    """Halves, looks around and doubles: sees 7 pixels far, on a grid of 2."""

    reach = 8

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.down = torch.nn.Conv2d(1, 4, 4, stride=2, padding=1)
        self.middle = torch.nn.Conv2d(4, 4, 3, padding=1)
        self.up = torch.nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1)

    @torch.no_grad()
    def forward(self, image):
        return self.up(torch.relu(self.middle(torch.relu(self.down(image)))))


def near_borders(size, window, reach):
    """Mask of the pixels within `reach` of the border of a window, or of padding."""
    near = torch.zeros(size, dtype=torch.bool)
    for axis, side in enumerate(size):
        line = torch.zeros(side, dtype=torch.bool)
        if side > window:
            for border in (*range(window // 2, side, window // 2), side):
                line[max(0, border - reach) : border + reach] = True
        near |= line[:, None] if axis == 0 else line[None]
    return near


@pytest.mark.parametrize("size", [(96, 128), (96, 70), (76, 102), (32, 200)])
def test_windows_equal_one_pass_away_from_their_borders(size):
    network, image = ThreePixels(), torch.rand(1, 1, *size)
    whole = PaddedInferer(2)(image, network)
    windows = PaddedInferer(2, sliding_window=64)(image, network)
    difference = (windows - whole).abs()[0, 0]
    near = near_borders(size, 64, ThreePixels.reach)
    assert (~near).any()
    assert difference[~near].max() < 1e-6  # rounding of the weighted mean


def test_border_of_a_window_hardly_counts():
    network, image = ThreePixels(), torch.rand(1, 1, 96, 128)
    whole = PaddedInferer(2)(image, network)
    windows = PaddedInferer(2, sliding_window=64)(image, network)
    # what a window that ends there would make of it
    ends = network(image[..., 32:])[..., :8]
    wrong = (ends - whole[..., 32:40]).abs().max()
    # its weight: a Gaussian at the end and at 8 pixels, against the window whose middle is there
    share = math.exp(-8) + math.exp(-(((32 - 8) / 8) ** 2) / 2)
    assert 0 < (windows - whole).abs().max() < 2 * share * wrong
    assert wrong > 0.01


def test_image_that_fits_a_window_is_one_pass():
    network, image = ThreePixels(), torch.rand(1, 1, 40, 63)
    assert torch.equal(PaddedInferer(2, 64)(image, network), PaddedInferer(2)(image, network))


def test_windows_start_on_the_grid_of_the_network():
    """Anywhere else, halvings would meet other pixels."""
    starts = []

    def network(window):
        starts.append([int(value) for value in window[0, :, 0, 0]])
        return window[:, :1].clone()  # MONAI changes what it is given

    rows, columns = torch.meshgrid(torch.arange(150.0), torch.arange(90.0), indexing="ij")
    image = torch.stack([rows, columns])[None]
    result = PaddedInferer(16, sliding_window=64)(image, network)
    assert torch.allclose(result[0, 0], rows, atol=1e-4)
    assert starts == [[row, column] for row in (0, 32, 64, 96) for column in (0, 32)]


@pytest.mark.parametrize("window", [-32, 16, 48, 100])
def test_window_must_be_a_multiple_of_two_steps_of_the_grid(window):
    with pytest.raises(ValueError, match=f"0 or a multiple of 32 pixels, is {window}"):
        PaddedInferer(16, sliding_window=window)


def test_windows_keep_metadata():
    image = MetaTensor(torch.rand(1, 1, 96, 96), meta={"filename_or_obj": "a.dcm"})
    result = PaddedInferer(2, sliding_window=64)(image, ThreePixels())
    assert result.meta["filename_or_obj"] == "a.dcm"


@pytest.mark.parametrize(
    ("window", "advice"),
    [(0, "in one pass: pass --sliding_window 64$"), (32, "in windows of 32 pixels$")],
)
def test_image_too_large_for_the_memory_is_told(window, advice):
    def network(_):
        return torch.empty(10**15)

    message = f"50 x 60 pixels does not fit into memory.*{advice}"
    with pytest.raises(ValueError, match=message):
        PaddedInferer(16, window)(torch.rand(1, 1, 50, 60), network)


def test_other_errors_of_the_network_stay_what_they_are():
    def network(_):
        raise RuntimeError("sides differ")

    with pytest.raises(RuntimeError, match="sides differ"):
        PaddedInferer(16)(torch.rand(1, 1, 50, 60), network)
