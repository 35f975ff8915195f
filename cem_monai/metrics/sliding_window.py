"""Sums over a sliding patch and over the eight patches around it, from block sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# A sum of booleans over a block never exceeds 32 bit, and is faster so.
SUM_TYPES = {"f": np.float64, "b": np.int32}


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

    def _positions(self, length: int) -> int:
        return max(0, (length - 3 * self.patch_size) // self.stride + 1)

    def _block_sums(self, pixels: Array, squared: bool) -> Array:
        rows, columns = (length // self.stride for length in pixels.shape)
        strips = pixels[: rows * self.stride, : columns * self.stride].reshape(
            rows, self.stride, columns * self.stride
        )
        dtype = SUM_TYPES.get(pixels.dtype.kind, np.int64)
        # Rows first: this pass runs along the contiguous axis and leaves little for the other one.
        # Squares and wide integers exist only inside the sums, never as an image.
        if squared:
            sums: Array = np.einsum("yix,yix->yx", strips, strips, dtype=dtype)
        else:
            sums = strips.sum(axis=1, dtype=dtype)
        blocks: Array = sums.reshape(rows, columns, self.stride).sum(axis=2)
        return blocks


def _box_sums(blocks: Array, side: int) -> Array:
    # Sums of neighbors, not differences of running sums: float errors stay local to the window.
    for axis in (0, 1):
        blocks = np.lib.stride_tricks.sliding_window_view(blocks, side, axis=axis).sum(axis=-1)
    return blocks
