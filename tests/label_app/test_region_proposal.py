from __future__ import annotations

import numpy as np

from cem_monai.label_app.region_proposal import propose_region

Y, X = np.mgrid[:128, :128]
BREAST = ((Y - 64) / 55) ** 2 + (X / 90) ** 2 < 1


def disk(row: int, column: int, radius: float):
    return np.hypot(Y - row, X - column) < radius


def noise():
    return 2000 + 8 * np.random.default_rng(0).normal(size=BREAST.shape)


def test_the_brighter_of_two_disks_is_proposed():
    image = noise() + 60 * disk(40, 30, 5) + 120 * disk(80, 30, 5)
    found = propose_region(image, BREAST, (0.5, 0.5))
    assert found[80, 30]
    assert not found[40, 30]
    overlap = 2 * (found & disk(80, 30, 5)).sum() / (found.sum() + disk(80, 30, 5).sum())
    assert overlap > 0.4


def test_nothing_outside_of_the_breast_nor_at_its_rim():
    image = noise() + 500 * disk(20, 110, 8) + 500 * (BREAST & (X / 90 > 0.95))
    found = propose_region(image, BREAST, (0.5, 0.5))
    assert not found[disk(20, 110, 8)].any()
    assert not found[~BREAST].any()


def test_constant_image_gives_nothing():
    assert not propose_region(np.full(BREAST.shape, 7.0), BREAST, None).any()
    assert not propose_region(noise(), np.zeros_like(BREAST), None).any()
