"""The patch rule, and patches of pairs on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from monai.data import PILReader
from monai.transforms import Compose, LoadImaged
from PIL import Image

from cem_monai.data import (
    BreastMaskError,
    ImagePair,
    SplitUnit,
    foreground_corners,
    load_datalist,
    raw_foreground,
    write_patches,
)
from cem_monai.transforms import RestoreIntensityBitDepthd, ScaleIntensityBitDepthd

RULE: dict[str, Any] = {"patch_size": 10, "stride": 10}
SHAPE = (45, 33)


def disc(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    y, x = np.indices(shape)
    return np.hypot(y - shape[0] / 2, x) < 0.45 * shape[0]


def pair(name: str = "A1", seed: int = 0) -> ImagePair:
    low, high = np.random.default_rng(seed).integers(0, 256, (2, *SHAPE)).astype(np.uint8)
    return ImagePair(name, low, high, disc())


# The rule


@pytest.mark.parametrize("stride", [3, 10, 15])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_kept_patches_are_those_with_enough_foreground(stride: int, share: float) -> None:
    foreground = disc()
    expected = []
    for y in range(0, 45, stride):
        for x in range(0, 33, stride):
            whole = y + 10 <= 45 and x + 10 <= 33
            count = sum(
                foreground[i, j] for i in range(y, y + 10) for j in range(x, x + 10) if whole
            )
            if whole and count >= share * 100:
                expected.append((y, x))
    rule = {"patch_size": 10, "stride": stride, "min_foreground": share}
    assert foreground_corners(foreground, **rule) == expected


def test_exactly_half_is_kept() -> None:
    foreground = np.zeros((10, 10), bool)
    foreground[:5] = True
    assert foreground_corners(foreground, **RULE) == [(0, 0)]
    foreground[0, 0] = False
    assert foreground_corners(foreground, **RULE) == []


def test_image_smaller_than_a_patch_has_none() -> None:
    assert foreground_corners(np.ones((9, 30), bool), **RULE) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"patch_size": 0}, "at least 1 pixel, got 0 and 150"),
        ({"stride": 0}, "at least 1 pixel, got 150 and 0"),
        ({"min_foreground": 1.5}, "0 to 1, got 1.5"),
    ],
)
def test_impossible_rule_raises(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        foreground_corners(disc(), **rule)


@pytest.mark.parametrize("field", [4000, 16383])
def test_foreground_of_a_raw_image(field: float) -> None:
    """Quantum noise everywhere; the open field of the larger doses saturates at 14 bits."""
    inside = disc((300, 260))
    rng = np.random.default_rng(0)
    signal = rng.poisson(np.where(inside, field / 7, field)) * rng.uniform(0.8, 1.25, inside.shape)
    raw = np.clip(np.rint(signal), 0, 16383).astype(np.uint16)
    found = raw_foreground(raw)
    assert 2 * (found & inside).sum() / (found.sum() + inside.sum()) > 0.98


def test_raw_image_of_nothing_raises() -> None:
    with pytest.raises(BreastMaskError, match="constant"):
        raw_foreground(np.full((50, 50), 16383, np.uint16))


# On disk


def items(folder: Path) -> dict[str, list[dict[str, Any]]]:
    sections = json.loads((folder / "datalist.json").read_text())
    assert isinstance(sections, dict)
    return sections


def test_patches_are_the_pixels_of_both_images(tmp_path: Path) -> None:
    pairs = {name: pair(name, seed) for seed, name in enumerate(("A1", "A2"))}
    counts = write_patches(pairs.values(), tmp_path, test_fraction=0.5, **RULE)
    corners = foreground_corners(disc(), **RULE)
    assert counts == {"training": len(corners), "validation": 0, "test": len(corners)}
    found = [item for section in items(tmp_path).values() for item in section]
    assert len({item["case"] for item in found}) == 2 * len(corners)
    for item in found:
        source = pairs[item["patient"]]
        rows, columns = (slice(item[key], item[key] + 10) for key in ("row", "column"))
        for key, image in (("image", source.image), ("label", source.label)):
            stored = np.asarray(Image.open(tmp_path / item[key]))
            assert stored.dtype == np.uint8
            np.testing.assert_array_equal(stored, image[rows, columns])


def test_monai_loads_patches_upright_and_exactly(tmp_path: Path) -> None:
    source = pair()
    write_patches([source, pair("A2")], tmp_path, test_fraction=0.5, patch_size=30, stride=30)
    data = [
        *load_datalist(tmp_path / "datalist.json", "training"),
        *load_datalist(tmp_path / "datalist.json", "test"),
    ]
    keys = ["image", "label"]
    transform = Compose(
        [
            LoadImaged(keys, reader=PILReader(reverse_indexing=False), ensure_channel_first=True),
            ScaleIntensityBitDepthd(keys, window=(0, 255)),
            RestoreIntensityBitDepthd(keys, bits_stored=8, window=(0, 255)),
        ]
    )
    for item in data:
        loaded = transform(item)
        if item["patient"] == "A1":
            row = item["row"]
            np.testing.assert_array_equal(loaded["image"][0], source.image[row : row + 30, :30])
        assert loaded["label"].shape == (1, 30, 30)


def test_split_by_arrangement_keeps_arrangements_together(tmp_path: Path) -> None:
    """11 arrangements: 8 to train and 3 to test."""
    pairs = (pair(f"A{number}", number) for number in range(11))
    write_patches(pairs, tmp_path, **RULE)
    sections = items(tmp_path)
    members = {name: {item["patient"] for item in part} for name, part in sections.items()}
    assert [len(members[name]) for name in ("training", "validation", "test")] == [8, 0, 3]
    assert not members["training"] & members["test"]
    assert load_datalist(tmp_path / "datalist.json", "test")


def test_split_by_patch_has_the_published_shares_and_must_be_allowed(tmp_path: Path) -> None:
    """Of 752 pairs 564 to train and 188 to test; here a quarter of what there is."""
    pairs = [pair("A1", 1), pair("A2", 2)]
    counts = write_patches(pairs, tmp_path, split="patch", **RULE)
    total = 2 * len(foreground_corners(disc(), **RULE))
    assert counts["test"] == round(total / 4)
    assert counts["training"] == total - counts["test"]
    datalist = tmp_path / "datalist.json"
    with pytest.raises(ValueError, match=r"patient A[12] is in training and in test"):
        load_datalist(datalist, "test")
    assert len(load_datalist(datalist, "test", allow_shared_patients=True)) == counts["test"]


@pytest.mark.parametrize("split", list(SplitUnit))
def test_same_seed_same_split(tmp_path: Path, split: SplitUnit) -> None:
    texts = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        pairs = (pair(f"A{number}", number) for number in range(6))
        write_patches(pairs, tmp_path / folder, split=split, seed=seed, **RULE)
        texts.append((tmp_path / folder / "datalist.json").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_shared_files_are_refused_in_any_case(tmp_path: Path) -> None:
    write_patches([pair("A1"), pair("A2")], tmp_path, split="patch", **RULE)
    sections = items(tmp_path)
    sections["test"].append(sections["training"][0])
    (tmp_path / "datalist.json").write_text(json.dumps(sections))
    with pytest.raises(ValueError, match=r"image patches/.*_image.png is in training and in test"):
        load_datalist(tmp_path / "datalist.json", "test", allow_shared_patients=True)


def test_failed_run_leaves_no_datalist(tmp_path: Path) -> None:
    write_patches([pair("A1"), pair("A2")], tmp_path, test_fraction=0.5, **RULE)
    with pytest.raises(ValueError, match="arrangement A1 comes twice"):
        write_patches([pair("A1"), pair("A1")], tmp_path, test_fraction=0.5, **RULE)
    assert not (tmp_path / "datalist.json").exists()


def test_no_patch_at_all_raises(tmp_path: Path) -> None:
    empty = ImagePair("A1", pair().image, pair().label, np.zeros(SHAPE, bool))
    with pytest.raises(ValueError, match="no patch of 10 pixels has 100% foreground"):
        write_patches([empty], tmp_path, min_foreground=1.0, **RULE)


def test_impossible_split_leaves_an_older_datalist(tmp_path: Path) -> None:
    write_patches([pair("A1"), pair("A2")], tmp_path, test_fraction=0.5, **RULE)
    with pytest.raises(ValueError, match=r"test_fraction must be at least 0 and below 1, got 1\.5"):
        write_patches([pair("A1")], tmp_path, test_fraction=1.5, **RULE)
    with pytest.raises(ValueError, match="'image'"):
        write_patches([pair("A1")], tmp_path, split="image", **RULE)
    assert (tmp_path / "datalist.json").exists()


def test_images_that_do_not_fit_raise() -> None:
    source = pair()
    with pytest.raises(ValueError, match=r"A1: image \(45, 33\), label \(45, 32\)"):
        ImagePair("A1", source.image, source.label[:, 1:], source.foreground)
    with pytest.raises(ValueError, match="A1: the label must be uint8, is uint16"):
        ImagePair("A1", source.image, source.label.astype(np.uint16), source.foreground)
