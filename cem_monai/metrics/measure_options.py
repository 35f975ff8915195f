"""How image pairs are measured."""

from __future__ import annotations

from dataclasses import dataclass

from cem_monai.metrics.cnr import CNREdge


@dataclass(frozen=True)
class MeasureOptions:
    """How pairs are measured, the same in all of an evaluation.

    Args:
        data_range: stored values (low, high) that stand for grey levels 0 and 255.
        patch_size: pixels, side of the sliding patch of the breast CNR; a multiple of `stride`.
        stride: pixels between neighboring windows.
        edge: which windows of the breast CNR count where the breast ends, see `CNREdge`.
        threshold: grey level above which lesion-free tissue enhances, see `enhancement_threshold`;
            None leaves out what needs it.
    """

    data_range: tuple[float, float]
    patch_size: int = 64
    stride: int = 16
    edge: CNREdge | str = CNREdge.STRICT
    threshold: float | None = None
