from __future__ import annotations

import torch
from monai.data import DataLoader
from monai.engines import SupervisedEvaluator

from cem_monai.handlers import ImageSeed, image_seed

FIRST, SECOND = torch.rand(1, 8, 8), torch.rand(1, 8, 8)


def generated(*images, seed=0):
    """Return what a network of nothing but noise makes of images, one after another."""
    results = []

    def noise(image):
        results.append(torch.rand_like(image))
        return results[-1]

    items = [{"image": image} for image in images]
    evaluator = SupervisedEvaluator(torch.device("cpu"), DataLoader(items), noise)
    ImageSeed(seed).attach(evaluator)
    evaluator.run()
    return results


def test_result_depends_on_the_image_and_the_seed_alone():
    first, second = generated(FIRST, SECOND)
    assert not torch.equal(first, second)
    assert torch.equal(generated(SECOND)[0], second)
    assert not torch.equal(generated(SECOND, seed=1)[0], second)


def test_seed_depends_on_every_pixel():
    changed = FIRST.clone()
    changed[0, 7, 7] += 1e-6
    assert image_seed(FIRST) == image_seed(FIRST.clone())
    assert image_seed(FIRST) != image_seed(changed)
    assert image_seed(FIRST, 1) != image_seed(FIRST, 2)
