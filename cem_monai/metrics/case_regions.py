"""Where one image pair is measured: breast, masses by reader, lesions one by one, decoys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.lesion import split_lesions
from cem_monai.metrics.regions import plane, surround_or_ring, surround_ring

Mask = npt.NDArray[np.bool_]
MaskLike = npt.ArrayLike
Reader = tuple[MaskLike, MaskLike | None]
"""Mass and surround as one reader drew them; no surround where nobody drew one."""
READERS = ("first", "second")


class KnownPosition(NamedTuple):
    """Where a lesion of known kind lies.

    Attributes:
        kind: e.g. `"occult"`.
        row, column: pixels, of its center.
    """

    kind: str
    row: float
    column: float


@dataclass(frozen=True, eq=False)
class CaseRegions:
    """Masks of one image pair, all (H, W), nonzero inside.

    Args:
        breast: mask.
        readers: mass and surround of the first reader, and of the second if there is one; without
            a mass none, or empty masks. Where a surround is missing or empty, a ring of the mass's
            area stands in (`surround_ring`).
        decoy: what the low-energy image shows and does not enhance.
        mirrored: position of a lesion of the other breast in this one, see `mirrored_region`.
        pixel_area: mm² at the detector; None if unknown.
        known_lesions: enhancing lesions whose kind is known.

    Raises:
        ValueError: shapes differ or are not (H, W), or there are more than two readers.
    """

    breast: MaskLike
    readers: Sequence[Reader] = ()
    decoy: MaskLike | None = None
    mirrored: MaskLike | None = None
    pixel_area: float | None = None
    known_lesions: Sequence[KnownPosition] = ()

    def __post_init__(self) -> None:
        if len(self.readers) > len(READERS):
            raise ValueError(f"at most {len(READERS)} readers can be told apart, got more")
        shape = self.inside.shape
        masks = {"decoy": self.decoy, "mirrored": self.mirrored}
        for name, (mass, surround) in zip(READERS, self.readers, strict=False):
            masks |= {f"mass of the {name} reader": mass, f"surround of the {name}": surround}
        for name, mask in masks.items():
            if mask is not None and plane(mask, name).shape != shape:
                raise ValueError(f"{name} {np.shape(mask)} and breast {shape} differ in shape")

    @cached_property
    def inside(self) -> Mask:
        """Mask of the breast."""
        return plane(self.breast, "breast").astype(bool)

    @cached_property
    def readings(self) -> dict[str, tuple[Mask, Mask]]:
        """Reader → mass and surround; empty without a mass."""
        pairs = zip(READERS, self.readers, strict=False)
        return {
            name: (_mask(mass), surround_or_ring(surround, mass, self.inside)[0])
            for name, (mass, surround) in pairs
            if _mask(mass).any()
        }

    @cached_property
    def surround_is_ring(self) -> bool:
        """Whether a ring stands in for the surround of `mass`."""
        of_mass = [surround for mass, surround in self.readers if _mask(mass).any()][:1]
        return any(surround is None or not _mask(surround).any() for surround in of_mass)

    @cached_property
    def mass(self) -> Mask:
        """Mask of the masses of the first reader who drew any; empty without one."""
        return next(iter(self.readings.values()))[0] if self.readings else self._nothing

    @cached_property
    def rest(self) -> Mask:
        """Mask of the breast without `mass`; empty without a mass, where it would be the breast."""
        return self.inside & ~self.mass if self.mass.any() else self._nothing

    @cached_property
    def lesions(self) -> Mask:
        """Mask of what any reader took for a mass."""
        masses = [mass for mass, _ in self.readings.values()]
        return np.logical_or.reduce(masses) if masses else self._nothing

    @cached_property
    def single_lesions(self) -> list[dict[str, tuple[Mask, Mask]]]:
        """Each lesion of `mass`, largest first: reader → its mass and surround.

        The second reader's part is that of his masses which overlaps most; there is none where
        none does. A surround that a reader drew belongs to a lesion if it is the only one: else
        each has a ring of its own, clear of all masses.
        """
        if not self.readings:
            return []
        first, *others = self.readings
        pieces = split_lesions(self.readings[first][0])
        return [
            {first: self._single(first, piece, alone=len(pieces) == 1)}
            | {
                reader: self._single(reader, match, alone=len(pieces) == 1)
                for reader in others
                if (match := _best_overlap(piece, self.readings[reader][0])) is not None
            }
            for piece in pieces
        ]

    @cached_property
    def lesion_kinds(self) -> list[str]:
        """Kind of each of `single_lesions`: that of the nearest known center; empty if unknown."""
        return [self._kind(next(iter(readers.values()))[0]) for readers in self.single_lesions]

    def cropped(self, margin: int, step: int) -> tuple[tuple[slice, slice], CaseRegions]:
        """Cut the air off.

        Args:
            margin: pixels around all masks that stay, as far as there are.
            step: pixels; the part begins at a multiple of it.

        Returns:
            rows and columns of the part, and its masks.
        """
        masks = [self.inside, self.decoy, self.mirrored, *(m for one in self.readers for m in one)]
        union = np.logical_or.reduce([_mask(mask) for mask in masks if mask is not None])
        if not union.any():
            return (slice(None), slice(None)), self
        ends = []
        for axis in (1, 0):
            used = np.flatnonzero(union.any(axis=axis))
            start = max(0, int(used[0]) - margin) // step * step
            ends.append(slice(start, int(used[-1]) + margin + 1))
        part = (ends[0], ends[1])
        return part, replace(
            self,
            breast=self.inside[part],
            readers=[(_cut(mass, part), _cut(surround, part)) for mass, surround in self.readers],
            decoy=_cut(self.decoy, part),
            mirrored=_cut(self.mirrored, part),
            known_lesions=[
                KnownPosition(kind, row - part[0].start, column - part[1].start)
                for kind, row, column in self.known_lesions
            ],
        )

    def diameter(self, mask: Mask) -> float:
        """Return the diameter of the disk of the same area: mm at the detector, NaN if unknown."""
        area = np.nan if self.pixel_area is None else self.pixel_area * float(mask.sum())
        return 2 * float(np.sqrt(area / np.pi))

    def _kind(self, piece: Mask) -> str:
        if not self.known_lesions:
            return ""
        row, column = np.argwhere(piece).mean(axis=0)
        nearest = min(
            self.known_lesions, key=lambda one: np.hypot(one.row - row, one.column - column)
        )
        return nearest.kind

    def _single(self, reader: str, piece: Mask, *, alone: bool) -> tuple[Mask, Mask]:
        if alone:
            return piece, self.readings[reader][1]
        return piece, surround_ring(piece, self.inside & ~(self.lesions & ~piece))

    @property
    def _nothing(self) -> Mask:
        return np.zeros_like(self.inside)


def _mask(values: MaskLike) -> Mask:
    return np.asarray(values).astype(bool)


def _cut(mask: MaskLike | None, part: tuple[slice, slice]) -> Any:
    return None if mask is None else np.asarray(mask)[part]


def _best_overlap(piece: Mask, masses: Mask) -> Mask | None:
    found = [(int((piece & other).sum()), other) for other in split_lesions(masses)]
    shared, best = max(found, key=lambda one: one[0], default=(0, piece))
    return best if shared else None
