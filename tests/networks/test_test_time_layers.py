from __future__ import annotations

import pytest
import torch
from torch import nn

from cem_monai.networks.test_time_layers import AlwaysDropout, ImageBatchNorm2d


@pytest.fixture
def norm() -> ImageBatchNorm2d:
    torch.manual_seed(0)
    layer = ImageBatchNorm2d(3)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    return layer


def test_training_is_that_of_batch_norm(norm: ImageBatchNorm2d) -> None:
    reference = nn.BatchNorm2d(3)
    reference.load_state_dict(norm.state_dict())
    for _ in range(2):
        features = 5 + 2 * torch.randn(4, 3, 6, 7)
        assert torch.equal(norm(features), reference(features))
    assert norm.num_batches_tracked == 2
    for name, value in reference.state_dict().items():
        assert torch.equal(norm.state_dict()[name], value)


def test_evaluation_uses_each_image_alone(norm: ImageBatchNorm2d) -> None:
    features = 5 + 2 * torch.randn(4, 3, 6, 7)
    features[1] *= 10
    normalized = norm.eval()(features)
    for image, result in zip(features, normalized, strict=True):
        for channel, plane in enumerate(image):
            standard = (plane - plane.mean()) / (plane.var(correction=0) + 1e-5).sqrt()
            expected = norm.weight[channel] * standard + norm.bias[channel]
            assert torch.allclose(result[channel], expected, atol=1e-5)
    assert norm.num_batches_tracked == 0
    assert not norm.running_mean.any()


@pytest.mark.parametrize("training", [True, False])
def test_always_dropout_drops_and_rescales(training: bool) -> None:
    torch.manual_seed(0)
    dropped = AlwaysDropout(0.25).train(training)(torch.ones(40_000))
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_layers_keep_their_behavior_as_torchscript(norm: ImageBatchNorm2d) -> None:
    network = nn.Sequential(norm, AlwaysDropout(0.5)).eval()
    scripted = torch.jit.script(network).eval()
    features = torch.randn(2, 3, 6, 7)
    generated = []
    for module in (network, scripted, scripted):
        torch.manual_seed(len(generated) // 2)
        generated.append(module(features))
    assert torch.equal(generated[0], generated[1])
    assert not torch.equal(generated[1], generated[2])
    scripted.train()(features)
    assert scripted[0].num_batches_tracked == 1
