from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from skimage.transform import rescale

from cem_monai.transforms import AntiAlias, AntiAliasd


def test_constant_image_stays_constant_up_to_its_border():
    image = torch.full((1, 60, 40), 2050.0)
    assert torch.allclose(AntiAlias(10)(image), image)


def test_equals_the_filter_of_scikit_image():
    image = np.random.default_rng(0).normal(size=(64, 48)).astype(np.float32)
    ours = AntiAlias(16)(torch.from_numpy(image)[None])[0].numpy()
    # order 0 picks every fourth pixel of the filtered image
    expected = rescale(image, 1 / 4, order=0, anti_aliasing=True, mode="edge")
    assert np.allclose(ours[2::4, 2::4], expected, atol=1e-6)


@pytest.mark.parametrize("longest_side", [48, 100])
def test_image_that_is_not_reduced_is_left_alone(longest_side):
    image = torch.rand(1, 48, 30)
    assert AntiAlias(longest_side)(image) is image


def test_dictionary_version_keeps_metadata():
    image = MetaTensor(torch.rand(1, 30, 20), meta={"value_low": 0.0})
    smooth = AntiAliasd("image", longest_side=10)({"image": image})["image"]
    assert smooth.meta["value_low"] == 0.0
    assert torch.equal(smooth.as_tensor(), AntiAlias(10)(image).as_tensor())


def test_side_must_be_positive():
    with pytest.raises(ValueError, match="0"):
        AntiAlias(0)
