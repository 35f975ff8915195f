"""Let MONAI Label 0.8.5 run beside the packages of the core.

It needs a torchvision that fits torch (some builds of torchvision lack the compiled operators) and
imports a module that pydicom 3 no longer has. Both are mended when they are imported, not before:
`install` costs nothing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

OPERATORS = ("nms", "qnms")
OLD_PYDICOM = "pydicom._storage_sopclass_uids"


class _Mender(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Acts when one of the two modules is imported."""

    _library: Any = None

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name == "torchvision" and self._library is None:
            self._declare_operators()
        if name == OLD_PYDICOM:
            return importlib.machinery.ModuleSpec(name, self)
        return None

    def exec_module(self, module: ModuleType) -> None:
        from pydicom.uid import SegmentationStorage

        module.SegmentationStorage = SegmentationStorage  # type: ignore[attr-defined]

    def _declare_operators(self) -> None:
        from torch import library

        self._library = library.Library("torchvision", "FRAGMENT")
        for name in OPERATORS:
            signature = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            try:
                self._library.define(signature)
            except RuntimeError:  # there already
                continue


def install() -> None:
    """Mend what is imported from now on; once."""
    if not any(isinstance(finder, _Mender) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Mender())
