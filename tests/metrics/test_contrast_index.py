from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cem_monai.metrics import CarneiroContrastIndexMetric, carneiro_contrast_index

Image = np.ndarray[Any, Any]


def naive_index(image: Image) -> float:
    """The definition, pixel by pixel, with Python's exact integers."""
    deviations = []
    for y in range(1, image.shape[0] - 1):
        for x in range(1, image.shape[1] - 1):
            values = [int(v) for v in image[y - 1 : y + 2, x - 1 : x + 2].ravel()]
            numerator = 9 * sum(v * v for v in values) - sum(values) ** 2
            deviations.append(math.sqrt(numerator) / 9)
    return math.fsum(deviations) / len(deviations)


def random_image(bits: int, shape: tuple[int, int] = (17, 23), seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 2**bits, shape).astype(np.uint16)


def raw(image: Image, bits: int = 16) -> float:
    return carneiro_contrast_index(image, bits, normalize="none")


# Against the definition


@pytest.mark.parametrize("bits", [8, 12, 14, 16])
@pytest.mark.parametrize("shape", [(3, 3), (4, 9), (17, 23)])
def test_equals_the_naive_loop(bits: int, shape: tuple[int, int]) -> None:
    image = random_image(bits, shape)
    naive = naive_index(image)
    assert raw(image, bits) == pytest.approx(naive, rel=1e-12)
    full_scale = carneiro_contrast_index(image, bits)
    assert full_scale == pytest.approx(naive * 255 / (2**bits - 1), rel=1e-12)
    minmax = carneiro_contrast_index(image, bits, normalize="minmax")
    assert minmax == pytest.approx(naive * 255 / (int(image.max()) - int(image.min())), rel=1e-12)


def test_bright_field_with_little_noise_stays_exact() -> None:
    """Sums of squares in float32 would be all wrong here."""
    noise = np.random.default_rng(0).normal(60_000, 3, (40, 50))
    image = np.rint(noise).astype(np.uint16)
    assert raw(image) == pytest.approx(naive_index(image), rel=1e-12)


# Hand values


def test_constant_image_has_none() -> None:
    for normalize in ("full_scale", "minmax", "none"):
        assert carneiro_contrast_index(np.full((5, 6), 200), 8, normalize=normalize) == 0


def test_checkerboard() -> None:
    image = np.indices((9, 12)).sum(axis=0) % 2
    assert raw(image) == pytest.approx(math.sqrt(20) / 9, rel=1e-12)


def test_ramp() -> None:
    image = np.tile(np.arange(11), (7, 1))
    assert raw(image) == pytest.approx(math.sqrt(2 / 3), rel=1e-12)


def test_unit_step() -> None:
    image = np.zeros((16, 16), np.uint8)
    image[:, 8:] = 1
    assert raw(image) == pytest.approx(2 * math.sqrt(2) / 3 / 14, rel=1e-12)


def test_single_pixel() -> None:
    image = np.zeros((16, 16), np.uint8)
    image[7, 5] = 9
    assert raw(image) == pytest.approx(9 * math.sqrt(8) / 196, rel=1e-12)


def test_phantom(phantom: Callable[[int, int], tuple[Image, Image]]) -> None:
    assert carneiro_contrast_index(phantom(512, 512)[0], 12) == pytest.approx(0.378933, abs=5e-7)


# Properties


def test_offset_does_not_matter_and_scale_does() -> None:
    image = random_image(12)
    assert raw(image + 1000) == pytest.approx(raw(image), rel=1e-12)
    assert raw(3 * image) == pytest.approx(3 * raw(image), rel=1e-12)
    assert raw(4095 - image) == pytest.approx(raw(image), rel=1e-12)


def test_minmax_knows_neither_offset_nor_scale() -> None:
    image = random_image(12)
    values = [
        carneiro_contrast_index(one, 16, normalize="minmax") for one in (image, 3 * image + 1000)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-12)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.transpose, np.rot90])
def test_orientation_does_not_matter(turn: Callable[[Image], Image]) -> None:
    image = random_image(12)
    assert raw(turn(image)) == pytest.approx(raw(image), rel=1e-12)


def test_integers_and_whole_floats_agree() -> None:
    image = random_image(12)
    assert raw(image) == raw(image.astype(np.float32)) == raw(image.astype(np.int64))


def test_image_without_a_neighborhood_has_no_value() -> None:
    assert math.isnan(raw(np.zeros((2, 9), np.uint8)))


@pytest.mark.parametrize(
    ("image", "bits", "message"),
    [
        (np.zeros((4, 4)), 0, "1 to 16, got 0"),
        (np.zeros((4, 4)), 17, "1 to 16, got 17"),
        (np.full((4, 4), 256), 8, "must be 0 to 255, got 256 to 256"),
        (np.full((4, 4), -1), 8, "got -1 to -1"),
        (np.full((4, 4), np.nan), 8, "got nan to nan"),
        (np.full((4, 4), 0.5), 8, "16 of 16 pixels that are no whole numbers"),
        (np.eye(4) / 2, 16, "4 of 16 pixels that are no whole numbers"),
        (np.zeros((1, 4, 4)), 8, r"\(H, W\), got \(1, 4, 4\)"),
    ],
)
def test_what_is_no_stored_image_raises(image: Image, bits: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        carneiro_contrast_index(image, bits)


def test_unknown_normalization_raises() -> None:
    with pytest.raises(ValueError, match="'zscore'"):
        carneiro_contrast_index(np.zeros((4, 4)), 8, normalize="zscore")


# Metric


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Three pairs (3, 1, 17, 23) of 8 bits; the third real image is constant."""
    generated, real = (
        torch.stack([torch.from_numpy(random_image(8, seed=seed).astype(np.float32))[None]] * 1)
        for seed in (1, 2)
    )
    return (
        torch.cat([generated, real // 2, generated]),
        torch.cat([real, generated, torch.full_like(real, 7)]),
    )


def test_metric_rows_and_means() -> None:
    metric, (generated, real) = CarneiroContrastIndexMetric(), batch()
    rows = metric(generated, real).numpy()
    for row, made, true in zip(rows, generated, real, strict=True):
        indices = [carneiro_contrast_index(image[0].numpy(), 8) for image in (true, made)]
        assert row[:2].tolist() == indices
        assert row[2] == indices[1] / indices[0] if indices[0] else math.isnan(row[2])
    assert np.isnan(rows).sum() == 1
    np.testing.assert_allclose(metric.aggregate().numpy(), np.nanmean(rows, axis=0))


def test_metric_accumulates_lists_of_any_size_and_resets() -> None:
    metric, (generated, real) = CarneiroContrastIndexMetric(), batch()
    rows = metric(generated, real)
    metric.reset()
    metric(list(generated[:2]), list(real[:2]))
    metric([generated[2]], [real[2]])
    np.testing.assert_array_equal(metric.get_buffer().numpy(), rows.numpy())
    metric([generated[0, :, :5, :6]], [real[0, :, :5, :6]])
    assert len(metric) == 4
    metric.reset()
    assert metric.aggregate().isnan().all()


def test_metric_uses_bit_depth_and_normalization() -> None:
    generated, real = batch()
    eight, twelve = (CarneiroContrastIndexMetric(bits)(generated, real) for bits in (8, 12))
    np.testing.assert_allclose(eight[:, :2], twelve[:, :2] * 4095 / 255)
    np.testing.assert_allclose(eight[:, 2], twelve[:, 2])
    minmax = CarneiroContrastIndexMetric(normalize="minmax")(generated, real)
    assert minmax[0, 0].item() == carneiro_contrast_index(real[0, 0].numpy(), 8, normalize="minmax")


def test_noise_raises_the_ratio_and_blur_lowers_it() -> None:
    real = torch.from_numpy(random_image(8, (40, 40)).astype(np.float32))[None, None] // 2
    blurred = torch.nn.functional.avg_pool2d(real, 3, 1, 1).round()
    noisy = real + torch.from_numpy(random_image(8, (40, 40), 5).astype(np.float32)) // 2
    rows = CarneiroContrastIndexMetric()(torch.cat([blurred, noisy]), torch.cat([real, real]))
    assert rows[0, 2] < 0.5
    assert rows[1, 2] > 1.2


def test_metric_refuses_what_it_cannot_compare() -> None:
    generated, real = batch()
    metric = CarneiroContrastIndexMetric()
    with pytest.raises(ValueError, match="real image y, got None"):
        metric(generated)
    with pytest.raises(ValueError, match="shorter"):
        metric(generated, real[:2])
    with pytest.raises(ValueError, match=r"\(1, H, W\), got \(2, 17, 23\)"):
        metric(generated.repeat(1, 2, 1, 1), real)
