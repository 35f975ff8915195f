from __future__ import annotations

import pytest
import torch
from monai.data import DataLoader, Dataset, MetaTensor, decollate_batch
from monai.inferers import SlidingWindowInferer
from monai.transforms import Resize, Resized, SpatialPad
from torch.nn import functional

from cem_monai.inferers import BlendedPatchInferer
from cem_monai.networks import UNetGenerator

SMALL = {"patch_size": 30, "network_size": 48}


def images(*size, seed=0):
    return torch.rand(*size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def pointwise(image):
    return 1 - 0.5 * image + image**2


class Recorder(torch.nn.Module):
    def forward(self, image):
        self.seen = image.clone()  # MONAI weights the result in place
        return image


class Disagreeing(torch.nn.Module):
    """Adds another random number to each patch: neighbors agree on nothing but the structure."""

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def forward(self, image):
        return image + torch.rand(len(image), 1, 1, 1, generator=self.generator)


def largest_kink(image):
    """Largest second difference: a step of height h has a kink of h, a smooth slope almost none."""
    rows = (image[..., 2:, :] - 2 * image[..., 1:-1, :] + image[..., :-2, :]).abs().max()
    columns = (image[..., 2:] - 2 * image[..., 1:-1] + image[..., :-2]).abs().max()
    return max(rows, columns).item()


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("size", [(30, 30), (31, 60), (97, 45), (30, 100), (12, 70), (3, 1)])
def test_pointwise_network_is_exact_everywhere(size, overlap):
    image = images(2, 1, *size)
    result = BlendedPatchInferer(overlap=overlap, **SMALL)(image, pointwise)
    assert result.shape == image.shape
    assert torch.allclose(result, pointwise(image), atol=1e-5)


def test_published_patch_size():
    image = images(1, 1, 311, 187)
    assert torch.allclose(BlendedPatchInferer()(image, pointwise), pointwise(image), atol=1e-5)


def test_filter_is_exact_away_from_patch_edges_and_at_image_borders():
    """Two windows see different neighbors only where their weight is next to nothing."""

    def blur(image):
        return functional.avg_pool2d(functional.pad(image, (2, 2, 2, 2), mode="reflect"), 5, 1)

    image = images(1, 1, 105, 90)
    difference = (BlendedPatchInferer(**SMALL)(image, blur) - blur(image)).abs().max()
    assert difference < 1e-3


@pytest.mark.parametrize("size", [(90, 90), (77, 100), (31, 95), (104, 38)])
@pytest.mark.parametrize("overlap", [0.5, 0.75])
def test_no_seam_even_where_patches_disagree(size, overlap):
    image = torch.zeros(1, 1, *size)
    inferer = BlendedPatchInferer(overlap=overlap, **SMALL)
    # a transition over 30 pixels bends more than one over 150
    assert max(largest_kink(inferer(image, Disagreeing(seed))) for seed in range(2)) < 0.12


def test_no_seam_at_the_published_size_where_the_sliding_window_has_some():
    image = torch.zeros(1, 1, 377, 320)
    monai = SlidingWindowInferer(150, 4, overlap=0.5, mode="gaussian")
    assert largest_kink(BlendedPatchInferer()(image, Disagreeing(0))) < 0.006
    assert largest_kink(monai(image, Disagreeing(0))) > 0.1


def test_image_of_one_patch_is_the_network_on_the_padded_patch():
    network, image = UNetGenerator(num_downs=4, ngf=4).eval(), images(3, 1, 30, 30)
    with torch.no_grad():
        result = BlendedPatchInferer(**SMALL)(image, network)
        padded = torch.stack([SpatialPad(48, mode="reflect")(one) for one in image])
        expected = network(padded)[..., 9:39, 9:39]
    assert torch.allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("network_size", [30, 47, 48, 88])
def test_padding_is_that_of_the_training_transform(network_size):
    network, image = Recorder(), images(1, 1, 30, 30)
    result = BlendedPatchInferer(30, network_size)(image, network)
    expected = SpatialPad(network_size, mode="reflect")(image[0])
    assert torch.equal(network.seen[0], expected.as_tensor())
    assert torch.allclose(result, image, atol=1e-6)


def test_resizing_is_that_of_the_training_transform():
    network, image = Recorder(), images(1, 1, 30, 30)
    result = BlendedPatchInferer(30, 64, fit="resize")(image, network)
    expected = Resize((64, 64), mode="bicubic")(image[0])
    assert torch.equal(network.seen[0], expected.as_tensor())
    back = functional.interpolate(network.seen, size=(30, 30), mode="bicubic", antialias=True)
    assert torch.allclose(result, back, atol=1e-5)


def test_resizing_keeps_smooth_images():
    y, x = torch.meshgrid(torch.arange(95.0), torch.arange(70.0), indexing="ij")
    image = (torch.sin(y / 12) * torch.cos(x / 15))[None, None]
    result = BlendedPatchInferer(30, 64, fit="resize")(image, Recorder())
    assert (result - image)[..., 5:-5, 5:-5].abs().max() < 0.01


def test_result_keeps_metadata_and_applied_operations():
    data = [{"image": torch.rand(1, 60, 40)}, {"image": torch.rand(1, 60, 40)}]
    resize = Resized("image", spatial_size=50, size_mode="longest")
    batch = next(iter(DataLoader(Dataset(data, resize), batch_size=2)))
    result = BlendedPatchInferer(**SMALL)(batch["image"], Recorder())
    assert isinstance(result, MetaTensor)
    for item in decollate_batch(result):
        assert len(item.applied_operations) == 1
        assert resize.inverse({"image": item})["image"].shape == (1, 60, 40)


@pytest.mark.parametrize("network_size", [149, 449])
def test_size_that_no_padding_reaches_raises(network_size):
    with pytest.raises(ValueError, match=f"150 to 448 pixels, not to {network_size}"):
        BlendedPatchInferer(150, network_size)


def test_unknown_fit_raises():
    with pytest.raises(ValueError, match="'crop'"):
        BlendedPatchInferer(fit="crop")
