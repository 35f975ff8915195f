"""Sums over a sliding patch and over the eight patches around it, from block sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class WindowGrid:
    """Positions of a square patch that slides over an image with its eight neighbors.

    The neighbors do not overlap the patch: patch and neighbors fill a square of three patches a
    side, and the neighbors are its background. The first square lies at the image origin; further
    squares follow every `stride` pixels as long as they lie wholly in the image. Since the patch is
    a multiple of the stride, every patch and every square is a union of `stride` x `stride` blocks
    that start at the origin, and a sum over it is a sum of block sums (exact for integers).

    Args:
        patch_size: pixels, side of the patch; a multiple of `stride`.
        stride: pixels between neighboring positions.

    Raises:
        ValueError: a size is below 1, or the patch is no multiple of the stride.
    """

    patch_size: int
    stride: int

    def __post_init__(self) -> None:
        if self.patch_size < 1 or self.stride < 1 or self.patch_size % self.stride:
            raise ValueError(
                "patch_size must be a positive multiple of stride, "
                f"got patch_size={self.patch_size} and stride={self.stride}"
            )

    @property
    def patch_pixels(self) -> int:
        """Number of pixels of a patch."""
        return self.patch_size**2

    @property
    def background_pixels(self) -> int:
        """Number of pixels of the eight patches around a patch."""
        return 8 * self.patch_size**2

    def shape(self, image_shape: tuple[int, ...]) -> tuple[int, int]:
        """Count the positions (rows, columns) in an image of shape (H, W)."""
        height, width = image_shape
        return self._positions(height), self._positions(width)

    def sums(self, pixels: Array, *, squared: bool = False) -> tuple[Array, Array]:
        """Sum the pixels, or their squares, of every patch and of every background.

        Args:
            pixels: (H, W); integers are summed in int64, floats in float64.
            squared: sum the squares.

        Returns:
            Patch sums and background sums, both (rows, columns).
        """
        blocks = self._block_sums(pixels, squared)
        blocks_per_patch = self.patch_size // self.stride
        square = _box_sums(blocks, 3 * blocks_per_patch)
        patch = _box_sums(blocks, blocks_per_patch)
        rows, columns = (
            slice(blocks_per_patch, blocks_per_patch + positions) for positions in square.shape
        )
        return patch[rows, columns], square - patch[rows, columns]

    def pixels_of(self, positions: tuple[slice, slice]) -> tuple[slice, slice]:
        """Return the part of the image that the squares at these positions (rows, columns) fill."""
        rows, columns = (
            slice(one.start * self.stride, (one.stop - 1) * self.stride + 3 * self.patch_size)
            for one in positions
        )
        return rows, columns

    def _positions(self, length: int) -> int:
        return max(0, (length - 3 * self.patch_size) // self.stride + 1)

    def _block_sums(self, pixels: Array, squared: bool) -> Array:
        if pixels.dtype.kind == "b":
            pixels = pixels.view(np.uint8)
        rows, columns = (length // self.stride for length in pixels.shape)
        strips = pixels[: rows * self.stride, : columns * self.stride].reshape(
            rows, self.stride, columns * self.stride
        )
        # Rows first: this pass runs along the contiguous axis and leaves little for the other one.
        # Squares and wide numbers exist only inside the sums, never as an image.
        dtype = _column_sum_type(strips, squared)
        if squared:
            sums: Array = np.einsum("yix,yix->yx", strips, strips, dtype=dtype)
        else:
            sums = strips.sum(axis=1, dtype=dtype)
        total = np.float64 if dtype is np.float64 else np.int64
        blocks: Array = sums.reshape(rows, columns, self.stride).sum(axis=2, dtype=total)
        return blocks


def _column_sum_type(strips: Array, squared: bool) -> type[Any]:
    """Return a type that holds the sum of every column of a strip; narrow ones are faster."""
    if strips.dtype.kind == "f":
        return np.float64
    peak = max(abs(int(strips.max(initial=0))), abs(int(strips.min(initial=0))))
    largest = strips.shape[1] * (peak**2 if squared else peak)
    for narrow in (np.uint8, np.int32):
        if np.can_cast(strips.dtype, narrow) and largest <= np.iinfo(narrow).max:
            return narrow
    return np.int64


def _box_sums(blocks: Array, side: int) -> Array:
    # Sums of neighbors, not differences of running sums: float errors stay local to the window.
    for _ in ("rows", "columns"):
        positions = len(blocks) - side + 1
        shifted = [blocks[start : start + positions] for start in range(side)]
        blocks = sum(shifted[1:], shifted[0]).T
    return blocks
