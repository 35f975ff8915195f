from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cem_monai.metrics import (
    DeltaCNRMetric,
    breast_cnr,
    contrast_to_noise_ratio,
    delta_cnr_breast,
    delta_cnr_mass,
    surround_ring,
)

Image = np.ndarray[Any, Any]
SMALL: dict[str, Any] = {"patch_size": 4, "stride": 2}


def images(count: int, shape: tuple[int, int] = (24, 26), seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 4096, (count, *shape)).astype(np.uint16)


def mass_and_surround(shape: tuple[int, int] = (24, 26)) -> tuple[Image, Image]:
    y, x = np.indices(shape)
    distance = np.hypot(y - 12, x - 13)
    return distance < 4, (distance > 5) & (distance < 9)


# Functions


@pytest.mark.parametrize("edge", ["strict", "masked", "image"])
def test_breast_delta_is_generated_minus_real(
    loop_windows: Callable[..., Image], edge: str
) -> None:
    generated, real = images(2)
    mask = np.ones(real.shape, bool)
    mask[:, -3:] = False
    result = delta_cnr_breast(generated, real, mask, edge=edge, **SMALL)
    loops = [loop_windows(image, mask, edge, 4, 2) for image in (generated, real)]
    assert result.generated == pytest.approx(np.nanmean(loops[0]), abs=1e-12)
    assert result.real == pytest.approx(np.nanmean(loops[1]), abs=1e-12)
    assert result.delta == result.generated - result.real
    assert result.windows == np.isfinite(loops[0]).sum()
    assert result.dropped == 0


def test_identical_images_have_exactly_no_delta() -> None:
    real = images(1)[0]
    mass, surround = mass_and_surround()
    for generated in (real.copy(), real.astype(np.float32)):
        assert delta_cnr_breast(generated, real, np.ones(real.shape), **SMALL).delta == 0
        assert delta_cnr_mass(generated, real, mass, surround).delta == 0


def test_window_dropped_in_one_image_is_dropped_in_both() -> None:
    generated, real = images(2, (12, 16))
    generated[:, :12] = 7
    mask = np.ones(real.shape)
    result = delta_cnr_breast(generated, real, mask, **SMALL)
    assert (result.windows, result.dropped) == (2, 1)
    flipped = delta_cnr_breast(real, generated, mask, **SMALL)
    assert (flipped.windows, flipped.dropped, flipped.delta) == (2, 1, -result.delta)
    assert result.real == pytest.approx(breast_cnr(real[:, 2:], mask[:, 2:], **SMALL), abs=1e-12)


def test_blank_generated_image_has_no_breast_delta() -> None:
    real = images(1)[0]
    result = delta_cnr_breast(np.zeros_like(real), real, np.ones(real.shape), **SMALL)
    assert math.isnan(result.delta)
    assert (result.windows, result.dropped) == (0, 56)


def test_breast_smaller_than_a_window_drops_nothing() -> None:
    generated, real = images(2)
    result = delta_cnr_breast(generated, real, np.zeros(real.shape), **SMALL)
    assert math.isnan(result.delta)
    assert (result.windows, result.dropped) == (0, 0)


def test_mass_delta_is_generated_minus_real() -> None:
    generated, real = images(2)
    mass, surround = mass_and_surround()
    result = delta_cnr_mass(generated, real, mass, surround)
    assert result.real == contrast_to_noise_ratio(real, mass, surround)
    assert result.generated == contrast_to_noise_ratio(generated, mass, surround)
    assert result.delta == result.generated - result.real
    assert (result.windows, result.dropped) == (1, 0)


def test_removed_lesion_costs_its_cnr() -> None:
    mass, surround = mass_and_surround((96, 96))
    normal = 100 + np.random.default_rng(0).normal(size=(96, 96))
    result = delta_cnr_mass(normal, normal + 30 * mass, mass, surround)
    assert result.real > 20
    assert result.delta == pytest.approx(-result.real, abs=1)


def test_swapping_readers_keeps_their_mean() -> None:
    generated, real = images(2)
    mass, surround = mass_and_surround()
    readers = [(mass, surround), (np.roll(mass, 2, 1), np.roll(surround, 2, 1))]
    deltas = [delta_cnr_mass(generated, real, *reader).delta for reader in readers]
    swapped = [delta_cnr_mass(generated, real, *reader).delta for reader in readers[::-1]]
    assert np.mean(deltas) == np.mean(swapped)


def test_flat_surround_keeps_the_real_value_and_is_counted() -> None:
    real = images(1)[0]
    mass, surround = mass_and_surround()
    result = delta_cnr_mass(np.zeros_like(real), real, mass, surround)
    assert math.isfinite(result.real)
    assert math.isnan(result.generated)
    assert math.isnan(result.delta)
    assert (result.windows, result.dropped) == (0, 1)


def test_no_mass_is_nan_and_drops_nothing() -> None:
    generated, real = images(2)
    result = delta_cnr_mass(generated, real, np.zeros(real.shape), np.ones(real.shape))
    assert math.isnan(result.delta)
    assert (result.windows, result.dropped) == (0, 0)


# Metric


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    """Three images; the second has no mass, the third a mass without a surround."""
    mass, surround = mass_and_surround()
    empty = np.zeros_like(mass)
    arrays = {
        "y_pred": images(3, seed=1).astype(np.float32),
        "y": images(3, seed=2).astype(np.float32),
        "breast": np.ones((3, 24, 26), np.float32),
        "mass": np.stack([mass, empty, mass]).astype(np.uint8),
        "surround": np.stack([surround, empty, empty]),
    }
    return {name: torch.from_numpy(values)[:, None] for name, values in arrays.items()}


def expected_rows(batch: dict[str, torch.Tensor]) -> Image:
    rows = []
    for index in range(3):
        generated, real, breast, mass, surround = (
            batch[name][index, 0].numpy() for name in ("y_pred", "y", "breast", "mass", "surround")
        )
        if index == 2:
            surround = surround_ring(mass, breast)
        of_breast = delta_cnr_breast(generated, real, breast, **SMALL)
        rows.append([of_breast.delta, delta_cnr_mass(generated, real, mass, surround).delta])
    return np.array(rows)


def test_metric_rows_and_means(batch: dict[str, torch.Tensor]) -> None:
    metric = DeltaCNRMetric(**SMALL)
    rows = metric(**batch)
    expected = expected_rows(batch)
    np.testing.assert_array_equal(rows.numpy(), expected)
    np.testing.assert_array_equal(metric.get_buffer().numpy(), expected)
    np.testing.assert_allclose(metric.aggregate().numpy(), np.nanmean(expected, axis=0))
    assert np.isnan(expected).sum() == 1


def test_metric_takes_lists_of_different_sizes(batch: dict[str, torch.Tensor]) -> None:
    lists = {name: list(values) for name, values in batch.items()}
    for values in lists.values():
        values.append(values[0][:, :20, :24])
    metric = DeltaCNRMetric(**SMALL)
    metric(*lists.values())
    np.testing.assert_array_equal(metric.get_buffer()[:3].numpy(), expected_rows(batch))
    assert len(metric) == 4


def test_metric_accumulates_and_resets(batch: dict[str, torch.Tensor]) -> None:
    metric = DeltaCNRMetric(**SMALL)
    for index in range(3):
        metric(**{name: values[index : index + 1] for name, values in batch.items()})
    np.testing.assert_array_equal(metric.get_buffer().numpy(), expected_rows(batch))
    metric.reset()
    assert metric.aggregate().isnan().tolist() == [True, True]


def test_metric_without_any_mass_is_nan_not_zero(batch: dict[str, torch.Tensor]) -> None:
    metric = DeltaCNRMetric(**SMALL)
    metric(**(batch | {"mass": torch.zeros(3, 1, 24, 26)}))
    assert metric.aggregate().isnan().tolist() == [False, True]


def test_metric_needs_no_gradient_and_takes_bfloat16(batch: dict[str, torch.Tensor]) -> None:
    metric = DeltaCNRMetric(**SMALL)
    rows = metric(**(batch | {"y_pred": batch["y_pred"].bfloat16().requires_grad_()}))
    assert not rows.requires_grad
    assert rows.isfinite()[:, 0].all()


def test_metric_uses_the_edge_rule(batch: dict[str, torch.Tensor]) -> None:
    batch["breast"][..., -3:] = 0
    strict, masked = (DeltaCNRMetric(edge=edge, **SMALL)(**batch) for edge in ("strict", "masked"))
    assert (strict[:, 0] != masked[:, 0]).all()
    with pytest.raises(ValueError, match="loose"):
        DeltaCNRMetric(edge="loose")


def test_metric_refuses_unequal_batches(batch: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="shorter"):
        DeltaCNRMetric(**SMALL)(**(batch | {"mass": batch["mass"][:2]}))


def test_metric_refuses_two_channels(batch: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match=r"\(1, H, W\), got \(2, 24, 26\)"):
        DeltaCNRMetric(**SMALL)(**(batch | {"y": batch["y"].repeat(1, 2, 1, 1)}))
